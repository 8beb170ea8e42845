/* reclaim.h - what a theap holds without using it, given up for others to use. */
#ifndef K32MEM_HEAP_RECLAIM_H
#define K32MEM_HEAP_RECLAIM_H

#include "heap.h"

/* Gives up empty slabs that served nobody since the look before the last. Called whenever the theap needs another slab;
 * cheap when it was only just called. By the theap's thread, under theap->lock. */
void theap_look(struct theap *theap);
/* Called before the theap takes new memory for a large block, because no dirty run is long enough: gives up what was cached. */
void theap_make_room(struct theap *theap);

#endif
