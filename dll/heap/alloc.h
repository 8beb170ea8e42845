/* alloc.h - allocating and freeing below the exported functions. */
#ifndef K32MEM_HEAP_ALLOC_H
#define K32MEM_HEAP_ALLOC_H

#include "heap.h"

/* A live block of exactly this size. roomy: it is growing. *zero: should it read as zero (a wish); does it. Under
 * theap->lock. */
void *theap_alloc(struct theap *theap, SIZE_T bytes, BOOL roomy, BOOL *zero);

/* HeapAlloc's failure: raises or sets the last error, as flags and the heap's own ask. Returns NULL. */
void *heap_no_memory(const struct heap *heap, DWORD flags, SIZE_T bytes);

/* Ends the process if HeapEnableTerminationOnCorruption asked for that. */
void heap_corrupt(void);
/* A call was given a pointer that is not a live block: corruption. Sets ERROR_INVALID_PARAMETER and returns FALSE. */
BOOL heap_invalid_block(void);
extern volatile BOOL heap_terminates;

/* Frees a block known to be live a moment ago. FALSE when it is not live (any more). */
BOOL block_free(struct heap *heap, struct slab *slab, uintptr_t index);

/* Finds the live block of the heap at p. FALSE when there is none. */
static inline BOOL block_find(HANDLE handle, const void *p, struct slab **slab, uintptr_t *index)
{
    *slab = slab_of(p);
    return LIKELY((*slab)->handle == handle) && slab_index(*slab, p, index) && (*slab)->state[*index] < STATE_NONE;
}

#endif
