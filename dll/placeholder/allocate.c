/* allocate.c - VirtualAlloc2 and its FromApp form. */
#include "../core/handle.h"
#include "../core/probe.h"
#include "placeholder.h"

#define PAGE_EXECUTE_ANY (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

struct allocation {
    HANDLE process;
    PVOID base;
    SIZE_T bytes;
    ULONG type, protect;
    DWORD error; /* the plain call's last error, when that is what failed */
};

/* By the plain call, which knows the rules for all types and protections, and physical pages. */
static NTSTATUS allocate_try(PVOID base, void *context)
{
    struct allocation *a = context;
    DWORD before = last_error_get();
    PVOID at = VirtualAllocEx(a->process, base, a->bytes, a->type, a->protect);
    if (at && region_any() && process_is_own(a->process) && !region_settled(at, a->bytes)) {
        VirtualFreeEx(a->process, at, 0, MEM_RELEASE);
        last_error_set(before);
        return STATUS_CONFLICTING_ADDRESSES;
    }
    a->base = at;
    a->error = at ? ERROR_SUCCESS : last_error_get();
    last_error_set(before);
    if (at) return STATUS_SUCCESS;
    return a->error == ERROR_INVALID_ADDRESS ? STATUS_CONFLICTING_ADDRESSES : STATUS_UNSUCCESSFUL;
}

/* An allocation with a place of its own. */
static NTSTATUS allocate_placed(struct allocation *a, struct parameters *wanted)
{
    if (!(a->type & MEM_RESERVE)) return STATUS_INVALID_PARAMETER;
    if ((a->type & MEM_LARGE_PAGES) && wanted->alignment < large_page_minimum()) wanted->alignment = large_page_minimum();
    BOOL top_down = (a->type & MEM_TOP_DOWN) != 0;
    a->type &= ~(ULONG)MEM_TOP_DOWN;
    return place_search(a->process, wanted, a->bytes, top_down, allocate_try, a);
}

/* The emulation of NtAllocateVirtualMemoryEx where it is not VirtualAllocEx: placeholders and places. */
static NTSTATUS allocate_special(struct allocation *a, struct parameters *wanted)
{
    ULONG kind = a->type & (MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER), type = a->type & ~kind;
    if (!kind) return allocate_placed(a, wanted);
    NTSTATUS status = process_require_own(a->process);
    if (status < 0) return status;
    if (kind == MEM_RESERVE_PLACEHOLDER)
        return placeholder_create(&a->base, a->bytes, wanted, (type & MEM_TOP_DOWN) != 0);
    if (!a->base || wanted->placed) return STATUS_INVALID_PARAMETER;
    if (type != MEM_RESERVE && type != (MEM_RESERVE | MEM_COMMIT)) return STATUS_INVALID_PARAMETER;
    return placeholder_replace_private(a->base, a->bytes, type, a->protect);
}

/* Reserves, commits or replaces pages, with extended parameters. process NULL: this process. base: a multiple of 64 KB,
 * of a page for MEM_COMMIT alone and MEM_REPLACE_PLACEHOLDER, or NULL. bytes: a multiple of the page size. type: as for
 * VirtualAlloc, and MEM_RESERVE | MEM_RESERVE_PLACEHOLDER with PAGE_NOACCESS makes a placeholder, MEM_RESERVE [|
 * MEM_COMMIT] | MEM_REPLACE_PLACEHOLDER puts private memory in the place of the placeholder that is exactly this range.
 * Returns the base or NULL. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS (no such placeholder; not free), ERROR_NOT_ENOUGH_MEMORY,
 * ERROR_NOACCESS; where placeholders are emulated ERROR_NOT_SUPPORTED for those of another process.
 * Page: memoryapi/nf-memoryapi-virtualalloc2 */
K32MEM_API PVOID WINAPI VirtualAlloc2(HANDLE process, PVOID base, SIZE_T bytes, ULONG type, ULONG protect,
                                      MEM_EXTENDED_PARAMETER *parameters, ULONG parameter_count)
{
    if (!process) process = CURRENT_PROCESS;
    struct parameters wanted;
    ULONG special = MEM_RESERVE_PLACEHOLDER | MEM_REPLACE_PLACEHOLDER;
    BOOL pages = (type & MEM_REPLACE_PLACEHOLDER) || !(type & MEM_RESERVE);
    if (!bytes || (bytes & (PAGE_BYTES - 1)) || (ULONG_PTR)base & ((pages ? PAGE_BYTES : GRANULE_BYTES) - 1))
        return error_null(ERROR_INVALID_PARAMETER);
    if ((ULONG_PTR)base + bytes < bytes || (ULONG_PTR)base + bytes - 1 > user_top())
        return error_null(ERROR_INVALID_PARAMETER);
    if ((type & MEM_RESERVE_PLACEHOLDER) &&
        ((type & ~(ULONG)(MEM_RESERVE_PLACEHOLDER | MEM_TOP_DOWN)) != MEM_RESERVE || protect != PAGE_NOACCESS))
        return error_null(ERROR_INVALID_PARAMETER);
    /* What is no more than the plain call asks for is left to that: some layers know its rules there only. */
    if (placeholder_native() && !(type & MEM_PHYSICAL) && (parameter_count || (type & special))) {
        NTSTATUS status = nt_optional.NtAllocateVirtualMemoryEx(process, &base, &bytes, type, protect, parameters,
                                                                parameter_count);
        return status >= 0 ? base : (status_fail(status), NULL);
    }
    NTSTATUS status = parameters_read(&wanted, parameters, parameter_count, base);
    if (status < 0) return status_fail(status), NULL;
    if (!(type & special) && !wanted.placed) return VirtualAllocEx(process, base, bytes, type, protect);
    struct allocation a = { process, base, bytes, type, protect, ERROR_SUCCESS };
    status = allocate_special(&a, &wanted);
    if (status == STATUS_UNSUCCESSFUL && a.error) return error_null(a.error);
    return status >= 0 ? a.base : (status_fail(status), NULL);
}

/* As VirtualAlloc2, but never executable pages.
 * Further errors: ERROR_INVALID_PARAMETER (PAGE_EXECUTE in any form).
 * Page: memoryapi/nf-memoryapi-virtualalloc2fromapp */
K32MEM_API PVOID WINAPI VirtualAlloc2FromApp(HANDLE process, PVOID base, SIZE_T bytes, ULONG type, ULONG protect,
                                             MEM_EXTENDED_PARAMETER *parameters, ULONG parameter_count)
{
    if (protect & PAGE_EXECUTE_ANY) return error_null(ERROR_INVALID_PARAMETER);
    return VirtualAlloc2(process, base, bytes, type, protect, parameters, parameter_count);
}
