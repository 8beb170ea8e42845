/* lock.c - the waiting side of lock.h. */
#include "lock.h"

NTSYSAPI BOOLEAN NTAPI RtlDllShutdownInProgress(void);

enum { SPINS = 64, YIELDS = 4, SLEEPS_BEFORE_OWNER_CHECK = 32 };
/* Where hundreds of threads want one lock on few processors, those that are awake keep its owner from running: few turns
 * without sleep, then ever longer ones. In units of 100 ns. */
#define SLEEP_FIRST 1000
#define SLEEP_LONGEST 80000

BOOL thread_is_alive(ULONG id)
{
    static const OBJECT_ATTRIBUTES none = { .Length = sizeof(none) };
    CLIENT_ID client = { (HANDLE)(ULONG_PTR)nt_process_id(), (HANDLE)(ULONG_PTR)id };
    LARGE_INTEGER now = { .QuadPart = 0 };
    HANDLE thread;
    if (id == nt_thread_id()) return TRUE;
    /* Only "no such thread" says that it is gone; any other failure says nothing. */
    NTSTATUS opened = NtOpenThread(&thread, SYNCHRONIZE, &none, &client);
    if (opened < 0) return opened != STATUS_INVALID_CID && opened != STATUS_INVALID_PARAMETER;
    NTSTATUS ended = NtWaitForSingleObject(thread, FALSE, &now);
    NtClose(thread);
    return ended != STATUS_WAIT_0;
}

static BOOL take(struct lock *lock, LONG from)
{
    return InterlockedCompareExchange(&lock->owner, (LONG)nt_thread_id(), from) == from;
}

void lock_wait(struct lock *lock)
{
    LONGLONG sleep = SLEEP_FIRST;
    for (unsigned turn = 0, sleeps = 0;; turn++) {
        LONG owner = lock->owner;
        if (owner == 0) {
            if (take(lock, 0)) return;
        } else if (turn < SPINS) {
            YieldProcessor();
        } else if (turn < SPINS + YIELDS) {
            NtYieldExecution();
        } else {
            /* At shutdown the other threads are gone, wherever they stood: nobody will release this. */
            if (RtlDllShutdownInProgress() && take(lock, owner)) return;
            if (++sleeps % SLEEPS_BEFORE_OWNER_CHECK == 0 && !thread_is_alive((ULONG)owner) && take(lock, owner)) return;
            LARGE_INTEGER time = { .QuadPart = -sleep };
            NtDelayExecution(FALSE, &time);
            if (sleep < SLEEP_LONGEST) sleep *= 2;
        }
    }
}
