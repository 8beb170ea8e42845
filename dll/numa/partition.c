/* partition.c - memory partitions: parts of physical memory under their own management. They exist where the system has
 * NtManagePartition (Windows 10 and newer); elsewhere there are none to open. */
#include "../nt/nt.h"
#include "k32mem.h"

/* NtManagePartition's classes and the structure of one, after the public phnt headers. */
enum { PARTITION_STATE = 0, PARTITION_DEDICATED = 9, PARTITION_OPEN_DEDICATED = 10 };

struct open_dedicated {
    ULONG64 type;
    ULONG attributes;
    ACCESS_MASK access;
    HANDLE handle;
};

static NTSTATUS partition_manage(HANDLE partition, int info_class, PVOID info, ULONG bytes)
{
    NTSTATUS(NTAPI * manage)(HANDLE, HANDLE, int, PVOID, ULONG) = nt_optional.NtManagePartition;
    if (manage) return manage(partition, NULL, info_class, info, bytes);
    return partition ? STATUS_INVALID_HANDLE : STATUS_NOT_SUPPORTED; /* whatever it is, it is no partition's */
}

/* Opens the partition that manages memory of the kind DedicatedMemoryTypeId inside Partition (NULL: the system's).
 * Returns NULL on failure. Any thread.
 * Errors: ERROR_NOT_SUPPORTED (the system has no partitions); ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED; what the
 * system says. Page: memoryapi/nf-memoryapi-opendedicatedmemorypartition */
K32MEM_API HANDLE WINAPI OpenDedicatedMemoryPartition(HANDLE Partition, ULONG64 DedicatedMemoryTypeId,
                                                      ACCESS_MASK DesiredAccess, BOOL InheritHandle)
{
    struct open_dedicated open = { DedicatedMemoryTypeId, InheritHandle ? OBJ_INHERIT : 0, DesiredAccess, NULL };
    NTSTATUS status = partition_manage(Partition, PARTITION_OPEN_DEDICATED, &open, sizeof(open));
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    return open.handle;
}

/* Writes what the class asks for about Partition (NULL: the system's). Any thread.
 * Errors: ERROR_INVALID_PARAMETER (an unknown class, a NULL buffer, MemoryPartitionInfo with another length than its
 * structure's); ERROR_NOT_SUPPORTED (the system has no partitions); ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED.
 * Page: memoryapi/nf-memoryapi-querypartitioninformation */
K32MEM_API BOOL WINAPI QueryPartitionInformation(HANDLE Partition,
                                                 WIN32_MEMORY_PARTITION_INFORMATION_CLASS PartitionInformationClass,
                                                 PVOID PartitionInformation, ULONG PartitionInformationLength)
{
    if (!PartitionInformation) return error_fail(ERROR_INVALID_PARAMETER);
    switch (PartitionInformationClass) {
    case MemoryPartitionInfo:
        if (PartitionInformationLength != sizeof(WIN32_MEMORY_PARTITION_INFORMATION))
            return error_fail(ERROR_INVALID_PARAMETER);
        return status_bool(
            partition_manage(Partition, PARTITION_STATE, PartitionInformation, PartitionInformationLength));
    case MemoryPartitionDedicatedMemoryInfo:
        return status_bool(
            partition_manage(Partition, PARTITION_DEDICATED, PartitionInformation, PartitionInformationLength));
    default: return error_fail(ERROR_INVALID_PARAMETER);
    }
}
