/* alloc.c - reserving and committing pages. */
#include "../core/probe.h"
#include "../core/region.h"
#include "../core/space.h"
#include "request.h"
#include "watched.h"

/* VirtualAllocExNuma without a preference. */
#ifndef NUMA_NO_PREFERRED_NODE
#define NUMA_NO_PREFERRED_NODE ((DWORD)-1)
#endif
#define NUMA_NODES 64 /* more than any supported system has */

/* MEM_RESET by the system: allowed on private memory and on views of the paging file, not on mapped files. */
static NTSTATUS pages_reset(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG protect)
{
    MEMORY_BASIC_INFORMATION info;
    NTSTATUS status = NtQueryVirtualMemory(process, *base, VM_BASIC, &info, sizeof(info), NULL);
    if (status >= 0 && (info.State == MEM_FREE)) return STATUS_CONFLICTING_ADDRESSES;
    if (status >= 0 && info.Type != MEM_PRIVATE) {
        /* Only a section with a file behind it has a name here. */
        BYTE name[sizeof(UNICODE_STRING) + 4 * sizeof(WCHAR)];
        SIZE_T returned;
        status = NtQueryVirtualMemory(process, *base, VM_SECTION_NAME, name, sizeof(name), &returned);
        if (status >= 0 || status == STATUS_BUFFER_OVERFLOW || status == STATUS_INFO_LENGTH_MISMATCH ||
            status == STATUS_BUFFER_TOO_SMALL)
            return STATUS_USER_MAPPED_FILE;
    }
    return NtAllocateVirtualMemory(process, base, 0, bytes, MEM_RESET, protect);
}

/* The system's own allocation, on the preferred node where it can be told of one. */
static NTSTATUS pages_alloc_near(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect, ULONG node)
{
    if (node != NUMA_NO_PREFERRED_NODE && (type & MEM_RESERVE) && nt_optional.NtAllocateVirtualMemoryEx) {
        MEM_EXTENDED_PARAMETER preferred = { .Type = MemExtendedParameterNumaNode, .ULong64 = node };
        PVOID near_base = *base;
        SIZE_T near_bytes = *bytes;
        NTSTATUS status = nt_optional.NtAllocateVirtualMemoryEx(process, &near_base, &near_bytes, type, protect,
                                                                &preferred, 1);
        if (status == STATUS_SUCCESS) {
            *base = near_base;
            *bytes = near_bytes;
            return status;
        }
    }
    return NtAllocateVirtualMemory(process, base, 0, bytes, type, protect);
}

/* The requests that are not everyday, or are made while this process has special regions. *family: has one of those
 * made the allocation? */
static NTSTATUS pages_alloc_rare(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect, ULONG node,
                                 BOOL *family)
{
    if (!request_plain(type, protect)) {
        NTSTATUS status = request_check(*base, *bytes, type, protect);
        if (status < 0) return status;
    }
    if (region_any() && (type & REGION_ALLOC_FLAGS) == 0) {
        NTSTATUS status = process_settle(&process);
        if (status < 0) return status;
    }
    if ((type & REGION_ALLOC_FLAGS) || (region_any() && process == CURRENT_PROCESS)) {
        NTSTATUS status = region_alloc(process, base, bytes, type, protect);
        *family = status != REGION_NOT_MINE;
        if (*family) return status;
    }
    if (type & MEM_RESET) return pages_reset(process, base, bytes, protect);
    NTSTATUS status = pages_alloc_near(process, base, bytes, type, protect, node);
    /* The system knows large pages but cannot give any: what a system without contiguous memory left answers. */
    if ((type & MEM_LARGE_PAGES) && status == STATUS_INVALID_PARAMETER) return STATUS_INSUFFICIENT_RESOURCES;
    if ((type & MEM_WRITE_WATCH) && status >= 0) watched_regions = TRUE;
    return status;
}

/* An allocation was made while special regions appeared or existed: may the caller have it (see core/region.h)? */
static BOOL alloc_settled(HANDLE process, PVOID base, SIZE_T bytes, ULONG type)
{
    if (!(type & (MEM_RESERVE | MEM_COMMIT)) || process != CURRENT_PROCESS || region_settled(base, bytes)) return TRUE;
    SIZE_T whole = 0;
    NtFreeVirtualMemory(process, &base, &whole, MEM_RELEASE);
    return FALSE;
}

