/* object.c - making, finding, locking and freeing objects. Resizing is in resize.c. */
#include "object.h"
#include "entry.h"
#include "system.h"
#include "resource.h"

HANDLE object_make(UINT flags, DWORD heap_flags, SIZE_T bytes)
{
    void *block = NULL;
    if (bytes) {
        block = HeapAlloc(nt_process_heap(), heap_flags, bytes);
        if (!block) return error_null(ERROR_NOT_ENOUGH_MEMORY);
    } else {
        flags |= STATE_DISCARDED;
    }
    HANDLE handle = object_wrap(block, flags);
    if (!handle) {
        if (block) HeapFree(nt_process_heap(), 0, block);
        return error_null(ERROR_NOT_ENOUGH_MEMORY);
    }
    return handle;
}

HANDLE object_wrap(void *block, UINT flags)
{
    struct entry *entry = table_take();
    if (!entry) return NULL;
    uint32_t state = (entry->state & 0xffff0000u) | STATE_LIVE | flags;
    entry->block = block;
    if (block) owner_record(entry);
    __atomic_store_n(&entry->state, state, __ATOMIC_RELEASE);
    return entry_handle(entry, state);
}

#define PATIENCE 1100 /* turns of table_wait: a tenth of a second or more */

BOOL entry_settled(struct entry *entry, uint32_t identity, uint32_t *state)
{
    unsigned turns = 0;
    for (;;) {
        *state = entry_state(entry);
        if ((*state ^ identity) & STATE_IDENTITY) return FALSE;
        if (!(*state & STATE_BUSY)) return TRUE;
        table_wait(&turns);
        if (turns < PATIENCE) continue;
        /* The other thread may be waiting for the heap, which this thread holds by HeapLock; or be gone. */
        if (block_heap_is_held()) return FALSE;
        if (turns % PATIENCE == 0) entry_abandon(entry, *state);
    }
}

DWORD object_free(HANDLE handle)
{
    uint32_t identity, state;
    struct entry *entry;
    if (handle_is_moveable(handle)) {
        if (!(entry = handle_entry(handle, &identity))) return system_free(handle);
    } else if ((entry = owner_find(handle, &state))) {
        /* The address of a moveable object's block: the object goes, or its entry would keep a dead address. */
        identity = state & STATE_IDENTITY;
    } else {
        return HeapFree(nt_process_heap(), 0, handle) ? NO_ERROR : ERROR_NOACCESS;
    }
    do {
        if (!entry_settled(entry, identity, &state)) return ERROR_INVALID_HANDLE;
    } while (!entry_exchange(entry, &state, table_next(state)));
    void *block = entry->block;
    if (block) {
        owner_forget(entry);
        entry->block = NULL;
        HeapFree(nt_process_heap(), 0, block);
    }
    table_give(entry);
    return NO_ERROR;
}

/* What may be locked though it is not moveable: fixed memory and resources. */
static BOOL address_is_lockable(LPCVOID address)
{
    SIZE_T bytes;
    return block_find_size(address, &bytes) != BLOCK_NONE || resource_contains(address);
}

DWORD object_lock(HANDLE handle, void **address)
{
    uint32_t identity, state;
    *address = handle;
    if (!handle_is_moveable(handle)) return address_is_lockable(handle) ? NO_ERROR : ERROR_INVALID_HANDLE;
    struct entry *entry = handle_entry(handle, &identity);
    if (!entry) return resource_contains(handle) ? NO_ERROR : system_lock(handle, address);
    do {
        if (!entry_settled(entry, identity, &state)) return ERROR_INVALID_HANDLE;
        if (state & STATE_DISCARDED) return ERROR_DISCARDED;
    } while ((state & STATE_COUNT) != STATE_COUNT && !entry_exchange(entry, &state, state + 1));
    *address = __atomic_load_n(&entry->block, __ATOMIC_ACQUIRE);
    /* Freed by another thread in the meantime? Then the address may be another object's. */
    return (entry_state(entry) ^ identity) & STATE_IDENTITY ? ERROR_INVALID_HANDLE : NO_ERROR;
}

HANDLE WINAPI object_resize_report(HANDLE handle, SIZE_T bytes, UINT flags)
{
    HANDLE result;
    DWORD error = object_resize(handle, bytes, flags, &result);
    return error ? error_null(error) : result;
}

