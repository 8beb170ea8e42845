/* arena.h - the range of addresses that holds every block, and its map from unit to slab. */
#ifndef K32MEM_HEAP_ARENA_H
#define K32MEM_HEAP_ARENA_H

#include "heap.h"

#ifdef _WIN64
#define ARENA_MAX_UNITS ((SIZE_T)1 << 23) /* 512 GB */
#define CHUNK_UNITS ((SIZE_T)1 << 14)     /* 1 GB */
#define FIRST_UNITS ((SIZE_T)1 << 11)     /* 128 MB: Wine keeps, and touches, a byte for each page that is reserved */
#define GROW_UNITS ((SIZE_T)64)           /* 4 MB */
#define HUGE_UNITS ((SIZE_T)1 << 12)      /* from 256 MB on a block has its own reservation */
#else
#define ARENA_MAX_UNITS ((SIZE_T)1 << 16) /* all of the 4 GB */
#define CHUNK_UNITS ((SIZE_T)64)          /* 4 MB */
#define HUGE_UNITS ((SIZE_T)1 << 8)       /* 16 MB */
#endif

struct arena {
    uintptr_t base;   /* 0 on x86 */
    uintptr_t limit;  /* bytes from base whose map entries are valid; 0 before first use */
    struct slab **map; /* unit -> slab; &slab_nobody for units that belong to no slab */
    uintptr_t chunk_end; /* x86_64: end of the reserved part */
    /* On a line of its own: every free reads what is above. */
    struct lock lock __attribute__((aligned(64))); /* guards the map's free spans: span.c */
};

extern struct arena arena;
/* Stands for "no slab": its home is nobody's, so that every check on it fails. */
extern struct slab slab_nobody;
/* The handle in slabs that belong to no heap. (Not NULL: callers do pass NULL.) */
#define HANDLE_NOBODY ((HANDLE)((char *)&slab_nobody + 1))

/* Whether the map has an entry for the address; any address may be asked about. */
static inline BOOL arena_holds(const void *address)
{
#ifdef _WIN64
    return (uintptr_t)address - arena.base < arena.limit;
#else
    return arena.map[(uintptr_t)address >> UNIT_SHIFT] != NULL;
#endif
}

/* The entry for an address that the arena holds: its unit's slab, or &slab_nobody. */
static inline struct slab *arena_entry(const void *address)
{
    return arena.map[((uintptr_t)address - arena.base) >> UNIT_SHIFT];
}

static inline struct slab *arena_slab(const void *address)
{
    return LIKELY(arena_holds(address)) ? arena_entry(address) : &slab_nobody;
}

static inline void *arena_address(uint32_t unit) { return (void *)(arena.base + ((uintptr_t)unit << UNIT_SHIFT)); }

/* Makes at least units more consecutive units known, as a clean run: first and count. Under arena.lock. */
BOOL arena_grow(SIZE_T units, uint32_t *first, uint32_t *count);
/* Whether a chunk begins at this unit: runs do not join across it. */
BOOL arena_chunk_starts(uint32_t unit);
/* Gives the run's address space back when it is a whole chunk, on x86. Nothing of it may be committed or on a shelf.
 * Under arena.lock. */
BOOL arena_release(uint32_t first, uint32_t units);
/* The slab or free span at a unit, NULL outside of the arena. Under arena.lock. */
struct slab *arena_at(uint32_t unit);

static inline void arena_set(uint32_t unit, struct slab *slab) { arena.map[unit] = slab; }

#endif
