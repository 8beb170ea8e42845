/* permanent.c - a list of views that only grows, for systems that take SEC_NO_CHANGE without heeding it (Wine). */
#include "permanent.h"
#include "../core/region.h"

#define VIEWS 1024

volatile LONG permanent_objects;

/* Entries are written once: a slot is taken, filled, and then shown by its bytes. */
static struct {
    BYTE *base;
    volatile SIZE_T bytes;
} views[VIEWS];
static volatile LONG view_count;

/* A handle that may map but not ask is asked through a copy that may. */
static BOOL section_permanent(HANDLE section)
{
    struct section_basic info;
    HANDLE more;
    NTSTATUS status = NtQuerySection(section, SECTION_BASIC, &info, sizeof(info), NULL);
    if (status == STATUS_ACCESS_DENIED) {
        status = NtDuplicateObject(CURRENT_PROCESS, section, CURRENT_PROCESS, &more, SECTION_QUERY, 0, 0);
        if (status < 0) return FALSE;
        status = NtQuerySection(more, SECTION_BASIC, &info, sizeof(info), NULL);
        NtClose(more);
    }
    return status >= 0 && (info.attributes & SEC_NO_CHANGE);
}

void permanent_made(void) { __atomic_store_n(&permanent_objects, 1, __ATOMIC_RELEASE); }

void permanent_note(HANDLE section)
{
    if (section_permanent(section)) permanent_made();
}

BOOL permanent_view(HANDLE section, PVOID base, SIZE_T bytes)
{
    if (!section_permanent(section)) return TRUE;
    LONG slot = InterlockedIncrement(&view_count) - 1;
    if (slot >= VIEWS) {
        InterlockedDecrement(&view_count);
        return FALSE;
    }
    views[slot].base = base;
    region_added();
    __atomic_store_n(&views[slot].bytes, bytes, __ATOMIC_RELEASE);
    return TRUE;
}

/* Does [base, base + bytes) touch a permanent view? */
static BOOL touches(PVOID base, SIZE_T bytes)
{
    LONG count = view_count < VIEWS ? view_count : VIEWS;
    for (LONG i = 0; i < count; i++) {
        SIZE_T length = __atomic_load_n(&views[i].bytes, __ATOMIC_ACQUIRE);
        if ((BYTE *)base < views[i].base + length && (BYTE *)base + bytes > views[i].base) return TRUE;
    }
    return FALSE;
}

static NTSTATUS protect(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect)
{
    (void)protect;
    (void)old_protect;
    return touches(*base, *bytes) ? STATUS_INVALID_PAGE_PROTECTION : REGION_NOT_MINE;
}

static NTSTATUS unmap(PVOID base, ULONG flags)
{
    (void)flags;
    return touches(base, 1) ? STATUS_INVALID_PAGE_PROTECTION : REGION_NOT_MINE;
}

void permanent_attach(void)
{
    static struct region_family family = { .protect = protect, .unmap = unmap };
    region_join(&family);
}
