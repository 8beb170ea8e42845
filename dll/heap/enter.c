/* enter.c - how a thread comes to its theap, past HeapLock. */
#include "heap.h"

/* This thread's theap for a private heap. */
static struct theap *theap_find(struct thread *thread, struct heap *heap)
{
    struct theap *theap = thread->entry[thread_entry(heap->handle)];
    if (theap->heap == heap && thread != &thread_shared) return theap;
    lock_acquire(&registry_lock);
    for (theap = thread->others; theap && theap->heap != heap; theap = theap->thread_next) {}
    if (!theap && (theap = meta_theap())) {
        theap->heap = heap;
        theap->thread = thread;
        theap_close(theap);
        theap->thread_next = thread->others;
        thread->others = theap;
        heap_add_theap(theap);
    }
    lock_release(&registry_lock);
    return theap;
}

/* The scavenger found empty slabs in the bins and closed the fast path; this is the thread itself, which may give them
 * back at once. */
static void theap_wake(struct theap *theap)
{
    theap->asleep = FALSE;
    for (struct slab *slab = theap_take_idle_bins(theap), *next; slab; slab = next) {
        next = slab->next;
        slab_destroy(slab);
    }
}

struct theap *theap_enter(struct heap *heap)
{
    struct thread *thread = thread_enter();
    struct theap *theap = heap == &heap_main ? &thread->main : theap_find(thread, heap);
    if (!theap) return NULL;
    for (;;) {
        lock_acquire(&theap->lock);
        if (!heap_is_held(heap)) break;
        lock_release(&theap->lock);
        heap_wait(heap);
    }
    if (UNLIKELY(theap->asleep)) theap_wake(theap);
    if (thread != &thread_shared && !(heap->flags & HEAP_IS_CAREFUL)) {
        theap->handle = heap->handle;
        if (heap != &heap_main) thread->entry[thread_entry(heap->handle)] = theap;
    }
    return theap;
}
