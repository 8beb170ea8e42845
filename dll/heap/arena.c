/* arena.c - growing the arena. */
#include "heap.h"
#include "os.h"
#include "random.h"

struct slab slab_nobody = { .home = &theap_nobody, .magic = 1, .block_bytes = 1, .class_index = CLASS_LARGE, .handle = HANDLE_NOBODY };

#ifdef _WIN64
struct arena arena;

#define MAP_STEP UNIT_BYTES /* bytes of the map committed at a time */
static uintptr_t map_committed;

/* Far from where the system puts things, so that the next chunk can follow the last. */
#define LOWEST ((uintptr_t)0x10000000000)  /* 1 TB */
#define HIGHEST ((uintptr_t)0x60000000000) /* 6 TB */
#define CHUNK_BYTES (CHUNK_UNITS << UNIT_SHIFT)
#define FIRST_BYTES (FIRST_UNITS << UNIT_SHIFT)

/* Reserves another chunk: its size in units, or 0. */
static SIZE_T chunk_reserve(void)
{
    if (arena.limit) {
        /* Skip places that somebody else took. */
        uintptr_t at = arena.base + (arena.chunk_end - arena.base);
        for (unsigned hole = 0; hole < 64; hole++, at += CHUNK_BYTES) {
            if (((at - arena.base) >> UNIT_SHIFT) + CHUNK_UNITS > ARENA_MAX_UNITS) return 0;
            if (!os_reserve_kept((void *)at, CHUNK_BYTES)) continue;
            arena.chunk_end = at + CHUNK_BYTES;
            return CHUNK_UNITS;
        }
        return 0;
    }
    for (unsigned attempt = 0; attempt < 16; attempt++) {
        uintptr_t at = LOWEST + (random_next() % ((HIGHEST - LOWEST) / CHUNK_BYTES)) * CHUNK_BYTES;
        if (!os_reserve_kept((void *)at, FIRST_BYTES)) continue;
        arena.base = at;
        arena.chunk_end = at + FIRST_BYTES;
        return FIRST_UNITS;
    }
    return 0;
}

static BOOL map_extend(uintptr_t units)
{
    if (!arena.map && !(arena.map = os_reserve_kept(NULL, ARENA_MAX_UNITS * sizeof(*arena.map)))) return FALSE;
    while (map_committed < units * sizeof(*arena.map)) {
        if (!os_commit((char *)arena.map + map_committed, MAP_STEP, FALSE)) return FALSE;
        map_committed += MAP_STEP;
    }
    return TRUE;
}

/* The known part ends at arena.limit; the last chunk may reach further. */
BOOL arena_grow(SIZE_T units, uint32_t *first, uint32_t *count)
{
    uintptr_t known = arena.limit >> UNIT_SHIFT;
    uintptr_t left = ((arena.chunk_end - arena.base) >> UNIT_SHIFT) - known;
    if (units > CHUNK_UNITS) return FALSE;
    if (left == 0 || (left < units && left < GROW_UNITS)) {
        /* What is left of the old chunk (if anything) is lost to a request that it cannot hold; small requests went
         * there first, so this is rare. */
        if (!(left = chunk_reserve())) return FALSE;
        uintptr_t next = ((arena.chunk_end - arena.base) >> UNIT_SHIFT) - left;
        if (!map_extend(next)) return FALSE;
        while (known < next) arena.map[known++] = &slab_nobody;
    }
    if (left < units) {
        units = left; /* hand out the chunk's rest; the caller comes again for a whole one */
    }
    SIZE_T grow = units < GROW_UNITS ? GROW_UNITS : units;
    if (grow > left) grow = left;
    if (!map_extend(known + grow)) return FALSE;
    for (SIZE_T i = 0; i < grow; i++) arena.map[known + i] = &slab_nobody;
    *first = (uint32_t)known;
    *count = (uint32_t)grow;
    __atomic_store_n(&arena.limit, (known + grow) << UNIT_SHIFT, __ATOMIC_RELEASE);
    return TRUE;
}

BOOL arena_chunk_starts(uint32_t unit) { return unit % CHUNK_UNITS == (unit < FIRST_UNITS ? 0 : FIRST_UNITS); }

BOOL arena_release(uint32_t first, uint32_t units)
{
    (void)first, (void)units;
    return FALSE; /* address space is plenty */
}

struct slab *arena_at(uint32_t unit) { return unit < arena.limit >> UNIT_SHIFT ? arena.map[unit] : NULL; }

#else

static struct slab *unit_map[ARENA_MAX_UNITS];
struct arena arena = { .limit = ~(uintptr_t)0, .map = unit_map };
static uint16_t chunk_units[ARENA_MAX_UNITS]; /* of the chunk that starts at a unit; else 0 */

BOOL arena_grow(SIZE_T units, uint32_t *first, uint32_t *count)
{
    SIZE_T take = (units + CHUNK_UNITS - 1) & ~(CHUNK_UNITS - 1);
    void *chunk = os_reserve_kept(NULL, take << UNIT_SHIFT);
    if (!chunk && take > units) chunk = os_reserve_kept(NULL, (take = units) << UNIT_SHIFT);
    if (!chunk) return FALSE;
    *first = (uint32_t)((uintptr_t)chunk >> UNIT_SHIFT);
    *count = (uint32_t)take;
    chunk_units[*first] = (uint16_t)take;
    for (SIZE_T i = 0; i < take; i++) arena.map[*first + i] = &slab_nobody;
    return TRUE;
}

BOOL arena_chunk_starts(uint32_t unit) { return chunk_units[unit] != 0; }

BOOL arena_release(uint32_t first, uint32_t units)
{
    if (chunk_units[first] != units) return FALSE;
    /* The map goes on having entries for these units: nobody's, for threads that look at this moment. */
    chunk_units[first] = 0;
    for (uint32_t i = 0; i < units; i++) arena_set(first + i, &slab_nobody);
    os_release_kept(arena_address(first));
    return TRUE;
}

struct slab *arena_at(uint32_t unit) { return unit < ARENA_MAX_UNITS ? arena.map[unit] : NULL; }
#endif
