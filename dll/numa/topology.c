/* topology.c - which processors belong to which NUMA node. A pointer that is not NULL and cannot be used is
 * ERROR_NOACCESS everywhere. */
#include "nodes.h"
#include "../core/memory.h"
#include "../core/touch.h"
#include "../nt/system.h"
#include "k32mem.h"

/* Writes the highest node number in use. Any thread, as all of this file.
 * Errors: ERROR_INVALID_PARAMETER (NULL). Page: systemtopologyapi/nf-systemtopologyapi-getnumahighestnodenumber */
K32MEM_API BOOL WINAPI GetNumaHighestNodeNumber(PULONG HighestNodeNumber)
{
    ULONG highest;
    NTSTATUS status;
    if (!HighestNodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(HighestNodeNumber, sizeof(*HighestNodeNumber))) return error_fail(ERROR_NOACCESS);
    status = node_highest(&highest);
    if (status < 0) return status_fail(status);
    *HighestNodeNumber = highest;
    return TRUE;
}

/* Writes the node of a processor, or MAXUSHORT and fails when it does not exist.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or no such processor). Page: winbase/nf-winbase-getnumaprocessornodeex */
K32MEM_API BOOL WINAPI GetNumaProcessorNodeEx(PPROCESSOR_NUMBER Processor, PUSHORT NodeNumber)
{
    NTSTATUS status;
    if (!Processor || !NodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_input(Processor, sizeof(*Processor)) || touch_output(NodeNumber, sizeof(*NodeNumber)))
        return error_fail(ERROR_NOACCESS);
    status = node_of_processor(Processor->Group, Processor->Number, NodeNumber);
    if (status >= 0) return TRUE;
    *NodeNumber = MAXUSHORT;
    return status_fail(status);
}

/* As GetNumaProcessorNodeEx for a processor of the calling thread's group; 0xff when it does not exist, or its node's
 * number does not fit. Page: winbase/nf-winbase-getnumaprocessornode */
K32MEM_API BOOL WINAPI GetNumaProcessorNode(UCHAR Processor, PUCHAR NodeNumber)
{
    USHORT node = 0;
    NTSTATUS status;
    if (!NodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(NodeNumber, sizeof(*NodeNumber))) return error_fail(ERROR_NOACCESS);
    *NodeNumber = 0xff;
    status = node_of_processor(group_current(), Processor, &node);
    if (status < 0) return status_fail(status);
    if (node >= 0xff) return error_fail(ERROR_INVALID_PARAMETER);
    *NodeNumber = (UCHAR)node;
    return TRUE;
}

/* Writes up to ProcessorMaskCount masks, one for each group that the node has processors in, and their number. When
 * there are more, only their number is written. ProcessorMasks may be NULL with a count of 0.
 * Errors: ERROR_INSUFFICIENT_BUFFER; ERROR_INVALID_PARAMETER (a node above the highest, a NULL pointer).
 * Page: systemtopologyapi/nf-systemtopologyapi-getnumanodeprocessormask2 */
K32MEM_API BOOL WINAPI GetNumaNodeProcessorMask2(USHORT NodeNumber, PGROUP_AFFINITY ProcessorMasks,
                                                 USHORT ProcessorMaskCount, PUSHORT RequiredMaskCount)
{
    struct node node;
    NTSTATUS status;
    if (!RequiredMaskCount || (!ProcessorMasks && ProcessorMaskCount)) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(RequiredMaskCount, sizeof(*RequiredMaskCount))) return error_fail(ERROR_NOACCESS);
    status = node_find(NodeNumber, &node);
    if (status < 0) return status_fail(status);
    *RequiredMaskCount = node.groups;
    if (node.groups > ProcessorMaskCount) return error_fail(ERROR_INSUFFICIENT_BUFFER);
    if (node.groups && touch_output(ProcessorMasks, node.groups * sizeof(node.masks[0])))
        return error_fail(ERROR_NOACCESS);
    if (node.groups) memcpy(ProcessorMasks, node.masks, node.groups * sizeof(node.masks[0]));
    return TRUE;
}

/* Writes the node's processors in the first group that it has some in; Mask 0 when it has none.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or a node above the highest).
 * Page: systemtopologyapi/nf-systemtopologyapi-getnumanodeprocessormaskex */
