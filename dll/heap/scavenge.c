/* scavenge.c - a thread that exists while there is idle memory, and gives it back when it has lain idle for a while.
 *
 * The thread enters no DLL's thread notifications, holds no lock while it sleeps, and never takes the loader lock, so
 * that unloading can wait for it inside the entry point.
 */
#include "scavenge.h"
#include "bins.h"

#define IDLE_MS 150      /* memory idle for this long goes back */
#define ROUND_MS 50      /* how often the thread looks */
#define QUIET_ROUNDS 20  /* looks without anything left to do until it ends */
#define WORTH_BYTES ((SIZE_T)512 << 10)
#define STACK_BYTES ((SIZE_T)128 << 10)
#define SKIP_THREAD_ATTACH 2 /* THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH */

enum { NONE, STARTING, RUNNING, STOPPED };
static volatile LONG state;
static volatile LONG again; /* something became idle since the last look */
static HANDLE thread, stop;

static SIZE_T theap_idle(struct theap *theap, uint32_t now, uint32_t age)
{
    lock_acquire(&theap->lock);
    theap_trim(theap, now, age);
    SIZE_T left = theap->cache_bytes + ((SIZE_T)theap->empty_slabs << UNIT_SHIFT);
    if (theap->heap) left += bins_scavenge(theap);
    lock_release(&theap->lock);
    return left;
}

/* Gives back what lay idle for age milliseconds; returns the bytes that are idle but younger. */
static SIZE_T scavenge(uint32_t age)
{
    uint32_t now = scavenge_clock();
    SIZE_T left = 0;
    lock_acquire(&registry_lock);
    for (struct thread *t = registry_first; t; t = t->next) {
        left += theap_idle(&t->main, now, age);
        for (struct theap *theap = t->others; theap; theap = theap->thread_next) left += theap_idle(theap, now, age);
    }
    lock_release(&registry_lock);
    return left + span_purge(now, age);
}

void scavenge_now(void) { scavenge(0); }

static void end_thread(void) { NtTerminateThread(CURRENT_THREAD, 0); }

static void NTAPI run(void *unused)
{
    (void)unused;
    if (InterlockedCompareExchange(&state, RUNNING, STARTING) != STARTING) end_thread();
    for (unsigned quiet = 0;;) {
        LARGE_INTEGER round = { .QuadPart = -10000LL * ROUND_MS };
        if (NtWaitForSingleObject(stop, FALSE, &round) == STATUS_WAIT_0) end_thread();
        BOOL news = InterlockedExchange(&again, 0) != 0;
        if (scavenge(IDLE_MS) || news) {
            quiet = 0;
        } else if (++quiet >= QUIET_ROUNDS && InterlockedCompareExchange(&state, NONE, RUNNING) == RUNNING) {
            end_thread();
        }
    }
}

static void start(void)
{
    HANDLE event, created;
    if (!nt_optional.NtCreateThreadEx || InterlockedCompareExchange(&state, STARTING, NONE) != NONE) return;
    if (thread) NtClose(thread); /* of the one that ended for lack of work */
    thread = NULL;
    if (!stop && NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, EVENT_MANUAL, FALSE) >= 0) stop = event;
    if (!stop || nt_optional.NtCreateThreadEx(&created, THREAD_ALL_ACCESS, NULL, CURRENT_PROCESS, (PVOID)(ULONG_PTR)run,
                                              NULL, SKIP_THREAD_ATTACH, 0, 0, STACK_BYTES, NULL) < 0) {
        /* Without the thread, memory stays until the heap uses it again or HeapSetInformation asks for it. */
        InterlockedCompareExchange(&state, NONE, STARTING);
        return;
    }
    thread = created;
}

void scavenge_wake(void)
{
    again = 1;
    if (state == NONE && span_dirty_bytes() >= WORTH_BYTES) start();
}

void scavenge_stop(void)
{
    LONG was = InterlockedExchange(&state, STOPPED);
    if (stop) NtSetEvent(stop, NULL);
    if (thread) {
        /* One that has not begun waits for the loader lock, which our caller holds: it never will. */
        if (was == STARTING) NtTerminateThread(thread, 0);
        NtWaitForSingleObject(thread, FALSE, NULL);
        NtClose(thread);
    }
    if (stop) NtClose(stop);
    thread = stop = NULL;
}
