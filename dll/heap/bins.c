/* bins.c - empty slabs in the bins of idle threads.
 *
 * A thread uses its bins without a lock, so nobody else may touch them while it might be doing so. First round: close the
 * theap's fast path; whatever the thread does next takes the lock, and wakes the theap. Next round, some time later: if
 * nobody came, the thread is either idle or has stood in the middle of one operation all that time. Stop it and look
 * where: code that changes a theap without its lock stands between two labels.
 */
#include "bins.h"

#define WORTH_BYTES ((SIZE_T)256 << 10)

NTSYSAPI NTSTATUS NTAPI NtSuspendThread(HANDLE thread, PULONG previous);
NTSYSAPI NTSTATUS NTAPI NtResumeThread(HANDLE thread, PULONG previous);
NTSYSAPI NTSTATUS NTAPI NtGetContextThread(HANDLE thread, CONTEXT *context);

/* The linker sorts sections by what follows the $. */
__attribute__((section(".text$k32mem_a"), used, noinline)) static void lock_free_begin(void) { __asm__ volatile(""); }
__attribute__((section(".text$k32mem_z"), used, noinline)) static void lock_free_end(void) { __asm__ volatile(""); }

static BOOL is_outside(const CONTEXT *context)
{
#ifdef _WIN64
    uintptr_t at = context->Rip;
#else
    uintptr_t at = context->Eip;
#endif
    return at < (uintptr_t)lock_free_begin || at >= (uintptr_t)lock_free_end;
}

/* Between the stop and the go nothing is called that could wait for the thread. */
static struct slab *take_from_stopped(struct theap *theap)
{
    static const OBJECT_ATTRIBUTES none = { .Length = sizeof(none) };
    CLIENT_ID client = { (HANDLE)(ULONG_PTR)nt_process_id(), (HANDLE)(ULONG_PTR)theap->thread->id };
    struct slab *taken = NULL;
    HANDLE thread;
    CONTEXT context;
    context.ContextFlags = CONTEXT_CONTROL;
    if (NtOpenThread(&thread, THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT, &none, &client) < 0) return NULL;
    if (NtSuspendThread(thread, NULL) >= 0) {
        if (NtGetContextThread(thread, &context) >= 0 && is_outside(&context)) taken = theap_take_idle_bins(theap);
        NtResumeThread(thread, NULL);
    }
    NtClose(thread);
    return taken;
}

SIZE_T bins_scavenge(struct theap *theap)
{
    if (theap->thread->id == nt_thread_id()) return 0;
    if (!theap->asleep) {
        SIZE_T bytes = theap_idle_bin_bytes(theap);
        if (bytes < WORTH_BYTES) return 0;
        theap->asleep = TRUE;
        theap_close(theap);
        return bytes;
    }
    for (struct slab *slab = take_from_stopped(theap), *next; slab; slab = next) {
        next = slab->next;
        slab_destroy(slab);
    }
    return 0;
}
