/* bins.h - taking empty slabs back from the bins of threads that do nothing. */
#ifndef K32MEM_HEAP_BINS_H
#define K32MEM_HEAP_BINS_H

#include "heap.h"

/* Works in two rounds; returns the bytes that the next round may free. By the scavenger, under theap->lock. */
SIZE_T bins_scavenge(struct theap *theap);

#endif
