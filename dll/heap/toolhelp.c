/* toolhelp.c - Heap32ListFirst, Heap32ListNext, Heap32First, Heap32Next: the process's heaps and their blocks in the tool
 * help functions' form. The structures that the caller keeps say where the listing stands. */
#include "foreign.h"
#include "heap.h"
#include <tlhelp32.h>

#define HEAPS_LISTED 256

BOOL WINAPI HeapWalk(HANDLE handle, LPPROCESS_HEAP_ENTRY entry);
DWORD WINAPI GetProcessHeaps(DWORD count, PHANDLE heaps);

/* The snapshot itself tells the system's functions more than it tells us; but it must be a handle. */
static BOOL is_handle(HANDLE handle)
{
    HANDLE copy;
    if (handle == NULL || handle == INVALID_HANDLE_VALUE) return FALSE;
    if (NtDuplicateObject(CURRENT_PROCESS, handle, CURRENT_PROCESS, &copy, 0, 0, DUPLICATE_SAME_ACCESS) < 0) return FALSE;
    NtClose(copy);
    return TRUE;
}

static BOOL list_at(LPHEAPLIST32 list, const HANDLE *heaps, DWORD count, DWORD index)
{
    if (index >= count) return error_fail(ERROR_NO_MORE_FILES);
    list->th32ProcessID = nt_process_id();
    list->th32HeapID = (ULONG_PTR)heaps[index];
    list->dwFlags = heaps[index] == nt_process_heap() ? HF32_DEFAULT : 0;
    return TRUE;
}

static DWORD heaps_now(HANDLE *heaps)
{
    DWORD count = GetProcessHeaps(HEAPS_LISTED, heaps);
    return count < HEAPS_LISTED ? count : HEAPS_LISTED;
}

static BOOL list_is_right(HANDLE snapshot, const HEAPLIST32 *list)
{
    if (!is_handle(snapshot)) return error_fail(ERROR_INVALID_HANDLE);
    return (list && list->dwSize >= sizeof(*list)) || error_fail(ERROR_INVALID_PARAMETER);
}

/* Tells about this process's first heap. list->dwSize must be set. Errors: ERROR_NO_MORE_FILES, ERROR_INVALID_HANDLE,
 * ERROR_INVALID_PARAMETER. Page: tlhelp32/nf-tlhelp32-heap32listfirst */
K32MEM_API WINBOOL WINAPI Heap32ListFirst(HANDLE snapshot, LPHEAPLIST32 list)
{
    HANDLE heaps[HEAPS_LISTED];
    return list_is_right(snapshot, list) && list_at(list, heaps, heaps_now(heaps), 0);
}

/* Tells about the heap after the one that list tells about. Errors as Heap32ListFirst.
 * Page: tlhelp32/nf-tlhelp32-heap32listnext */
K32MEM_API WINBOOL WINAPI Heap32ListNext(HANDLE snapshot, LPHEAPLIST32 list)
{
    HANDLE heaps[HEAPS_LISTED];
    if (!list_is_right(snapshot, list)) return FALSE;
    DWORD count = heaps_now(heaps), index = 0;
    while (index < count && (ULONG_PTR)heaps[index] != list->th32HeapID) index++;
    return list_at(list, heaps, count, index + 1);
}

/* The next block, busy or free, after a walk's entry. */
static BOOL block_after(LPHEAPENTRY32 out, PROCESS_HEAP_ENTRY *entry)
{
    HANDLE heap = (HANDLE)out->th32HeapID;
    do {
        if (!HeapWalk(heap, entry)) {
            if (last_error_get() == ERROR_NO_MORE_ITEMS) last_error_set(ERROR_NO_MORE_FILES);
            return FALSE;
        }
    } while (entry->wFlags & (PROCESS_HEAP_REGION | PROCESS_HEAP_UNCOMMITTED_RANGE));
    BOOL busy = (entry->wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0, moveable = (entry->wFlags & PROCESS_HEAP_ENTRY_MOVEABLE) != 0;
    out->hHandle = busy ? entry->Block.hMem : NULL;
    out->dwAddress = (ULONG_PTR)entry->lpData;
    out->dwBlockSize = entry->cbData;
    out->dwFlags = !busy ? LF32_FREE : moveable ? LF32_MOVEABLE : LF32_FIXED;
    out->dwLockCount = 0;
    return TRUE;
}

/* Tells about the first block of one of this process's heaps (id: process_id, or 0; heap: its handle). entry->dwSize must
 * be set. Errors: ERROR_NO_MORE_FILES, ERROR_INVALID_PARAMETER; ERROR_NOT_SUPPORTED for another process, whose heaps
 * cannot be read from here. Page: tlhelp32/nf-tlhelp32-heap32first */
K32MEM_API WINBOOL WINAPI Heap32First(LPHEAPENTRY32 entry, DWORD process_id, ULONG_PTR heap)
{
    PROCESS_HEAP_ENTRY walk = { 0 };
    if (!entry || entry->dwSize < sizeof(*entry)) return error_fail(ERROR_INVALID_PARAMETER);
    if (process_id && process_id != nt_process_id()) return error_fail(ERROR_NOT_SUPPORTED);
    if (!heap_of((HANDLE)heap) && !foreign_is_heap((HANDLE)heap)) return error_fail(ERROR_INVALID_PARAMETER);
    entry->th32ProcessID = nt_process_id();
    entry->th32HeapID = heap;
    return block_after(entry, &walk);
}

/* Tells about the block after the one that entry tells about. Errors as Heap32First.
 * Page: tlhelp32/nf-tlhelp32-heap32next */
K32MEM_API WINBOOL WINAPI Heap32Next(LPHEAPENTRY32 entry)
{
    if (!entry || entry->dwSize < sizeof(*entry)) return error_fail(ERROR_INVALID_PARAMETER);
    PROCESS_HEAP_ENTRY walk = { .lpData = (PVOID)entry->dwAddress, .cbData = (DWORD)entry->dwBlockSize,
                                .wFlags = entry->dwFlags & LF32_FREE ? 0 : PROCESS_HEAP_ENTRY_BUSY };
    return block_after(entry, &walk);
}
