/* object.h - what the Global* and the Local* functions have in common: everything but how they report.
 *
 * A handle is one of
 *   moveable   a handle of our table (table.h);
 *   fixed      the address of a block of the process heap: one of ours, or one that the system allocated there
 *              (FormatMessage, CommandLineToArgvW, security descriptors), which the heap passes on to ntdll;
 *   resource   an address in a module's resources: LoadResource calls what it returns an HGLOBAL, and programs lock
 *              it (resource.h). It can be locked and unlocked, nothing else;
 *   system     a moveable handle that the system's own functions made, before a program was redirected to k32mem or
 *              inside the system: passed on to them (system.h).
 * Anything else is refused with an error, and nothing is read through it.
 *
 * Operations but for the reports return NO_ERROR or the error that the Win32 function is to report. None touches the last error, except
 * that a call to the heap that fails sets it too.
 */
#ifndef K32MEM_OBJECT_H
#define K32MEM_OBJECT_H

#include "block.h"
#include "owner.h"

/* The alignment that tells a handle which has the form of a moveable one from one that has the form of an address:
 * of a wrong one, Windows calls the first an invalid handle, and the second an inaccessible address. */
static inline DWORD handle_error(LPCVOID handle)
{
    return !handle || handle_is_moveable(handle) ? ERROR_INVALID_HANDLE : ERROR_NOACCESS;
}

/* A new moveable object; flags are STATE_ flags, heap_flags 0 or HEAP_ZERO_MEMORY. NULL with the last error set. */
HANDLE object_make(UINT flags, DWORD heap_flags, SIZE_T bytes);

DWORD object_free(HANDLE handle);
/* flags: GMEM_MODIFY, GMEM_MOVEABLE, GMEM_ZEROINIT, and of GMEM_DISCARDABLE any bit (LMEM_DISCARDABLE has four). */
DWORD object_resize(HANDLE handle, SIZE_T bytes, UINT flags, HANDLE *result);
/* *left is the lock count after unlocking. ERROR_NOT_LOCKED for a fixed handle too, with *fixed TRUE. */
DWORD object_unlock(HANDLE handle, unsigned *left, BOOL *fixed);
/* *address is the address of the object's block, locked once more if it is moveable. */
DWORD object_lock(HANDLE handle, void **address);
/* GlobalFlags' value. */
DWORD object_flags(HANDLE handle, UINT *flags);
DWORD object_size(HANDLE handle, SIZE_T *bytes);
/* The handle whose locked address this is. */
DWORD object_handle(LPCVOID address, HANDLE *handle);

/* What both families report alike: the results of ReAlloc, Free, Lock and Size, with the last error set on failure.
 * WINAPI, so that the exported functions can end in a jump to them on i686 too. */
HANDLE WINAPI object_resize_report(HANDLE handle, SIZE_T bytes, UINT flags);
HANDLE WINAPI object_free_report(HANDLE handle);
void *WINAPI object_lock_report(HANDLE handle);
SIZE_T WINAPI object_size_report(HANDLE handle);

/* Alloc: fixed memory, or with GMEM_MOVEABLE an object whose STATE_ flags are kept. */
static inline HANDLE object_alloc(UINT flags, UINT kept, SIZE_T bytes)
{
    DWORD heap_flags = flags & GMEM_ZEROINIT ? HEAP_ZERO_MEMORY : 0;
    if (!(flags & GMEM_MOVEABLE)) return HeapAlloc(nt_process_heap(), heap_flags, bytes + !bytes);
    return object_make(kept | (flags & LMEM_DISCARDABLE ? STATE_DISCARDABLE : 0), heap_flags, bytes);
}

/* The short way of locking and unlocking, for what nearly all calls are: a moveable object that is there, to be locked
 * for the first time or unlocked for the last. Its state is not read first: what it most likely is follows from the
 * handle, and the exchange tells whether it was that. Whoever calls these leaves all other cases to a function that is
 * not inline, so that no register need be saved for them.
 *
 * What the two cost is their locked instructions, one each: lock counts must be right whatever threads there are. The
 * rest (on x86_64 29 and 21 instructions, 4 and 2 loads) runs in their shadow: a pair of functions with nothing but a
 * locked exchange each took six sevenths of the time. */
static inline void *object_lock_quick(HANDLE handle)
{
    uint32_t identity, state;
    struct entry *entry = handle_is_moveable(handle) ? handle_entry(handle, &identity) : NULL;
    if (!entry) return NULL;
    state = identity;
    if (!entry_exchange(entry, &state, identity + 1)) return NULL;
    void *address = __atomic_load_n(&entry->block, __ATOMIC_ACQUIRE);
    /* Freed by another thread in the meantime? Then the address may be another object's. */
    return (entry_state(entry) ^ identity) & STATE_IDENTITY ? NULL : address;
}

/* TRUE when the object's lock count has come from 1 to 0. */
static inline BOOL object_unlock_quick(HANDLE handle)
{
    uint32_t identity, state;
    struct entry *entry = handle_is_moveable(handle) ? handle_entry(handle, &identity) : NULL;
    if (!entry) return FALSE;
    state = identity + 1;
    return entry_exchange(entry, &state, identity);
}

#endif
