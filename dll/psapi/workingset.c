/* workingset.c - which pages of a process are in physical memory. */
#include "../core/touch.h"
#include "../core/handle.h"
#include "../core/probe.h"
#include "psapi.h"

#define READ_RIGHTS PROCESS_QUERY_INFORMATION, PROCESS_VM_READ

/* PSAPI_WORKING_SET_BLOCK's numbers for a page's protection. */
static ULONG protection_number(ULONG protect)
{
    ULONG number = 0;
    switch (protect & 0xff) {
    case PAGE_READONLY: number = 1; break;
    case PAGE_EXECUTE: number = 2; break;
    case PAGE_EXECUTE_READ: number = 3; break;
    case PAGE_READWRITE: number = 4; break;
    case PAGE_WRITECOPY: number = 5; break;
    case PAGE_EXECUTE_READWRITE: number = 6; break;
    case PAGE_EXECUTE_WRITECOPY: number = 7; break;
    }
    if (protect & PAGE_NOCACHE) number |= 8;
    if (protect & PAGE_GUARD) number |= 16;
    return number;
}

/* A working set being collected into a caller's buffer. */
struct collection {
    HANDLE process;
    PSAPI_WORKING_SET_INFORMATION *out;
    ULONG_PTR capacity, found;
    PSAPI_WORKING_SET_EX_INFORMATION *pages; /* room for CHUNK pages */
};
#define CHUNK 2048u

static void entry_add(struct collection *set, const PSAPI_WORKING_SET_EX_INFORMATION *page)
{
    if (set->found < set->capacity) {
        PSAPI_WORKING_SET_BLOCK *entry = &set->out->WorkingSetInfo[set->found];
        entry->Flags = (ULONG_PTR)page->VirtualAddress & ~(PAGE_BYTES - 1);
        entry->Protection = protection_number((ULONG)page->VirtualAttributes.Win32Protection);
        entry->ShareCount = page->VirtualAttributes.ShareCount;
        entry->Shared = page->VirtualAttributes.Shared;
    }
    set->found++;
}

static NTSTATUS region_collect(struct collection *set, BYTE *base, SIZE_T bytes)
{
    while (bytes) {
        ULONG count = bytes / PAGE_BYTES < CHUNK ? (ULONG)(bytes / PAGE_BYTES) : CHUNK;
        for (ULONG i = 0; i < count; i++) set->pages[i].VirtualAddress = base + i * PAGE_BYTES;
        NTSTATUS status = NtQueryVirtualMemory(set->process, NULL, VM_WORKING_SET_EX, set->pages,
                                               count * sizeof(*set->pages), NULL);
        if (status < 0) return status;
        for (ULONG i = 0; i < count; i++)
            if (set->pages[i].VirtualAttributes.Valid) entry_add(set, &set->pages[i]);
        base += count * PAGE_BYTES;
        bytes -= count * PAGE_BYTES;
    }
    return STATUS_SUCCESS;
}

/* For systems that cannot list a working set but know of each page whether it is there: asks for all committed ones. */
static NTSTATUS collect(struct collection *set)
{
    MEMORY_BASIC_INFORMATION info;
    NTSTATUS status = STATUS_SUCCESS;
    for (BYTE *at = NULL; status >= 0; at = (BYTE *)info.BaseAddress + info.RegionSize) {
        if (NtQueryVirtualMemory(set->process, at, VM_BASIC, &info, sizeof(info), NULL) < 0) break; /* the end */
        if (info.State == MEM_COMMIT) status = region_collect(set, info.BaseAddress, info.RegionSize);
        if ((BYTE *)info.BaseAddress + info.RegionSize <= at) break;
    }
    if (status == STATUS_INVALID_INFO_CLASS) status = STATUS_NOT_SUPPORTED;
    if (status < 0) return status;
    set->out->NumberOfEntries = set->found;
    return set->found <= set->capacity ? STATUS_SUCCESS : STATUS_INFO_LENGTH_MISMATCH;
}

/* Lists the pages in the working set of a process (handle with PROCESS_QUERY_INFORMATION and PROCESS_VM_READ).
 * information: a PSAPI_WORKING_SET_INFORMATION of bytes bytes. Success leaves the last error alone. Any thread.
 * Errors: ERROR_BAD_LENGTH (too small: NumberOfEntries tells how many entries are needed), ERROR_INVALID_HANDLE,
 * ERROR_ACCESS_DENIED, ERROR_NOACCESS (bad pointer), ERROR_NOT_SUPPORTED (another process, where the system knows only
 * the caller's pages). Page: psapi/nf-psapi-queryworkingset */
K32MEM_API BOOL WINAPI K32QueryWorkingSet(HANDLE process, PVOID information, DWORD bytes)
{
    NTSTATUS status = process_require(process, READ_RIGHTS);
    if (status < 0) return status_fail(status);
    if (process_is_own(process)) process = CURRENT_PROCESS; /* some layers know its pages by no other handle */
    if (bytes < sizeof(ULONG_PTR)) return error_fail(ERROR_BAD_LENGTH);
    status = NtQueryVirtualMemory(process, NULL, VM_WORKING_SET, information, bytes, NULL);
    if (status != STATUS_INVALID_INFO_CLASS) return status_bool(status);

    if (!probe_write(information, bytes)) return error_fail(ERROR_NOACCESS);
    struct collection set = { .process = process,
                              .out = information,
                              .capacity = bytes / sizeof(ULONG_PTR) - 1,
                              .pages = pages_get(CHUNK * sizeof(*set.pages)) };
    if (!set.pages) return error_fail(ERROR_NOT_ENOUGH_MEMORY);
    status = collect(&set);
    pages_free(set.pages);
    return status_bool(status);
}

PSAPI_NAME(QueryWorkingSet, (HANDLE process, PVOID information, DWORD bytes), (process, information, bytes))

/* Tells of each page whose address stands in information, an array of PSAPI_WORKING_SET_EX_INFORMATION of bytes bytes,
 * whether it is in the working set of a process (handle with PROCESS_QUERY_INFORMATION and PROCESS_VM_READ), and how.
 * Success leaves the last error alone. Any thread. Errors: ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOACCESS
 * (bad pointer), ERROR_BAD_LENGTH (not even one element), ERROR_NOT_SUPPORTED (another process, where the system knows
 * only the caller's pages). Page: psapi/nf-psapi-queryworkingsetex */
K32MEM_API BOOL WINAPI K32QueryWorkingSetEx(HANDLE process, PVOID information, DWORD bytes)
{
    NTSTATUS status = process_require(process, READ_RIGHTS);
    if (status < 0) return status_fail(status);
    if (process_is_own(process)) process = CURRENT_PROCESS;
    if (bytes < sizeof(PSAPI_WORKING_SET_EX_INFORMATION)) return error_fail(ERROR_BAD_LENGTH);
    /* Some layers find out while holding the lock of the whole address space, keep it, and stop every other thread. */
    if (touch_output(information, bytes)) return error_fail(ERROR_NOACCESS);
    status = NtQueryVirtualMemory(process, NULL, VM_WORKING_SET_EX, information, bytes, NULL);
    if (status == STATUS_INVALID_INFO_CLASS) status = STATUS_NOT_SUPPORTED;
    return status_bool(status);
}

PSAPI_NAME(QueryWorkingSetEx, (HANDLE process, PVOID information, DWORD bytes), (process, information, bytes))