/* Some layers allocate beyond user space when told to. */
static inline BOOL range_impossible(LPVOID base, SIZE_T bytes)
{
    ULONG_PTR end = (ULONG_PTR)base + bytes;
    return end < bytes || (base && end - 1 > user_top());
}

static inline LPVOID pages_alloc(HANDLE process, LPVOID wanted, SIZE_T wanted_bytes, DWORD type, DWORD protect,
                                 DWORD node)
{
    if (__builtin_expect(range_impossible(wanted, wanted_bytes), 0)) return error_null(ERROR_INVALID_PARAMETER);
    for (;;) {
        PVOID base = wanted;
        SIZE_T bytes = wanted_bytes;
        BOOL family = FALSE;
        NTSTATUS status;
        if (__builtin_expect(request_plain(type, protect), 1) && !region_any() && node == NUMA_NO_PREFERRED_NODE)
            status = NtAllocateVirtualMemory(process, &base, 0, &bytes, type, protect);
        else
            status = pages_alloc_rare(process, &base, &bytes, type, protect, node, &family);
        /* Some layers answer an impossible size with an informational status, and allocate nothing. */
        if (status != STATUS_SUCCESS) {
            status_fail(status);
            return NULL;
        }
        /* Only an allocation at no given address can land where it should not; a family sees to that itself. */
        if (!region_any() || wanted || family || alloc_settled(process, base, bytes, type)) {
            if (process == CURRENT_PROCESS && (!wanted || (type & MEM_RESERVE))) space_changed((LONG_PTR)bytes);
            return base;
        }
    }
}

/* Reserves, commits, reserves and commits, or resets pages of this process. base is rounded down to a page (for a
 * reservation to a granule), the end up to a page; NULL lets the system choose. bytes > 0. Returns the base, or NULL.
 * Committed pages read as zero. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (flags, protection or size that do not go together), ERROR_INVALID_ADDRESS (commit
 * of what is not reserved, reservation of what is), ERROR_NOT_ENOUGH_MEMORY, ERROR_COMMITMENT_LIMIT,
 * ERROR_PRIVILEGE_NOT_HELD (MEM_LARGE_PAGES without SeLockMemoryPrivilege), ERROR_NO_SYSTEM_RESOURCES (no large
 * pages to be had), ERROR_USER_MAPPED_FILE (MEM_RESET of a mapped file).
 * Page: memoryapi/nf-memoryapi-virtualalloc */
K32MEM_API LPVOID WINAPI VirtualAlloc(LPVOID base, SIZE_T bytes, DWORD type, DWORD protect)
{
    return pages_alloc(CURRENT_PROCESS, base, bytes, type, protect, NUMA_NO_PREFERRED_NODE);
}

/* VirtualAlloc in the process of a handle with PROCESS_VM_OPERATION. Errors: as VirtualAlloc, ERROR_INVALID_HANDLE,
 * ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-virtualallocex */
K32MEM_API LPVOID WINAPI VirtualAllocEx(HANDLE process, LPVOID base, SIZE_T bytes, DWORD type, DWORD protect)
{
    return pages_alloc(process, base, bytes, type, protect, NUMA_NO_PREFERRED_NODE);
}

/* VirtualAllocEx with a preferred NUMA node for the physical pages of a new region: a wish, which is passed on where
 * the system has NtAllocateVirtualMemoryEx, and ignored elsewhere and for pages of existing regions.
 * Errors: as VirtualAllocEx, ERROR_INVALID_PARAMETER for a node that no system has.
 * Page: memoryapi/nf-memoryapi-virtualallocexnuma */
K32MEM_API LPVOID WINAPI VirtualAllocExNuma(HANDLE process, LPVOID base, SIZE_T bytes, DWORD type, DWORD protect,
                                            DWORD node)
{
    if (node != NUMA_NO_PREFERRED_NODE && node >= NUMA_NODES) return error_null(ERROR_INVALID_PARAMETER);
    return pages_alloc(process, base, bytes, type, protect, node);
}

/* VirtualAlloc that makes no executable pages: any PAGE_EXECUTE constant is ERROR_INVALID_PARAMETER.
 * Page: memoryapi/nf-memoryapi-virtualallocfromapp */
K32MEM_API LPVOID WINAPI VirtualAllocFromApp(LPVOID base, SIZE_T bytes, ULONG type, ULONG protect)
{
    if (protect & PROTECT_EXECUTE) return error_null(ERROR_INVALID_PARAMETER);
    return pages_alloc(CURRENT_PROCESS, base, bytes, type, protect, NUMA_NO_PREFERRED_NODE);
}
