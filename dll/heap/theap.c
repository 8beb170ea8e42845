/* theap.c - where the next block of a class comes from, and what happens when a slab fills or empties. */
#include "heap.h"
#include "reclaim.h"
#include "scavenge.h"

#define COUNTDOWN_OFF 0x40000000u /* a bin's slab is not watched */
/* Empty slabs that a theap keeps for itself: making one anew costs as much as hundreds of allocations. From EMPTY_WORTH on
 * the scavenger must come for them. */
#define EMPTY_KEPT (sizeof(void *) == 8 ? 48 : 16)
#define EMPTY_WORTH 8
#define REFILLS_PER_LOOK 16 /* the time alone costs a tenth of a refill */

LOCK_FREE static BOOL group_is_touched(const struct slab *slab, uint32_t group) { return slab->touched >> (group / 64) & 1; }

LOCK_FREE static void bin_load(struct bin *bin, struct slab *slab, uint32_t group, bits mask)
{
    slab->group_is_zero = !group_is_touched(slab, group);
    slab->touched |= (uint64_t)1 << (group / 64);
    slab->group = group;
    bin->base = (uintptr_t)slab_block(slab, group);
    bin->state = slab->state + group;
    bin->avail = mask & slab->share << bits_lowest(mask);
}

/* Whether enough blocks came back for another round over what was used already: half of it, and some pages. Else a
 * program that has few blocks at a time would by and by touch the whole slab. */
LOCK_FREE static BOOL slab_has_come_back(const struct slab *slab)
{
    uint32_t fresh = 0;
    for (uint32_t group = 0; group < slab->capacity; group += 64)
        if (!group_is_touched(slab, group)) fresh += slab->capacity - group < 64 ? slab->capacity - group : 64;
    uint32_t back = slab_count_free(slab) - fresh;
    return back * 2 >= slab->capacity - fresh && back * 16 >= slab->capacity;
}

/* Loads the next group with free blocks, from the slab's group on and once around. turns: FALSE too when what was used
 * already is to go round again. */
LOCK_FREE static BOOL bin_next_group(struct bin *bin, struct slab *slab, BOOL turns)
{
    uint32_t group = slab->group;
    for (;;) {
        group += GROUP_BLOCKS;
        if (group >= slab->capacity) group = 0;
        if (group == slab->start) return FALSE;
        if (turns && !group_is_touched(slab, group) && slab_has_come_back(slab)) return FALSE;
        bits mask = slab_group_mask(slab, group);
        if (mask) {
            bin_load(bin, slab, group, mask);
            return TRUE;
        }
    }
}

/* Begins a round over the slab's groups at slab->start. FALSE only when none has a free block. */
LOCK_FREE static BOOL bin_first_group(struct bin *bin, struct slab *slab)
{
    slab->group = slab->start;
    bits mask = slab_group_mask(slab, slab->start);
    if (!mask) return bin_next_group(bin, slab, FALSE);
    bin_load(bin, slab, slab->start, mask);
    return TRUE;
}

/* Any other group of the slab, or the first one again. */
LOCK_FREE __attribute__((noinline)) static BOOL bin_other_group(struct bin *bin, struct slab *slab)
{
    BOOL one_group = slab->capacity <= GROUP_BLOCKS;
    if (!one_group && bin_next_group(bin, slab, TRUE)) return TRUE;
    slab->countdown = COUNTDOWN_OFF;
    return !one_group && slab_count_free(slab) >= slab_worth(slab) && bin_first_group(bin, slab);
}

LOCK_FREE BOOL theap_refill_quick(struct theap *theap, unsigned class_index)
{
    struct bin *bin = &theap->bins[class_index];
    struct slab *slab = bin->slab;
    if (!slab) return FALSE;
    /* The same group once more, when enough came back: what was used last is in the cache. */
    bits mask = slab_group_mask(slab, slab->group);
    unsigned worth = slab->capacity <= GROUP_BLOCKS ? slab_worth(slab) : (unsigned)GROUP_BLOCKS / 4;
    if (UNLIKELY(worth == 1 ? !mask : slab_count_bits(mask) < worth)) return bin_other_group(bin, slab);
    bin_load(bin, slab, slab->group, mask);
    return TRUE;
}

