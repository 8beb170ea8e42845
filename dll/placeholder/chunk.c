/* chunk.c - our reservations under the pieces, and the holes that appear while one gives way to a view. */
#include "placeholder.h"

#define TRIES 400       /* to take a hole's place, some 0.2 s in all */
#define TRIES_AWAKE 200 /* of those, yielding only; the others sleep for a millisecond */

struct ranges chunks;

/* The hole of the moment. Written under the lock, read without. */
static BYTE *volatile hole_base, *volatile hole_end;

static void hole_open(BYTE *base, BYTE *end)
{
    hole_end = end;
    hole_base = base;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void hole_close(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    hole_base = hole_end = NULL;
}

void chunk_hole(BYTE *base, BYTE *end) { hole_open(base, end); }

BOOL chunk_hole_hit(const BYTE *base, SIZE_T bytes)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    const BYTE *from = hole_base, *to = hole_end;
    return base < to && base + bytes > from;
}

/* Waits before another try; FALSE when it is time to give up. */
static BOOL hole_wait(ULONG *tries)
{
    LARGE_INTEGER millisecond = { .QuadPart = -10000 };
    if (++*tries > TRIES) return FALSE;
    if (*tries <= TRIES_AWAKE) NtYieldExecution();
    else NtDelayExecution(FALSE, &millisecond);
    return TRUE;
}

/* Reserves base <= x < end as one chunk. Room in the table was made. */
static NTSTATUS chunk_reserve(BYTE *base, BYTE *end)
{
    if (base == end) return STATUS_SUCCESS;
    for (ULONG tries = 0;;) {
        PVOID at = base;
        SIZE_T bytes = end - base;
        NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &bytes, MEM_RESERVE, PAGE_NOACCESS);
        if (status >= 0) {
            ranges_insert(&chunks, (struct range){ base, end, NULL, 0, 0 });
            return status;
        }
        if (status != STATUS_CONFLICTING_ADDRESSES || !hole_wait(&tries)) return status;
    }
}

static void chunk_release(SIZE_T index)
{
    PVOID base = chunks.items[index].base;
    SIZE_T none = 0;
    ranges_remove(&chunks, index, 1);
    NtFreeVirtualMemory(CURRENT_PROCESS, &base, &none, MEM_RELEASE);
}

NTSTATUS chunk_replace(BYTE *base, BYTE *end, NTSTATUS (*fill)(void *context), void *context)
{
    BYTE *low = base, *high = end;
    SIZE_T first = ranges_after(&chunks, base);
    if (!ranges_reserve(&chunks, 3)) return STATUS_NO_MEMORY;
    for (SIZE_T i = first; i < chunks.count && chunks.items[i].base < end; i++) {
        if (chunks.items[i].base < low) low = chunks.items[i].base;
        if (chunks.items[i].end > high) high = chunks.items[i].end;
    }
    hole_open(low, high);
    while (first < chunks.count && chunks.items[first].base < end) chunk_release(first);
    NTSTATUS status = STATUS_SUCCESS;
    if (fill) {
        ULONG tries = 0;
        do status = fill(context);
        while (status == STATUS_CONFLICTING_ADDRESSES && hole_wait(&tries));
    }
    if (!fill || status < 0) {
        NTSTATUS again = chunk_reserve(base, end);
        if (status >= 0) status = again;
    }
    chunk_reserve(low, base); /* failing, these pieces lack backing until chunk_isolate finds it again */
    chunk_reserve(end, high);
    hole_close();
    return status;
}

NTSTATUS chunk_restore(BYTE *base, BYTE *end)
{
    NTSTATUS status = STATUS_SUCCESS;
    base = (BYTE *)ALIGN_DOWN(base, GRANULE_BYTES);
    end = (BYTE *)ALIGN_UP(end, GRANULE_BYTES);
    hole_open(base, end);
    while (base < end && status >= 0) {
        SIZE_T index = ranges_after(&chunks, base);
        BOOL another = index < chunks.count && chunks.items[index].base < end;
        BYTE *stop = another ? chunks.items[index].base : end, *resume = another ? chunks.items[index].end : end;
        while (base < stop && !range_is_used(base, base + GRANULE_BYTES)) base += GRANULE_BYTES;
        while (stop > base && !range_is_used(stop - GRANULE_BYTES, stop)) stop -= GRANULE_BYTES;
        if (base < stop) status = ranges_reserve(&chunks, 1) ? chunk_reserve(base, stop) : STATUS_NO_MEMORY;
        base = resume;
    }
    hole_close();
    return status;
}

