/* thread.h - what the allocator keeps for each thread, found through one of the thread's TLS slots.
 *
 * The slot is taken from the process's own bitmap, as TlsAlloc does: a fixed place in the thread's block, one load away,
 * that works for threads older than the DLL too. When no slot is free, or a thread is on its way out and its structure
 * is gone, it shares thread_shared, whose fast path is closed.
 */
#ifndef K32MEM_HEAP_THREAD_H
#define K32MEM_HEAP_THREAD_H

#include "heap.h"

extern ULONG thread_slot_offset; /* in the thread's block; of a field that is always 0 when there is no slot */
extern struct thread thread_shared;
extern struct theap theap_nobody; /* what a thread's unused entries point to, and the home of slabs without one */

/* This thread's structure or NULL. */
static inline struct thread *thread_self(void) { return (struct thread *)teb_read(thread_slot_offset); }

/* This thread's structure, made if need be; &thread_shared when that cannot be. */
struct thread *thread_enter(void);

/* Where a thread looks for its theap of a private heap: heaps lie in an array. One instruction. */
static inline unsigned thread_entry(HANDLE handle) { return (uint8_t)((uintptr_t)handle >> 8); }

/* This thread's theap whose fast path is open for the heap, or NULL. */
static inline struct theap *thread_open_theap(HANDLE handle)
{
    struct thread *thread = thread_self();
    if (UNLIKELY(!thread)) return NULL;
    struct theap *theap = &thread->main;
    if (UNLIKELY(theap->handle != handle)) {
        theap = thread->entry[thread_entry(handle)];
        if (UNLIKELY(theap->handle != handle)) return NULL;
    }
    return theap;
}

/* Guards the list of threads, and the making and discarding of theaps. */
extern struct lock registry_lock;
extern struct thread *registry_first;

/* Called at process attach and detach, and when a thread ends. */
BOOL threads_attach(void);
void threads_detach(void);
void thread_exit(void);
/* Abandons what threads that ended without notice (TerminateThread) had. */
void threads_reap(void);

#endif
