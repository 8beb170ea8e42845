/* owner.c - lists of the objects, by the address of their block.
 *
 * The lists are hashed over OWNER_LISTS heads, each the index + 1 of its first entry; some locks guard them, held for
 * a few instructions and never while the heap is called. A list is whole at every moment, so a lock whose owner is
 * gone may be taken over.
 */
#include "../core/lock.h"
#include "owner.h"

#define LOCKS 64

static struct {
    struct lock lock;
} __attribute__((aligned(64))) locks[LOCKS];

static uint32_t owner_list(LPCVOID block)
{
    uint32_t hash = (uint32_t)((ULONG_PTR)block >> 4) * 0x9e3779b1u ^ (uint32_t)((uint64_t)(ULONG_PTR)block >> 36);
    return (hash >> 8) % OWNER_LISTS;
}

void owner_record(struct entry *entry)
{
    uint32_t list = owner_list(entry->block), *head = &table_owner_lists()[list];
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
    for (uint32_t *at = &table_owner_lists()[list]; *at; at = entry_link(entry_at(*at - 1))) {
        if (*at != wanted) continue;
        __atomic_store_n(at, *entry_link(entry), __ATOMIC_RELEASE);
        break;
    }
    lock_release(lock);
}

struct entry *owner_find(LPCVOID block, uint32_t *state)
{
    struct entry *found = NULL;
    if (!__atomic_load_n(&table.base, __ATOMIC_ACQUIRE)) return NULL;
    uint32_t list = owner_list(block), *head = &table_owner_lists()[list];
    if (!__atomic_load_n(head, __ATOMIC_ACQUIRE)) return NULL;
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
