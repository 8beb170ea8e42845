/* serialize.c - HeapLock: stopping every other thread's calls on a heap. */
#include "heap.h"
#include "careful.h"
#include "foreign.h"
#include "../nt/optional.h"

NTSYSAPI void NTAPI NtFlushProcessWriteBuffers(void);
NTSYSAPI BOOLEAN NTAPI RtlDllShutdownInProgress(void);

#define LOOK_MS 50 /* how often a waiting thread looks whether the owner still is */

/* Waits until locked_by is no longer owner. Who ended without unlocking, or was stopped by the process's end, holds
 * nothing any more. */
static void wait_for_owner(struct heap *heap, ULONG owner)
{
    InterlockedIncrement(&heap->lock_waiters);
    while (heap->locked_by == owner) {
        LARGE_INTEGER look = { .QuadPart = -10000LL * LOOK_MS }, moment = { .QuadPart = -10000 };
        NTSTATUS status = STATUS_TIMEOUT;
        if (nt_optional.RtlWaitOnAddress)
            status = nt_optional.RtlWaitOnAddress((const void *)&heap->locked_by, &owner, sizeof(owner), &look);
        else
            NtDelayExecution(FALSE, &moment);
        if (RtlDllShutdownInProgress() || (status == STATUS_TIMEOUT && !thread_is_alive(owner)))
            InterlockedCompareExchange((volatile LONG *)&heap->locked_by, 0, (LONG)owner);
    }
    InterlockedDecrement(&heap->lock_waiters);
}

void heap_wait(struct heap *heap)
{
    ULONG owner = heap->locked_by;
    if (owner && owner != nt_thread_id()) wait_for_owner(heap, owner);
}

/* Makes this thread the owner; returns 0, or who is. */
static ULONG take(struct heap *heap)
{
    BOOL careful = (heap->flags & HEAP_IS_CAREFUL) != 0;
    if (careful) lock_acquire(&heap->careful); /* nobody is in the middle of a careful call, and who comes then waits */
    ULONG owner = (ULONG)InterlockedCompareExchange((volatile LONG *)&heap->locked_by, (LONG)nt_thread_id(), 0);
    if (careful) lock_release(&heap->careful);
    return owner;
}

/* Has every processor that runs a thread of ours finish what it has begun: its loads of a theap's handle may be some
 * pairs of calls ahead of its stores. Taking a right to a page away makes the system interrupt each of them, which does
 * that also where the call that is meant for it does nothing (Wine 8). Under the registry lock. */
static void processors_settle(void)
{
    static volatile char page[PAGE_BYTES] __attribute__((aligned(4096)));
    PVOID at = (PVOID)(ULONG_PTR)page;
    SIZE_T bytes = PAGE_BYTES;
    ULONG before;
    page[0] = 1; /* a page that nobody has written to is on no processor */
    NtProtectVirtualMemory(CURRENT_PROCESS, &at, &bytes, PAGE_READONLY, &before);
    NtProtectVirtualMemory(CURRENT_PROCESS, &at, &bytes, PAGE_READWRITE, &before);
    NtFlushProcessWriteBuffers();
}

/* Close every other thread's fast path. Slow paths and the scavenger look at locked_by with the theap's lock held, so taking
 * each of these locks once waits for those under way. New theaps find the heap locked. */
static void close_others(struct heap *heap, HANDLE handle)
{
    ULONG me = nt_thread_id();
    BOOL closed = FALSE;
    lock_acquire(&registry_lock);
    for (struct theap *theap = heap->theaps; theap; theap = theap->heap_next) {
        lock_acquire(&theap->lock);
        if (theap->thread->id != me) {
            if (theap->handle == handle) closed = TRUE;
            theap_close(theap);
        }
        lock_release(&theap->lock);
    }
    if (closed) processors_settle();
    lock_release(&registry_lock);
}

/* Keeps all other threads from allocating in, freeing to and changing the heap until HeapUnlock; may be nested. A
 * thread may still end the one call that it was in the middle of, which counts as having come before. The lock of a
 * thread that ended without HeapUnlock goes to the next who wants it.
 * Page: heapapi/nf-heapapi-heaplock */
K32MEM_API BOOL WINAPI HeapLock(HANDLE handle)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_lock(handle);
    for (ULONG owner; (owner = take(heap));) {
        if (owner == nt_thread_id()) {
            heap->lock_depth++;
            return TRUE;
        }
        wait_for_owner(heap, owner);
    }
    heap->lock_depth = 1;
    /* Taking the lock was a full fence, and a theap's maker looks at locked_by after one: if no theap but this thread's is
     * to be seen here, there is none whose fast path could be open. */
    struct theap *mine = thread_open_theap(handle);
    if (!mine || heap->theaps != mine || mine->heap_next) {
        close_others(heap, handle);
    } else if (mine->lock.owner) { /* the scavenger has it */
        lock_acquire(&mine->lock);
        lock_release(&mine->lock);
    }
    return TRUE;
}

/* Undoes one HeapLock. By the thread that locked. Errors: ERROR_NOT_OWNER. Page: heapapi/nf-heapapi-heapunlock */
K32MEM_API BOOL WINAPI HeapUnlock(HANDLE handle)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_unlock(handle);
    if (heap->locked_by != nt_thread_id()) return error_fail(ERROR_NOT_OWNER);
    if (--heap->lock_depth) return TRUE;
    InterlockedExchange((volatile LONG *)&heap->locked_by, 0); /* a fence: either we see who waits, or he sees this */
    if (!heap->lock_waiters) return TRUE;
    if (nt_optional.RtlWakeAddressAll) nt_optional.RtlWakeAddressAll((const void *)&heap->locked_by);
    return TRUE;
}
