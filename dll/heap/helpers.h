/* helpers.h - what a side-loaded program with bugs may be given: room behind blocks, zeroed blocks, delayed frees. Heaps
 * are then careful ones (careful.h): their fast path stays closed. */
#ifndef K32MEM_HEAP_HELPERS_H
#define K32MEM_HEAP_HELPERS_H

#include "heap.h"

struct helpers {
    BOOL on;
    SIZE_T pad; /* bytes behind every block, on top of its exact size */
    ULONG delay; /* so many freed blocks wait before they are really freed */
    BOOL zero;  /* every block reads as zero at first */
};
extern struct helpers helpers;

/* From now on, for all heaps that there are and will be. Any thread. */
void helpers_enable(SIZE_T pad, ULONG delay, BOOL zero);
/* Frees the blocks that have waited longest, until one of so many bytes may join them. Not inside of careful_enter. */
void helpers_settle(SIZE_T bytes);
/* Takes over a block that is being freed, if there is room among those that wait. FALSE: it is not live (any more).
 * *waits: it is freed later, not now. Inside of careful_enter. */
BOOL helpers_delay(struct slab *slab, uintptr_t index, BOOL *waits);
/* Frees what waits of a heap, before it is destroyed. */
void helpers_flush(const struct heap *heap);

#endif
