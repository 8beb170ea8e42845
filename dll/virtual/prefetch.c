/* prefetch.c - bringing pages in ahead of their use. */
#include "../nt/nt.h"

enum { VM_PREFETCH = 0 };

/* Asks the system to bring the pages of the ranges into physical memory. It is a hint: no page need come, and nothing
 * but time depends on it. process: a handle to the process of the ranges. entries: at least one, of at least one byte
 * each. flags: 0. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (flags, number, an empty range), ERROR_NOACCESS (ranges), ERROR_INVALID_HANDLE.
 * Page: memoryapi/nf-memoryapi-prefetchvirtualmemory */
K32MEM_API BOOL WINAPI PrefetchVirtualMemory(HANDLE process, ULONG_PTR count, PWIN32_MEMORY_RANGE_ENTRY ranges,
                                             ULONG flags)
{
    if (flags || !count) return error_fail(ERROR_INVALID_PARAMETER);
    if (!ranges) return error_fail(ERROR_NOACCESS);
    if (process != CURRENT_PROCESS) {
        /* Some layers do not look at the handle. */
        PROCESS_BASIC_INFORMATION identity;
        NTSTATUS status =
            NtQueryInformationProcess(process, ProcessBasicInformation, &identity, sizeof(identity), NULL);
        if (status < 0 && status != STATUS_ACCESS_DENIED) return status_fail(status);
    }
    if (!nt_optional.NtSetInformationVirtualMemory) return TRUE;
    return status_bool(nt_optional.NtSetInformationVirtualMemory(process, VM_PREFETCH, count, ranges, &flags,
                                                                 sizeof(flags)));
}
