/* helpers.c - delayed frees. A waiting block is neither live nor free: its state is STATE_NONE, so that another free of it,
 * its size and its validation fail as for any freed block, and it is not handed out again. */
#include "helpers.h"
#include "alloc.h"
#include "careful.h"

#define WAITING_BYTES ((SIZE_T)64 << 20) /* no more than that waits */

struct helpers helpers;

static struct {
    struct lock lock;
    struct waiting {
        struct slab *slab;
        uintptr_t index;
    } * ring;
    ULONG first, count;
    SIZE_T bytes;
} waiting;

void helpers_enable(SIZE_T pad, ULONG delay, BOOL zero)
{
    PVOID ring = NULL;
    SIZE_T bytes = delay * sizeof(struct waiting);
    if (delay && !waiting.ring &&
        NtAllocateVirtualMemory(CURRENT_PROCESS, &ring, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) >= 0) {
        waiting.ring = ring;
        helpers.delay = delay;
    }
    helpers.pad = pad;
    helpers.zero = zero;
    helpers.on = TRUE;
    lock_acquire(&heap_list_lock);
    lock_acquire(&registry_lock);
    for (struct heap *heap = &heap_main; heap; heap = heap->next) {
        heap->flags |= HEAP_IS_CAREFUL;
        for (struct theap *theap = heap->theaps; theap; theap = theap->heap_next) {
            lock_acquire(&theap->lock);
            theap_close(theap);
            lock_release(&theap->lock);
        }
    }
    lock_release(&registry_lock);
    lock_release(&heap_list_lock);
}

/* The oldest one, taken out. Under the lock. */
static struct waiting take_first(void)
{
    struct waiting block = waiting.ring[waiting.first];
    waiting.first = (waiting.first + 1) % helpers.delay;
    waiting.count--;
    waiting.bytes -= block.slab->block_bytes;
    return block;
}

static void free_really(struct waiting block)
{
    struct heap *heap = block.slab->heap;
    careful_enter(heap);
    block.slab->state[block.index] = 0;
    block_free(heap, block.slab, block.index);
    careful_leave(heap);
}

static BOOL is_crowded(SIZE_T bytes)
{
    return waiting.count == helpers.delay || (waiting.count && waiting.bytes + bytes > WAITING_BYTES);
}

void helpers_settle(SIZE_T bytes)
{
    for (BOOL crowded = helpers.delay != 0; crowded;) {
        struct waiting oldest;
        lock_acquire(&waiting.lock);
        if ((crowded = is_crowded(bytes))) oldest = take_first();
        lock_release(&waiting.lock);
        if (crowded) free_really(oldest);
    }
}

BOOL helpers_delay(struct slab *slab, uintptr_t index, BOOL *waits)
{
    BOOL live = TRUE;
    *waits = FALSE;
    if (!helpers.delay || slab_is_huge(slab) || slab->block_bytes > WAITING_BYTES / 4) return TRUE;
    lock_acquire(&waiting.lock);
    if (!is_crowded(slab->block_bytes) && (live = slab->state[index] < STATE_NONE)) {
        slab->state[index] = STATE_NONE;
        waiting.ring[(waiting.first + waiting.count++) % helpers.delay] = (struct waiting){ slab, index };
        waiting.bytes += slab->block_bytes;
        *waits = TRUE;
    }
    lock_release(&waiting.lock);
    return live;
}

void helpers_flush(const struct heap *heap)
{
    if (!helpers.delay) return;
    lock_acquire(&waiting.lock);
    for (ULONG left = waiting.count; left; left--) {
        struct waiting block = take_first();
        /* The heap's blocks go with it; the others stand in line again. */
        if (block.slab->heap == heap) continue;
        waiting.ring[(waiting.first + waiting.count++) % helpers.delay] = block;
        waiting.bytes += block.slab->block_bytes;
    }
    lock_release(&waiting.lock);
}
