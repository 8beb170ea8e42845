/* compat.c - the names of the two families that have had no documentation page since 16-bit Windows.
 *
 * Their meaning there, as far as it still has one: memory is fixed or wired while it is locked, and compacting is the
 * heap's affair. None of them fails; a wrong handle sets the last error as Lock and Unlock do.
 */
#include "../nt/nt.h"

/* Keeps the object where it is, until GlobalUnfix: GlobalLock. */
K32MEM_API void WINAPI GlobalFix(HGLOBAL handle) { GlobalLock(handle); }

/* GlobalUnlock. */
K32MEM_API void WINAPI GlobalUnfix(HGLOBAL handle) { GlobalUnlock(handle); }

/* As GlobalFix, and returns the address: GlobalLock. */
K32MEM_API LPVOID WINAPI GlobalWire(HGLOBAL handle) { return GlobalLock(handle); }

/* GlobalUnlock. */
K32MEM_API BOOL WINAPI GlobalUnWire(HGLOBAL handle) { return GlobalUnlock(handle); }

/* Returns the size in bytes of the largest free block of the process heap, after the heap has given back what it can.
 * wanted is a hint and not needed. */
static SIZE_T heap_compact(void)
{
    DWORD error = last_error_get();
    SIZE_T largest = HeapCompact(nt_process_heap(), 0);
    last_error_set(error);
    return largest;
}

K32MEM_API SIZE_T WINAPI GlobalCompact(DWORD wanted)
{
    (void)wanted;
    return heap_compact();
}

/* As GlobalCompact. */
K32MEM_API SIZE_T WINAPI LocalCompact(UINT wanted)
{
    (void)wanted;
    return heap_compact();
}

/* Compacts the process heap, which is the local heap of every segment now; returns the size in bytes that it has
 * then: what it has committed. 0 when that cannot be told. */
K32MEM_API SIZE_T WINAPI LocalShrink(HLOCAL segment, UINT wanted)
{
    DWORD error = last_error_get();
    HEAP_SUMMARY summary = { .cb = sizeof(summary) };
    (void)segment;
    (void)wanted;
    heap_compact();
    BOOL known = HeapSummary(nt_process_heap(), 0, &summary);
    last_error_set(error);
    return known ? summary.cbCommitted : 0;
}
