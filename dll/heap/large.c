/* large.c - one block per span. */
#include "heap.h"
#include "os.h"
#include "reclaim.h"
#include "scavenge.h"

#define CACHED_MAX ((SIZE_T)8 << 20)   /* larger blocks are not cached */
#define RENEW_UNITS ((SIZE_T)32)       /* from 2 MB on a zeroed block may be had more cheaply than by zeroing */
#define ROOMY_UNITS ((SIZE_T)64)       /* growing blocks up to 4 MB get room to grow; larger ones a place with room */
#define CACHE_BYTES ((SIZE_T)16 << 20) /* of one theap */

/* ---- huge blocks ---- */
static struct {
    struct lock lock;
    struct slab *first;
    volatile LONG count;
} huge;

static struct slab *one_block_slab(struct heap *heap)
{
    struct slab *slab = meta_slab();
    if (!slab) return NULL;
    memset(slab->own_state, STATE_NONE, sizeof(slab->own_state));
    slab->own_state[0] = STATE_SIDE;
    slab->state = slab->own_state;
    slab->capacity = 1;
    slab->countdown = 1;
    slab->class_index = CLASS_LARGE;
    slab->handle = heap->handle;
    slab->heap = heap;
    return slab;
}

static BOOL heap_is_executable(const struct heap *heap) { return (heap->flags & HEAP_CREATE_ENABLE_EXECUTE) != 0; }

static void *huge_alloc(struct heap *heap, SIZE_T bytes, BOOL roomy)
{
    SIZE_T commit = ALIGN_UP(bytes, PAGE_BYTES), reserve = ALIGN_UP(bytes, UNIT_BYTES);
    struct slab *slab;
    void *p;
    if (commit < bytes || reserve < bytes || !(slab = one_block_slab(heap))) return NULL;
    p = roomy ? os_reserve(NULL, reserve + reserve / 2) : NULL;
    if (p) reserve += reserve / 2;
    else p = os_reserve(NULL, reserve);
    if (!p || !os_commit(p, commit, heap_is_executable(heap))) {
        if (p) os_release(p);
        meta_slab_free(slab);
        return NULL;
    }
    slab->base = (uintptr_t)p;
    slab->block_bytes = reserve;
    slab->magic = class_magic(reserve);
    slab->large_bytes = bytes;
    slab->place = PLACE_FULL;
    heap_add_slab(heap, slab);
    lock_acquire(&huge.lock);
    slab->next = huge.first;
    slab->prev = NULL;
    if (huge.first) huge.first->prev = slab;
    huge.first = slab;
    huge.count++;
#ifndef _WIN64
    arena_set((uint32_t)((uintptr_t)p >> UNIT_SHIFT), slab);
#endif
    lock_release(&huge.lock);
    return p;
}

struct slab *huge_slab(const void *p)
{
    struct slab *slab = NULL;
    if (huge.count) {
        lock_acquire(&huge.lock);
        for (slab = huge.first; slab; slab = slab->next)
            if ((uintptr_t)p - slab->base < slab->block_bytes) break;
        lock_release(&huge.lock);
    }
    return slab ? slab : &slab_nobody;
}

void huge_free(struct slab *slab)
{
    lock_acquire(&huge.lock);
    if (slab->prev) slab->prev->next = slab->next;
    else huge.first = slab->next;
    if (slab->next) slab->next->prev = slab->prev;
    huge.count--;
#ifndef _WIN64
    arena_set((uint32_t)(slab->base >> UNIT_SHIFT), &slab_nobody);
#endif
    lock_release(&huge.lock);
    os_release((void *)slab->base);
    meta_slab_free(slab);
}

static BOOL huge_resize(struct slab *slab, SIZE_T bytes, SIZE_T *zero_from)
{
    SIZE_T have = ALIGN_UP(slab->large_bytes, PAGE_BYTES), want = ALIGN_UP(bytes, PAGE_BYTES);
    if (want < bytes || want > slab->block_bytes) return FALSE;
    if (want > have && !os_commit((char *)slab->base + have, want - have, heap_is_executable(slab->heap))) return FALSE;
    if (want < have) {
        os_decommit((char *)slab->base + want, have - want);
        slab->shrunk = 1;
    }
    *zero_from = have;
    slab->large_bytes = bytes;
    return TRUE;
}

/* ---- large blocks ---- */
/* A cached block of units, or of up to most units. */
static struct slab *cache_take(struct theap *theap, SIZE_T units, SIZE_T most)
{
    for (unsigned i = 0; i < CACHE_SLOTS && theap->cache[i]; i++) {
        struct slab *slab = theap->cache[i];
        if (slab->units < units || slab->units > most) continue;
        for (; i + 1 < CACHE_SLOTS; i++) theap->cache[i] = theap->cache[i + 1];
        theap->cache[i] = NULL;
        theap->cache_bytes -= span_bytes(slab);
        return slab;
    }
    return NULL;
}

/* Zeroing memory that was hardly used would make all of it resident, and take longer than new memory does. FALSE: there
 * was none, and the block is gone. */
static BOOL large_renew(struct slab *slab)
{
    os_decommit((void *)slab->base, span_bytes(slab));
    if (os_commit((void *)slab->base, span_bytes(slab), FALSE)) return TRUE;
    theap_forget(slab);
    heap_remove_slab(slab->heap, slab);
    span_give(slab, TRUE);
    return FALSE;
}

