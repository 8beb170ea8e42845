/* realloc.c - HeapReAlloc. */
#include "alloc.h"
#include "careful.h"
#include "foreign.h"
#include "helpers.h"

/* The new block of a move; *zero: it reads as zero. */
static void *moved_block(struct heap *heap, DWORD flags, SIZE_T had, SIZE_T bytes, BOOL *zero)
{
    void *p = NULL;
    *zero = FALSE;
    /* Small ones by way of the fast paths: no lock is taken. */
    if (bytes <= MEDIUM_MAX && !(heap->flags & HEAP_IS_CAREFUL))
        return HeapAlloc(heap->handle, flags & HEAP_GENERATE_EXCEPTIONS, bytes);
    careful_enter(heap);
    struct theap *theap = theap_enter(heap);
    if (theap) {
        /* A block that grows by moving is likely to grow again. */
        p = heap->flags & HEAP_IS_CAREFUL ? careful_alloc(theap, bytes, zero)
                                          : theap_alloc(theap, bytes, bytes > had, zero);
        theap_leave(theap);
    }
    careful_leave(heap);
    return p;
}

static void *move_block(struct heap *heap, DWORD flags, struct slab *slab, uintptr_t index, SIZE_T had, SIZE_T bytes)
{
    BOOL zero;
    void *old = slab_block(slab, index), *p = moved_block(heap, flags, had, bytes, &zero);
    if (!p) return NULL;
    memcpy(p, old, had < bytes ? had : bytes);
    if (flags & HEAP_ZERO_MEMORY && bytes > had && !zero) memset((char *)p + had, 0, bytes - had);
    if (heap->flags & HEAP_IS_CAREFUL) careful_free(slab, index);
    else HeapFree(heap->handle, 0, old);
    return p;
}

/* Whether a block of the slab may keep its place at the new size. */
static BOOL stays(const struct slab *slab, SIZE_T bytes, DWORD flags)
{
    if (bytes > slab->block_bytes) return FALSE;
    return flags & HEAP_REALLOC_IN_PLACE_ONLY || bytes > slab->block_bytes / 2 || slab->class_index <= 2;
}

static void *realloc_large(struct heap *heap, DWORD flags, struct slab *slab, SIZE_T had, SIZE_T bytes)
{
    SIZE_T zero_from = ~(SIZE_T)0;
    void *p = slab_block(slab, 0);
    BOOL in_place = (flags & HEAP_REALLOC_IN_PLACE_ONLY) != 0;
    if (bytes <= MEDIUM_MAX && !in_place) return move_block(heap, flags, slab, 0, had, bytes);
    /* Memory given back by shrinking is not to be had again in place: programs see that on Windows. */
    BOOL refused = in_place && bytes > had && slab->shrunk;
    if (!refused && large_resize(slab, bytes, &zero_from)) {
        if (flags & HEAP_ZERO_MEMORY && bytes > had) {
            SIZE_T end = zero_from < bytes ? zero_from : bytes;
            if (end > had) memset((char *)p + had, 0, end - had);
        }
        return p;
    }
    return in_place ? NULL : move_block(heap, flags, slab, 0, had, bytes);
}

static void *realloc_small(struct heap *heap, DWORD flags, struct slab *slab, uintptr_t index, SIZE_T had, SIZE_T bytes)
{
    if (stays(slab, bytes, flags) && slab_set_size(slab, index, bytes)) {
        void *p = slab_block(slab, index);
        if (flags & HEAP_ZERO_MEMORY && bytes > had) memset((char *)p + had, 0, bytes - had);
        return p;
    }
    return flags & HEAP_REALLOC_IN_PLACE_ONLY ? NULL : move_block(heap, flags, slab, index, had, bytes);
}

/* Changes a block's size to bytes. flags: HEAP_ZERO_MEMORY (zeroes what lies beyond the old size), HEAP_GENERATE_EXCEPTIONS,
 * HEAP_REALLOC_IN_PLACE_ONLY, HEAP_NO_SERIALIZE (no effect). Returns the block, perhaps elsewhere; on failure NULL with
 * ERROR_NOT_ENOUGH_MEMORY (or an exception STATUS_NO_MEMORY) or ERROR_INVALID_PARAMETER, and the block is as before.
 * NULL is no block: NULL with last error 0. By the thread that owns the block. Page: heapapi/nf-heapapi-heaprealloc */
K32MEM_API LPVOID WINAPI HeapReAlloc(HANDLE handle, DWORD flags, LPVOID p, SIZE_T bytes)
{
    struct slab *slab;
    uintptr_t index;
    if (!p) return error_null(NO_ERROR);
    if (UNLIKELY(!block_find(handle, p, &slab, &index))) {
        if (slab == &slab_nobody && (handle == heap_main.handle || !heap_of(handle)))
            return foreign_realloc(handle, flags, p, bytes);
        heap_invalid_block();
        return NULL;
    }
    struct heap *heap = slab->heap;
    if (UNLIKELY(heap->locked_by)) heap_wait(heap);
    SIZE_T had = slab_size(slab, index);
    void *result;
    if (UNLIKELY(heap->flags & HEAP_IS_CAREFUL)) {
        careful_enter(heap);
        BOOL intact = careful_check(slab, index), stays = intact && careful_resize(slab, index, bytes);
        careful_leave(heap);
        if (!intact) {
            heap_invalid_block();
            return NULL;
        }
        if (helpers.zero) flags |= HEAP_ZERO_MEMORY;
        result = stays ? p
                 : flags & HEAP_REALLOC_IN_PLACE_ONLY ? NULL
                                                      : move_block(heap, flags, slab, index, had, bytes);
        if (result == p && flags & HEAP_ZERO_MEMORY && bytes > had) memset((char *)p + had, 0, bytes - had);
    } else if (slab->class_index == CLASS_LARGE) {
        result = realloc_large(heap, flags, slab, had, bytes);
    } else {
        result = realloc_small(heap, flags, slab, index, had, bytes);
    }
    return LIKELY(result) ? result : heap_no_memory(heap, flags, bytes);
}
