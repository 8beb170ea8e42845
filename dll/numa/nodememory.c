/* nodememory.c - the memory of NUMA nodes: how much is free, how near it is. A pointer that is not NULL and cannot be
 * used is ERROR_NOACCESS everywhere. */
#include "nodes.h"
#include "../core/memory.h"
#include "../core/touch.h"
#include "../nt/system.h"
#include "k32mem.h"

/* STATUS_NOT_SUPPORTED: there are several nodes, and the system does not tell them apart. */
static NTSTATUS node_available(USHORT number, ULONG64 *bytes)
{
    struct numa_memory numa;
    struct system_performance performance;
    ULONG highest;
    NTSTATUS status = node_highest(&highest);
    if (status < 0) return status;
    if (number > highest) return STATUS_INVALID_PARAMETER;
    memset(&numa, 0, sizeof(numa));
    if (system_query(SYSTEM_NUMA_AVAILABLE_MEMORY, &numa, sizeof(numa)) >= 0 && number <= numa.highest &&
        number < COUNT_OF(numa.available)) {
        *bytes = numa.available[number];
        return STATUS_SUCCESS;
    }
    if (highest) return STATUS_NOT_SUPPORTED;
    status = system_query(SYSTEM_PERFORMANCE, &performance, sizeof(performance));
    if (status >= 0) *bytes = (ULONG64)performance.available_pages << PAGE_SHIFT;
    return status;
}

/* Writes the bytes of memory available on a node. On a machine with one node that is the system's available memory,
 * standby pages included. Any thread, as all of this file.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or a node above the highest); ERROR_NOT_SUPPORTED (several nodes, and the
 * system does not tell them apart). Page: winbase/nf-winbase-getnumaavailablememorynodeex */
K32MEM_API BOOL WINAPI GetNumaAvailableMemoryNodeEx(USHORT Node, PULONGLONG AvailableBytes)
{
    ULONG64 bytes = 0;
    NTSTATUS status;
    if (!AvailableBytes) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(AvailableBytes, sizeof(*AvailableBytes))) return error_fail(ERROR_NOACCESS);
    status = node_available(Node, &bytes);
    if (status < 0) return status_fail(status);
    *AvailableBytes = bytes;
    return TRUE;
}

/* As GetNumaAvailableMemoryNodeEx. Page: winbase/nf-winbase-getnumaavailablememorynode */
K32MEM_API BOOL WINAPI GetNumaAvailableMemoryNode(UCHAR Node, PULONGLONG AvailableBytes)
{
    return GetNumaAvailableMemoryNodeEx(Node, AvailableBytes);
}

/* Writes the node whose processors are nearest to the memory of TargetNodeNumber: the node itself if it has any.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or a node above the highest); ERROR_NOT_SUPPORTED (a node of memory only, and
 * the system does not tell distances). No page of its own; declared by memoryapi.h of the Windows 11 SDK, and described
 * under memoryapi/nf-memoryapi-getnumanodememoryclosestinitiatornode */
K32MEM_API BOOL WINAPI GetMemoryNumaClosestInitiatorNode(ULONG TargetNodeNumber, ULONG *InitiatorNodeNumber)
{
    struct node node;
    NTSTATUS status;
    if (!InitiatorNodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(InitiatorNodeNumber, sizeof(*InitiatorNodeNumber))) return error_fail(ERROR_NOACCESS);
    status = node_find(TargetNodeNumber, &node);
    if (status < 0) return status_fail(status);
    if (!node.groups) return error_fail(ERROR_NOT_SUPPORTED);
    *InitiatorNodeNumber = TargetNodeNumber;
    return TRUE;
}

/* Would list latencies or bandwidths between nodes, from the firmware's HMAT table. No layer below gives that table, so
 * after its arguments are found sound it fails, with *PerfInfo NULL.
 * Errors: ERROR_INVALID_PARAMETER (NULL, not exactly one WIN32_MEMORY_NUMA_PERFORMANCE_* kind, a node that is neither
 * ALL_TARGET_NODE nor exists); ERROR_NOT_SUPPORTED. No page; declared by memoryapi.h of the Windows 11 SDK. */
K32MEM_API BOOL WINAPI
GetMemoryNumaPerformanceInformation(ULONG NodeNumber, UCHAR DataType,
                                    WIN32_MEMORY_NUMA_PERFORMANCE_INFORMATION_OUTPUT **PerfInfo)
{
    ULONG highest;
    NTSTATUS status;
    if (!PerfInfo) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(PerfInfo, sizeof(*PerfInfo))) return error_fail(ERROR_NOACCESS);
    *PerfInfo = NULL;
    status = node_highest(&highest);
    if (status < 0) return status_fail(status);
    if ((NodeNumber != WIN32_MEMORY_NUMA_PERFORMANCE_ALL_TARGET_NODE && NodeNumber > highest) || !DataType ||
        DataType & (DataType - 1) || DataType > WIN32_MEMORY_NUMA_PERFORMANCE_WRITE_BANDWIDTH)
        return error_fail(ERROR_INVALID_PARAMETER);
    return error_fail(ERROR_NOT_SUPPORTED);
}
