/* walk.c - HeapWalk. An entry says by itself where the walk stands; of the walk the heap knows only that there
 * is one, so that the scavenger leaves it alone. */
#include "walk.h"
#include "foreign.h"
#include "scavenge.h"

/* So long after a walk came to a slab it may still stand there. (It may also have been given up.) */
#define WALK_MS 60000

HANDLE (*walk_handle_of)(void *block, WORD *flags);

static BYTE clamp_byte(SIZE_T value) { return (BYTE)(value < 255 ? value : 255); }

/* p: where the block at index lies. The next step waits for it, so it is not computed from the index here. */
static inline void entry_busy(PROCESS_HEAP_ENTRY *entry, const struct slab *slab, uintptr_t index, void *p)
{
    entry->lpData = p;
    SIZE_T bytes = slab_size(slab, index);
    entry->cbData = (DWORD)bytes;
    entry->cbOverhead = clamp_byte(slab->block_bytes - bytes);
    entry->wFlags = PROCESS_HEAP_ENTRY_BUSY;
    entry->Block.hMem = NULL;
    entry->Block.dwReserved[0] = entry->Block.dwReserved[1] = entry->Block.dwReserved[2] = 0;
    if (UNLIKELY(walk_handle_of != NULL)) {
        WORD flags = 0;
        HANDLE handle = walk_handle_of(p, &flags);
        if (handle) {
            entry->Block.hMem = handle;
            entry->wFlags |= flags;
        }
    }
}

/* The entry for what lies at index, and p: a busy block, or a run of free ones. FALSE behind the last block. */
static inline BOOL entry_at(PROCESS_HEAP_ENTRY *entry, const struct slab *slab, uintptr_t index, void *p)
{
    if (index >= slab->capacity) return FALSE;
    if (LIKELY(slab->state[index] < STATE_NONE)) {
        entry_busy(entry, slab, index, p);
        return TRUE;
    }
    uintptr_t end = index + 1;
    while (end < slab->capacity && slab->state[end] == STATE_FREE) end++;
    entry->lpData = p;
    entry->cbData = (DWORD)((end - index) * slab->block_bytes);
    entry->cbOverhead = 0;
    entry->wFlags = 0;
    return TRUE;
}

static void entry_region(PROCESS_HEAP_ENTRY *entry, const struct slab *slab)
{
    SIZE_T bytes = span_bytes(slab);
    entry->lpData = arena_address(slab->first_unit);
    entry->cbData = (DWORD)bytes;
    entry->cbOverhead = clamp_byte(bytes - slab->capacity * slab->block_bytes);
    entry->wFlags = PROCESS_HEAP_REGION;
    entry->Region.dwCommittedSize = (DWORD)bytes;
    entry->Region.dwUnCommittedSize = 0;
    entry->Region.lpFirstBlock = (PVOID)slab->base;
    entry->Region.lpLastBlock = slab_block(slab, slab->capacity);
}

/* A huge block's reservation may reach beyond it. */
static BOOL entry_tail(PROCESS_HEAP_ENTRY *entry, const struct slab *slab)
{
    SIZE_T committed = ALIGN_UP(slab->large_bytes, PAGE_BYTES);
    if (!slab_is_huge(slab) || committed == slab->block_bytes) return FALSE;
    entry->lpData = (PVOID)(slab->base + committed);
    entry->cbData = (DWORD)(slab->block_bytes - committed);
    entry->cbOverhead = 0;
    entry->wFlags = PROCESS_HEAP_UNCOMMITTED_RANGE;
    return TRUE;
}

BOOL heap_is_walked(struct heap *heap)
{
    if (heap->walked && (int32_t)(scavenge_clock() - heap->walked_at) >= WALK_MS) heap->walked = FALSE;
    return heap->walked;
}

