/* protect.c - changing the protection of committed pages. */
#include "../core/region.h"
#include "../core/secure.h"
#include "../core/touch.h"
#include "copied.h"
#include "request.h"

/* Some layers refuse to make the copies in a copy-on-write view what they are, PAGE_READWRITE (as a caller does who
 * restores the old protection that it was told). Copy-on-write is the same for a page that is a copy already. */
static NTSTATUS protect_copies(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect, NTSTATUS status)
{
    MEMORY_BASIC_INFORMATION info;
    ULONG view_protect = protect;
    if (protect & PAGE_READWRITE) view_protect ^= PAGE_READWRITE ^ PAGE_WRITECOPY;
    if (protect & PAGE_EXECUTE_READWRITE) view_protect ^= PAGE_EXECUTE_READWRITE ^ PAGE_EXECUTE_WRITECOPY;
    if (view_protect == protect) return status;
    if (NtQueryVirtualMemory(CURRENT_PROCESS, *base, VM_BASIC, &info, sizeof(info), NULL) < 0) return status;
    if (info.Type != MEM_MAPPED || !(info.AllocationProtect & PROTECT_COPY)) return status;
    if (!range_to_pages(base, bytes) || !copied_all(*base, *bytes >> PAGE_SHIFT)) return status;
    return NtProtectVirtualMemory(CURRENT_PROCESS, base, bytes, view_protect, old_protect);
}

/* The end of a call that the system answered, on this process, other than a success whose old protection needs no second look. */
static NTSTATUS protect_finish(LPVOID base, SIZE_T bytes, ULONG protect, ULONG *old_protect, NTSTATUS status)
{
    PVOID at = base;
    SIZE_T size = bytes;
    if (protect_valid(protect) && secure_retry(status, base, bytes))
        status = NtProtectVirtualMemory(CURRENT_PROCESS, &at, &size, protect, old_protect);
    if (status == STATUS_INVALID_PAGE_PROTECTION) status = protect_copies(&at, &size, protect, old_protect, status);
    if (status >= 0 && (*old_protect & PROTECT_COPY) && copied_all((PVOID)ALIGN_DOWN(base, PAGE_BYTES), 1))
        *old_protect = copied_protect(*old_protect);
    return status;
}

/* *final: the answer is not the system's, and stands. */
static NTSTATUS protect_special(HANDLE *process, PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect,
                                BOOL *final)
{
    if (!protect_plain(protect) && !protect_valid(protect)) return STATUS_INVALID_PAGE_PROTECTION;
    if (region_any()) {
        NTSTATUS status = process_settle(process);
        if (status >= 0 && *process == CURRENT_PROCESS) status = region_protect(base, bytes, protect, old_protect);
        else if (status >= 0) status = REGION_NOT_MINE;
        *final = status != REGION_NOT_MINE;
        if (*final) return status;
    }
    return NtProtectVirtualMemory(*process, base, bytes, protect, old_protect);
}

static inline BOOL pages_protect(HANDLE process, LPVOID base, SIZE_T bytes, DWORD protect, PDWORD old_protect)
{
    PVOID at = base;
    SIZE_T size = bytes;
    BOOL final = FALSE;
    NTSTATUS status;
    /* Neither an empty range nor one that wraps around the address space is for the system to interpret. */
    if (!bytes || (ULONG_PTR)base + (bytes - 1) < (ULONG_PTR)base) return error_fail(ERROR_INVALID_PARAMETER);
    /* Some layers change the protection first and then find that they cannot report the old one. */
    if (!old_protect || touch_output(old_protect, sizeof(*old_protect)))
        return error_fail(ERROR_NOACCESS);
    if (__builtin_expect(protect_plain(protect), 1) && !region_any())
        status = NtProtectVirtualMemory(process, &at, &size, protect, old_protect);
    else
        status = protect_special(&process, &at, &size, protect, old_protect, &final);
    if (__builtin_expect(status < 0 || (*old_protect & PROTECT_COPY), 0) && process == CURRENT_PROCESS && !final)
        status = protect_finish(base, bytes, protect, old_protect, status);
    return status_bool(status);
}

/* Gives all pages that hold a byte of the range the protection, all of them or none; *old_protect becomes what the
 * first had. bytes > 0; the pages are committed and of one allocation. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (protection, empty range), ERROR_INVALID_ADDRESS (pages not committed),
 * ERROR_NOACCESS (old_protect). Page: memoryapi/nf-memoryapi-virtualprotect */
K32MEM_API BOOL WINAPI VirtualProtect(LPVOID base, SIZE_T bytes, DWORD protect, PDWORD old_protect)
{
    return pages_protect(CURRENT_PROCESS, base, bytes, protect, old_protect);
}

/* VirtualProtect in the process of a handle with PROCESS_VM_OPERATION. Errors: as VirtualProtect,
 * ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-virtualprotectex */
K32MEM_API BOOL WINAPI VirtualProtectEx(HANDLE process, LPVOID base, SIZE_T bytes, DWORD protect, PDWORD old_protect)
{
    return pages_protect(process, base, bytes, protect, old_protect);
}

/* VirtualProtect that makes no page both writable and executable: PAGE_EXECUTE_READWRITE and PAGE_EXECUTE_WRITECOPY
 * are ERROR_INVALID_PARAMETER. Page: memoryapi/nf-memoryapi-virtualprotectfromapp */
K32MEM_API BOOL WINAPI VirtualProtectFromApp(PVOID base, SIZE_T bytes, ULONG protect, PULONG old_protect)
{
    if (protect & (PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) return error_fail(ERROR_INVALID_PARAMETER);
    return pages_protect(CURRENT_PROCESS, base, bytes, protect, old_protect);
}
