/* answer.c - memory for answers whose size is known only afterwards. */
#include "psapi.h"

PVOID pages_get(SIZE_T bytes)
{
    PVOID base = NULL;
    NTSTATUS status =
        NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    return status >= 0 ? base : NULL;
}

void pages_free(PVOID pages)
{
    SIZE_T bytes = 0;
    if (pages) NtFreeVirtualMemory(CURRENT_PROCESS, &pages, &bytes, MEM_RELEASE);
}

NTSTATUS answer_get(int info_class, PVOID *answer)
{
    for (ULONG bytes = 64 * 1024;; bytes *= 2) {
        *answer = pages_get(bytes);
        if (!*answer) return STATUS_NO_MEMORY;
        NTSTATUS status = system_query(info_class, *answer, bytes);
        if (status >= 0) return status;
        pages_free(*answer);
        if (status != STATUS_INFO_LENGTH_MISMATCH || bytes >= 1u << 30) return status;
    }
}

void answer_free(PVOID answer) { pages_free(answer); }