void chunk_trim(BYTE *base, BYTE *end)
{
    for (SIZE_T i = ranges_after(&chunks, base); i < chunks.count && chunks.items[i].base < end;) {
        BYTE *from = chunks.items[i].base, *to = chunks.items[i].end;
        if (!range_is_used(from, to)) {
            chunk_release(i);
            continue;
        }
        i++;
        if (!range_is_pure(from, to)) continue;
        /* The placeholders that are left may need only a part of it, or two parts with a gap between. */
        BYTE *low = base > from ? (BYTE *)ALIGN_DOWN(base, GRANULE_BYTES) : from;
        BYTE *high = end < to ? (BYTE *)ALIGN_UP(end, GRANULE_BYTES) : to;
        while (low < high && range_is_used(low, low + GRANULE_BYTES)) low += GRANULE_BYTES;
        while (high > low && range_is_used(high - GRANULE_BYTES, high)) high -= GRANULE_BYTES;
        if (low == high || !ranges_reserve(&chunks, 2)) continue;
        hole_open(from, to);
        chunk_release(i - 1);
        chunk_reserve(from, low);
        chunk_reserve(high, to);
        hole_close();
        i = ranges_after(&chunks, high);
    }
}

BOOL chunk_is_pure(const BYTE *base, const BYTE *end)
{
    for (SIZE_T i = ranges_after(&chunks, base); i < chunks.count && chunks.items[i].base < end; i++)
        if (!range_is_pure(chunks.items[i].base, chunks.items[i].end)) return FALSE;
    return TRUE;
}

BOOL chunk_covers(const BYTE *base, const BYTE *end)
{
    for (SIZE_T i = ranges_after(&chunks, base); i < chunks.count && chunks.items[i].base <= base; i++) {
        base = chunks.items[i].end;
        if (base >= end) return TRUE;
    }
    return FALSE;
}

NTSTATUS chunk_isolate(BYTE *base, BYTE *end)
{
    BYTE *low = (BYTE *)ALIGN_DOWN(base, GRANULE_BYTES), *high = (BYTE *)ALIGN_UP(end, GRANULE_BYTES);
    struct range *chunk = ranges_find(&chunks, base);
    if (chunk && chunk->base >= low && chunk->end == high) return STATUS_SUCCESS;
    /* Granules that others' content is in stay as they are: they have chunks of their own. */
    while (low < high && !range_is_pure(low, low + GRANULE_BYTES)) low += GRANULE_BYTES;
    while (low < high && !range_is_pure(high - GRANULE_BYTES, high)) high -= GRANULE_BYTES;
    chunk = low < high ? ranges_find(&chunks, low) : NULL;
    BOOL done = low == high || (chunk && chunk->base == low && chunk->end == high) || !chunk_is_pure(low, high);
    NTSTATUS status = done ? STATUS_SUCCESS : chunk_replace(low, high, NULL, NULL);
    if (status >= 0 && !chunk_covers(base, end)) status = STATUS_CONFLICTING_ADDRESSES;
    return status;
}

/* The part of chunk index that lies in base <= x < end. FALSE: none, nor of any chunk after it. */
static BOOL chunk_part(SIZE_T index, BYTE *base, BYTE *end, PVOID *part, SIZE_T *bytes)
{
    if (index >= chunks.count || chunks.items[index].base >= end) return FALSE;
    BYTE *from = chunks.items[index].base, *to = chunks.items[index].end;
    if (from < base) from = base;
    if (to > end) to = end;
    *part = from;
    *bytes = to - from;
    return TRUE;
}

NTSTATUS chunk_commit(BYTE *base, BYTE *end, ULONG protect)
{
    NTSTATUS status = STATUS_SUCCESS;
    PVOID part;
    SIZE_T bytes;
    for (SIZE_T i = ranges_after(&chunks, base); status >= 0 && chunk_part(i, base, end, &part, &bytes); i++)
        status = NtAllocateVirtualMemory(CURRENT_PROCESS, &part, 0, &bytes, MEM_COMMIT, protect);
    return status;
}

NTSTATUS chunk_decommit(BYTE *base, BYTE *end)
{
    NTSTATUS status = STATUS_SUCCESS;
    PVOID part;
    SIZE_T bytes;
    for (SIZE_T i = ranges_after(&chunks, base); status >= 0 && chunk_part(i, base, end, &part, &bytes); i++)
        status = NtFreeVirtualMemory(CURRENT_PROCESS, &part, &bytes, MEM_DECOMMIT);
    return status;
}

NTSTATUS chunk_protect(BYTE *base, BYTE *end, ULONG protect, ULONG *old_protect)
{
    NTSTATUS status = STATUS_SUCCESS;
    PVOID part;
    SIZE_T bytes;
    ULONG old, *to = old_protect;
    for (SIZE_T i = ranges_after(&chunks, base); status >= 0 && chunk_part(i, base, end, &part, &bytes); i++) {
        status = NtProtectVirtualMemory(CURRENT_PROCESS, &part, &bytes, protect, to);
        to = &old; /* the caller gets the first page's */
    }
    return status;
}
