/* lock.h - a small lock for short critical sections: one word, the owning thread's id.
 *
 * Not recursive and not fair. Waiters spin, then yield, then sleep. A lock whose owner is gone (TerminateThread, or any
 * thread at process shutdown) is taken over instead of waited for forever.
 */
#ifndef K32MEM_LOCK_H
#define K32MEM_LOCK_H

#include "../nt/nt.h"

struct lock {
    volatile LONG owner; /* thread id, 0 when free */
};

/* Waits for the lock; called when the first try failed. */
void lock_wait(struct lock *lock);

static inline void lock_acquire(struct lock *lock)
{
    if (__builtin_expect(InterlockedCompareExchange(&lock->owner, (LONG)nt_thread_id(), 0) != 0, 0)) lock_wait(lock);
}

static inline BOOL lock_try(struct lock *lock)
{
    return InterlockedCompareExchange(&lock->owner, (LONG)nt_thread_id(), 0) == 0;
}

static inline void lock_release(struct lock *lock) { __atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE); }

/* FALSE when no thread with this id is running any more. */
BOOL thread_is_alive(ULONG id);

#endif
