/* heap.c - heaps: making, destroying and listing them. */
#include "heap.h"
#include "foreign.h"
#include "helpers.h"
#include "os.h"
#include "scavenge.h"
#include "../core/attach.h"
#include "../core/touch.h"

/* Private heaps lie in one array, so that a handle can be checked without touching what it points to. */
#ifdef _WIN64
#define HEAPS_MAX ((SIZE_T)65536)
#else
#define HEAPS_MAX ((SIZE_T)2048)
#endif
_Static_assert(sizeof(struct heap) <= HEAP_PLACE, "a heap fits its place");

struct heap heap_main;
struct lock heap_list_lock;
static struct heap *last_heap;   /* of the list that begins with heap_main */
static struct heap *free_heaps;  /* linked by next */
static char *heap_array;
static SIZE_T heap_array_used, heap_array_committed;

int heap_attach(void)
{
    heap_main.handle = nt_process_heap();
    heap_main.flags = HEAP_GROWABLE | HEAP_IS_LIVE;
    heap_main.compatibility = 2;
    last_heap = &heap_main;
    return threads_attach();
}

void heap_thread_exit(void)
{
    thread_exit();
    scavenge_thread_exit();
}

static BOOL has_live_block(const struct heap *heap)
{
    for (const struct slab *slab = heap->slabs; slab; slab = slab->heap_next)
        for (uint32_t i = 0; i < slab->capacity; i++)
            if (slab->state[i] < STATE_NONE) return TRUE;
    return FALSE;
}

/* Unloading. Blocks that somebody still has stay where they are, with all memory around them; else all of it goes. */
void heap_detach(void)
{
    BOOL in_use = FALSE;
    scavenge_stop();
    threads_detach();
    for (const struct heap *heap = &heap_main; heap && !in_use; heap = heap->next) in_use = has_live_block(heap);
    if (!in_use) os_release_all();
}

struct heap *heap_of(HANDLE handle)
{
    if (handle == heap_main.handle) return &heap_main;
    uintptr_t offset = (uintptr_t)handle - (uintptr_t)heap_array;
    if (offset >= heap_array_used || offset % HEAP_PLACE) return NULL;
    struct heap *heap = (struct heap *)handle;
    return heap->flags & HEAP_IS_LIVE ? heap : NULL;
}

/* ---- the lists of a heap ---- */
void heap_add_slab(struct heap *heap, struct slab *slab)
{
    lock_acquire(&heap->lock);
    slab->heap_next = NULL;
    slab->heap_prev = heap->last_slab;
    if (heap->last_slab) heap->last_slab->heap_next = slab;
    else heap->slabs = slab;
    heap->last_slab = slab;
    lock_release(&heap->lock);
}

void heap_remove_slab(struct heap *heap, struct slab *slab)
{
    lock_acquire(&heap->lock);
    if (slab->heap_prev) slab->heap_prev->heap_next = slab->heap_next;
    else heap->slabs = slab->heap_next;
    if (slab->heap_next) slab->heap_next->heap_prev = slab->heap_prev;
    else heap->last_slab = slab->heap_prev;
    lock_release(&heap->lock);
}

void heap_add_theap(struct theap *theap)
{
    struct heap *heap = theap->heap;
    lock_acquire(&heap->lock);
    theap->heap_prev = NULL;
    theap->heap_next = heap->theaps;
    if (heap->theaps) heap->theaps->heap_prev = theap;
    heap->theaps = theap;
    lock_release(&heap->lock);
}

void heap_remove_theap(struct theap *theap)
{
    struct heap *heap = theap->heap;
    lock_acquire(&heap->lock);
    if (theap->heap_prev) theap->heap_prev->heap_next = theap->heap_next;
    else heap->theaps = theap->heap_next;
    if (theap->heap_next) theap->heap_next->heap_prev = theap->heap_prev;
    lock_release(&heap->lock);
}

