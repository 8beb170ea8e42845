/* resize.c - GlobalReAlloc and LocalReAlloc. */
#include "object.h"
#include "core/memory.h"
#include "core/lock.h"
#include "entry.h"
#include "system.h"

/* Any of LMEM_DISCARDABLE's bits; GMEM_DISCARDABLE is one of them. */
#define ANY_DISCARDABLE LMEM_DISCARDABLE

/* Windows never changes a fixed block of up to this size in place: it fails even when the size shrinks or stays. */
#define FIXED_SMALL 16384

/* The block itself: resized where it is, or wherever it fits. NULL for want of memory. */
static void *block_resize(void *block, SIZE_T bytes, UINT flags, BOOL in_place)
{
    DWORD heap_flags = (flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0) | (in_place ? HEAP_REALLOC_IN_PLACE_ONLY : 0);
    return HeapReAlloc(nt_process_heap(), heap_flags, block, bytes);
}

/* An object that this thread has made BUSY. *state is its state without BUSY; changes as the object does. */
static DWORD busy_resize(struct entry *entry, uint32_t *state, SIZE_T bytes, UINT flags)
{
    void *block = entry->block;
    if (flags & GMEM_MODIFY) {
        if (flags & ANY_DISCARDABLE) *state |= STATE_DISCARDABLE;
        return NO_ERROR;
    }
    if (flags & ANY_DISCARDABLE) return ERROR_INVALID_PARAMETER;
    if (!bytes) {
        /* GlobalDiscard: only with MOVEABLE, and only when nobody holds the address. */
        if (!(flags & GMEM_MOVEABLE) || *state & STATE_COUNT) return ERROR_INVALID_PARAMETER;
        if (!block) return NO_ERROR;
        owner_forget(entry);
        __atomic_store_n(&entry->block, NULL, __ATOMIC_RELEASE);
        HeapFree(nt_process_heap(), 0, block);
        *state |= STATE_DISCARDED;
        return NO_ERROR;
    }
    /* While the heap moves the block it is not recorded: once the old one is free, another object may get its address.
     * One that stays in place has a thread that holds its address, and may ask for the handle. */
    BOOL in_place = *state & STATE_COUNT && !(flags & GMEM_MOVEABLE);
    void *next;
    if (!block) {
        next = HeapAlloc(nt_process_heap(), flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0, bytes);
        if (!next) return ERROR_NOT_ENOUGH_MEMORY;
    } else if (in_place) {
        return block_resize(block, bytes, flags, TRUE) ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
    } else {
        owner_forget(entry);
        next = block_resize(block, bytes, flags, FALSE);
    }
    if (next) {
        __atomic_store_n(&entry->block, next, __ATOMIC_RELEASE);
        *state &= ~STATE_DISCARDED;
    }
    owner_record(entry);
    return next ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

/* The threads that made entries BUSY, by index; two that share a place hide each other, for as long as both work. */
static ULONG workers[256];

static ULONG *worker_of(const struct entry *entry) { return &workers[entry_index(entry) % COUNT_OF(workers)]; }

void entry_abandon(struct entry *entry, uint32_t state)
{
    SIZE_T bytes;
    ULONG id = __atomic_load_n(worker_of(entry), __ATOMIC_ACQUIRE);
    if (id && thread_is_alive(id)) return;
    uint32_t next = state & ~STATE_BUSY;
    /* Where it got to is not known: the block may be the old one or the new one, or gone. */
    if (block_find_size(entry->block, &bytes) == BLOCK_NONE) {
        entry->block = NULL;
        next |= STATE_DISCARDED;
    }
    entry_exchange(entry, &state, next);
}

static DWORD entry_resize(struct entry *entry, uint32_t identity, SIZE_T bytes, UINT flags)
{
    uint32_t state;
    block_heap_wait();
    do {
        if (!entry_settled(entry, identity, &state)) return ERROR_INVALID_HANDLE;
    } while (!entry_exchange(entry, &state, state | STATE_BUSY));
    __atomic_store_n(worker_of(entry), nt_thread_id(), __ATOMIC_RELEASE);
    DWORD error = busy_resize(entry, &state, bytes, flags);
    __atomic_store_n(&entry->state, state, __ATOMIC_RELEASE);
    return error;
}

/* A fixed block gets a handle, and, since it is to be moveable, a new place. */
static DWORD fixed_to_moveable(void *block, SIZE_T bytes, UINT flags, HANDLE *result)
{
    *result = object_make(flags & ANY_DISCARDABLE ? STATE_DISCARDABLE : 0, 0, bytes);
    if (!*result) return ERROR_NOT_ENOUGH_MEMORY;
    if (bytes) {
        uint32_t identity;
        memcpy(handle_entry(*result, &identity)->block, block, bytes);
    }
    HeapFree(nt_process_heap(), 0, block);
    return NO_ERROR;
}

static DWORD fixed_resize(void *block, SIZE_T bytes, UINT flags, HANDLE *result)
{
    SIZE_T old;
    if (block_find_size(block, &old) == BLOCK_NONE) return handle_error(block);
    if (flags & GMEM_MODIFY) {
        if (flags & GMEM_MOVEABLE) return fixed_to_moveable(block, old, flags, result);
        *result = block;
        return NO_ERROR;
    }
    if (flags & ANY_DISCARDABLE) return ERROR_INVALID_PARAMETER;
    if (!(flags & GMEM_MOVEABLE) && old <= FIXED_SMALL) return ERROR_NOT_ENOUGH_MEMORY;
    *result = block_resize(block, bytes + !bytes, flags, !(flags & GMEM_MOVEABLE));
    return *result ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;
}

DWORD object_resize(HANDLE handle, SIZE_T bytes, UINT flags, HANDLE *result)
{
    uint32_t identity, state;
    struct entry *entry;
    DWORD error;
    *result = NULL;
    if (handle_is_moveable(handle)) {
        if (!(entry = handle_entry(handle, &identity))) return system_resize(handle, bytes, flags, result);
        error = entry_resize(entry, identity, bytes, flags);
        if (!error) *result = handle;
    } else if ((entry = owner_find(handle, &state))) {
        /* The address of a moveable object's block: its object is resized, and the answer is an address again. */
        error = entry_resize(entry, state & STATE_IDENTITY, bytes, flags);
        if (!error) *result = entry->block;
    } else {
        error = fixed_resize(handle, bytes, flags, result);
    }
    return error;
}
