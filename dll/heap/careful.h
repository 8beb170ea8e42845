/* careful.h - heaps that want every call looked at: of fixed size, or with tail or free checking. Their fast path stays
 * closed, so the others pay nothing. */
#ifndef K32MEM_HEAP_CAREFUL_H
#define K32MEM_HEAP_CAREFUL_H

#include "heap.h"

/* A careful block's size, what lies behind it and what is used of the budget change in steps, so everything that touches
 * them stands between these two: one thread at a time in each heap. Waits while another thread has the heap locked
 * (HeapLock), so that nothing in between has to. Nothing on heaps that are not careful. */
void careful_enter(struct heap *heap);
static inline void careful_leave(struct heap *heap)
{
    if (heap->flags & HEAP_IS_CAREFUL) lock_release(&heap->careful);
}

/* As theap_alloc. Under theap->lock. NULL also when the budget is used up. */
void *careful_alloc(struct theap *theap, SIZE_T bytes, BOOL *zero);
/* Frees a block that was live a moment ago, or lets it wait (helpers.h). FALSE when the bytes behind it were overwritten,
 * or it is not live any more. Not inside of careful_enter. */
BOOL careful_free(struct slab *slab, uintptr_t index);
/* FALSE when the block is not live, or the bytes behind it were overwritten. */
BOOL careful_check(const struct slab *slab, uintptr_t index);
/* FALSE when the block, which is free, was written to since it was freed in a heap with free checking. */
BOOL careful_check_free(const struct slab *slab, uintptr_t index);
/* Changes the size in place; FALSE when that cannot be. */
BOOL careful_resize(struct slab *slab, uintptr_t index, SIZE_T bytes);

#endif
