/* info.c - HeapQueryInformation, HeapSetInformation, HeapCompact, HeapSummary. */
#include "alloc.h"
#include "foreign.h"
#include "scavenge.h"

enum { LFH = 2 };
#define OPTIMIZE_VERSION 1

struct optimize { /* HEAP_OPTIMIZE_RESOURCES_INFORMATION */
    DWORD version, flags;
};

/* Tells about a heap. Only HeapCompatibilityInformation (a ULONG): 2 for a heap with a low-fragmentation front end, which
 * ours is, 0 for one that may not have it (HEAP_NO_SERIALIZE, fixed size). *returned: the bytes needed; may be NULL.
 * Errors: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_NOACCESS (NULL heap), ERROR_INVALID_HANDLE.
 * Page: heapapi/nf-heapapi-heapqueryinformation */
K32MEM_API BOOL WINAPI HeapQueryInformation(HANDLE handle, HEAP_INFORMATION_CLASS info_class, PVOID info, SIZE_T bytes,
                                            PSIZE_T returned)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_query(handle, info_class, info, bytes, returned);
    if (info_class != HeapCompatibilityInformation) return error_fail(ERROR_INVALID_PARAMETER);
    if (returned) *returned = sizeof(ULONG);
    if (bytes < sizeof(ULONG)) return error_fail(ERROR_INSUFFICIENT_BUFFER);
    *(ULONG *)info = heap->compatibility;
    return TRUE;
}

static BOOL set_compatibility(struct heap *heap, ULONG value)
{
    if (value > LFH) return error_fail(ERROR_INVALID_PARAMETER);
    if (value == LFH) {
        if (heap->flags & HEAP_NO_SERIALIZE || heap->max_bytes) return error_fail(ERROR_INVALID_PARAMETER);
        heap->compatibility = LFH;
        return TRUE;
    }
    /* The front end can't be taken away again. */
    return value == heap->compatibility || error_fail(ERROR_GEN_FAILURE);
}

/* Sets HeapCompatibilityInformation (2, on a heap that may have it), HeapEnableTerminationOnCorruption (heap NULL or
 * any; cannot be undone; afterwards a call with an invalid block ends the process with STATUS_HEAP_CORRUPTION), or
 * HeapOptimizeResources (gives idle memory back now; heap NULL: all heaps).
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INSUFFICIENT_BUFFER, ERROR_GEN_FAILURE, ERROR_INVALID_HANDLE.
 * Page: heapapi/nf-heapapi-heapsetinformation */
K32MEM_API BOOL WINAPI HeapSetInformation(HANDLE handle, HEAP_INFORMATION_CLASS info_class, PVOID info, SIZE_T bytes)
{
    struct heap *heap = handle ? heap_of(handle) : NULL;
    switch ((int)info_class) {
    case HeapEnableTerminationOnCorruption:
        if (info || bytes) return error_fail(ERROR_INVALID_PARAMETER);
        heap_terminates = TRUE;
        return TRUE;
    case 3: /* HeapOptimizeResources */
        if (!info || bytes < sizeof(struct optimize)) return error_fail(ERROR_INSUFFICIENT_BUFFER);
        if (((struct optimize *)info)->version != OPTIMIZE_VERSION) return error_fail(ERROR_INVALID_PARAMETER);
        scavenge_now();
        return TRUE;
    case HeapCompatibilityInformation:
        if (!info || bytes < sizeof(ULONG)) return error_fail(ERROR_INSUFFICIENT_BUFFER);
        if (heap) return set_compatibility(heap, *(ULONG *)info);
        if (!handle || !foreign_is_heap(handle)) return error_fail(ERROR_INVALID_HANDLE);
        return status_bool((NTSTATUS)RtlSetHeapInformation(handle, info_class, info, bytes));
    default:
        return error_fail(ERROR_INVALID_PARAMETER);
    }
}

struct totals {
    SIZE_T allocated, committed, reserved, longest_free;
};

static void sum(struct heap *heap, struct totals *totals)
{
    memset(totals, 0, sizeof(*totals));
    lock_acquire(&heap->lock);
    for (const struct slab *slab = heap->slabs; slab; slab = slab->heap_next) {
        SIZE_T bytes = slab_is_huge(slab) ? ALIGN_UP(slab->large_bytes, PAGE_BYTES) : span_bytes(slab);
        SIZE_T run = 0;
        totals->committed += bytes;
        totals->reserved += slab_is_huge(slab) ? slab->block_bytes : bytes;
        for (uint32_t i = 0; i < slab->capacity; i++) {
            BOOL free = slab->state[i] == STATE_FREE;
            run = free ? run + slab->block_bytes : 0;
            if (!free) totals->allocated += slab_size(slab, i);
            if (run > totals->longest_free) totals->longest_free = run;
        }
    }
    lock_release(&heap->lock);
}

/* The size in bytes of the largest run of free blocks; 0 with NO_ERROR when there is none, 0 with another error on failure.
 * There is nothing to join: neighbours that are free are one run already. flags: HEAP_NO_SERIALIZE. Page: heapapi/nf-heapapi-heapcompact */
K32MEM_API SIZE_T WINAPI HeapCompact(HANDLE handle, DWORD flags)
{
    struct totals totals;
    struct heap *heap = heap_of(handle);
    if (!heap) {
        if (!foreign_is_heap(handle)) return (SIZE_T)error_fail(ERROR_INVALID_HANDLE);
        last_error_set(NO_ERROR);
        return RtlCompactHeap(handle, flags);
    }
    sum(heap, &totals);
    if (!totals.longest_free) last_error_set(NO_ERROR);
    return totals.longest_free;
}

/* Sums up a heap: bytes allocated (exact sizes), committed and reserved. flags: 0. summary->cb: its size.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE. Page: heapapi/nf-heapapi-heapsummary */
K32MEM_API BOOL WINAPI HeapSummary(HANDLE handle, DWORD flags, LPHEAP_SUMMARY summary)
{
    struct totals totals;
    struct heap *heap = heap_of(handle);
    if (flags || !summary || summary->cb != sizeof(*summary)) return error_fail(ERROR_INVALID_PARAMETER);
    if (!heap) return error_fail(ERROR_INVALID_HANDLE);
    sum(heap, &totals);
    summary->cbAllocated = totals.allocated;
    summary->cbCommitted = totals.committed;
    summary->cbReserved = totals.reserved;
    summary->cbMaxReserve = heap->max_bytes ? heap->max_bytes : totals.reserved;
    return TRUE;
}
