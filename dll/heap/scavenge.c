/* scavenge.c - a timer of the system's thread pool that runs while there is idle memory, and gives it back when it has
 * lain idle for a while.
 *
 * A thread of our own would not do: one that has not begun when the DLL goes waits for the loader lock, which the
 * unloading thread holds, and ending it from outside may leave a lock of the system's held for ever (seen under Wine).
 * A callback that has not begun can be taken back; one that has never takes the loader lock, so that unloading can wait
 * for it inside the entry point.
 */
#include "scavenge.h"
#include "bins.h"

NTSYSAPI NTSTATUS NTAPI TpAllocTimer(TP_TIMER **timer, PTP_TIMER_CALLBACK callback, PVOID context, PVOID environment);
NTSYSAPI VOID NTAPI TpSetTimer(TP_TIMER *timer, LARGE_INTEGER *due, ULONG period, ULONG window);
NTSYSAPI VOID NTAPI TpWaitForTimer(TP_TIMER *timer, ULONG cancel_pending);
NTSYSAPI VOID NTAPI TpReleaseTimer(TP_TIMER *timer);
NTSYSAPI BOOLEAN NTAPI RtlDllShutdownInProgress(void);

#define IDLE_MS 150      /* memory idle for this long goes back */
#define ROUND_MS 50      /* how often we look */
#define QUIET_ROUNDS 20  /* looks without anything left to do until the timer stops */
#define WORTH_BYTES ((SIZE_T)512 << 10)

enum { NONE, RUNNING, STOPPED }; /* RUNNING: the timer is set, or its callback at work */
static volatile LONG state;
static volatile LONG again; /* something became idle since the last look */
static unsigned quiet;      /* looks since then; the callback's */
static TP_TIMER *timer;

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

static void set_timer(void)
{
    LARGE_INTEGER due = { .QuadPart = -10000LL * ROUND_MS };
    TpSetTimer(timer, &due, 0, 0);
}

static void CALLBACK look(TP_CALLBACK_INSTANCE *instance, PVOID context, TP_TIMER *self)
{
    (void)instance, (void)context, (void)self;
    BOOL news = InterlockedExchange(&again, 0) != 0;
    quiet = scavenge(IDLE_MS) || news ? 0 : quiet + 1;
    if (quiet >= QUIET_ROUNDS) {
        quiet = 0;
        if (InterlockedCompareExchange(&state, NONE, RUNNING) == RUNNING) return;
    }
    if (state == RUNNING) set_timer();
}

/* Without the timer, memory stays until the heap uses it again or HeapSetInformation asks for it. */
static void start(void)
{
    if (RtlDllShutdownInProgress() || InterlockedCompareExchange(&state, RUNNING, NONE) != NONE) return;
    if (!timer && TpAllocTimer(&timer, look, NULL, NULL) < 0) timer = NULL;
    if (timer) set_timer();
    else InterlockedCompareExchange(&state, NONE, RUNNING);
}

void scavenge_wake(void)
{
    again = 1;
    if (state == NONE && span_dirty_bytes() >= WORTH_BYTES) start();
}

void scavenge_stop(void)
{
    InterlockedExchange(&state, STOPPED);
    if (!timer) return;
    TpWaitForTimer(timer, TRUE); /* a callback that saw RUNNING may set the timer once more */
    TpSetTimer(timer, NULL, 0, 0);
    TpWaitForTimer(timer, TRUE);
    TpReleaseTimer(timer);
    timer = NULL;
}
