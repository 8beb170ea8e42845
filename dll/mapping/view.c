/* view.c - the one place where views come and go. */
#include "view.h"
#include "../core/locked.h"
#include "../core/probe.h"
#include "../core/region.h"
#include "../core/secure.h"
#include "../core/space.h"
#include "permanent.h"

#ifndef PAGE_TARGETS_INVALID
#define PAGE_TARGETS_INVALID 0x40000000
#endif

#ifndef SEC_LARGE_PAGES
#define SEC_LARGE_PAGES 0x80000000u
#endif

#define PRESERVE_PLACEHOLDER 2u /* MEM_PRESERVE_PLACEHOLDER */

ULONG view_protect(ULONG access)
{
    /* FILE_MAP_COPY is 1 and part of FILE_MAP_ALL_ACCESS, so it asks for a copy only when no other right is there.
     * The executable protections are the plain ones moved up by four bits. */
    ULONG plain = PAGE_NOACCESS;
    if (access & SECTION_MAP_WRITE) plain = PAGE_READWRITE;
    else if (access & SECTION_MAP_READ) plain = PAGE_READONLY;
    else if (access & FILE_MAP_COPY) plain = PAGE_WRITECOPY;
    return access & FILE_MAP_EXECUTE ? plain << 4 : plain;
}

/* MEM_LARGE_PAGES needs a section made for them, and a size and a base in whole large pages. */
static BOOL large_view_allowed(HANDLE section, PVOID base, ULONG64 offset, SIZE_T bytes)
{
    ULONG large = large_page_minimum();
    struct section_basic info;
    if (!large || (ULONG_PTR)base % large || bytes % large || offset % large) return FALSE;
    return NtQuerySection(section, SECTION_BASIC, &info, sizeof(info), NULL) >= 0 && (info.attributes & SEC_LARGE_PAGES);
}

static NTSTATUS map_once(HANDLE section, HANDLE process, PVOID *base, ULONG64 offset, SIZE_T *bytes, ULONG type,
                         ULONG protect, ULONG node)
{
    LARGE_INTEGER from = { .QuadPart = (LONGLONG)offset };
    if (node != NUMA_NO_PREFERRED_NODE && nt_optional.NtMapViewOfSectionEx) {
        MEM_EXTENDED_PARAMETER preferred = { .Type = MemExtendedParameterNumaNode, .ULong64 = node };
        return nt_optional.NtMapViewOfSectionEx(section, process, base, &from, bytes, type, protect, &preferred, 1);
    }
    return NtMapViewOfSection(section, process, base, 0, 0, &from, bytes, VIEW_SHARE, type, protect);
}

NTSTATUS view_map(HANDLE section, HANDLE process, PVOID *base, ULONG64 offset, SIZE_T *bytes, ULONG type, ULONG protect,
                  ULONG node)
{
    PVOID wanted_base = *base;
    SIZE_T wanted_bytes = *bytes;
    NTSTATUS status;
    if ((ULONG_PTR)wanted_base > user_top()) return STATUS_INVALID_PARAMETER;
    if ((type & MEM_LARGE_PAGES) && !large_view_allowed(section, wanted_base, offset, wanted_bytes))
        return STATUS_INVALID_PARAMETER;
    for (;;) {
        status = map_once(section, process, base, offset, bytes, type, protect, node);
        if (status == STATUS_INVALID_PAGE_PROTECTION && (protect & PAGE_TARGETS_INVALID)) {
            /* A system without control flow guard knows no call targets, so that none of them can be valid. */
            protect &= ~(ULONG)PAGE_TARGETS_INVALID;
            status = map_once(section, process, base, offset, bytes, type, protect, node);
        }
        if (status < 0) return status;
        if (wanted_base || !region_any() || process != CURRENT_PROCESS || region_settled(*base, *bytes)) break;
        NtUnmapViewOfSection(process, *base);
        *base = NULL;
        *bytes = wanted_bytes;
    }
    if (process != CURRENT_PROCESS) return status;
    if (permanent_any() && !permanent_view(section, *base, *bytes)) {
        NtUnmapViewOfSection(process, *base);
        return STATUS_NO_MEMORY;
    }
    if (status == STATUS_SUCCESS) space_changed((LONG_PTR)*bytes);
    return status;
}

/* NtUnmapViewOfSection also takes an address inside a view; Windows programs are promised an error. *bytes gets the
 * size of the view's first region. */
static NTSTATUS base_check(HANDLE process, PVOID base, SIZE_T *bytes)
{
    MEMORY_BASIC_INFORMATION info;
    *bytes = 0;
    NTSTATUS status = NtQueryVirtualMemory(process, base, VM_BASIC, &info, sizeof(info), NULL);
    if (status == STATUS_ACCESS_DENIED) return STATUS_SUCCESS; /* the handle may unmap but not look */
    if (status == STATUS_INVALID_PARAMETER) return STATUS_NOT_MAPPED_VIEW; /* outside of user space */
    if (status < 0) return status;
    *bytes = info.RegionSize;
    if (info.Type != MEM_MAPPED && info.Type != MEM_IMAGE) return STATUS_NOT_MAPPED_VIEW;
    return info.AllocationBase == base ? STATUS_SUCCESS : STATUS_NOT_MAPPED_VIEW;
}

/* How many bytes the allocation at base takes, as its caller sees it. */
static SIZE_T view_extent(PVOID base)
{
    MEMORY_BASIC_INFORMATION info;
    PBYTE at = base;
    while (NtQueryVirtualMemory(CURRENT_PROCESS, at, VM_BASIC, &info, sizeof(info), NULL) >= 0) {
        if (region_any()) region_query(at, &info);
        if (info.State == MEM_FREE || info.AllocationBase != base) break;
        at = (PBYTE)info.BaseAddress + info.RegionSize;
    }
    return at - (PBYTE)base;
}

static NTSTATUS unmap(HANDLE process, PVOID base, ULONG flags)
{
    NTSTATUS status = STATUS_SUCCESS;
    BOOL preserve = (flags & PRESERVE_PLACEHOLDER) != 0;
    if (preserve || region_any()) status = process_settle(&process);
    if (status < 0) return status;
    BOOL own = process == CURRENT_PROCESS;
    if (own && (preserve || region_any()) && (status = region_unmap(base, flags)) != REGION_NOT_MINE) return status;
    SIZE_T bytes;
    status = base_check(process, base, &bytes);
    if (status < 0) return status;
    /* Another process has no placeholders where this one has those that are emulated. */
    if (preserve && !own && region_unmap(NULL, flags) != REGION_NOT_MINE) return STATUS_CONFLICTING_ADDRESSES;
    for (BOOL retried = FALSE;; retried = TRUE) {
        if (flags && nt_optional.NtUnmapViewOfSectionEx)
            status = nt_optional.NtUnmapViewOfSectionEx(process, base, flags);
        else
            status = NtUnmapViewOfSection(process, base);
        if (status >= 0 || retried || !secure_retry(status, base, bytes)) break;
    }
    if (status >= 0 && process == CURRENT_PROCESS) space_changed(-(LONG_PTR)bytes);
    return status;
}

NTSTATUS view_unmap(HANDLE process, PVOID base, ULONG flags)
{
    if (flags & ~(ULONG)(MEM_UNMAP_WITH_TRANSIENT_BOOST | PRESERVE_PLACEHOLDER)) return STATUS_INVALID_PARAMETER;
    SIZE_T locked = locked_any() && process_is_own(process) ? view_extent(base) : 0;
    NTSTATUS status = unmap(process, base, flags);
    if (status >= 0 && locked) locked_forget(base, locked);
    return status;
}
