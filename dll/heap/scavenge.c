/* scavenge.c - a job of the system's thread pool that runs while there is idle memory, and gives it back when it has
 * lain idle for a while.
 *
 * A thread of our own would not do: one that has not begun when the DLL goes waits for the loader lock, which the
 * unloading thread holds, and ending it from outside may leave a lock of the system's held for ever (seen under Wine).
 * A job that has not begun can be taken back; one that has never takes the loader lock, so that unloading can wait for
 * it inside the entry point. (The pool's timers would do as well, but cost two threads under Wine, of 1 MB each.)
 */
#include "scavenge.h"
#include "bins.h"

NTSYSAPI NTSTATUS NTAPI TpAllocWork(TP_WORK **work, PTP_WORK_CALLBACK callback, PVOID context, PVOID environment);
NTSYSAPI VOID NTAPI TpPostWork(TP_WORK *work);
NTSYSAPI VOID NTAPI TpWaitForWork(TP_WORK *work, ULONG cancel_pending);
NTSYSAPI VOID NTAPI TpReleaseWork(TP_WORK *work);
NTSYSAPI BOOLEAN NTAPI RtlDllShutdownInProgress(void);

#define IDLE_MS 150      /* memory idle for this long goes back */
#define ROUND_MS 50      /* how often the job looks */
#define QUIET_ROUNDS 20  /* looks without anything left to do until it ends */
#define WORTH_BYTES ((SIZE_T)512 << 10)

enum { NONE, RUNNING, STOPPED }; /* RUNNING: queued, or at work */
static volatile LONG state;
static volatile LONG again; /* something became idle since the last look */
static TP_WORK *work;
static HANDLE stop;

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

static void CALLBACK run(TP_CALLBACK_INSTANCE *instance, PVOID context, TP_WORK *self)
{
    (void)instance, (void)context, (void)self;
    for (unsigned quiet = 0;;) {
        LARGE_INTEGER round = { .QuadPart = -10000LL * ROUND_MS };
        if (NtWaitForSingleObject(stop, FALSE, &round) == STATUS_WAIT_0) return;
        BOOL news = InterlockedExchange(&again, 0) != 0;
        if (scavenge(IDLE_MS) || news) quiet = 0;
        else if (++quiet >= QUIET_ROUNDS && InterlockedCompareExchange(&state, NONE, RUNNING) == RUNNING) return;
    }
}

/* Without the job, memory stays until the heap uses it again or HeapSetInformation asks for it. */
static void start(void)
{
    if (RtlDllShutdownInProgress() || InterlockedCompareExchange(&state, RUNNING, NONE) != NONE) return;
    if (!stop && NtCreateEvent(&stop, EVENT_ALL_ACCESS, NULL, EVENT_MANUAL, FALSE) < 0) stop = NULL;
    if (stop && !work && TpAllocWork(&work, run, NULL, NULL) < 0) work = NULL;
    if (work) TpPostWork(work);
    else InterlockedCompareExchange(&state, NONE, RUNNING);
}

void scavenge_wake(BOOL much)
{
    if (!again) again = 1;
    if (state == NONE && (much || span_dirty_bytes() >= WORTH_BYTES)) start();
}

void scavenge_stop(void)
{
    InterlockedExchange(&state, STOPPED);
    if (stop) NtSetEvent(stop, NULL);
    if (work) {
        TpWaitForWork(work, TRUE);
        TpReleaseWork(work);
    }
    if (stop) NtClose(stop);
    work = NULL;
    stop = NULL;
}
