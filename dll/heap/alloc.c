/* alloc.c - HeapAlloc. */
#include "alloc.h"
#include "careful.h"
#include "foreign.h"
#include "helpers.h"
#include <emmintrin.h>

volatile BOOL heap_terminates;

void *heap_no_memory(const struct heap *heap, DWORD flags, SIZE_T bytes)
{
    if ((heap->flags | flags) & HEAP_GENERATE_EXCEPTIONS) {
        EXCEPTION_RECORD record = { .ExceptionCode = (DWORD)STATUS_NO_MEMORY, .NumberParameters = 1 };
        record.ExceptionInformation[0] = bytes;
        RtlRaiseException(&record);
    }
    return error_null(ERROR_NOT_ENOUGH_MEMORY);
}

void heap_corrupt(void)
{
    if (heap_terminates) NtTerminateProcess(CURRENT_PROCESS, STATUS_HEAP_CORRUPTION);
}

BOOL heap_invalid_block(void)
{
    heap_corrupt();
    return error_fail(ERROR_INVALID_PARAMETER);
}

/* The bin for a small size, which is given rounded up to whole grains. */
static inline struct bin *small_bin(struct theap *theap, SIZE_T rounded)
{
    return (struct bin *)((char *)theap->bins + rounded * (sizeof(struct bin) / GRAIN));
}

/* Takes a block from a small size's bin that has one. (Class 0's never has, so that rounded is not 0 here.) */
static inline void *small_block(struct bin *bin, SIZE_T rounded, SIZE_T bytes)
{
    uint8_t *state;
    void *p = bin_take(bin, rounded, &state);
    *state = (uint8_t)(rounded - bytes);
    return p;
}

/* Takes a block from a bin that has one. */
static inline void *bin_block(struct bin *bin, SIZE_T bytes)
{
    struct slab *slab = bin->slab;
    uint8_t *state;
    void *p = bin_take(bin, slab->block_bytes, &state);
    SIZE_T slack = slab->block_bytes - bytes;
    if (slack < STATE_SIDE) {
        *state = (uint8_t)slack;
    } else {
        slab->sizes[state - slab->state] = (uint32_t)bytes;
        *state = STATE_SIDE;
    }
    return p;
}

void *theap_alloc(struct theap *theap, SIZE_T bytes, BOOL roomy, BOOL *zero)
{
    if (bytes > MEDIUM_MAX) return large_alloc(theap, bytes, roomy, zero);
    unsigned class_index = class_of(bytes);
    struct bin *bin = &theap->bins[class_index];
    if (!bin->avail && !theap_refill(theap, class_index)) return NULL;
    *zero = bin->slab->group_is_zero;
    return bin_block(bin, bytes);
}

/* Everything: first use by a thread, locked and careful heaps, new slabs, large blocks, foreign heaps, failures. */
__attribute__((noinline)) static void *alloc_slow(HANDLE handle, DWORD flags, SIZE_T bytes)
{
    struct heap *heap = heap_of(handle);
    if (!heap) return foreign_alloc(handle, flags, bytes);
    BOOL wants_zero = flags & HEAP_ZERO_MEMORY || helpers.zero, zero = wants_zero;
    void *p = NULL;
    careful_enter(heap);
    struct theap *theap = theap_enter(heap);
    if (theap) {
        p = heap->flags & HEAP_IS_CAREFUL ? careful_alloc(theap, bytes, &zero) : theap_alloc(theap, bytes, FALSE, &zero);
        theap_leave(theap);
    }
    careful_leave(heap);
    if (!p) return heap_no_memory(heap, flags, bytes);
    if (wants_zero && !zero) memset(p, 0, bytes);
    return p;
}

/* Whole grains, from both ends towards the middle: up to 128 bytes need no loop. memset does the same, but
 * must be called and spread its value: measured, a fifth more for a pair of 64 bytes. */
static inline void *block_zero(void *p, SIZE_T bytes)
{
    if (!bytes || bytes > 8 * GRAIN) return memset(p, 0, bytes);
    const __m128i none = _mm_setzero_si128();
    __m128i *first = p, *last = first + (bytes - 1) / GRAIN;
    *first = *last = none;
    if (bytes <= 2 * GRAIN) return p;
    first[1] = last[-1] = none;
    if (bytes <= 4 * GRAIN) return p;
    first[2] = first[3] = last[-2] = last[-3] = none;
    return p;
}

