/* free.c - decommitting and releasing pages. */
#include "../core/locked.h"
#include "../core/region.h"
#include "../core/secure.h"
#include "../core/space.h"
#include "query.h"
#include "request.h"

static NTSTATUS pages_free_special(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type)
{
    /* The two placeholder flags go with MEM_RELEASE, and not with each other. */
    ULONG flags = type & REGION_FREE_FLAGS;
    if (flags && (flags == REGION_FREE_FLAGS || (type & ~REGION_FREE_FLAGS) != MEM_RELEASE))
        return STATUS_INVALID_PARAMETER;
    NTSTATUS status = process_settle(&process);
    if (status < 0) return status;
    if (flags || process == CURRENT_PROCESS) {
        status = region_free(process, base, bytes, type);
        if (status != REGION_NOT_MINE) return status;
    }
    return NtFreeVirtualMemory(process, base, bytes, type);
}

/* Of the reasons for a failed release or decommit some layers tell less than the caller should know. */
static NTSTATUS free_failure(HANDLE process, LPCVOID base, SIZE_T bytes, ULONG type, NTSTATUS status)
{
    MEMORY_BASIC_INFORMATION info;
    if (status != STATUS_INVALID_PARAMETER || (type != MEM_RELEASE && type != MEM_DECOMMIT)) return status;
    if (type == MEM_RELEASE && bytes) return status;
    if (NtQueryVirtualMemory(process, base, VM_BASIC, &info, sizeof(info), NULL) < 0) return status;
    return info.State == MEM_FREE ? STATUS_MEMORY_NOT_ALLOCATED : status;
}

static inline BOOL pages_free(HANDLE process, LPVOID base, SIZE_T bytes, DWORD type)
{
    PVOID at;
    SIZE_T size;
    NTSTATUS status;
    if (type == MEM_RELEASE && bytes) return error_fail(ERROR_INVALID_PARAMETER);
    /* A size that wraps around the address space would pass for a small one. */
    if ((ULONG_PTR)base + bytes < (ULONG_PTR)base) return error_fail(ERROR_INVALID_PARAMETER);
    for (BOOL retried = FALSE;; retried = TRUE) {
        at = base;
        size = bytes;
        if ((type & REGION_FREE_FLAGS) || region_any())
            status = pages_free_special(process, &at, &size, type);
        else
            status = NtFreeVirtualMemory(process, &at, &size, type);
        if (status >= 0 || retried || !secure_retry(status, at, size)) break;
    }
    if (status < 0) return status_fail(free_failure(process, base, bytes, type, status));
    if (type == MEM_DECOMMIT) pages_were_decommitted = TRUE;
    else if (process == CURRENT_PROCESS) space_changed(-(LONG_PTR)size);
    if (locked_any() && process_is_own(process)) locked_forget(at, size);
    return TRUE;
}

/* MEM_DECOMMIT: takes the storage of all pages that hold a byte of the range, or of the whole allocation when bytes
 * is 0 and base its base; pages that have none are no error. MEM_RELEASE: bytes 0, base that of the allocation, all of
 * which becomes free. With MEM_RELEASE, MEM_PRESERVE_PLACEHOLDER and MEM_COALESCE_PLACEHOLDERS as documented for
 * placeholders. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS (no allocation there, or not its base).
 * Page: memoryapi/nf-memoryapi-virtualfree */
K32MEM_API BOOL WINAPI VirtualFree(LPVOID base, SIZE_T bytes, DWORD type)
{
    return pages_free(CURRENT_PROCESS, base, bytes, type);
}

/* VirtualFree in the process of a handle with PROCESS_VM_OPERATION. Errors: as VirtualFree, ERROR_INVALID_HANDLE,
 * ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-virtualfreeex */
K32MEM_API BOOL WINAPI VirtualFreeEx(HANDLE process, LPVOID base, SIZE_T bytes, DWORD type)
{
    return pages_free(process, base, bytes, type);
}