/* ---- create and destroy ---- */
static struct heap *place_take(void)
{
    struct heap *heap = free_heaps;
    if (heap) {
        free_heaps = heap->next;
        return heap;
    }
    if (!heap_array && !(heap_array = os_reserve_kept(NULL, HEAPS_MAX * HEAP_PLACE))) return NULL;
    if (heap_array_used == HEAPS_MAX * HEAP_PLACE) return NULL;
    if (heap_array_used + HEAP_PLACE > heap_array_committed) {
        if (!os_commit(heap_array + heap_array_committed, UNIT_BYTES, FALSE)) return NULL;
        heap_array_committed += UNIT_BYTES;
    }
    heap = (struct heap *)(heap_array + heap_array_used);
    heap_array_used += HEAP_PLACE;
    return heap;
}

/* Makes a heap. options: HEAP_NO_SERIALIZE, HEAP_GENERATE_EXCEPTIONS, HEAP_CREATE_ENABLE_EXECUTE, tail and free
 * checking. initial and maximum in bytes; a maximum other than 0 makes a heap of fixed size, of at most that many bytes
 * in blocks and their bookkeeping. Returns its handle or NULL. Any thread.
 * Errors: ERROR_NOT_ENOUGH_MEMORY, ERROR_INVALID_PARAMETER (initial above maximum).
 * Page: heapapi/nf-heapapi-heapcreate */
K32MEM_API HANDLE WINAPI HeapCreate(DWORD options, SIZE_T initial, SIZE_T maximum)
{
    const SIZE_T address_space = sizeof(void *) == 8 ? (SIZE_T)((ULONGLONG)1 << 47) : 0x7fff0000;
    if (maximum && initial > maximum) return error_null(ERROR_INVALID_PARAMETER);
    if (initial >= address_space || maximum >= address_space) return error_null(ERROR_NOT_ENOUGH_MEMORY);
    lock_acquire(&heap_list_lock);
    struct heap *heap = place_take();
    if (heap) {
        memset(heap, 0, sizeof(*heap));
        heap->handle = (HANDLE)heap;
        heap->flags = (options & HEAP_OPTIONS) | HEAP_IS_LIVE | (maximum ? 0 : HEAP_GROWABLE);
        heap->max_bytes = maximum ? ALIGN_UP(maximum, PAGE_BYTES) : 0;
        if (maximum || helpers.on || options & (HEAP_TAIL_CHECKING_ENABLED | HEAP_FREE_CHECKING_ENABLED))
            heap->flags |= HEAP_IS_CAREFUL;
        heap->compatibility = maximum || options & HEAP_NO_SERIALIZE ? 0 : 2;
        heap->created_after = RtlGetProcessHeaps(0, NULL);
        heap->prev = last_heap;
        last_heap->next = heap;
        last_heap = heap;
    }
    lock_release(&heap_list_lock);
    return heap ? heap->handle : error_null(ERROR_NOT_ENOUGH_MEMORY);
}

/* Takes every thread's part of the heap away. A thread that freed a block of a slab which was given back since, and whose
 * description this heap has now, may be about to queue it: with the home's lock held it finds that it has no home. */
static void discard_theaps(struct heap *heap)
{
    struct theap *theap;
    lock_acquire(&registry_lock);
    lock_acquire(&heap->lock);
    for (struct slab *slab = heap->slabs; slab; slab = slab->heap_next) {
        slab->home = &theap_nobody;
        slab->place = PLACE_NONE;
    }
    lock_release(&heap->lock);
    while ((theap = heap->theaps)) {
        struct thread *thread = theap->thread;
        heap->theaps = theap->heap_next;
        struct theap **link = &thread->others;
        while (*link != theap) link = &(*link)->thread_next;
        *link = theap->thread_next;
        unsigned entry = thread_entry(heap->handle);
        if (thread->entry[entry] == theap) thread->entry[entry] = &theap_nobody;
        lock_acquire(&theap->lock);
        theap_forget_all(theap);
        lock_release(&theap->lock);
        meta_theap_free(theap);
    }
    lock_release(&registry_lock);
}

