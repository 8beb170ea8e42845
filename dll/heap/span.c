/* span.c - free spans, in lists by length. */
#include "heap.h"
#include "os.h"
#include "scavenge.h"

/* Exact lengths up to 31 units, then four lists per doubling. */
#define EXACT 32
#define LISTS 64
#define DIRTY_KEPT 8    /* 512 KB of dirty memory stay when new memory is taken beside it */
#define DIRTY_SHARE 2   /* and half as much as is in use, for a moment */
#define YOUNG_MS 20     /* that long: what came back just now is likely to go out again */
#define SWAP_TICKS 4    /* and it is looked at so often, a millisecond or two: giving back and taking anew costs 16 us */
#define PURGE_UNITS 64  /* 4 MB go back to the system in one call */
#define COMMIT_UNITS 16 /* single units are committed in batches of 1 MB */

struct shelf {
    uint64_t used; /* bit i: list[i] is not empty */
    struct slab_list list[LISTS];
};
static struct shelf shelves[3]; /* PLACE_CLEAN, PLACE_FRESH, PLACE_DIRTY */
static SIZE_T dirty_units, used_units;
static SIZE_T owed_units; /* taken anew since the last swap */
static uint32_t swapped;  /* when that was */

static inline struct shelf *shelf_of(unsigned place) { return &shelves[place - PLACE_CLEAN]; }

static unsigned list_of(SIZE_T units)
{
    if (units < EXACT) return (unsigned)units;
    unsigned top = 31 - (unsigned)__builtin_clz((unsigned)units), step = (unsigned)(units >> (top - 2)) & 3;
    unsigned list = EXACT + (top - 5) * 4 + step;
    return list < LISTS ? list : LISTS - 1;
}

static void shelf_add(struct slab *span, unsigned place)
{
    struct shelf *shelf = shelf_of(place);
    unsigned list = list_of(span->units);
    span->place = (uint8_t)place;
    slab_list_push(&shelf->list[list], span);
    shelf->used |= (uint64_t)1 << list;
    arena_set(span->first_unit, span);
    arena_set(span->first_unit + span->units - 1, span);
    if (place == PLACE_DIRTY) dirty_units += span->units;
}

static void shelf_remove(struct slab *span)
{
    struct shelf *shelf = shelf_of(span->place);
    unsigned list = list_of(span->units);
    slab_list_remove(&shelf->list[list], span);
    if (!shelf->list[list].head) shelf->used &= ~((uint64_t)1 << list);
    if (span->place == PLACE_DIRTY) dirty_units -= span->units;
    arena_set(span->first_unit, &slab_nobody);
    arena_set(span->first_unit + span->units - 1, &slab_nobody);
}

/* The shortest list's first span that fits. */
static struct slab *shelf_find(unsigned place, SIZE_T units)
{
    struct shelf *shelf = shelf_of(place);
    unsigned first = list_of(units);
    for (uint64_t used = shelf->used >> first << first; used; used &= used - 1) {
        for (struct slab *span = shelf->list[__builtin_ctzll(used)].head; span; span = span->next)
            if (span->units >= units) return span;
    }
    return NULL;
}

static BOOL is_free(const struct slab *slab, unsigned place) { return slab && slab->place == place; }

/* Puts a run on a shelf, joined with its neighbours of the same kind. span describes the run already. */
static void shelf_put(struct slab *span, unsigned place)
{
    uint32_t end = span->first_unit + span->units;
    /* A run is idle for as long as the largest of its parts: small ones that come and go would keep it young for ever. */
    uint32_t idle_since = scavenge_clock(), most = span->units;
    if (!arena_chunk_starts(span->first_unit) && span->first_unit) {
        struct slab *before = arena_at(span->first_unit - 1);
        if (is_free(before, place)) {
            shelf_remove(before);
            if (before->units > most) idle_since = before->idle_since, most = before->units;
            span->first_unit = before->first_unit;
            span->units += before->units;
            meta_slab_free(before);
        }
    }
    if (!arena_chunk_starts(end)) {
        struct slab *after = arena_at(end);
        if (is_free(after, place)) {
            shelf_remove(after);
            if (after->units > most) idle_since = after->idle_since;
            span->units += after->units;
            meta_slab_free(after);
        }
    }
    span->home = &theap_nobody;
    span->heap = NULL;
    span->handle = HANDLE_NOBODY;
    span->idle_since = idle_since;
    shelf_add(span, place);
}

