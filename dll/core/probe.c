/* probe.c - asks the system about the regions under a pointer, one query per region. */
#include "probe.h"

#define READABLE                                                                                                     \
    (PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |                  \
     PAGE_EXECUTE_WRITECOPY)
#define WRITABLE (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

/* The first address after address's region, or NULL when the region's protection is not among allowed. */
static const BYTE *region_end(const BYTE *address, ULONG allowed)
{
    MEMORY_BASIC_INFORMATION info;
    if (NtQueryVirtualMemory(CURRENT_PROCESS, address, VM_BASIC, &info, sizeof(info), NULL) < 0) return NULL;
    if (info.State != MEM_COMMIT || !(info.Protect & allowed) || (info.Protect & PAGE_GUARD)) return NULL;
    return (const BYTE *)info.BaseAddress + info.RegionSize;
}

static BOOL probe_range(const BYTE *at, SIZE_T bytes, ULONG allowed)
{
    if (!bytes) return TRUE;
    const BYTE *last = at + bytes - 1;
    if (last < at) return FALSE;
    while (at <= last) {
        const BYTE *end = region_end(at, allowed);
        if (!end) return FALSE;
        at = end;
    }
    return TRUE;
}

BOOL probe_read(LPCVOID address, SIZE_T bytes) { return probe_range(address, bytes, READABLE); }
BOOL probe_write(PVOID address, SIZE_T bytes) { return probe_range(address, bytes, WRITABLE); }

LONG_PTR probe_length_wide(LPCWSTR string, SIZE_T limit)
{
    const BYTE *end = NULL;
    for (SIZE_T i = 0; i < limit; i++) {
        const BYTE *last = (const BYTE *)&string[i] + 1;
        while (last >= end) {
            end = region_end(end && (const BYTE *)&string[i] < end ? end : (const BYTE *)&string[i], READABLE);
            if (!end) return -1;
        }
        if (!string[i]) return (LONG_PTR)i;
    }
    return (LONG_PTR)limit;
}

LONG_PTR probe_length_ansi(LPCSTR string, SIZE_T limit)
{
    const BYTE *end = NULL;
    for (SIZE_T i = 0; i < limit; i++) {
        if ((const BYTE *)&string[i] >= end) end = region_end((const BYTE *)&string[i], READABLE);
        if (!end) return -1;
        if (!string[i]) return (LONG_PTR)i;
    }
    return (LONG_PTR)limit;
}

ULONG_PTR user_top(void)
{
    static ULONG_PTR top; /* every thread finds the same, so that a race does no harm */
    SYSTEM_BASIC_INFORMATION system;
    if (top) return top;
    NTSTATUS status = NtQuerySystemInformation(SystemBasicInformation, &system, sizeof(system), NULL);
    return top = status < 0 ? (ULONG_PTR)-1 : system.HighestUserAddress;
}