K32MEM_API BOOL WINAPI GetNumaNodeProcessorMaskEx(USHORT Node, PGROUP_AFFINITY ProcessorMask)
{
    struct node node;
    NTSTATUS status;
    if (!ProcessorMask) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(ProcessorMask, sizeof(*ProcessorMask))) return error_fail(ERROR_NOACCESS);
    status = node_find(Node, &node);
    if (status < 0) return status_fail(status);
    *ProcessorMask = node.masks[0]; /* zeros when there is none */
    return TRUE;
}

/* Writes the node's processors in the calling thread's group; 0 when it has none there.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or a node above the highest).
 * Page: winbase/nf-winbase-getnumanodeprocessormask */
K32MEM_API BOOL WINAPI GetNumaNodeProcessorMask(UCHAR Node, PULONGLONG ProcessorMask)
{
    struct node node;
    USHORT group = group_current();
    NTSTATUS status;
    if (!ProcessorMask) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(ProcessorMask, sizeof(*ProcessorMask))) return error_fail(ERROR_NOACCESS);
    status = node_find(Node, &node);
    if (status < 0) return status_fail(status);
    *ProcessorMask = 0;
    for (USHORT i = 0; i < node.groups; i++)
        if (node.masks[i].Group == group) *ProcessorMask = node.masks[i].Mask;
    return TRUE;
}

/* Writes the node that the firmware's proximity domain ProximityId stands for, or MAXUSHORT and fails.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or no such domain); ERROR_NOT_SUPPORTED (the system has no table of domains,
 * as Wine). Page: systemtopologyapi/nf-systemtopologyapi-getnumaproximitynodeex */
K32MEM_API BOOL WINAPI GetNumaProximityNodeEx(ULONG ProximityId, PUSHORT NodeNumber)
{
    struct numa_proximity map = { .proximity = ProximityId, .node = MAXUSHORT };
    NTSTATUS status;
    if (!NodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(NodeNumber, sizeof(*NodeNumber))) return error_fail(ERROR_NOACCESS);
    status = system_query(SYSTEM_NUMA_PROXIMITY, &map, sizeof(map));
    if (status == STATUS_INVALID_INFO_CLASS || status == STATUS_NOT_IMPLEMENTED) status = STATUS_NOT_SUPPORTED;
    *NodeNumber = status < 0 ? MAXUSHORT : map.node;
    return status_bool(status);
}

/* As GetNumaProximityNodeEx; 0xff when there is no such domain. Page: winbase/nf-winbase-getnumaproximitynode */
K32MEM_API BOOL WINAPI GetNumaProximityNode(ULONG ProximityId, PUCHAR NodeNumber)
{
    USHORT node;
    if (!NodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(NodeNumber, sizeof(*NodeNumber))) return error_fail(ERROR_NOACCESS);
    *NodeNumber = 0xff;
    if (!GetNumaProximityNodeEx(ProximityId, &node)) return FALSE;
    if (node >= 0xff) return error_fail(ERROR_INVALID_PARAMETER);
    *NodeNumber = (UCHAR)node;
    return TRUE;
}

/* Writes the node that the device or file behind hFile is near to.
 * Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_INVALID_HANDLE; ERROR_NOT_SUPPORTED (none is known, as always under
 * Wine). Page: winbase/nf-winbase-getnumanodenumberfromhandle */
K32MEM_API BOOL WINAPI GetNumaNodeNumberFromHandle(HANDLE hFile, PUSHORT NodeNumber)
{
    USHORT node = 0;
    IO_STATUS_BLOCK io;
    NTSTATUS status;
    if (!NodeNumber) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(NodeNumber, sizeof(*NodeNumber))) return error_fail(ERROR_NOACCESS);
    status = NtQueryInformationFile(hFile, &io, &node, sizeof(node), (FILE_INFORMATION_CLASS)FILE_NUMA_NODE);
    if (status == STATUS_NOT_IMPLEMENTED || status == STATUS_INVALID_INFO_CLASS) {
        /* Not known: but is it a file at all? */
        BYTE information[8];
        status =
            NtQueryInformationFile(hFile, &io, information, sizeof(information), (FILE_INFORMATION_CLASS)FILE_MODE);
        if (status != STATUS_INVALID_HANDLE && status != STATUS_OBJECT_TYPE_MISMATCH) status = STATUS_NOT_SUPPORTED;
    }
    if (status < 0) return status_fail(status);
    *NodeNumber = node;
    return TRUE;
}
