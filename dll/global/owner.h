/* owner.h - from a block of the process heap back to the moveable object that owns it. */
#ifndef K32MEM_OWNER_H
#define K32MEM_OWNER_H

#include "table.h"

/* Records that entry->block belongs to entry; and forgets it. An object is recorded from before its handle is given
 * out until its block is freed or moved. */
void owner_record(struct entry *entry);
void owner_forget(struct entry *entry);

/* The list that a block's owner is in. Blocks side by side have lists side by side, so that looking costs no more cache
 * than the blocks do. */
static inline uint32_t owner_list(LPCVOID block)
{
    return (uint32_t)((ULONG_PTR)block >> 4 ^ (ULONG_PTR)block >> (4 + OWNER_LISTS_SHIFT)) % OWNER_LISTS;
}

/* FALSE for most blocks that nobody owns: then there is no need to look. */
static inline BOOL owner_is_possible(LPCVOID block)
{
    uint32_t *owners = __atomic_load_n(&table.owners, __ATOMIC_ACQUIRE);
    return owners && __atomic_load_n(&owners[owner_list(block)], __ATOMIC_ACQUIRE);
}

/* The live object that owns block, and its state; NULL for any other address, which need not be one of the heap. */
struct entry *owner_find(LPCVOID block, uint32_t *state);

/* For a walk of the process heap: the handle of the moveable object that block belongs to, or NULL; and in *flags what
 * PROCESS_HEAP_ENTRY's wFlags gets in addition, PROCESS_HEAP_ENTRY_MOVEABLE and perhaps PROCESS_HEAP_ENTRY_DDESHARE.
 * One hash and one read for most blocks that have no owner. Any thread. */
HANDLE global_handle_of(void *block, WORD *flags);

#endif
