/* block.h - what the objects ask of the process heap besides its exported functions. */
#ifndef K32MEM_BLOCK_H
#define K32MEM_BLOCK_H

#include "../heap/alloc.h"

enum block_origin { BLOCK_NONE, BLOCK_OURS, BLOCK_SYSTEM };

/* Whose live block of the process heap begins at address: our allocator's, ntdll's, or nobody's; any address may be
 * asked about, and none ends the process as HeapSize may. *bytes is its exact size, 0 for none. */
enum block_origin block_find_size(LPCVOID address, SIZE_T *bytes);

/* The short way, for our allocator's blocks only. */
static inline BOOL block_is_ours(LPCVOID address)
{
    struct slab *slab;
    uintptr_t index;
    return block_find(heap_main.handle, address, &slab, &index);
}

/* Waits while another thread holds the process heap's lock (HeapLock). */
void block_heap_wait(void);
/* Does this thread hold it? */
BOOL block_heap_is_held(void);

/* HeapWalk asks handle_of about every busy block of ours from now on. */
void block_walk_join(HANDLE (*handle_of)(void *block, WORD *flags));

#endif