static __attribute__((noinline)) HANDLE WINAPI free_slowly(HANDLE handle)
{
    DWORD error = object_free(handle);
    if (!error) return NULL;
    last_error_set(error);
    return handle;
}

HANDLE WINAPI object_free_report(HANDLE handle)
{
    if (handle_is_moveable(handle) || owner_is_possible(handle)) return free_slowly(handle);
    if (HeapFree(nt_process_heap(), 0, handle)) return NULL;
    last_error_set(ERROR_NOACCESS);
    return handle;
}

SIZE_T WINAPI object_size_report(HANDLE handle)
{
    SIZE_T bytes;
    DWORD error = object_size(handle, &bytes);
    if (error) last_error_set(error);
    return bytes;
}

static __attribute__((noinline)) void *WINAPI lock_slowly(HANDLE handle)
{
    void *address;
    DWORD error = object_lock(handle, &address);
    return error ? error_null(error) : address;
}

void *WINAPI object_lock_report(HANDLE handle)
{
    return !handle_is_moveable(handle) && block_is_ours(handle) ? handle : lock_slowly(handle);
}

DWORD object_unlock(HANDLE handle, unsigned *left, BOOL *fixed)
{
    uint32_t identity, state;
    *fixed = TRUE;
    if (!handle_is_moveable(handle)) return address_is_lockable(handle) ? ERROR_NOT_LOCKED : ERROR_INVALID_HANDLE;
    struct entry *entry = handle_entry(handle, &identity);
    if (!entry && resource_contains(handle)) return ERROR_NOT_LOCKED;
    *fixed = FALSE;
    if (!entry) return system_unlock(handle, left);
    do {
        if (!entry_settled(entry, identity, &state)) return ERROR_INVALID_HANDLE;
        if (!(state & STATE_COUNT)) return ERROR_NOT_LOCKED;
    } while (!entry_exchange(entry, &state, state - 1));
    *left = (state & STATE_COUNT) - 1;
    return NO_ERROR;
}

DWORD object_flags(HANDLE handle, UINT *flags)
{
    uint32_t identity, state;
    SIZE_T bytes;
    *flags = 0;
    if (!handle_is_moveable(handle))
        return block_find_size(handle, &bytes) != BLOCK_NONE ? NO_ERROR : handle_error(handle);
    struct entry *entry = handle_entry(handle, &identity);
    if (!entry) return system_flags(handle, flags);
    if (!entry_settled(entry, identity, &state)) return ERROR_INVALID_HANDLE;
    *flags = state & (STATE_COUNT | STATE_DISCARDABLE | STATE_DDESHARE | STATE_DISCARDED);
    return NO_ERROR;
}

DWORD object_size(HANDLE handle, SIZE_T *bytes)
{
    uint32_t identity, state;
    *bytes = 0;
    if (!handle_is_moveable(handle))
        return block_find_size(handle, bytes) != BLOCK_NONE ? NO_ERROR : ERROR_INVALID_HANDLE;
    struct entry *entry = handle_entry(handle, &identity);
    if (!entry) return system_size(handle, bytes);
    for (;;) {
        if (!entry_settled(entry, identity, &state)) return ERROR_INVALID_HANDLE;
        if (state & STATE_DISCARDED) return NO_ERROR;
        SIZE_T found;
        BOOL live = block_find_size(__atomic_load_n(&entry->block, __ATOMIC_ACQUIRE), &found) != BLOCK_NONE;
        /* Being resized meanwhile? Then that size is not for everyone yet. */
        BOOL settled = !((entry_state(entry) ^ identity) & (STATE_IDENTITY | STATE_BUSY));
        if (settled && live) {
            *bytes = found;
            return NO_ERROR;
        }
        /* Freed behind our back, by its address? */
        if (settled && entry_state(entry) == state) return ERROR_INVALID_HANDLE;
    }
}

DWORD object_handle(LPCVOID address, HANDLE *handle)
{
    uint32_t state;
    SIZE_T bytes;
    *handle = NULL;
    if (!address) return ERROR_INVALID_PARAMETER;
    struct entry *entry = owner_find(address, &state);
    if (entry) {
        *handle = entry_handle(entry, state);
        return NO_ERROR;
    }
    switch (handle_is_moveable(address) ? BLOCK_NONE : block_find_size(address, &bytes)) {
    case BLOCK_OURS: *handle = (HANDLE)address; return NO_ERROR;
    case BLOCK_SYSTEM: *handle = system_handle(address); return NO_ERROR;
    default: return handle_error(address);
    }
}
