/* owner.c - lists of the objects, by the address of their block.
 *
 * Each head is the index + 1 of its list's first entry. Some locks guard the lists, held for a few instructions and
 * never while the heap is called. A list is whole at every moment, so a lock whose owner is
 * gone may be taken over.
 */
#include "../core/lock.h"
#include "owner.h"

#define LOCKS 64

static struct {
    struct lock lock;
} __attribute__((aligned(64))) locks[LOCKS];

void owner_record(struct entry *entry)
{
    uint32_t list = owner_list(entry->block), *head = &table.owners[list];
    struct lock *lock = &locks[list % LOCKS].lock;
    lock_acquire(lock);
    *entry_link(entry) = *head;
    __atomic_store_n(head, entry_index(entry) + 1, __ATOMIC_RELEASE);
    lock_release(lock);
}

void owner_forget(struct entry *entry)
{
    uint32_t list = owner_list(entry->block), wanted = entry_index(entry) + 1;
    struct lock *lock = &locks[list % LOCKS].lock;
    lock_acquire(lock);
    for (uint32_t *at = &table.owners[list]; *at; at = entry_link(entry_at(*at - 1))) {
        if (*at != wanted) continue;
        __atomic_store_n(at, *entry_link(entry), __ATOMIC_RELEASE);
        break;
    }
    lock_release(lock);
}

struct entry *owner_find(LPCVOID block, uint32_t *state)
{
    struct entry *found = NULL;
    if (!owner_is_possible(block)) return NULL;
    uint32_t list = owner_list(block), *head = &table.owners[list];
    struct lock *lock = &locks[list % LOCKS].lock;
    lock_acquire(lock);
    for (uint32_t at = *head; at && !found; at = *entry_link(entry_at(at - 1))) {
        struct entry *entry = entry_at(at - 1);
        if (entry->block != block) continue;
        *state = entry_state(entry);
        if (*state & STATE_LIVE) found = entry;
    }
    lock_release(lock);
    return found;
}

HANDLE global_handle_of(void *block, WORD *flags)
{
    uint32_t state;
    struct entry *entry = owner_find(block, &state);
    if (!entry) return NULL;
    *flags = PROCESS_HEAP_ENTRY_MOVEABLE | (state & STATE_DDESHARE ? PROCESS_HEAP_ENTRY_DDESHARE : 0);
    return entry_handle(entry, state);
}
