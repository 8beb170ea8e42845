/* block.c - over the heap's own headers. */
#include "../heap/foreign.h"
#include "../heap/walk.h"
#include "block.h"

enum block_origin block_find_size(LPCVOID address, SIZE_T *bytes)
{
    struct slab *slab;
    uintptr_t index;
    *bytes = 0;
    if (LIKELY(block_find(heap_main.handle, address, &slab, &index))) {
        *bytes = slab_size(slab, index);
        return BLOCK_OURS;
    }
    if (!address || slab != &slab_nobody) return BLOCK_NONE;
    SIZE_T found = foreign_size(heap_main.handle, 0, address);
    if (found == (SIZE_T)-1) return BLOCK_NONE;
    *bytes = found;
    return BLOCK_SYSTEM;
}

void block_heap_wait(void)
{
    if (UNLIKELY(heap_main.locked_by)) heap_wait(&heap_main);
}

BOOL block_heap_is_held(void) { return heap_main.locked_by == nt_thread_id(); }

void block_walk_join(HANDLE (*handle_of)(void *block, WORD *flags)) { walk_handle_of = handle_of; }
