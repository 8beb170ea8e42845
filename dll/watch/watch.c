/* watch.c - which pages of a MEM_WRITE_WATCH region have been written. */
#include "../core/touch.h"
#include "../nt/nt.h"

/* On failure both functions return this, and set the last error although their pages promise none. */
#define WATCH_FAILED ((UINT)-1)

/* Can count addresses and the rest be stored there? To be asked first: some layers find out while holding the lock of
 * the whole address space, keep it, and stop every other thread at its next call. */
static BOOL outputs_bad(SIZE_T bytes, PVOID *addresses, ULONG_PTR *count, ULONG *granularity)
{
    if (touch_output(granularity, sizeof(*granularity)) || touch_output(count, sizeof(*count))) return TRUE;
    /* No more addresses are stored than the range has pages, whatever room the caller claims. */
    ULONG_PTR room = *count, pages = (bytes >> PAGE_SHIFT) + 2;
    if (room > pages) room = pages;
    return room && touch_output(addresses, room * sizeof(*addresses));
}

/* Lists the pages of the range, which must lie in one region allocated with MEM_WRITE_WATCH, that were written since
 * the allocation or the last reset, lowest first. *count is the room in addresses and becomes the number stored; when
 * the room is short the rest waits for the next call. *granularity becomes the page size in bytes. flags: 0, or
 * WRITE_WATCH_FLAG_RESET to forget the pages that are returned, atomically with reading them. Returns 0, or nonzero on
 * failure. Any thread. Errors: ERROR_INVALID_PARAMETER, ERROR_NOACCESS.
 * Page: memoryapi/nf-memoryapi-getwritewatch */
K32MEM_API UINT WINAPI GetWriteWatch(DWORD flags, PVOID base, SIZE_T bytes, PVOID *addresses, ULONG_PTR *count,
                                     ULONG *granularity)
{
    if (outputs_bad(bytes, addresses, count, granularity)) {
        last_error_set(ERROR_NOACCESS);
        return WATCH_FAILED;
    }
    return status_bool(NtGetWriteWatch(CURRENT_PROCESS, flags, base, bytes, addresses, count, granularity))
               ? 0
               : WATCH_FAILED;
}

/* Forgets which pages of the range were written. Range as for GetWriteWatch. Returns 0, or nonzero on failure. Any
 * thread; a page that another thread writes between GetWriteWatch and this is lost, unlike with
 * WRITE_WATCH_FLAG_RESET. Errors: ERROR_INVALID_PARAMETER. Page: memoryapi/nf-memoryapi-resetwritewatch */
K32MEM_API UINT WINAPI ResetWriteWatch(LPVOID base, SIZE_T bytes)
{
    return status_bool(NtResetWriteWatch(CURRENT_PROCESS, base, bytes)) ? 0 : WATCH_FAILED;
}
