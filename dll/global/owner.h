/* owner.h - from a block of the process heap back to the moveable object that owns it. */
#ifndef K32MEM_OWNER_H
#define K32MEM_OWNER_H

#include "table.h"

/* Records that entry->block belongs to entry; and forgets it. An object is recorded from before its handle is given
 * out until its block is freed or moved. */
void owner_record(struct entry *entry);
void owner_forget(struct entry *entry);

/* The live object that owns block, and its state; NULL for any other address, which need not be one of the heap. */
struct entry *owner_find(LPCVOID block, uint32_t *state);

/* For a walk of the process heap: the handle of the moveable object that block belongs to, or NULL; and in *flags what
 * PROCESS_HEAP_ENTRY's wFlags gets in addition, PROCESS_HEAP_ENTRY_MOVEABLE and perhaps PROCESS_HEAP_ENTRY_DDESHARE.
 * One hash and one read for most blocks that have no owner. Any thread. */
HANDLE global_handle_of(void *block, WORD *flags);

#endif