static BOOL large_span(struct theap *theap, struct slab *slab, SIZE_T units, enum span_want want, BOOL *zero)
{
    if (want == SPAN_ANY) {
        if (span_take(slab, units, SPAN_WARM, FALSE, zero)) return TRUE;
        theap_make_room(theap);
    }
    return span_take(slab, units, want, FALSE, zero);
}

void *large_alloc(struct theap *theap, SIZE_T bytes, BOOL roomy, BOOL *zero)
{
    struct heap *heap = theap->heap;
    SIZE_T units = bytes / UNIT_BYTES + (bytes % UNIT_BYTES != 0);
    BOOL wants_zero = *zero;
    if (units >= HUGE_UNITS) {
        *zero = TRUE;
        return huge_alloc(heap, bytes, roomy);
    }
    if (theap->pending) theap_collect(theap, TRUE);
    /* A block that grows gets as much again, while that is little: it stays in place for the next steps. */
    SIZE_T take = roomy && units <= ROOMY_UNITS ? units * 2 : units;
    struct slab *slab = cache_take(theap, units, roomy ? units * 3 : units + units / 8);
    if (slab) {
        *zero = FALSE;
    } else {
        if (!(slab = one_block_slab(heap))) return NULL;
        enum span_want want = heap_is_executable(heap) ? SPAN_EXECUTE : take == units && roomy ? SPAN_ROOMY : SPAN_ANY;
        if (!large_span(theap, slab, take, want, zero)) {
            meta_slab_free(slab);
            return NULL;
        }
        slab->block_bytes = span_bytes(slab);
        slab->magic = class_magic(slab->block_bytes);
        heap_add_slab(heap, slab);
    }
    if (wants_zero && !*zero && slab->units >= RENEW_UNITS && os_is_sparse((void *)slab->base, span_bytes(slab))) {
        if (!large_renew(slab)) return NULL;
        *zero = TRUE;
    }
    slab->large_bytes = bytes;
    slab->shrunk = 0;
    slab->countdown = 1;
    slab->place = PLACE_FULL;
    slab_list_push(&theap->full, slab);
    slab->home = theap;
    slab->state[0] = STATE_SIDE;
    return (void *)slab->base;
}

void large_freed(struct theap *theap, struct slab *slab)
{
    SIZE_T bytes = span_bytes(slab);
    slab_list_remove(&theap->full, slab);
    slab->place = PLACE_CACHED;
    if (bytes > CACHED_MAX || heap_is_executable(theap->heap)) {
        slab_destroy(slab);
        return;
    }
    struct slab *last = theap->cache[CACHE_SLOTS - 1];
    if (last) {
        theap->cache_bytes -= span_bytes(last);
        slab_destroy(last);
    }
    for (unsigned i = CACHE_SLOTS - 1; i; i--) theap->cache[i] = theap->cache[i - 1];
    theap->cache[0] = slab;
    theap->cache_bytes += bytes;
    slab->idle_since = scavenge_clock();
    for (unsigned i = CACHE_SLOTS - 1; i && theap->cache_bytes > CACHE_BYTES; i--) {
        if (!(last = theap->cache[i])) continue;
        theap->cache[i] = NULL;
        theap->cache_bytes -= span_bytes(last);
        slab_destroy(last);
    }
    scavenge_wake(FALSE);
}

BOOL large_resize(struct slab *slab, SIZE_T bytes, SIZE_T *zero_from)
{
    if (slab_is_huge(slab)) return huge_resize(slab, bytes, zero_from);
    SIZE_T units = bytes / UNIT_BYTES + (bytes % UNIT_BYTES != 0);
    *zero_from = ~(SIZE_T)0;
    if (!units) units = 1;
    if (units > slab->units) {
        BOOL zero;
        SIZE_T had = span_bytes(slab);
        if (units >= HUGE_UNITS || heap_is_executable(slab->heap)) return FALSE;
        if (!span_extend(slab, units, &zero)) return FALSE;
        if (zero) *zero_from = had;
        slab->block_bytes = span_bytes(slab);
        slab->magic = class_magic(slab->block_bytes);
    }
    BOOL shrinks = bytes < slab->large_bytes;
    slab->large_bytes = bytes; /* never more than block_bytes, for those who look meanwhile */
    if (shrinks && units < slab->units && !heap_is_executable(slab->heap) && span_shorten(slab, units)) {
        slab->shrunk = 1;
        slab->block_bytes = span_bytes(slab);
        slab->magic = class_magic(slab->block_bytes);
    }
    return TRUE;
}

void large_trim(struct theap *theap, uint32_t now, uint32_t age)
{
    for (unsigned i = CACHE_SLOTS; i-- && theap->cache_bytes;) {
        struct slab *slab = theap->cache[i];
        if (!slab || now - slab->idle_since < age) continue;
        theap->cache_bytes -= span_bytes(slab);
        theap->cache[i] = NULL;
        slab_destroy(slab);
    }
    unsigned kept = 0;
    for (unsigned i = 0; i < CACHE_SLOTS; i++)
        if (theap->cache[i]) {
            struct slab *slab = theap->cache[i];
            theap->cache[i] = NULL;
            theap->cache[kept++] = slab;
        }
}