static void place_full(struct theap *theap, struct slab *slab, uint32_t free)
{
    uint32_t worth = slab_worth(slab);
    slab->place = PLACE_FULL;
    slab->countdown = free < worth ? worth - free : 1;
    slab_list_push(&theap->full, slab);
}

/* Makes the slab its class's source. FALSE when it has no free block: then it is among the full ones. */
static BOOL bin_adopt(struct theap *theap, struct slab *slab)
{
    struct bin *bin = &theap->bins[slab->class_index];
    slab->place = PLACE_BIN;
    slab->countdown = COUNTDOWN_OFF;
    bin->slab = slab;
    if (bin_first_group(bin, slab)) return TRUE;
    bin->slab = NULL;
    place_full(theap, slab, 0);
    return FALSE;
}

static void place_available(struct theap *theap, struct slab *slab, uint32_t live)
{
    slab->place = PLACE_AVAILABLE;
    slab->countdown = live ? live : COUNTDOWN_OFF;
    slab_list_append(&theap->available[slab->class_index], slab);
}

static void unplace(struct theap *theap, struct slab *slab)
{
    slab_list_remove(slab->place == PLACE_FULL ? &theap->full : &theap->available[slab->class_index], slab);
    slab->place = PLACE_NONE;
}

static struct slab *next_available(struct theap *theap, unsigned class_index)
{
    struct slab *slab = theap->available[class_index].head;
    if (!slab) return NULL;
    unplace(theap, slab);
    if (slab->countdown == COUNTDOWN_OFF) theap->empty_slabs--;
    return slab;
}

/* Under heap->lock. The exchange is a full fence: whoever frees a block meanwhile either sees the new home, or has his free
 * state seen by who counts next. */
static void adopt(struct theap *theap, struct slab *slab)
{
    struct heap *heap = theap->heap;
    slab_list_remove(&heap->abandoned[slab->class_index], slab);
    heap->abandoned_count--;
    slab->place = PLACE_NONE;
    slab->countdown = COUNTDOWN_OFF;
    InterlockedExchangePointer((void *volatile *)&slab->home, theap);
}

static struct slab *adopt_abandoned(struct theap *theap, unsigned class_index)
{
    struct heap *heap = theap->heap;
    struct slab *slab;
    if (!heap->abandoned_count) return NULL;
    lock_acquire(&heap->lock);
    if ((slab = heap->abandoned[class_index].head)) adopt(theap, slab);
    lock_release(&heap->lock);
    return slab;
}

BOOL theap_adopt(struct theap *theap, struct slab *slab)
{
    struct heap *heap = theap->heap;
    if (slab->class_index == CLASS_LARGE || theap->thread == &thread_shared) return FALSE;
    lock_acquire(&heap->lock);
    BOOL abandoned = slab->place == PLACE_ABANDONED && slab->heap == heap;
    if (abandoned) adopt(theap, slab);
    lock_release(&heap->lock);
    if (!abandoned) return FALSE;
    uint32_t free = slab_count_free(slab);
    if (free < slab_worth(slab)) place_full(theap, slab, free);
    else place_available(theap, slab, slab->capacity - free);
    return TRUE;
}

BOOL theap_refill(struct theap *theap, unsigned class_index)
{
    struct bin *bin = &theap->bins[class_index];
    struct slab *slab = bin->slab;
    BOOL first = !slab;
    if (theap->pending) theap_collect(theap, TRUE);
    if (slab) {
        uint32_t free = slab_count_free(slab);
        if (free >= slab_worth(slab) && bin_first_group(bin, slab)) return TRUE;
        bin->slab = NULL;
        place_full(theap, slab, free);
    }
    if (!(++theap->refills % REFILLS_PER_LOOK)) theap_look(theap);
    while ((slab = next_available(theap, class_index)))
        if (bin_adopt(theap, slab)) return TRUE;
    theap_look(theap);
    while ((slab = adopt_abandoned(theap, class_index)))
        if (bin_adopt(theap, slab)) return TRUE;
    if (!(slab = slab_create(theap, class_index, first))) return FALSE;
    return bin_adopt(theap, slab);
}

