/* request.c - the documented rules for protections and allocation flags. */
#include "request.h"

#include "../core/privilege.h"

/* PAGE_TARGETS_INVALID when allocating, PAGE_TARGETS_NO_UPDATE when protecting: one value, for executable pages. */
#define PROTECT_TARGETS 0x40000000u
#define PROTECT_MODIFIERS (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)

#ifndef MEM_RESET_UNDO
#define MEM_RESET_UNDO 0x01000000
#endif
#define TYPE_KNOWN                                                                                                   \
    (ALLOC_EVERYDAY | MEM_RESET | MEM_RESET_UNDO | MEM_LARGE_PAGES | MEM_PHYSICAL | MEM_WRITE_WATCH)

BOOL protect_valid(ULONG protect)
{
    ULONG base = protect & PROTECT_BASE;
    if (!base || (base & (base - 1))) return FALSE;
    if (protect & ~(ULONG)(PROTECT_BASE | PROTECT_MODIFIERS | PROTECT_TARGETS)) return FALSE;
    if ((protect & PROTECT_TARGETS) && !(base & PROTECT_EXECUTE)) return FALSE;
    /* Each modifier excludes the two others and, having nothing to modify there, PAGE_NOACCESS. */
    ULONG modifiers = protect & PROTECT_MODIFIERS;
    if (modifiers & (modifiers - 1)) return FALSE;
    return !modifiers || base != PAGE_NOACCESS;
}

static NTSTATUS large_check(LPCVOID base, SIZE_T bytes, ULONG type)
{
    SIZE_T minimum = large_page_minimum();
    if ((type & (MEM_RESERVE | MEM_COMMIT)) != (MEM_RESERVE | MEM_COMMIT)) return STATUS_INVALID_PARAMETER;
    if (type & (MEM_PHYSICAL | MEM_WRITE_WATCH)) return STATUS_INVALID_PARAMETER;
    if (!minimum) return STATUS_NOT_SUPPORTED;
    if ((bytes | (ULONG_PTR)base) & (minimum - 1)) return STATUS_INVALID_PARAMETER;
    return privilege_held(SE_LOCK_MEMORY) ? STATUS_SUCCESS : STATUS_PRIVILEGE_NOT_HELD;
}

NTSTATUS request_check(LPCVOID base, SIZE_T bytes, ULONG type, ULONG protect)
{
    if (!bytes || (type & ~(ULONG)TYPE_KNOWN)) return STATUS_INVALID_PARAMETER;
    if (!protect_valid(protect)) return STATUS_INVALID_PAGE_PROTECTION;
    if (type & (MEM_RESET | MEM_RESET_UNDO)) {
        /* Neither goes with any other flag, and both speak of pages that are there. */
        if ((type & (type - 1)) || !base) return STATUS_INVALID_PARAMETER;
        return STATUS_SUCCESS;
    }
    if (protect & PROTECT_COPY) return STATUS_INVALID_PAGE_PROTECTION;
    if (type & MEM_PHYSICAL) {
        if ((type & ~(ULONG)MEM_TOP_DOWN) != (MEM_PHYSICAL | MEM_RESERVE)) return STATUS_INVALID_PARAMETER;
        return protect == PAGE_READWRITE ? STATUS_SUCCESS : STATUS_INVALID_PAGE_PROTECTION;
    }
    if ((type & MEM_WRITE_WATCH) && !(type & MEM_RESERVE)) return STATUS_INVALID_PARAMETER;
    if (type & MEM_LARGE_PAGES) return large_check(base, bytes, type);
    return STATUS_SUCCESS;
}
