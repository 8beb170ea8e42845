/* watched.c - writes that the system does not see. */
#include "watched.h"

volatile BOOL watched_regions;

void watched_note(LPCVOID base, SIZE_T bytes)
{
    BYTE *page = (BYTE *)ALIGN_DOWN(base, PAGE_BYTES);
    BYTE *end = (BYTE *)ALIGN_UP((const BYTE *)base + bytes, PAGE_BYTES);
    for (; page < end; page += PAGE_BYTES) {
        PVOID written;
        ULONG_PTR count = 1;
        ULONG granularity;
        MEMORY_BASIC_INFORMATION info;
        if (NtGetWriteWatch(CURRENT_PROCESS, 0, page, PAGE_BYTES, &written, &count, &granularity) < 0 || count)
            continue;
        if (NtQueryVirtualMemory(CURRENT_PROCESS, page, VM_BASIC, &info, sizeof(info), NULL) < 0) continue;
        if (info.State != MEM_COMMIT || !(info.Protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE))) continue;
        /* A write that changes nothing, whatever other threads write at the same time. */
        __atomic_fetch_or(page, 0, __ATOMIC_RELAXED);
    }
}
