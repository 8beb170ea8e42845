/* range.c - asks the system, region by region. */
#include "range.h"

NTSTATUS range_first(HANDLE process, const void *address, SIZE_T bytes, struct range_piece *piece)
{
    MEMORY_BASIC_INFORMATION info;
    NTSTATUS status = NtQueryVirtualMemory(process, address, VM_BASIC, &info, sizeof(info), NULL);
    if (status < 0) return status;
    SIZE_T left = (SIZE_T)((BYTE *)info.BaseAddress + info.RegionSize - (const BYTE *)address);
    piece->base = (BYTE *)address;
    piece->bytes = left < bytes ? left : bytes;
    piece->state = info.State;
    piece->protect = info.State == MEM_COMMIT ? info.Protect : PAGE_NOACCESS;
    piece->type = info.Type;
    return status;
}

HANDLE range_handle(HANDLE process, BOOL *close)
{
    MEMORY_BASIC_INFORMATION info;
    *close = FALSE;
    if (process == CURRENT_PROCESS) return process;
    NTSTATUS status = NtQueryVirtualMemory(process, NULL, VM_BASIC, &info, sizeof(info), NULL);
    if (status != STATUS_ACCESS_DENIED) return process;
    HANDLE more;
    status = NtDuplicateObject(CURRENT_PROCESS, process, CURRENT_PROCESS, &more, PROCESS_QUERY_INFORMATION, 0, 0);
    if (status < 0) return NULL;
    *close = TRUE;
    return more;
}
