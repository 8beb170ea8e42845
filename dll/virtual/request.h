/* request.h - is what the caller of VirtualAlloc or VirtualProtect asks for allowed?
 *
 * GLOSSARY
 *   base protection  one of the eight PAGE_ constants from PAGE_NOACCESS to PAGE_EXECUTE_WRITECOPY.
 *   modifier         PAGE_GUARD, PAGE_NOCACHE or PAGE_WRITECOMBINE, added to a base protection.
 *   plain request    the system's own check of it is exact, so none is made here: a base protection without
 *                    modifiers, and no allocation flags but the three everyday ones.
 */
#ifndef K32MEM_REQUEST_H
#define K32MEM_REQUEST_H

#include "../nt/nt.h"

#define PROTECT_EXECUTE (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)
#define PROTECT_BASE (PAGE_NOACCESS | PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PROTECT_EXECUTE)
#define PROTECT_COPY (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)
#define ALLOC_EVERYDAY (MEM_COMMIT | MEM_RESERVE | MEM_TOP_DOWN)

static inline BOOL protect_plain(ULONG protect) { return !(protect & ~(ULONG)PROTECT_BASE); }
static inline BOOL request_plain(ULONG type, ULONG protect)
{
    return !(type & ~(ULONG)ALLOC_EVERYDAY) && protect_plain(protect);
}

/* Is protect one base protection with modifiers that may be combined?
 * Page: Memory/memory-protection-constants in Microsoft's win32 documentation */
BOOL protect_valid(ULONG protect);

/* The status that VirtualAlloc's page gives this request, STATUS_SUCCESS when it allows it. */
NTSTATUS request_check(LPCVOID base, SIZE_T bytes, ULONG type, ULONG protect);

/* The first page of the range and, in *bytes, its length in whole pages; FALSE when the range wraps around. */
static inline BOOL range_to_pages(PVOID *base, SIZE_T *bytes)
{
    ULONG_PTR first = ALIGN_DOWN(*base, PAGE_BYTES);
    ULONG_PTR end = (ULONG_PTR)*base + *bytes;
    if (end < (ULONG_PTR)*base || end > (ULONG_PTR)-PAGE_BYTES) return FALSE;
    *base = (PVOID)first;
    *bytes = ALIGN_UP(end, PAGE_BYTES) - first;
    return TRUE;
}

#endif
