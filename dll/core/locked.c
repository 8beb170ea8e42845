/* locked.c - the table of locked ranges: sorted, disjoint, never adjacent. */
#include "locked.h"

#include "memory.h"

struct range {
    ULONG_PTR first, end; /* page numbers; end is exclusive */
};

volatile LONG locked_ranges;
static struct range *table;
static SIZE_T room;
static RTL_SRWLOCK guard;

BOOL locked_by_system(void)
{
    static volatile LONG answer; /* 0 not asked, 1 yes, 2 no */
    if (!answer) {
        PVOID page = NULL, at;
        SIZE_T bytes = PAGE_BYTES, whole = 0;
        if (NtAllocateVirtualMemory(CURRENT_PROCESS, &page, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) < 0)
            return FALSE;
        at = page;
        answer = NtUnlockVirtualMemory(CURRENT_PROCESS, &at, &bytes, 1) == STATUS_NOT_LOCKED ? 1 : 2;
        NtFreeVirtualMemory(CURRENT_PROCESS, &page, &whole, MEM_RELEASE);
    }
    return answer == 1;
}

/* Room for one range more than there is. */
static BOOL table_reserve(void)
{
    if ((SIZE_T)locked_ranges < room) return TRUE;
    SIZE_T bytes = room ? room * 2 * sizeof(struct range) : GRANULE_BYTES, whole = 0;
    PVOID larger = NULL, old = table;
    if (NtAllocateVirtualMemory(CURRENT_PROCESS, &larger, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) < 0)
        return FALSE;
    memcpy(larger, table, (SIZE_T)locked_ranges * sizeof(struct range));
    table = larger;
    room = bytes / sizeof(struct range);
    if (old) NtFreeVirtualMemory(CURRENT_PROCESS, &old, &whole, MEM_RELEASE);
    return TRUE;
}

/* The index of the first range that ends at or after page (at: ends exactly there counts). */
static LONG table_find(ULONG_PTR page)
{
    LONG low = 0, high = locked_ranges;
    while (low < high) {
        LONG middle = (low + high) / 2;
        if (table[middle].end < page)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Replaces the ranges [from, to) by count new ones. Room is there. */
static void table_splice(LONG from, LONG to, const struct range *with, LONG count)
{
    memmove(&table[from + count], &table[to], (SIZE_T)(locked_ranges - to) * sizeof(struct range));
    memcpy(&table[from], with, (SIZE_T)count * sizeof(struct range));
    locked_ranges += count - (to - from);
}

static struct range range_of(LPCVOID base, SIZE_T bytes)
{
    ULONG_PTR first = (ULONG_PTR)base >> PAGE_SHIFT;
    return (struct range){ first, bytes ? (((ULONG_PTR)base + bytes - 1) >> PAGE_SHIFT) + 1 : first };
}

BOOL locked_note(LPCVOID base, SIZE_T bytes)
{
    struct range new = range_of(base, bytes);
    RtlAcquireSRWLockExclusive(&guard);
    BOOL ok = table_reserve();
    if (ok) {
        LONG from = table_find(new.first), to = from;
        while (to < locked_ranges && table[to].first <= new.end) {
            if (table[to].first < new.first) new.first = table[to].first;
            if (table[to].end > new.end) new.end = table[to].end;
            to++;
        }
        table_splice(from, to, &new, 1);
    }
    RtlReleaseSRWLockExclusive(&guard);
    return ok;
}

BOOL locked_forget(LPCVOID base, SIZE_T bytes)
{
    struct range gone = range_of(base, bytes), rest[2];
    LONG count = 0;
    ULONG_PTR pages = 0;
    RtlAcquireSRWLockExclusive(&guard);
    LONG from = table_find(gone.first + 1), to = from;
    for (; to < locked_ranges && table[to].first < gone.end; to++) {
        struct range *range = &table[to];
        ULONG_PTR first = range->first > gone.first ? range->first : gone.first;
        ULONG_PTR end = range->end < gone.end ? range->end : gone.end;
        pages += end - first;
        if (range->first < gone.first) rest[count++] = (struct range){ range->first, gone.first };
        if (range->end > gone.end) rest[count++] = (struct range){ gone.end, range->end };
    }
    /* Only a hole in a single range makes one more; without room for it the pages behind the hole count as unlocked. */
    if (count > to - from && !table_reserve()) count = to - from;
    if (to > from) table_splice(from, to, rest, count);
    RtlReleaseSRWLockExclusive(&guard);
    return pages == gone.end - gone.first;
}

BOOL locked_run(LPCVOID base, SIZE_T bytes, SIZE_T *run)
{
    ULONG_PTR page = (ULONG_PTR)base >> PAGE_SHIFT, end = page + (bytes >> PAGE_SHIFT);
    RtlAcquireSRWLockExclusive(&guard);
    LONG at = table_find(page + 1);
    BOOL locked = at < locked_ranges && table[at].first <= page;
    if (at < locked_ranges) {
        ULONG_PTR change = locked ? table[at].end : table[at].first;
        if (change < end) end = change;
    }
    RtlReleaseSRWLockExclusive(&guard);
    *run = (end - page) << PAGE_SHIFT;
    return locked;
}