static inline void *bin_zeroed_block(struct bin *bin, SIZE_T bytes)
{
    BOOL zero = bin->slab->group_is_zero;
    void *p = bin_block(bin, bytes);
    return zero ? p : block_zero(p, bytes);
}

/* The bin has no block; its slab may. */
LOCK_FREE __attribute__((noinline)) static void *alloc_refill(HANDLE handle, DWORD flags, SIZE_T bytes, struct theap *theap)
{
    unsigned class_index = class_of(bytes);
    struct bin *bin = &theap->bins[class_index];
    if (!theap_refill_quick(theap, class_index)) return alloc_slow(handle, flags, bytes);
    return flags & HEAP_ZERO_MEMORY ? bin_zeroed_block(bin, bytes) : bin_block(bin, bytes);
}

LOCK_FREE __attribute__((noinline)) static void *alloc_zeroed_medium(HANDLE handle, DWORD flags, SIZE_T bytes, struct theap *theap)
{
    if (UNLIKELY(bytes > MEDIUM_MAX)) return alloc_slow(handle, flags, bytes);
    struct bin *bin = &theap->bins[class_of(bytes)];
    if (UNLIKELY(!bin->avail)) return alloc_refill(handle, flags, bytes, theap);
    return bin_zeroed_block(bin, bytes);
}

LOCK_FREE __attribute__((noinline)) static void *alloc_zeroed(HANDLE handle, DWORD flags, SIZE_T bytes, struct theap *theap)
{
    if (bytes > SMALL_MAX) return alloc_zeroed_medium(handle, flags, bytes, theap);
    SIZE_T rounded = ALIGN_UP(bytes, GRAIN);
    struct bin *bin = small_bin(theap, rounded);
    if (UNLIKELY(!bin->avail)) return alloc_refill(handle, flags, bytes, theap);
    BOOL zero = bin->slab->group_is_zero;
    void *p = small_block(bin, rounded, bytes);
    return zero ? p : block_zero(p, bytes);
}

/* Medium blocks, and other flags. Like the fast path it calls nothing but in its own place: no register need be saved. */
LOCK_FREE __attribute__((noinline)) static void *alloc_medium(HANDLE handle, DWORD flags, SIZE_T bytes, struct theap *theap)
{
    if (UNLIKELY(bytes > MEDIUM_MAX)) return alloc_slow(handle, flags, bytes);
    struct bin *bin = &theap->bins[class_of(bytes)];
    if (UNLIKELY(!bin->avail)) return alloc_refill(handle, flags, bytes, theap);
    return bin_block(bin, bytes);
}

/* THE FAST PATH, on x86_64: 27 instructions, 6 loads, 2 stores, nothing locked.
 *   2 loads   the thread's structure: where its slot is, and the slot
 *   1 load    the theap's handle: is this its heap, and is the fast path open (HeapLock closes it here, for free)
 *   1 load    the bin's mask of free blocks; the bin's place follows from the size alone
 *   1 store   the mask without the block that is taken
 *   2 loads   where the group's blocks and states begin
 *   1 store   the block's state: live, with its exact size
 * The block itself is not touched. A private heap takes 4 instructions more to find its theap. */

/* Allocates bytes from a heap. flags: HEAP_ZERO_MEMORY, HEAP_GENERATE_EXCEPTIONS, HEAP_NO_SERIALIZE (no effect: nothing
 * is serialised on the way). Returns a block aligned to 16 bytes whose HeapSize is exactly bytes; NULL with
 * ERROR_NOT_ENOUGH_MEMORY, or an exception STATUS_NO_MEMORY. Any thread.
 * Page: heapapi/nf-heapapi-heapalloc */
K32MEM_API LOCK_FREE LPVOID WINAPI HeapAlloc(HANDLE handle, DWORD flags, SIZE_T bytes)
{
    struct theap *theap = thread_open_theap(handle);
    if (UNLIKELY(!theap)) return alloc_slow(handle, flags, bytes);
    if (LIKELY(!flags && bytes <= SMALL_MAX)) {
        SIZE_T rounded = ALIGN_UP(bytes, GRAIN);
        struct bin *bin = small_bin(theap, rounded);
        if (LIKELY(bin->avail)) return small_block(bin, rounded, bytes);
        return alloc_refill(handle, flags, bytes, theap);
    }
    if (flags & HEAP_ZERO_MEMORY) return alloc_zeroed(handle, flags, bytes, theap);
    return alloc_medium(handle, flags, bytes, theap);
}
