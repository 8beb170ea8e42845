/* ranges.h - a sorted table of disjoint address ranges, for the families that emulate special regions.
 *
 * Not locked: the family that owns a table has its own lock around every call. A table is one array, found in by
 * halving; it grows by doubling and is never given back, for it is small (one entry per region).
 */
#ifndef K32MEM_RANGES_H
#define K32MEM_RANGES_H

#include "../nt/nt.h"

struct range {
    BYTE *base, *end; /* base <= address < end */
    void *owner;      /* the family's own */
    ULONG kind, protect;
};

struct ranges {
    struct range *items;
    SIZE_T count, capacity;
};

/* The index of the first range that ends after address; count when there is none. */
SIZE_T ranges_after(const struct ranges *table, const void *address);

/* The range that holds address, or NULL. Valid until the next insertion or removal. */
struct range *ranges_find(const struct ranges *table, const void *address);

/* Is any part of the addresses base <= x < end in a range? */
BOOL ranges_overlap(const struct ranges *table, const void *base, const void *end);

/* Makes room for more further insertions, so that they cannot fail. FALSE: out of memory. */
BOOL ranges_reserve(struct ranges *table, SIZE_T more);

/* Adds a range that overlaps none of the table's. Room must have been made. Returns the new entry. */
struct range *ranges_insert(struct ranges *table, struct range range);

/* Removes count ranges from index on. */
void ranges_remove(struct ranges *table, SIZE_T index, SIZE_T count);

#endif