static void discard_slabs(struct heap *heap)
{
    struct slab *first = NULL, *next;
    for (struct slab *slab = heap->slabs; slab; slab = next) {
        next = slab->heap_next;
        if (slab_is_huge(slab)) {
            huge_free(slab);
        } else {
            slab_drop_meta(slab);
            slab->heap_next = first;
            first = slab;
        }
    }
    heap->slabs = heap->last_slab = NULL;
    if (first) span_give_all(first, (heap->flags & HEAP_CREATE_ENABLE_EXECUTE) != 0);
}

/* Destroys a private heap and gives back its memory; its blocks need not be freed first. Not the process heap. No other
 * thread may use the heap. Errors: ERROR_INVALID_HANDLE. Page: heapapi/nf-heapapi-heapdestroy */
K32MEM_API BOOL WINAPI HeapDestroy(HANDLE handle)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_destroy(handle);
    if (heap == &heap_main) return error_fail(ERROR_INVALID_HANDLE);
    lock_acquire(&heap_list_lock);
    BOOL live = (heap->flags & HEAP_IS_LIVE) != 0; /* or another thread came first */
    if (live) {
        heap->flags &= ~HEAP_IS_LIVE;
        heap->prev->next = heap->next;
        if (heap->next) heap->next->prev = heap->prev;
        else last_heap = heap->prev;
    }
    lock_release(&heap_list_lock);
    if (!live) return error_fail(ERROR_INVALID_HANDLE);
    helpers_flush(heap);
    discard_theaps(heap);
    discard_slabs(heap);
    lock_acquire(&heap_list_lock);
    heap->flags = 0;
    heap->next = free_heaps;
    free_heaps = heap;
    lock_release(&heap_list_lock);
    return TRUE;
}

/* ---- lists of heaps ---- */
/* The process's default heap: the same handle value that the system uses. Page: heapapi/nf-heapapi-getprocessheap */
K32MEM_API HANDLE WINAPI GetProcessHeap(void) { return nt_process_heap(); }

#define SYSTEM_HEAPS 128

/* Under heap_list_lock. */
static DWORD heaps_list(const HANDLE *system, DWORD system_count, PHANDLE heaps, DWORD count)
{
    DWORD total = 0, done = 0;
    for (struct heap *heap = heap_main.next;; heap = heap->next) {
        /* Ours came when the system had created_after heaps. */
        DWORD before = heap && heap->created_after < system_count ? heap->created_after : system_count;
        for (; done < before; done++, total++)
            if (total < count) heaps[total] = system[done];
        if (!heap) break;
        if (total < count) heaps[total] = heap->handle;
        total++;
    }
    return total;
}

/* Stores up to count handles of the process's heaps, ours and the system's, in order of creation; returns how many there
 * are, which may be more. 0 with ERROR_NOACCESS when they cannot be stored. Any thread.
 * Page: heapapi/nf-heapapi-getprocessheaps */
K32MEM_API DWORD WINAPI GetProcessHeaps(DWORD count, PHANDLE heaps)
{
    HANDLE system[SYSTEM_HEAPS];
    DWORD system_count = RtlGetProcessHeaps(SYSTEM_HEAPS, system);
    if (system_count > SYSTEM_HEAPS) system_count = SYSTEM_HEAPS;
    lock_acquire(&heap_list_lock);
    DWORD total = heaps_list(system, system_count, NULL, 0), stored = count < total ? count : total;
    /* A fault while the lock is held would leave it held. */
    BOOL fails = stored && touch_output(heaps, stored * sizeof(*heaps));
    if (!fails) heaps_list(system, system_count, heaps, stored);
    lock_release(&heap_list_lock);
    if (!fails) return total;
    last_error_set(ERROR_NOACCESS);
    return 0;
}
