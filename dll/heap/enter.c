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

struct theap *theap_enter(struct heap *heap)
{
    struct thread *thread = thread_enter();
    struct theap *theap = heap == &heap_main ? &thread->main : theap_find(thread, heap);
    if (!theap) return NULL;
    for (;;) {
        lock_acquire(&theap->lock);
        ULONG holder = heap->locked_by;
        if (!holder || holder == nt_thread_id()) break;
        lock_release(&theap->lock);
        heap_wait(heap);
    }
    theap->asleep = FALSE;
    if (thread != &thread_shared && !(heap->flags & HEAP_IS_CAREFUL)) {
        theap->handle = heap->handle;
        if (heap != &heap_main) thread->entry[thread_entry(heap->handle)] = theap;
    }
    return theap;
}
