/* global.c - the Global* functions.
 *
 * For all of them: any thread may call them on any handle. What the two families do alike is in object.c and
 * resize.c; they differ in what Unlock says of fixed memory and of a wrong handle, in the values of Flags, and in some
 * error numbers. */
#include "object.h"

/* Allocates bytes in the process heap: fixed memory, whose handle is its address (0 bytes give 1), or, with
 * GMEM_MOVEABLE, an object whose address GlobalLock gives (0 bytes give a discarded object). GMEM_ZEROINIT zeroes the
 * memory. GMEM_DISCARDABLE and GMEM_DDESHARE are remembered for GlobalFlags and HeapWalk, and have no other effect;
 * all other flags are ignored. The memory is aligned to 16 bytes. Returns NULL on failure.
 * Errors: ERROR_NOT_ENOUGH_MEMORY (also when 1,048,576 moveable objects are alive; 131,072 on i686).
 * Page: winbase/nf-winbase-globalalloc */
K32MEM_API HGLOBAL WINAPI GlobalAlloc(UINT flags, SIZE_T bytes)
{
    return object_alloc(flags, flags & GMEM_DDESHARE ? STATE_DDESHARE : 0, bytes);
}

/* Changes an object's size (in bytes) or, with GMEM_MODIFY, its attributes; returns its handle, which for fixed memory
 * is its new address, or NULL, in which case the object is as it was.
 *   GMEM_MOVEABLE   the memory may get another address though it is fixed or locked. Size 0: the object is discarded.
 *   GMEM_ZEROINIT   what a growing object gains is zeroed.
 *   GMEM_MODIFY     bytes is ignored. With GMEM_DISCARDABLE the object is marked discardable; with GMEM_MOVEABLE fixed
 *                   memory becomes a moveable object with a new handle, and the old address is no longer valid.
 * Fixed memory of up to 16 KB never changes its size in place, as on Windows: it needs GMEM_MOVEABLE.
 * Errors: ERROR_NOT_ENOUGH_MEMORY (also for what cannot be done in place); ERROR_INVALID_HANDLE; ERROR_NOACCESS for
 * what has the form of an address and is none of a block; ERROR_INVALID_PARAMETER for discarding a locked object or
 * without GMEM_MOVEABLE, and for GMEM_DISCARDABLE without GMEM_MODIFY. Page: winbase/nf-winbase-globalrealloc */
K32MEM_API HGLOBAL WINAPI GlobalReAlloc(HGLOBAL handle, SIZE_T bytes, UINT flags)
{
    return object_resize_report(handle, bytes, flags);
}

/* Frees an object, locked or not. Returns NULL, or the handle on failure. NULL is ignored.
 * Errors: ERROR_INVALID_HANDLE; ERROR_NOACCESS for what has the form of an address and is none of a block.
 * Page: winbase/nf-winbase-globalfree */
K32MEM_API HGLOBAL WINAPI GlobalFree(HGLOBAL handle) { return object_free_report(handle); }

/* Returns the address of the object's memory, or NULL. A moveable object's lock count grows by one, up to 255; fixed
 * memory is its own address. Errors: ERROR_DISCARDED, ERROR_INVALID_HANDLE. Page: winbase/nf-winbase-globallock */
K32MEM_API LPVOID WINAPI GlobalLock(HGLOBAL handle)
{
    void *address = object_lock_quick(handle);
    return address ? address : object_lock_report(handle);
}

static __attribute__((noinline)) BOOL WINAPI unlock_slowly(HANDLE handle)
{
    unsigned left = 0;
    BOOL fixed = FALSE;
    DWORD error = object_unlock(handle, &left, &fixed);
    if (error == ERROR_NOT_LOCKED && fixed) return TRUE;
    if (!error && left) return TRUE;
    last_error_set(error);
    return error == ERROR_INVALID_HANDLE;
}

static __attribute__((noinline)) BOOL WINAPI unlock_other(HANDLE handle)
{
    return !handle_is_moveable(handle) && block_is_ours(handle) ? TRUE : unlock_slowly(handle);
}

/* Lowers a moveable object's lock count. TRUE while it is still locked; when the count has reached 0, FALSE and the
 * last error NO_ERROR. TRUE for fixed memory, which has no count; TRUE as well, with the last error
 * ERROR_INVALID_HANDLE, for a wrong handle. Errors: ERROR_NOT_LOCKED. Page: winbase/nf-winbase-globalunlock */
K32MEM_API BOOL WINAPI GlobalUnlock(HGLOBAL handle)
{
    return object_unlock_quick(handle) ? error_fail(NO_ERROR) : unlock_other(handle);
}

/* Returns the lock count (GMEM_LOCKCOUNT, always 0 for fixed memory) and of GMEM_DISCARDED, GMEM_DISCARDABLE and
 * GMEM_DDESHARE those that hold; or GMEM_INVALID_HANDLE.
 * Errors: ERROR_INVALID_HANDLE. Page: winbase/nf-winbase-globalflags */
K32MEM_API UINT WINAPI GlobalFlags(HGLOBAL handle)
{
    UINT flags;
    if (!object_flags(handle, &flags)) return flags;
    last_error_set(ERROR_INVALID_HANDLE);
    return GMEM_INVALID_HANDLE;
}

/* Returns the object's size in bytes, exactly as it was asked for; 0 for a discarded one, and on failure.
 * Errors: ERROR_INVALID_HANDLE. Page: winbase/nf-winbase-globalsize */
K32MEM_API SIZE_T WINAPI GlobalSize(HGLOBAL handle) { return object_size_report(handle); }

/* Returns the handle of the object whose first byte is at address, locked or not, or NULL.
 * Errors: ERROR_INVALID_HANDLE; ERROR_INVALID_PARAMETER for NULL. Page: winbase/nf-winbase-globalhandle */
K32MEM_API HGLOBAL WINAPI GlobalHandle(LPCVOID address)
{
    HANDLE handle;
    DWORD error = object_handle(address, &handle);
    if (error) last_error_set(error == ERROR_NOACCESS ? ERROR_INVALID_HANDLE : error);
    return handle;
}
