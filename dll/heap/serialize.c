/* serialize.c - HeapLock: stopping every other thread's calls on a heap. */
#include "heap.h"
#include "careful.h"
#include "foreign.h"

NTSYSAPI NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *section);
NTSYSAPI NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *section);
NTSYSAPI NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *section);
NTSYSAPI void NTAPI NtFlushProcessWriteBuffers(void);

static RTL_CRITICAL_SECTION *serialize(struct heap *heap)
{
    if (!(__atomic_load_n(&heap->flags, __ATOMIC_ACQUIRE) & HEAP_HAS_SERIALIZE)) {
        lock_acquire(&heap->lock);
        if (!(heap->flags & HEAP_HAS_SERIALIZE)) {
            RtlInitializeCriticalSection(&heap->serialize);
            __atomic_store_n(&heap->flags, heap->flags | HEAP_HAS_SERIALIZE, __ATOMIC_RELEASE);
        }
        lock_release(&heap->lock);
    }
    return &heap->serialize;
}

void heap_wait(struct heap *heap)
{
    RtlEnterCriticalSection(serialize(heap));
    RtlLeaveCriticalSection(&heap->serialize);
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

/* Keeps all other threads from allocating in, freeing to and changing the heap until HeapUnlock; may be nested. A
 * thread may still end the one call that it was in the middle of, which counts as having come before.
 * Page: heapapi/nf-heapapi-heaplock */
K32MEM_API BOOL WINAPI HeapLock(HANDLE handle)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_lock(handle);
    RtlEnterCriticalSection(serialize(heap));
    if (heap->lock_depth++) return TRUE;
    ULONG me = nt_thread_id();
    BOOL closed = FALSE;
    careful_enter(heap); /* nobody is in the middle of a careful call, and who comes now waits */
    __atomic_store_n(&heap->locked_by, me, __ATOMIC_SEQ_CST);
    careful_leave(heap);
    /* Close every other thread's fast path. Slow paths look at locked_by with their theap's lock held, so taking each
     * of these locks once waits for those under way. New theaps find the heap locked. */
    lock_acquire(&registry_lock);
    for (struct theap *theap = heap->theaps; theap; theap = theap->heap_next) {
        if (theap->thread->id == me) continue;
        lock_acquire(&theap->lock);
        if (theap->handle == handle) closed = TRUE;
        theap_close(theap);
        lock_release(&theap->lock);
    }
    if (closed) processors_settle();
    lock_release(&registry_lock);
    return TRUE;
}

/* Undoes one HeapLock. By the thread that locked. Errors: ERROR_NOT_OWNER. Page: heapapi/nf-heapapi-heapunlock */
K32MEM_API BOOL WINAPI HeapUnlock(HANDLE handle)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_unlock(handle);
    if (heap->locked_by != nt_thread_id()) return error_fail(ERROR_NOT_OWNER);
    if (--heap->lock_depth == 0) __atomic_store_n(&heap->locked_by, 0, __ATOMIC_RELEASE);
    RtlLeaveCriticalSection(&heap->serialize);
    return TRUE;
}
