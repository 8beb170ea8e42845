/* snapshot.c - asks the system at most once a clock tick. */
#include "../nt/system.h"
#include "snapshot.h"

/* The walk over the address space is given up after so many regions, and repeated no sooner than 64 times what it
 * took, counted as 2 microseconds a region, so that a process with very many regions does not spend itself on it. */
#define WALK_REGIONS 16384
#define WALK_PAUSE(regions) ((ULONG64)(regions)*2 * 10 * 64) /* in the clock's units */

struct snapshot snapshot_shared;

static ULONG64 clock_read(void)
{
    const volatile ULONG *clock = (const volatile ULONG *)(SHARED_DATA + SHARED_INTERRUPT_TIME);
    ULONG low, high;
    do {
        high = clock[1];
        low = clock[0];
    } while (high != clock[2]); /* the high half is there twice, so that a carry can be seen */
    return (ULONG64)high << 32 | low;
}

/* Adds up the regions that are not free. FALSE when there are too many of them. */
static BOOL space_walk(ULONG64 *taken, ULONG *regions)
{
    MEMORY_BASIC_INFORMATION region;
    ULONG_PTR at = 0, end;
    *taken = 0;
    for (*regions = 0; *regions < WALK_REGIONS; ++*regions) {
        if (NtQueryVirtualMemory(CURRENT_PROCESS, (PVOID)at, VM_BASIC, &region, sizeof(region), NULL) < 0) return TRUE;
        if (region.State != MEM_FREE) *taken += region.RegionSize;
        end = (ULONG_PTR)region.BaseAddress + region.RegionSize;
        if (end <= at) return TRUE;
        at = end;
    }
    return FALSE;
}

/* The layer's own count, for a process that has too many regions to walk. Windows keeps it exactly; Wine answers with
 * the host's view of the process. */
static ULONG64 space_counted(void)
{
    SIZE_T counters[11] = { 0 };
    return process_query(CURRENT_PROCESS, PROCESS_VM_COUNTERS, counters, sizeof(counters)) < 0 ? 0 : counters[1];
}

/* Everything but ullAvailVirtual. */
static NTSTATUS status_query(MEMORYSTATUSEX *status)
{
    struct system_basic basic;
    struct system_performance performance;
    ULONG free, used;
    NTSTATUS result = system_query(SYSTEM_BASIC, &basic, sizeof(basic));
    if (result < 0) return result;
    result = system_query(SYSTEM_PERFORMANCE, &performance, sizeof(performance));
    if (result < 0) return result;
    free = performance.available_pages < basic.physical_pages ? performance.available_pages : basic.physical_pages;
    used = basic.physical_pages - free;
    status->dwLength = sizeof(*status);
    status->dwMemoryLoad = basic.physical_pages ? (ULONG)((ULONG64)used * 100 / basic.physical_pages) : 0;
    status->ullTotalPhys = (ULONG64)basic.physical_pages << PAGE_SHIFT;
    status->ullAvailPhys = (ULONG64)free << PAGE_SHIFT;
    status->ullTotalPageFile = (ULONG64)performance.commit_limit_pages << PAGE_SHIFT;
    status->ullAvailPageFile =
        performance.commit_limit_pages > performance.committed_pages
            ? (ULONG64)(performance.commit_limit_pages - performance.committed_pages) << PAGE_SHIFT
            : 0;
    status->ullTotalVirtual = (ULONG64)(basic.highest_address - basic.lowest_address) + 1;
    status->ullAvailExtendedVirtual = 0;
    return STATUS_SUCCESS;
}

NTSTATUS snapshot_make(MEMORYSTATUSEX *status)
{
    struct snapshot *shared = &snapshot_shared;
    LONG before = __atomic_load_n(&shared->sequence, __ATOMIC_ACQUIRE);
    ULONG64 time = clock_read(), walk_due = shared->walk_due, free_at_zero = shared->status.ullAvailVirtual, taken;
    ULONG regions = 0;
    BOOL whole, walk;
    NTSTATUS result;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    whole = !(before & 1) && before == shared->sequence;
    walk = !whole || !before || time >= walk_due;
    result = status_query(status);
    if (result < 0) return result;
    if (walk) {
        LONG_PTR balance = space_balance;
        if (!space_walk(&taken, &regions)) taken = space_counted();
        free_at_zero = status->ullTotalVirtual - taken + (ULONG64)(LONG64)balance;
        walk_due = time + WALK_PAUSE(regions);
    }
    status->ullAvailVirtual = free_at_zero;

    if (whole && __atomic_compare_exchange_n(&shared->sequence, &before, before + 1, FALSE, __ATOMIC_ACQ_REL,
                                             __ATOMIC_RELAXED)) {
        status_copy(&shared->status, status);
        shared->time = time;
        shared->walk_due = walk_due;
        __atomic_store_n(&shared->sequence, before + 2, __ATOMIC_RELEASE);
    }
    return STATUS_SUCCESS;
}
