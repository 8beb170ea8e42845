/* validate.c - HeapValidate: one block in constant time, or every structure of a heap in one pass. */
#include "alloc.h"
#include "careful.h"
#include "foreign.h"
#include "helpers.h"

static BOOL map_is_right(const struct slab *slab)
{
    if (slab_is_huge(slab)) return TRUE;
    BOOL one = slab->class_index == CLASS_LARGE;
    for (uint32_t i = 0; i < slab->units; i++)
        if (arena.map[slab->first_unit + i] != (i && one ? &slab_nobody : slab)) return FALSE;
    return TRUE;
}

static BOOL slab_is_right(const struct heap *heap, const struct slab *slab)
{
    if (slab->heap != heap || slab->handle != heap->handle || !map_is_right(slab)) return FALSE;
    BOOL careful = (heap->flags & HEAP_IS_CAREFUL) != 0;
    for (uint32_t i = 0; i < slab->capacity; i++) {
        uint8_t state = slab->state[i];
        if (state >= STATE_NONE) {
            /* A block whose free is delayed is neither live nor free. */
            if (state == STATE_NONE && !helpers.delay) return FALSE;
            if (careful && !careful_check_free(slab, i)) return FALSE;
            continue;
        }
        if (state == STATE_SIDE || careful) {
            if (slab_size(slab, i) > slab->block_bytes) return FALSE;
            if (careful && !careful_check(slab, i)) return FALSE;
        } else if (state > slab->block_bytes) {
            return FALSE;
        }
    }
    return slab->state[slab->capacity] == STATE_NONE;
}

/* Other threads may be in the middle of a change: what is wrong only for a moment is not wrong. */
#define LOOKS 8
static BOOL slab_stays_right(const struct heap *heap, const struct slab *slab)
{
    for (unsigned look = 0; look < LOOKS; look++) {
        if (slab_is_right(heap, slab)) return TRUE;
        NtYieldExecution();
    }
    return FALSE;
}

static BOOL heap_is_right(struct heap *heap)
{
    BOOL right = TRUE;
    careful_enter(heap);
    lock_acquire(&heap->lock);
    const struct slab *before = NULL;
    for (const struct slab *slab = heap->slabs; slab && right; before = slab, slab = slab->heap_next)
        right = slab->heap_prev == before && slab_stays_right(heap, slab);
    if (right) right = before == heap->last_slab;
    lock_release(&heap->lock);
    careful_leave(heap);
    return right;
}

static BOOL block_is_intact(struct heap *heap, const struct slab *slab, uintptr_t index)
{
    if (LIKELY(!(heap->flags & HEAP_IS_CAREFUL))) return TRUE;
    careful_enter(heap);
    BOOL intact = careful_check(slab, index);
    careful_leave(heap);
    return intact;
}

/* Whether a block is live and intact, or (p NULL) whether the whole heap is. flags: HEAP_NO_SERIALIZE (no effect).
 * Leaves the last error alone, except for memory that cannot be read: ERROR_NOACCESS. Any thread.
 * Page: heapapi/nf-heapapi-heapvalidate */
K32MEM_API BOOL WINAPI HeapValidate(HANDLE handle, DWORD flags, LPCVOID p)
{
    struct slab *slab;
    uintptr_t index;
    if (p && block_find(handle, p, &slab, &index)) return block_is_intact(slab->heap, slab, index);
    struct heap *heap = heap_of(handle);
    if (!p) {
        if (heap) heap_wait(heap);
        if (heap && !heap_is_right(heap)) return FALSE;
        return heap && heap != &heap_main ? TRUE : foreign_validate(handle, flags, NULL);
    }
    if (slab != &slab_nobody) return FALSE;
    if (!heap || heap == &heap_main) return foreign_validate(handle, flags, p);
    return foreign_is_readable(p, 1) ? FALSE : error_fail(ERROR_NOACCESS);
}
