/* lock.c - keeping pages in physical memory. */
#include "../core/locked.h"
#include "../core/region.h"
#include "request.h"
#include "watched.h"

#define LOCK_FOR_PROCESS 1 /* the map type of VirtualLock: into the working set */

/* Why could the pages not be locked? Goes through them as touching them one by one would: what cannot be touched is
 * an access violation, and the first guard page is an alarm that goes off, once. */
static NTSTATUS lock_failure(PBYTE base, SIZE_T bytes, NTSTATUS status)
{
    for (PBYTE at = base, end = base + bytes; at < end;) {
        MEMORY_BASIC_INFORMATION info;
        if (NtQueryVirtualMemory(CURRENT_PROCESS, at, VM_BASIC, &info, sizeof(info), NULL) < 0)
            return STATUS_ACCESS_VIOLATION;
        if (info.State != MEM_COMMIT || (info.Protect & PAGE_NOACCESS)) return STATUS_ACCESS_VIOLATION;
        if (info.Protect & PAGE_GUARD) {
            PVOID page = at;
            SIZE_T size = PAGE_BYTES;
            ULONG old_protect;
            NtProtectVirtualMemory(CURRENT_PROCESS, &page, &size, info.Protect & ~(ULONG)PAGE_GUARD, &old_protect);
            return STATUS_GUARD_PAGE_VIOLATION;
        }
        at = (PBYTE)info.BaseAddress + info.RegionSize;
    }
    return status;
}

/* The host may have locked some of the pages before it failed: gives back those that were not locked before. */
static void lock_undo(PBYTE base, SIZE_T bytes)
{
    SIZE_T run;
    for (SIZE_T at = 0; at < bytes; at += run) {
        if (locked_run(base + at, bytes - at, &run)) continue;
        PVOID page = base + at;
        SIZE_T size = run;
        NtUnlockVirtualMemory(CURRENT_PROCESS, &page, &size, LOCK_FOR_PROCESS);
    }
}

/* Locks all pages that hold a byte of the range into physical memory, all or none. There is no count: one unlock
 * undoes any number of locks. bytes > 0. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (empty range, or one that wraps), ERROR_NOACCESS (a page that is not committed, or
 * is PAGE_NOACCESS), 0x80000001 (a guard page; it is one no longer), ERROR_WORKING_SET_QUOTA,
 * ERROR_NOT_ENOUGH_MEMORY. Page: memoryapi/nf-memoryapi-virtuallock */
K32MEM_API BOOL WINAPI VirtualLock(LPVOID base, SIZE_T bytes)
{
    PVOID page = base;
    SIZE_T size = bytes;
    if (!bytes || !range_to_pages(&page, &size)) return error_fail(ERROR_INVALID_PARAMETER);
    if (region_any()) {
        NTSTATUS status = region_lock(page, size);
        if (status != REGION_NOT_MINE) return status_bool(status);
    }
    PVOID at = page;
    SIZE_T locked = size;
    NTSTATUS status = NtLockVirtualMemory(CURRENT_PROCESS, &at, &locked, LOCK_FOR_PROCESS);
    if (!locked_by_system()) {
        if (status >= 0 && !locked_note(page, size)) status = STATUS_NO_MEMORY;
        if (status < 0) {
            lock_undo(page, size);
            status = lock_failure(page, size, status);
        }
    }
    if (status < 0) return status_fail(status);
    if (watched_regions) watched_note(page, size);
    return TRUE;
}

static BOOL pages_unlock(HANDLE process, LPVOID base, SIZE_T bytes)
{
    PVOID page = base;
    SIZE_T size = bytes;
    if (!bytes || !range_to_pages(&page, &size)) return error_fail(ERROR_INVALID_PARAMETER);
    NTSTATUS status = process_settle(&process);
    if (status < 0) return status_fail(status);
    if (process == CURRENT_PROCESS && region_any()) {
        status = region_unlock(page, size);
        if (status != REGION_NOT_MINE) return status_bool(status);
    }
    PVOID at = page;
    SIZE_T unlocked = size;
    status = NtUnlockVirtualMemory(process, &at, &unlocked, LOCK_FOR_PROCESS);
    /* Whatever the host says about this process's pages, the table knows better. */
    if (process != CURRENT_PROCESS || locked_by_system()) return status_bool(status);
    return locked_forget(page, size) ? TRUE : error_fail(ERROR_NOT_LOCKED);
}

/* Unlocks all pages that hold a byte of the range, which need not be a range that was locked in one call, and takes
 * them out of the working set. bytes > 0. Any thread.
 * Errors: ERROR_NOT_LOCKED (some page was not locked; the others are unlocked all the same),
 * ERROR_INVALID_PARAMETER. Page: memoryapi/nf-memoryapi-virtualunlock */
K32MEM_API BOOL WINAPI VirtualUnlock(LPVOID base, SIZE_T bytes) { return pages_unlock(CURRENT_PROCESS, base, bytes); }

/* VirtualUnlock in the process of a handle with PROCESS_VM_OPERATION; NULL is this process. Errors: as VirtualUnlock,
 * ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. Declared in memoryapi.h; its rules are those of
 * memoryapi/nf-memoryapi-virtualunlock. */
K32MEM_API BOOL WINAPI VirtualUnlockEx(HANDLE process, LPVOID base, SIZE_T bytes)
{
    return pages_unlock(process ? process : CURRENT_PROCESS, base, bytes);
}
