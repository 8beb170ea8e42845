/* span.h - runs of units: handed to slabs, taken back, joined, and given back to the system when idle.
 *
 * A free span is described by a struct slab whose place is PLACE_CLEAN, PLACE_FRESH or PLACE_DIRTY and whose home is
 * NULL; the map's entries of its first and last unit point to it, so neighbours find each other. Only spans of one kind
 * join, and never across chunks.
 */
#ifndef K32MEM_HEAP_SPAN_H
#define K32MEM_HEAP_SPAN_H

#include "heap.h"

enum span_want {
    SPAN_ANY,     /* dirty first: warm memory */
    SPAN_WARM,    /* dirty or none */
    SPAN_EXECUTE, /* commit anew, executable */
    SPAN_ROOMY    /* leave room to grow behind it */
};

static inline SIZE_T span_bytes(const struct slab *slab) { return (SIZE_T)slab->units << UNIT_SHIFT; }

/* Gives the slab first_unit, units and base of a committed span; the map points to slab for all of its units when
 * whole_map, else only for the first (a large block: inner addresses are nobody's). *zero: the memory reads as zero.
 * FALSE when out of memory, or when there is none that is wanted. Takes arena.lock. */
BOOL span_take(struct slab *slab, SIZE_T units, enum span_want want, BOOL whole_map, BOOL *zero);
/* Gives the slab's span back as dirty memory (or as clean memory, when decommit), and the struct slab to meta. */
void span_give(struct slab *slab, BOOL decommit);
/* As span_give, for a list linked by heap_next, under one lock. */
void span_give_all(struct slab *first, BOOL decommit);
/* Lengthens a large block's span in place by taking units behind it. */
BOOL span_extend(struct slab *slab, SIZE_T units, BOOL *zero);
/* Cuts the span behind the first units units. */
BOOL span_shorten(struct slab *slab, SIZE_T units);
/* Decommits dirty spans idle since before now - age milliseconds. Returns the bytes that stay dirty. */
SIZE_T span_purge(uint32_t now, uint32_t age);
/* Bytes of dirty memory that no slab uses. */
SIZE_T span_dirty_bytes(void);
/* The longest free run of committed memory, in bytes. */
SIZE_T span_longest(void);

#endif
