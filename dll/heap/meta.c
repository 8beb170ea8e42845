/* meta.c - a bump allocator with a free list per size. */
#include "heap.h"
#include "os.h"

#ifdef _WIN64
#define REGION_BYTES ((SIZE_T)16 << 20)
#else
#define REGION_BYTES ((SIZE_T)1 << 20)
#endif
#define STEP_BYTES ((SIZE_T)64 << 10)

struct piece {
    struct piece *next;
};

static struct {
    struct lock lock;
    char *next, *committed, *end;
    SIZE_T total;
    struct piece *free[META_MAX / LINE + 1];
} meta;

static BOOL commit_until(char *end)
{
    while (meta.committed < end) {
        if (!os_commit(meta.committed, STEP_BYTES, FALSE)) return FALSE;
        meta.committed += STEP_BYTES;
        meta.total += STEP_BYTES;
    }
    return TRUE;
}

static void *bump(SIZE_T bytes)
{
    if ((SIZE_T)(meta.end - meta.next) < bytes) {
        char *region = os_reserve_kept(NULL, REGION_BYTES);
        if (!region) return NULL;
        meta.next = meta.committed = region;
        meta.end = region + REGION_BYTES;
    }
    if (!commit_until(meta.next + bytes)) return NULL;
    void *p = meta.next;
    meta.next += bytes;
    return p;
}

void *meta_alloc(SIZE_T bytes)
{
    SIZE_T lines = (bytes + LINE - 1) / LINE;
    lock_acquire(&meta.lock);
    struct piece *p = meta.free[lines];
    if (p) meta.free[lines] = p->next;
    else p = bump(lines * LINE);
    lock_release(&meta.lock);
    return p;
}

void meta_free(void *p, SIZE_T bytes)
{
    SIZE_T lines = (bytes + LINE - 1) / LINE;
    struct piece *piece = p;
    lock_acquire(&meta.lock);
    piece->next = meta.free[lines];
    meta.free[lines] = piece;
    lock_release(&meta.lock);
}

SIZE_T meta_committed(void) { return meta.total; }

/* ---- typed pools ---- */
static struct slab *free_slabs;
static struct theap *free_theaps;
static struct thread *free_threads;

/* Takes the pool's first, or makes a new one, zeroed. link is the field that chains the pool. */
#define POOL_TAKE(pool, link)                                                                                        \
    __typeof__(pool) item;                                                                                           \
    lock_acquire(&meta.lock);                                                                                        \
    if ((item = (pool))) (pool) = item->link;                                                                        \
    lock_release(&meta.lock);                                                                                        \
    if (!item && (item = meta_alloc(sizeof(*item)))) memset(item, 0, sizeof(*item));                                 \
    return item
#define POOL_GIVE(pool, link, item)                                                                                  \
    lock_acquire(&meta.lock);                                                                                        \
    (item)->link = (pool);                                                                                           \
    (pool) = (item);                                                                                                 \
    lock_release(&meta.lock)

static struct slab *slab_take(void) { POOL_TAKE(free_slabs, next); }

/* The home is written once: whoever holds a stale pointer may look into it at any time. */
struct slab *meta_slab(void)
{
    struct slab *slab = slab_take();
    if (!slab) return NULL;
    slab->home = &theap_nobody;
    memset(&slab->home + 1, 0, offsetof(struct slab, pending) - sizeof(slab->home));
    return slab;
}

void meta_slab_free(struct slab *slab)
{
    slab->home = &theap_nobody;
    slab->heap = NULL;
    slab->handle = HANDLE_NOBODY;
    slab->place = PLACE_NONE;
    POOL_GIVE(free_slabs, next, slab);
}

/* All but the lock: a thread may still be about to take it, or hold it, to find that the theap is gone. */
static void clear_theap(struct theap *theap)
{
    const size_t behind = offsetof(struct theap, lock) + sizeof(theap->lock);
    memset(theap, 0, offsetof(struct theap, lock));
    memset((char *)theap + behind, 0, sizeof(*theap) - behind);
    theap_close(theap);
}

struct theap *meta_theap(void) { POOL_TAKE(free_theaps, heap_next); }

void meta_theap_free(struct theap *theap)
{
    clear_theap(theap);
    POOL_GIVE(free_theaps, heap_next, theap);
}

struct thread *meta_thread(void) { POOL_TAKE(free_threads, next); }

void meta_thread_free(struct thread *thread)
{
    clear_theap(&thread->main);
    memset((char *)thread + sizeof(thread->main), 0, sizeof(*thread) - sizeof(thread->main));
    POOL_GIVE(free_threads, next, thread);
}
