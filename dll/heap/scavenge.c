/* scavenge.c - a job of the system's thread pool that begins when there is idle memory, and gives back what has lain idle
 * for a while.
 *
 * A thread of our own would not do: one that has not begun when the DLL goes waits for the loader lock, which the
 * unloading thread holds, and ending it from outside may leave a lock of the system's held for ever (seen under Wine).
 * A job that has not begun can be taken back; one that has never takes the loader lock, so that unloading can wait for
 * it inside the entry point. (The pool's timers would do as well, but cost two threads under Wine, of 1 MB each.)
 *
 * A process ends with its last thread. A thread of the pool's counts as one, also with nothing to do: a program whose
 * first thread leaves by ExitThread, or dies of a stack overflow under Wine, would stay for ever. So the job keeps its
 * thread, and ends the process when it finds itself alone there.
 */
#include "scavenge.h"
#include "../core/stack.h"
#include "bins.h"
#include "walk.h"

NTSYSAPI NTSTATUS NTAPI TpAllocWork(TP_WORK **work, PTP_WORK_CALLBACK callback, PVOID context, PVOID environment);
NTSYSAPI VOID NTAPI TpPostWork(TP_WORK *work);
NTSYSAPI VOID NTAPI TpWaitForWork(TP_WORK *work, ULONG cancel_pending);
NTSYSAPI VOID NTAPI TpReleaseWork(TP_WORK *work);
NTSYSAPI BOOLEAN NTAPI RtlDllShutdownInProgress(void);
NTSYSAPI DECLSPEC_NORETURN VOID NTAPI RtlExitUserProcess(ULONG code);

#define IDLE_MS 150      /* memory idle for this long goes back */
#define ROUND_MS 50      /* how often the job looks */
#define QUIET_ROUNDS 20  /* looks without anything left to do until it rests */
#define REST_MS 250      /* how often it looks whether it is alone then */
#define WORTH_BYTES ((SIZE_T)512 << 10)

enum { NONE, RUNNING, STOPPED }; /* RUNNING: queued, or at work */
static volatile LONG state;
static volatile LONG again; /* something became idle since the last look */
static volatile LONG resting;
static TP_WORK *work;
static HANDLE bell; /* wakes the job: it rests and is needed, or has to stop */
static HANDLE volatile last_ended; /* the thread that did */

static SIZE_T theap_idle(struct theap *theap, uint32_t now, uint32_t age)
{
    lock_acquire(&theap->lock);
    /* A walk goes through slabs that are empty. Under HeapLock, which waits for this lock too, there may be one. */
    struct heap *heap = theap->heap;
    BOOL kept = heap && (heap_is_held(heap) || heap_is_walked(heap));
    if (!kept) theap_trim(theap, now, age);
    SIZE_T left = theap->cache_bytes + ((SIZE_T)theap->empty_slabs << UNIT_SHIFT);
    if (heap && !kept) left += bins_scavenge(theap);
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

/* With the exit code of the thread that was last before this one, as the system would. */
static void process_end_if_alone(void)
{
    struct thread_basic last = { .exit_status = 1 };
    ULONG alone = FALSE;
    if (NtQueryInformationThread(CURRENT_THREAD, (THREADINFOCLASS)THREAD_AM_I_LAST, &alone, sizeof(alone), NULL) < 0 || !alone)
        return;
    if (last_ended) NtQueryInformationThread(last_ended, (THREADINFOCLASS)THREAD_BASIC, &last, sizeof(last), NULL);
    RtlExitUserProcess((ULONG)last.exit_status);
}

void scavenge_thread_exit(void)
{
    HANDLE self;
    if (state != RUNNING) return;
    if (NtDuplicateObject(CURRENT_PROCESS, CURRENT_THREAD, CURRENT_PROCESS, &self, 0, 0, DUPLICATE_SAME_ACCESS) < 0) return;
    HANDLE before = InterlockedExchangePointer((void *volatile *)&last_ended, self);
    if (before) NtClose(before);
}

static void CALLBACK run(TP_CALLBACK_INSTANCE *instance, PVOID context, TP_WORK *self)
{
    (void)instance, (void)context, (void)self;
    stack_trim();
    for (unsigned quiet = 0;;) {
        LARGE_INTEGER round = { .QuadPart = -10000LL * (resting ? REST_MS : ROUND_MS) };
        NtWaitForSingleObject(bell, FALSE, &round);
        if (state == STOPPED) return;
        process_end_if_alone();
        if (resting && !again) continue;
        BOOL news = InterlockedExchange(&again, 0) != 0;
        if (scavenge(IDLE_MS) || news) quiet = 0;
        else quiet++;
        /* Terminated threads hold what nobody else may take while they might live. */
        if (quiet == QUIET_ROUNDS) threads_reap();
        resting = quiet >= QUIET_ROUNDS;
    }
}

/* Without the job, memory stays until the heap uses it again or HeapSetInformation asks for it. */
static void start(void)
{
    TP_CALLBACK_ENVIRON environment;
    if (RtlDllShutdownInProgress() || InterlockedCompareExchange(&state, RUNNING, NONE) != NONE) return;
    TpInitializeCallbackEnviron(&environment);
    TpSetCallbackLongFunction(&environment);
    if (!bell && NtCreateEvent(&bell, EVENT_ALL_ACCESS, NULL, EVENT_AUTO, FALSE) < 0) bell = NULL;
    if (bell && !work && TpAllocWork(&work, run, NULL, &environment) < 0) work = NULL;
    if (work) TpPostWork(work);
    else InterlockedCompareExchange(&state, NONE, RUNNING);
}

void scavenge_wake(BOOL much)
{
    if (!again) again = 1;
    if ((state != NONE && !resting) || (!much && span_dirty_bytes() < WORTH_BYTES)) return;
    if (state == NONE) start();
    else if (InterlockedExchange(&resting, FALSE)) NtSetEvent(bell, NULL);
}

void scavenge_stop(void)
{
    InterlockedExchange(&state, STOPPED);
    if (bell) NtSetEvent(bell, NULL);
    if (work) {
        TpWaitForWork(work, TRUE);
        TpReleaseWork(work);
    }
    if (bell) NtClose(bell);
    if (last_ended) NtClose(last_ended);
    work = NULL;
    bell = last_ended = NULL;
}
