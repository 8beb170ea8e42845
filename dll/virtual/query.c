/* query.c - asking about a run of pages. */
#include "../core/region.h"
#include "../core/touch.h"
#include "copied.h"
#include "query.h"
#include "request.h"

volatile BOOL pages_were_decommitted;

/* Some layers end a run of reserved pages where a decommitted one begins, as if its former protection still counted. */
static void query_reserved(HANDLE process, MEMORY_BASIC_INFORMATION *info)
{
    MEMORY_BASIC_INFORMATION next;
    for (;;) {
        const BYTE *end = (const BYTE *)info->BaseAddress + info->RegionSize;
        if (NtQueryVirtualMemory(process, end, VM_BASIC, &next, sizeof(next), NULL) < 0) return;
        if (next.State != MEM_RESERVE || next.AllocationBase != info->AllocationBase) return;
        info->RegionSize += next.RegionSize;
    }
}

/* Ends the run where pages stop (or begin) to be copies of their own, and tells the copies' protection. */
static void query_copied(MEMORY_BASIC_INFORMATION *info)
{
    BOOL copies = FALSE;
    SIZE_T run = copied_run(info->BaseAddress, info->RegionSize >> PAGE_SHIFT, &copies);
    if (!run) return;
    info->RegionSize = run << PAGE_SHIFT;
    if (copies) info->Protect = copied_protect(info->Protect);
}

/* What the layer leaves to be done on an answer about this process. */
static inline void query_finish(LPCVOID address, MEMORY_BASIC_INFORMATION *info)
{
    if (__builtin_expect(info->State == MEM_COMMIT && (info->Protect & PROTECT_COPY), 0)) query_copied(info);
    if (__builtin_expect(info->State == MEM_RESERVE && pages_were_decommitted, 0))
        query_reserved(CURRENT_PROCESS, info);
    if (region_any()) region_query(address, info);
}

/* A handle that may only ask the process's identity is documented to do, but some layers refuse it. Asks again through
 * one that may more, which the same caller could open. */
static SIZE_T query_limited(HANDLE process, LPCVOID address, PMEMORY_BASIC_INFORMATION info, SIZE_T bytes)
{
    PROCESS_BASIC_INFORMATION identity;
    if (NtQueryInformationProcess(process, ProcessBasicInformation, &identity, sizeof(identity), NULL) < 0)
        return error_fail(ERROR_ACCESS_DENIED);
    if ((ULONG)identity.UniqueProcessId == nt_process_id()) return VirtualQuery(address, info, bytes);
    CLIENT_ID id = { .UniqueProcess = (HANDLE)identity.UniqueProcessId };
    OBJECT_ATTRIBUTES attributes = { .Length = sizeof(attributes) };
    HANDLE opened;
    if (NtOpenProcess(&opened, PROCESS_QUERY_INFORMATION, &attributes, &id) < 0)
        return error_fail(ERROR_ACCESS_DENIED);
    SIZE_T returned = 0;
    NTSTATUS status = NtQueryVirtualMemory(opened, address, VM_BASIC, info, bytes, &returned);
    if (status >= 0 && info->State == MEM_RESERVE) query_reserved(opened, info);
    NtClose(opened);
    return status < 0 ? (SIZE_T)status_fail(status) : returned;
}

/* Can an answer be stored there? To be asked first: some layers find out while holding the lock of the whole address
 * space, keep it, and stop every other thread at its next call. A buffer that is too short they refuse untouched. */
static inline BOOL buffer_bad(PMEMORY_BASIC_INFORMATION info, SIZE_T bytes)
{
    return bytes >= sizeof(*info) && touch_output(info, sizeof(*info));
}

/* Describes the run of pages from address's page on that share state, protection and allocation. bytes: at least
 * sizeof(MEMORY_BASIC_INFORMATION). Returns the bytes written, or 0. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (address beyond user space), ERROR_BAD_LENGTH, ERROR_NOACCESS (info).
 * Page: memoryapi/nf-memoryapi-virtualquery */
K32MEM_API SIZE_T WINAPI VirtualQuery(LPCVOID address, PMEMORY_BASIC_INFORMATION info, SIZE_T bytes)
{
    SIZE_T returned = 0;
    if (buffer_bad(info, bytes)) return (SIZE_T)error_fail(ERROR_NOACCESS);
    NTSTATUS status = NtQueryVirtualMemory(CURRENT_PROCESS, address, VM_BASIC, info, bytes, &returned);
    if (status < 0) return (SIZE_T)status_fail(status);
    query_finish(address, info);
    return returned;
}

/* VirtualQuery on the process of a handle with PROCESS_QUERY_INFORMATION or PROCESS_QUERY_LIMITED_INFORMATION. In
 * another process a written copy-on-write page shows as such only where the system itself tells.
 * Errors: as VirtualQuery, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-virtualqueryex */
K32MEM_API SIZE_T WINAPI VirtualQueryEx(HANDLE process, LPCVOID address, PMEMORY_BASIC_INFORMATION info, SIZE_T bytes)
{
    if (process == CURRENT_PROCESS) return VirtualQuery(address, info, bytes);
    SIZE_T returned = 0;
    if (buffer_bad(info, bytes)) return (SIZE_T)error_fail(ERROR_NOACCESS);
    NTSTATUS status = NtQueryVirtualMemory(process, address, VM_BASIC, info, bytes, &returned);
    if (status == STATUS_ACCESS_DENIED) return query_limited(process, address, info, bytes);
    if (status < 0) return (SIZE_T)status_fail(status);
    if (info->State == MEM_RESERVE) query_reserved(process, info);
    if ((region_any() || (info->Protect & PROTECT_COPY)) && process_is_own(process)) query_finish(address, info);
    return returned;
}