/* An empty slab in no list: kept for the next burst, or given back. */
static void slab_emptied(struct theap *theap, struct slab *slab)
{
    if (theap->empty_slabs < EMPTY_KEPT && slab->units == 1) {
        theap->empty_slabs++;
        slab->idle_since = scavenge_clock();
        place_available(theap, slab, 0);
        scavenge_wake(theap->empty_slabs > EMPTY_WORTH);
    } else {
        slab_destroy(slab);
    }
}

void theap_event_locked(struct slab *slab)
{
    struct theap *theap = slab->home;
    if (slab->place == PLACE_BIN) {
        slab->countdown = COUNTDOWN_OFF;
    } else if (slab->place != PLACE_FULL && slab->place != PLACE_AVAILABLE) {
        return;
    } else if (slab->class_index == CLASS_LARGE) {
        if (slab->state[0] == STATE_FREE) large_freed(theap, slab);
    } else {
        if (slab->countdown) return; /* another slab by now */
        /* A full one has just this many now. Remote frees come on top: theap_collect counts them. */
        uint32_t free = slab->place == PLACE_FULL ? slab_worth(slab) : slab_count_free(slab);
        unplace(theap, slab);
        if (free == slab->capacity) slab_emptied(theap, slab);
        else place_available(theap, slab, slab->capacity - free);
    }
}

/* Between the free and this, another thread may have found the slab empty and given it back. */
BOOL theap_event(struct theap *theap, struct slab *slab)
{
    lock_acquire(&theap->lock);
    if (slab->home == theap) theap_event_locked(slab);
    lock_release(&theap->lock);
    return TRUE;
}

static void abandoned_freed(struct slab *slab)
{
    struct heap *heap = slab->heap;
    BOOL empty = FALSE;
    if (!heap) return;
    lock_acquire(&heap->lock);
    if (slab->place == PLACE_ABANDONED && slab->heap == heap && slab_count_free(slab) == slab->capacity) {
        slab_list_remove(&heap->abandoned[slab->class_index == CLASS_LARGE ? CLASSES : slab->class_index], slab);
        heap->abandoned_count--;
        slab->place = PLACE_NONE;
        empty = TRUE;
    }
    lock_release(&heap->lock);
    if (empty) slab_destroy(slab);
}

static void pending_push(struct theap *home, struct slab *slab)
{
    slab->pending_next = home->pending;
    home->pending = slab;
}

void theap_forget(struct slab *slab)
{
    struct theap *home = slab->home;
    if (!slab->pending || home == &theap_nobody) return;
    struct slab *queued = home->pending, *before = NULL;
    for (; queued && queued != slab; before = queued, queued = queued->pending_next) {}
    if (!queued) return; /* whoever is about to queue it finds what it has become */
    if (before) before->pending_next = slab->pending_next;
    else home->pending = slab->pending_next;
    InterlockedExchange(&slab->pending, 0);
}

void theap_forget_all(struct theap *theap)
{
    struct slab *slab;
    while ((slab = theap->pending)) {
        theap->pending = slab->pending_next;
        InterlockedExchange(&slab->pending, 0);
    }
}

/* The slab may be given back at any moment by whoever sees its last block free, and its description used again; then
 * what is queued here is another slab, in its own home's queue, which does no harm: collecting recounts. */
void theap_remote_freed(struct slab *slab)
{
    /* The exchange of the state was a full fence: either we see pending cleared, or the home sees the state. */
    if (slab->pending || InterlockedExchange(&slab->pending, 1)) return;
    for (;;) {
        struct theap *home = slab->home;
        if (home == &theap_nobody) {
            slab->pending = 0;
            abandoned_freed(slab);
            return;
        }
        lock_acquire(&home->lock);
        if (slab->home == home) {
            pending_push(home, slab);
            /* A large block is worth giving back at once. */
            if (slab->class_index == CLASS_LARGE) theap_collect(home, FALSE);
            lock_release(&home->lock);
            return;
        }
        lock_release(&home->lock);
    }
}