/* Gives a clean span's address space back, where that is worth it. */
static void release_chunk(struct slab *span)
{
    uint32_t first = span->first_unit, units = span->units;
    shelf_remove(span);
    if (arena_release(first, units)) meta_slab_free(span);
    else shelf_add(span, PLACE_CLEAN);
}

/* A run without a description gets one. If there is no memory for it the run's address space is lost, nothing else. */
static void shelf_put_run(uint32_t first, uint32_t units, unsigned place)
{
    struct slab *span = meta_slab();
    if (!span) return;
    span->first_unit = first;
    span->units = units;
    shelf_put(span, place);
}

/* Takes units from a shelf's span at its start; what is left goes back. */
static uint32_t cut(struct slab *span, SIZE_T units, SIZE_T skip)
{
    unsigned place = span->place;
    uint32_t first = span->first_unit + (uint32_t)skip, left = span->units - (uint32_t)(units + skip);
    shelf_remove(span);
    if (skip && left) shelf_put_run(first + (uint32_t)units, left, place);
    if (skip) {
        span->units = (uint32_t)skip;
        shelf_add(span, place);
    } else if (left) {
        span->first_unit = first + (uint32_t)units;
        span->units = left;
        shelf_add(span, place);
    } else {
        meta_slab_free(span);
    }
    return first;
}

static BOOL grow(SIZE_T units)
{
    uint32_t first, count;
    do {
        if (!arena_grow(units, &first, &count)) return FALSE;
        shelf_put_run(first, count, PLACE_CLEAN);
    } while (count < units && !shelf_find(PLACE_CLEAN, units));
    return TRUE;
}

static BOOL commit_run(uint32_t first, SIZE_T units, BOOL execute)
{
    return os_commit(arena_address(first), units << UNIT_SHIFT, execute);
}

/* Finds committed memory for the request: the first unit, or FALSE. */
static BOOL take_run(SIZE_T units, enum span_want want, uint32_t *first, BOOL *zero)
{
    struct slab *span;
    *zero = FALSE;
    if (want == SPAN_ANY || want == SPAN_WARM) {
        if ((span = shelf_find(PLACE_DIRTY, units))) {
            *first = cut(span, units, 0);
            return TRUE;
        }
        if (want == SPAN_WARM) return FALSE;
        *zero = TRUE;
        if ((span = shelf_find(PLACE_FRESH, units))) {
            *first = cut(span, units, 0);
            return TRUE;
        }
    }
    *zero = TRUE;
    if (want == SPAN_ROOMY) {
        /* Room behind: the middle of a run at least four times as long. */
        if (!(span = shelf_find(PLACE_CLEAN, units * 4)) && grow(units * 4)) span = shelf_find(PLACE_CLEAN, units * 4);
        if (span) {
            SIZE_T skip = (span->units - units) / 4;
            *first = cut(span, units, skip);
            if (commit_run(*first, units, FALSE)) return TRUE;
            shelf_put_run(*first, (uint32_t)units, PLACE_CLEAN);
            return FALSE;
        }
    }
    if (!(span = shelf_find(PLACE_CLEAN, units))) {
        if (!grow(units) || !(span = shelf_find(PLACE_CLEAN, units))) return FALSE;
    }
    SIZE_T batch = want == SPAN_ANY && units < COMMIT_UNITS ? COMMIT_UNITS : units;
    if (batch > span->units) batch = span->units;
    *first = cut(span, batch, 0);
    if (!commit_run(*first, batch, want == SPAN_EXECUTE)) {
        if (batch == units || !commit_run(*first, units, FALSE)) {
            shelf_put_run(*first, (uint32_t)batch, PLACE_CLEAN);
            return FALSE;
        }
        shelf_put_run(*first + (uint32_t)units, (uint32_t)(batch - units), PLACE_CLEAN);
    } else if (batch > units) {
        shelf_put_run(*first + (uint32_t)units, (uint32_t)(batch - units), PLACE_FRESH);
    }
    return TRUE;
}

