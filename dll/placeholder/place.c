/* place.c - finding free addresses that satisfy requirements, by asking which ranges are free. */
#include "placeholder.h"

/* Upwards: every place of every free range. limit is exclusive. */
static NTSTATUS search_up(HANDLE process, const struct parameters *wanted, ULONG_PTR lowest, ULONG_PTR limit,
                          SIZE_T bytes, NTSTATUS (*try)(PVOID base, void *context), void *context)
{
    for (ULONG_PTR at = lowest;;) {
        MEMORY_BASIC_INFORMATION info;
        NTSTATUS status = NtQueryVirtualMemory(process, (PVOID)at, VM_BASIC, &info, sizeof(info), NULL);
        if (status < 0) return status == STATUS_INVALID_PARAMETER ? STATUS_NO_MEMORY : status;
        ULONG_PTR end = (ULONG_PTR)info.BaseAddress + info.RegionSize;
        if (info.State == MEM_FREE) {
            ULONG_PTR high = end < limit ? end : limit, place = ALIGN_UP(at, wanted->alignment);
            for (; place >= at && place < high && high - place >= bytes; place += wanted->alignment) {
                status = try((PVOID)place, context);
                if (status != STATUS_CONFLICTING_ADDRESSES) return status; /* else somebody was quicker */
                if (place + wanted->alignment < place) break;
            }
        }
        if (end <= at || end >= limit) return STATUS_NO_MEMORY;
        at = end;
    }
}

/* Downwards: the system does not tell where a free range begins, so try first and ask what was in the way. */
static NTSTATUS search_down(HANDLE process, const struct parameters *wanted, ULONG_PTR lowest, ULONG_PTR limit,
                            SIZE_T bytes, NTSTATUS (*try)(PVOID base, void *context), void *context)
{
    while (limit > lowest && limit - lowest >= bytes) {
        ULONG_PTR place = ALIGN_DOWN(limit - bytes, wanted->alignment);
        if (place < lowest) break;
        NTSTATUS status = try((PVOID)place, context);
        if (status != STATUS_CONFLICTING_ADDRESSES) return status;
        MEMORY_BASIC_INFORMATION info;
        status = NtQueryVirtualMemory(process, (PVOID)place, VM_BASIC, &info, sizeof(info), NULL);
        if (status < 0) return status;
        ULONG_PTR end = (ULONG_PTR)info.BaseAddress + info.RegionSize;
        if (info.State != MEM_FREE) limit = (ULONG_PTR)info.AllocationBase;
        else if (end < place + bytes) limit = end;
        else limit = place + bytes - 1;
    }
    return STATUS_NO_MEMORY;
}

NTSTATUS place_search(HANDLE process, const struct parameters *wanted, SIZE_T bytes, BOOL top_down,
                      NTSTATUS (*try)(PVOID base, void *context), void *context)
{
    ULONG_PTR lowest = wanted->lowest < GRANULE_BYTES ? GRANULE_BYTES : wanted->lowest; /* never NULL */
    return (top_down ? search_down : search_up)(process, wanted, lowest, wanted->highest + 1, bytes, try, context);
}
