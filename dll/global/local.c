/* local.c - the Local* functions. See global.c; here stands what is different. */
#include "object.h"

/* As GlobalAlloc, with the LMEM_ flags; there is no LMEM_DDESHARE. Page: winbase/nf-winbase-localalloc */
K32MEM_API HLOCAL WINAPI LocalAlloc(UINT flags, SIZE_T bytes)
{
    return object_alloc(flags, 0, bytes);
}

/* As GlobalReAlloc. Page: winbase/nf-winbase-localrealloc */
K32MEM_API HLOCAL WINAPI LocalReAlloc(HLOCAL handle, SIZE_T bytes, UINT flags)
{
    return object_resize_report(handle, bytes, flags);
}

/* As GlobalFree. Also frees what the system allocated for the caller to free with it. Page: winbase/nf-winbase-localfree */
K32MEM_API HLOCAL WINAPI LocalFree(HLOCAL handle) { return object_free_report(handle); }

/* As GlobalLock. Page: winbase/nf-winbase-locallock */
K32MEM_API LPVOID WINAPI LocalLock(HLOCAL handle)
{
    void *address = object_lock_quick(handle);
    return address ? address : object_lock_report(handle);
}

static __attribute__((noinline)) BOOL WINAPI unlock_slowly(HANDLE handle)
{
    unsigned left = 0;
    BOOL fixed = FALSE;
    DWORD error = object_unlock(handle, &left, &fixed);
    if (!error && left) return TRUE;
    return error_fail(error);
}

/* Lowers a moveable object's lock count. TRUE while it is still locked; when the count has reached 0, FALSE and the
 * last error NO_ERROR. Errors: ERROR_NOT_LOCKED, which fixed memory gives always; ERROR_INVALID_HANDLE.
 * Page: winbase/nf-winbase-localunlock */
K32MEM_API BOOL WINAPI LocalUnlock(HLOCAL handle)
{
    return object_unlock_quick(handle) ? error_fail(NO_ERROR) : unlock_slowly(handle);
}

/* Returns the lock count (LMEM_LOCKCOUNT), LMEM_DISCARDABLE (all four bits) and LMEM_DISCARDED if they hold; or
 * LMEM_INVALID_HANDLE. Errors: ERROR_INVALID_HANDLE; ERROR_NOACCESS for what has the form of an address and is none
 * of a block. Page: winbase/nf-winbase-localflags */
K32MEM_API UINT WINAPI LocalFlags(HLOCAL handle)
{
    UINT flags;
    DWORD error = object_flags(handle, &flags);
    if (error) {
        last_error_set(error);
        return LMEM_INVALID_HANDLE;
    }
    return (flags & (STATE_COUNT | STATE_DISCARDED)) | (flags & STATE_DISCARDABLE ? LMEM_DISCARDABLE : 0);
}

/* As GlobalSize. Page: winbase/nf-winbase-localsize */
K32MEM_API SIZE_T WINAPI LocalSize(HLOCAL handle) { return object_size_report(handle); }

/* As GlobalHandle. Errors: ERROR_INVALID_HANDLE; ERROR_NOACCESS for what has the form of an address and is none of a
 * block; ERROR_INVALID_PARAMETER for NULL. Page: winbase/nf-winbase-localhandle */
K32MEM_API HLOCAL WINAPI LocalHandle(LPCVOID address)
{
    HANDLE handle;
    DWORD error = object_handle(address, &handle);
    if (error) last_error_set(error);
    return handle;
}
