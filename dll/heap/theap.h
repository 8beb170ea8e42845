/* theap.h - one thread's part of one heap: bins, queues of slabs, and the cache of large blocks. */
#ifndef K32MEM_HEAP_THEAP_H
#define K32MEM_HEAP_THEAP_H

#include "heap.h"

/* Closes the fast path. */
static inline void theap_close(struct theap *theap) { theap->handle = HANDLE_NOBODY; }

/* This thread's theap for the heap, made if need be, with its lock held; waits while another thread has the heap
 * locked (HeapLock), and opens the fast path. NULL when out of memory. */
struct theap *theap_enter(struct heap *heap);
static inline void theap_leave(struct theap *theap) { lock_release(&theap->lock); }

/* Fills the class's bin from the slab that it has. Only by the theap's thread; needs no lock. */
BOOL theap_refill_quick(struct theap *theap, unsigned class_index);
/* As above, or from any other slab. Under theap->lock. FALSE when out of memory. */
BOOL theap_refill(struct theap *theap, unsigned class_index);

/* The countdown of a slab of this thread's theap reached 0. Returns TRUE, so that HeapFree can end with it. */
BOOL theap_event(struct theap *theap, struct slab *slab);
/* The same, with the home's lock held. */
void theap_event_locked(struct slab *slab);

/* After a remote free: queues the slab for its home, or looks after an abandoned one. */
void theap_remote_freed(struct slab *slab);
/* Makes an abandoned slab the theap's own: who frees one block of a thread that is gone will free others, and may use them
 * again. FALSE when it is not abandoned (any more). Under theap->lock, by the theap's thread, which has a live block there. */
BOOL theap_adopt(struct theap *theap, struct slab *slab);
/* Takes a slab that is about to be destroyed out of its home's queue. Under the home's lock, if it has a home. */
void theap_forget(struct slab *slab);
/* Empties the queue. Under theap->lock. */
void theap_forget_all(struct theap *theap);
/* Looks at the slabs queued by remote frees. own: the caller is the theap's thread. Under theap->lock. */
void theap_collect(struct theap *theap, BOOL own);

/* Gives up all slabs: to heap.abandoned, where live blocks remain, else back. Under the registry lock. */
void theap_abandon(struct theap *theap);
/* Gives idle slabs and cached large blocks back. Under theap->lock, any thread. */
void theap_trim(struct theap *theap, uint32_t now, uint32_t age);

/* The bin's slab, out of the bin, when it is all free; else NULL. Under theap->lock, while nobody uses the bin. */
struct slab *bin_take_empty(struct bin *bin);
/* For the scavenger: bytes of the bins' slabs that are all free; and these slabs themselves, out of the bins, linked by
 * next. Under theap->lock. */
SIZE_T theap_idle_bin_bytes(const struct theap *theap);
struct slab *theap_take_idle_bins(struct theap *theap);

/* The lowest set bit of a mask that has one. */
static inline uintptr_t bits_lowest(bits mask)
{
    uintptr_t i;
    /* __builtin_ctz would clear the register first and widen it afterwards. */
    __asm__("rep bsf %1, %0" : "=r"(i) : "r"(mask) : "cc");
    return i;
}

/* Takes a free block out of the bin, which must have one: its slab and index. */
static inline void *bin_take(struct bin *bin, SIZE_T block_bytes, uint8_t **state)
{
    bits avail = bin->avail;
    uintptr_t i = bits_lowest(avail);
    bin->avail = avail & (avail - 1);
    *state = bin->state + i;
    return (void *)(bin->base + i * block_bytes);
}

#endif