/* The dirty span that has been idle longest in a list, off its shelf. */
static struct slab *take_idle(struct slab_list *list, uint32_t now, uint32_t age)
{
    lock_acquire(&arena.lock);
    struct slab *span = list->tail;
    if (span && age && now - span->idle_since < age) span = NULL;
    if (span) {
        shelf_remove(span);
        span->place = PLACE_NONE;
    }
    lock_release(&arena.lock);
    return span;
}

static void purge(struct slab *span)
{
    /* Nobody else knows of the span now, so no lock is held during the calls, and none of them is long. */
    for (SIZE_T at = 0; at < span->units; at += PURGE_UNITS) {
        SIZE_T units = span->units - at < PURGE_UNITS ? span->units - at : PURGE_UNITS;
        os_decommit(arena_address(span->first_unit + (uint32_t)at), units << UNIT_SHIFT);
    }
    lock_acquire(&arena.lock);
    shelf_put(span, PLACE_CLEAN);
    release_chunk(span);
    lock_release(&arena.lock);
}

/* New memory was taken although units lay dirty, in pieces of the wrong size: as much of those goes back, the larger pieces
 * first, so that a program that outgrows its blocks again and again does not pile them up. A little stays for reuse, and
 * more of what was used a moment ago: blocks of many sizes that come and go need some room for the next fit. */
static void swap(SIZE_T units)
{
    uint32_t now = scavenge_clock();
    for (unsigned list = LISTS; --list;) {
        struct slab *span;
        while (dirty_units > DIRTY_KEPT &&
               (span = take_idle(&shelf_of(PLACE_DIRTY)->list[list], now,
                                 dirty_units > DIRTY_KEPT + used_units / DIRTY_SHARE ? 0 : YOUNG_MS))) {
            SIZE_T given = span->units;
            purge(span);
            if (given >= units) return;
            units -= given;
        }
    }
}

/* units were taken anew. How many are to go back for them and others now. */
static SIZE_T swap_due(SIZE_T units)
{
    if (dirty_units <= DIRTY_KEPT) return 0;
    owed_units += units;
    uint32_t now = scavenge_ticks();
    if (now - swapped < SWAP_TICKS) return 0;
    swapped = now;
    SIZE_T owed = owed_units;
    owed_units = 0;
    return owed;
}

BOOL span_take(struct slab *slab, SIZE_T units, enum span_want want, BOOL whole_map, BOOL *zero)
{
    uint32_t first;
    lock_acquire(&arena.lock);
    BOOL taken = take_run(units, want, &first, zero);
    if (taken) {
        used_units += units;
        slab->place = PLACE_NONE;
        slab->first_unit = first;
        slab->units = (uint32_t)units;
        slab->base = (uintptr_t)arena_address(first);
        for (SIZE_T i = 1; i < units; i++) arena_set(first + (uint32_t)i, whole_map ? slab : &slab_nobody);
        arena_set(first, slab);
    }
    SIZE_T owed = taken && *zero && units > 1 ? swap_due(units) : 0;
    lock_release(&arena.lock);
    if (owed) swap(owed);
    return taken;
}

static void give(struct slab *slab, BOOL decommit)
{
    used_units -= slab->units;
    for (uint32_t i = 0; i < slab->units; i++) arena_set(slab->first_unit + i, &slab_nobody);
    if (decommit) os_decommit(arena_address(slab->first_unit), span_bytes(slab));
    shelf_put(slab, decommit ? PLACE_CLEAN : PLACE_DIRTY);
    if (decommit) release_chunk(slab);
}

