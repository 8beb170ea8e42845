/* alloc.c - reserving, committing and freeing pages. */
#include "../nt/nt.h"

/* Reserves or commits pages in another process. base and bytes are rounded outwards to pages (to a granule for a
 * reservation). Returns the base or NULL. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS, ERROR_NOT_ENOUGH_MEMORY.
 * Page: memoryapi/nf-memoryapi-virtualallocex */
K32MEM_API LPVOID WINAPI VirtualAllocEx(HANDLE process, LPVOID base, SIZE_T bytes, DWORD type, DWORD protect)
{
    NTSTATUS status = NtAllocateVirtualMemory(process, &base, 0, &bytes, type, protect);
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    return base;
}

/* VirtualAllocEx on this process. Page: memoryapi/nf-memoryapi-virtualalloc */
K32MEM_API LPVOID WINAPI VirtualAlloc(LPVOID base, SIZE_T bytes, DWORD type, DWORD protect)
{
    return VirtualAllocEx(CURRENT_PROCESS, base, bytes, type, protect);
}