void theap_collect(struct theap *theap, BOOL own)
{
    struct slab *slab, *kept = NULL;
    while ((slab = theap->pending)) {
        theap->pending = slab->pending_next;
        InterlockedExchange(&slab->pending, 0);
        if (slab->place == PLACE_FULL || slab->place == PLACE_AVAILABLE) {
            uint32_t free = slab_count_free(slab);
            if (free == slab->capacity) {
                if (slab->place == PLACE_AVAILABLE && slab->countdown == COUNTDOWN_OFF) theap->empty_slabs--;
                if (slab->class_index == CLASS_LARGE) {
                    large_freed(theap, slab);
                } else {
                    unplace(theap, slab);
                    slab_emptied(theap, slab);
                }
            } else if (!own) {
                /* Its thread may be counting down right now: leave the slab to it, queued. If somebody has set pending
                 * meanwhile, he will queue it. */
                if (!InterlockedExchange(&slab->pending, 1)) {
                    slab->pending_next = kept;
                    kept = slab;
                }
            } else if (free >= slab_worth(slab) || slab->place == PLACE_AVAILABLE) {
                unplace(theap, slab);
                place_available(theap, slab, slab->capacity - free);
            } else {
                slab->countdown = slab_worth(slab) - free;
            }
        }
    }
    while (kept) {
        struct slab *next = kept->pending_next;
        pending_push(theap, kept);
        kept = next;
    }
}

static void abandon_slab(struct theap *theap, struct slab *slab)
{
    struct heap *heap = theap->heap;
    unsigned list = slab->class_index == CLASS_LARGE ? CLASSES : slab->class_index;
    lock_acquire(&heap->lock);
    slab->home = &theap_nobody;
    slab->place = PLACE_ABANDONED;
    slab_list_append(&heap->abandoned[list], slab);
    heap->abandoned_count++;
    lock_release(&heap->lock);
    /* Frees that came before the slab was seen as abandoned queued nothing that anybody looks at. */
    abandoned_freed(slab);
}

static void abandon_list(struct theap *theap, struct slab_list *list)
{
    struct slab *slab;
    while ((slab = list->head)) {
        slab_list_remove(list, slab);
        abandon_slab(theap, slab);
    }
}

void theap_abandon(struct theap *theap)
{
    lock_acquire(&theap->lock);
    theap_close(theap);
    theap_collect(theap, TRUE);
    for (unsigned i = 0; i < CLASSES; i++) {
        struct bin *bin = &theap->bins[i];
        struct slab *slab = bin->slab;
        bin->avail = 0;
        bin->slab = NULL;
        if (slab) abandon_slab(theap, slab);
        abandon_list(theap, &theap->available[i]);
    }
    abandon_list(theap, &theap->full);
    large_trim(theap, 0, 0);
    lock_release(&theap->lock);
}

struct slab *bin_take_empty(struct bin *bin)
{
    struct slab *slab = bin->slab;
    if (!slab || slab_count_free(slab) != slab->capacity) return NULL;
    bin->avail = 0;
    bin->slab = NULL;
    slab->place = PLACE_NONE;
    return slab;
}

/* The bins' slabs that are all free, out of their bins; linked by next. The caller knows that the theap's thread is not in
 * the middle of using them. */
struct slab *theap_take_idle_bins(struct theap *theap)
{
    struct slab *taken = NULL;
    for (unsigned i = 0; i < CLASSES; i++) {
        struct slab *slab = bin_take_empty(&theap->bins[i]);
        if (!slab) continue;
        slab->next = taken;
        taken = slab;
    }
    return taken;
}

SIZE_T theap_idle_bin_bytes(const struct theap *theap)
{
    SIZE_T units = 0;
    for (unsigned i = 0; i < CLASSES; i++) {
        const struct slab *slab = theap->bins[i].slab;
        if (slab && slab_count_free(slab) == slab->capacity) units += slab->units;
    }
    return units << UNIT_SHIFT;
}

void theap_trim(struct theap *theap, uint32_t now, uint32_t age)
{
    theap_collect(theap, FALSE);
    for (unsigned i = 0; i < CLASSES && theap->empty_slabs; i++) {
        for (struct slab *slab = theap->available[i].head, *next; slab; slab = next) {
            next = slab->next;
            if (slab->countdown != COUNTDOWN_OFF || now - slab->idle_since < age) continue;
            unplace(theap, slab);
            theap->empty_slabs--;
            slab_destroy(slab);
        }
    }
    large_trim(theap, now, age);
}
