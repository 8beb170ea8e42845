/* walk.h - what others may add to HeapWalk. */
#ifndef K32MEM_HEAP_WALK_H
#define K32MEM_HEAP_WALK_H

#include "heap.h"

/* The moveable-memory family sets this: the handle of a moveable block and its PROCESS_HEAP_ENTRY_* flags, or NULL. */
extern HANDLE (*walk_handle_of)(void *block, WORD *flags);

/* Whether somebody may be in the middle of a walk through the heap, with or without HeapLock. */
BOOL heap_is_walked(struct heap *heap);

#endif
