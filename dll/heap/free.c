/* free.c - HeapFree. */
#include "alloc.h"
#include "careful.h"
#include "foreign.h"

static BOOL free_by_home(struct slab *slab, uintptr_t index)
{
    if (slab->state[index] >= STATE_NONE) return FALSE;
    slab->state[index] = STATE_FREE;
    if (!--slab->countdown) theap_event_locked(slab);
    return TRUE;
}

static BOOL free_huge(struct slab *slab)
{
    if (__atomic_exchange_n(slab->state, STATE_FREE, __ATOMIC_SEQ_CST) >= STATE_NONE) return FALSE;
    heap_remove_slab(slab->heap, slab);
    huge_free(slab);
    return TRUE;
}

/* Whoever turns the state from live to free has freed the block; a second free sees FREE. */
static BOOL free_remote(struct slab *slab, uintptr_t index)
{
    if (__atomic_exchange_n(&slab->state[index], STATE_FREE, __ATOMIC_SEQ_CST) >= STATE_NONE) return FALSE;
    theap_remote_freed(slab);
    return TRUE;
}

BOOL block_free(struct heap *heap, struct slab *slab, uintptr_t index)
{
    struct theap *theap = theap_enter(heap);
    if (!theap) return FALSE;
    if (slab->home == theap || (slab->home == &theap_nobody && theap_adopt(theap, slab))) {
        BOOL freed = free_by_home(slab, index);
        theap_leave(theap);
        return freed;
    }
    theap_leave(theap);
    return slab_is_huge(slab) ? free_huge(slab) : free_remote(slab, index);
}

/* First use by a thread, remote frees, locked and careful heaps, huge and foreign blocks, and every invalid pointer. */
__attribute__((noinline)) static BOOL free_slow(HANDLE handle, LPVOID p)
{
    struct slab *slab;
    uintptr_t index;
    if (!p) return TRUE;
    if (block_find(handle, p, &slab, &index)) {
        struct heap *heap = slab->heap;
        /* An open fast path, of a theap that the block is not of: a remote free, while nobody has the heap locked. (Huge blocks
         * have nobody as their home.) */
        const struct theap *mine = thread_open_theap(handle), *home = slab->home;
        if (LIKELY(mine && home != mine && home != &theap_nobody)) {
            if (free_remote(slab, index)) return TRUE;
        } else if (heap->flags & HEAP_IS_CAREFUL ? careful_free(slab, index) : block_free(heap, slab, index)) {
            return TRUE;
        }
    } else if (slab == &slab_nobody && (handle == heap_main.handle || !heap_of(handle))) {
        return foreign_free(handle, 0, p);
    }
    return heap_invalid_block();
}

/* THE FAST PATH, on x86_64, of any heap: 29 instructions, 15 loads, 2 stores, nothing locked.
 *   2 loads   the arena's bounds: any pointer at all may be given
 *   2 loads   the map and in it the unit's slab
 *   2 loads   the slab's home, and its handle: is it of this heap, and is the fast path open
 *   3 loads   the home's thread, and this thread's structure: is it this thread's own
 *   2 loads   the slab's base and divisor: the block's index, and the proof that p is where a block starts
 *   2 loads   where the states are, and the block's: a block that is not live is never freed
 *   1 store   the state: free
 *   1 load, 1 store   the countdown to the next event of the slab (it filled up, and has room again; it is empty)
 * The block itself is not touched. */

/* Frees a block of the heap. flags: HEAP_NO_SERIALIZE (no effect). NULL is accepted and ignored. TRUE, or FALSE with
 * ERROR_INVALID_PARAMETER when p is not a live block of this heap; the heap is then unchanged. Any thread may free any
 * block. Page: heapapi/nf-heapapi-heapfree */
K32MEM_API LOCK_FREE BOOL WINAPI HeapFree(HANDLE handle, DWORD flags, LPVOID p)
{
    (void)flags;
    if (LIKELY(arena_holds(p))) {
        struct slab *slab = arena_entry(p);
        struct theap *home = slab->home;
        uintptr_t index;
        if (LIKELY(home->handle == handle) && LIKELY(home->thread == thread_self()) &&
            LIKELY(class_divide((uintptr_t)p - slab->base, slab->magic, slab->block_bytes, &index))) {
            /* No bound: behind the last block's state comes STATE_NONE, and no offset in the span reaches further. */
            uint8_t *state = &slab->state[index];
            if (LIKELY(*state < STATE_NONE)) {
                *state = STATE_FREE;
                if (LIKELY(--slab->countdown)) return TRUE;
                return theap_event(home, slab);
            }
        }
    }
    return free_slow(handle, p);
}