/* The first entry of a slab or of those after it. */
static BOOL entry_slab(struct heap *heap, PROCESS_HEAP_ENTRY *entry, const struct slab *slab, BYTE region)
{
    heap->walked_at = scavenge_clock();
    for (; slab; slab = slab->heap_next) {
        if (slab->class_index != CLASS_LARGE) {
            entry_region(entry, slab);
        } else if (slab->state[0] < STATE_NONE) {
            entry_busy(entry, slab, 0, (void *)slab->base); /* no region entry: page minwinbase/ns-minwinbase-process_heap_entry */
        } else {
            continue; /* cached */
        }
        entry->iRegionIndex = region;
        return TRUE;
    }
    heap->walked = FALSE;
    if (heap != &heap_main) return error_fail(ERROR_NO_MORE_ITEMS);
    /* The process heap goes on with what ntdll's own heap holds. */
    memset(entry, 0, sizeof(*entry));
    return foreign_walk(heap->handle, entry);
}

static BOOL entry_first(struct heap *heap, PROCESS_HEAP_ENTRY *entry)
{
    heap->walked_at = scavenge_clock();
    heap->walked = TRUE;
    /* The scavenger ends what it may be in the middle of. */
    lock_acquire(&registry_lock);
    lock_release(&registry_lock);
    return entry_slab(heap, entry, heap->slabs, 0);
}

static BOOL walk_next(PROCESS_HEAP_ENTRY *entry, struct slab *slab)
{
    uintptr_t index;
    if (entry->wFlags & PROCESS_HEAP_REGION) return entry_at(entry, slab, 0, (void *)slab->base);
    if (!(entry->wFlags & PROCESS_HEAP_UNCOMMITTED_RANGE)) {
        if (!slab_index(slab, entry->lpData, &index)) return error_fail(ERROR_INVALID_PARAMETER);
        char *p = (char *)entry->lpData + slab->block_bytes;
        uintptr_t blocks = 1;
        if (!(entry->wFlags & PROCESS_HEAP_ENTRY_BUSY) && (blocks = entry->cbData / slab->block_bytes) > 1)
            p += (blocks - 1) * slab->block_bytes;
        if (LIKELY(entry_at(entry, slab, index + (blocks ? blocks : 1), p))) return TRUE;
        if (entry_tail(entry, slab)) return TRUE;
    }
    return entry_slab(slab->heap, entry, slab->heap_next, (BYTE)(entry->iRegionIndex + 1));
}

/* Steps through a heap: regions, uncommitted ranges, busy blocks with exact sizes, runs of free memory. Set
 * entry->lpData to NULL to begin; keep the rest of the entry for the next call. FALSE with ERROR_NO_MORE_ITEMS at the
 * end, with ERROR_INVALID_PARAMETER when the entry is not from a walk of this heap. Sizes above 4 GB are cut to 32 bits,
 * as the structure has them. Lock the heap (HeapLock) when other threads use it. Page: heapapi/nf-heapapi-heapwalk */
K32MEM_API BOOL WINAPI HeapWalk(HANDLE handle, LPPROCESS_HEAP_ENTRY entry)
{
    if (!entry) return error_fail(ERROR_INVALID_PARAMETER);
    if (LIKELY(entry->lpData)) {
        struct slab *slab = slab_of(entry->lpData);
        /* On x86 only the first unit of a huge block is on the map. */
        if (entry->wFlags & PROCESS_HEAP_UNCOMMITTED_RANGE && slab == &slab_nobody) slab = huge_slab(entry->lpData);
        if (LIKELY(slab->handle == handle)) return walk_next(entry, slab);
        if (slab != &slab_nobody || (handle != heap_main.handle && heap_of(handle)))
            return error_fail(ERROR_INVALID_PARAMETER);
    } else {
        struct heap *heap = heap_of(handle);
        if (heap) return entry_first(heap, entry);
    }
    return foreign_is_heap(handle) ? foreign_walk(handle, entry) : error_fail(ERROR_INVALID_HANDLE);
}
