/* scavenge.c - giving idle memory back. */
#include "scavenge.h"

static void trim_all(uint32_t age)
{
    uint32_t now = scavenge_clock();
    lock_acquire(&registry_lock);
    for (struct thread *thread = registry_first; thread; thread = thread->next) {
        lock_acquire(&thread->main.lock);
        theap_trim(&thread->main, now, age);
        lock_release(&thread->main.lock);
        for (struct theap *theap = thread->others; theap; theap = theap->thread_next) {
            lock_acquire(&theap->lock);
            theap_trim(theap, now, age);
            lock_release(&theap->lock);
        }
    }
    lock_release(&registry_lock);
    span_purge(now, age);
}

void scavenge_now(void) { trim_all(0); }

void scavenge_wake(void) {}

void scavenge_stop(void) {}