void span_give(struct slab *slab, BOOL decommit)
{
    lock_acquire(&arena.lock);
    give(slab, decommit);
    lock_release(&arena.lock);
    scavenge_wake(FALSE);
}

void span_give_all(struct slab *first, BOOL decommit)
{
    lock_acquire(&arena.lock);
    for (struct slab *slab = first, *next; slab; slab = next) {
        next = slab->heap_next;
        give(slab, decommit);
    }
    lock_release(&arena.lock);
    scavenge_wake(FALSE);
}

/* The free units that follow unit at, of any kind, as far as units; makes more of the arena known if it ends there. */
static SIZE_T free_behind(uint32_t at, SIZE_T units)
{
    SIZE_T found = 0;
    BOOL grown = FALSE;
    while (found < units && !arena_chunk_starts(at + (uint32_t)found)) {
        const struct slab *after = arena_at(at + (uint32_t)found);
        if (after && after->place >= PLACE_CLEAN && after->first_unit == at + found) found += after->units;
        else if (after || grown || !grow(units - found)) break;
        else grown = TRUE;
    }
    return found;
}

BOOL span_extend(struct slab *slab, SIZE_T units, BOOL *zero)
{
    SIZE_T more = units - slab->units, done = 0;
    uint32_t end = slab->first_unit + slab->units;
    *zero = TRUE;
    lock_acquire(&arena.lock);
    if (units <= CHUNK_UNITS && free_behind(end, more) >= more) {
        while (done < more) {
            struct slab *after = arena_at(end + (uint32_t)done);
            SIZE_T take = after->units < more - done ? after->units : more - done;
            unsigned place = after->place;
            uint32_t first = cut(after, take, 0);
            if (place == PLACE_CLEAN && !commit_run(first, take, FALSE)) {
                shelf_put_run(first, (uint32_t)take, PLACE_CLEAN);
                break;
            }
            if (place == PLACE_DIRTY) *zero = FALSE;
            for (SIZE_T i = 0; i < take; i++) arena_set(first + (uint32_t)i, &slab_nobody);
            done += take;
        }
        if (done == more) {
            slab->units = (uint32_t)units;
            used_units += more;
        } else if (done) {
            shelf_put_run(end, (uint32_t)done, PLACE_DIRTY);
        }
    }
    lock_release(&arena.lock);
    return done == more;
}

BOOL span_shorten(struct slab *slab, SIZE_T units)
{
    struct slab *rest = meta_slab();
    if (!rest) return FALSE;
    lock_acquire(&arena.lock);
    rest->first_unit = slab->first_unit + (uint32_t)units;
    rest->units = slab->units - (uint32_t)units;
    slab->units = (uint32_t)units;
    used_units -= rest->units;
    shelf_put(rest, PLACE_DIRTY);
    lock_release(&arena.lock);
    scavenge_wake(FALSE);
    return TRUE;
}

SIZE_T span_purge(uint32_t now, uint32_t age)
{
    for (unsigned list = 1; list < LISTS; list++) {
        struct slab *span;
        while ((span = take_idle(&shelf_of(PLACE_DIRTY)->list[list], now, age))) purge(span);
    }
    return span_dirty_bytes();
}

SIZE_T span_dirty_bytes(void) { return dirty_units << UNIT_SHIFT; }

SIZE_T span_longest(void)
{
    SIZE_T longest = 0;
    lock_acquire(&arena.lock);
    for (unsigned place = PLACE_FRESH; place <= PLACE_DIRTY; place++)
        for (unsigned list = 1; list < LISTS; list++)
            for (struct slab *span = shelf_of(place)->list[list].head; span; span = span->next)
                if (span->units > longest) longest = span->units;
    lock_release(&arena.lock);
    return longest << UNIT_SHIFT;
}
