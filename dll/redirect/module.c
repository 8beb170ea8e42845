/* module.c - the loader's list of modules, and what it tells of new ones. */
#include "module.h"
#include "../core/lock.h"
#include "image.h"
#include "table.h"

/* ---- one module ---- */
/* Held while a page's protection is changed: of two threads, the one that finished first would take the page away from the
 * other. */
static struct lock page_lock;

struct patch {
    BYTE *page;     /* the page that can be written now, NULL: none */
    ULONG protect;  /* its own protection, to be put back; 0: it was writable already */
    BOOL failed;
    BOOL keep_moveable; /* the system's own Global and Local functions keep calling each other */
};

static void page_close(struct patch *patch)
{
    PVOID base = patch->page;
    SIZE_T bytes = PAGE_BYTES;
    ULONG ignored;
    if (base && patch->protect) NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, patch->protect, &ignored);
    patch->page = NULL;
    patch->protect = 0;
}

static BOOL page_open(struct patch *patch, void *at)
{
    MEMORY_BASIC_INFORMATION info;
    BYTE *page = (BYTE *)ALIGN_DOWN(at, PAGE_BYTES);
    if (page == patch->page) return TRUE;
    page_close(patch);
    /* Wine 8 does not tell a 32-bit program about its memory above 2 GB, where a program may itself lie. */
    if (NtQueryVirtualMemory(CURRENT_PROCESS, page, VM_BASIC, &info, sizeof(info), NULL) < 0) info.Protect = PAGE_READONLY;
    if (info.Protect & (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) {
        patch->page = page;
        return TRUE;
    }
    /* A table that shares a page with code: other threads may be running there. */
    BOOL code = (info.Protect & (PAGE_EXECUTE | PAGE_EXECUTE_READ)) != 0;
    PVOID base = page;
    SIZE_T bytes = PAGE_BYTES;
    if (NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, code ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE,
                               &patch->protect) < 0)
        return FALSE;
    patch->page = page;
    return TRUE;
}

static BOOL slot_patch(const struct image_slot *slot, void *context)
{
    struct patch *patch = context;
    void *was = __atomic_load_n(slot->slot, __ATOMIC_RELAXED);
    void *stand_in = table_find(was, slot->name);
    /* A function that this system lacks: its slot leads to a trap, if the program started at all. */
    if (!stand_in && slot->name && slot->dll) stand_in = table_find_missing(slot->dll, slot->name);
    if (!stand_in || stand_in == was) return TRUE;
    if (patch->keep_moveable && slot->name && table_is_moveable(slot->name)) return TRUE;
    if (!page_open(patch, slot->slot)) return !(patch->failed = TRUE);
    __atomic_store_n(slot->slot, stand_in, __ATOMIC_RELEASE);
    return TRUE;
}

BOOL slot_write(void **slot, void *value)
{
    struct patch patch = { 0 };
    lock_acquire(&page_lock);
    BOOL open = page_open(&patch, slot);
    if (open) __atomic_store_n(slot, value, __ATOMIC_RELEASE);
    page_close(&patch);
    lock_release(&page_lock);
    return open;
}

BOOL module_patch(void *base)
{
    struct image image;
    struct patch patch = { 0 };
    if (base == &__ImageBase || !image_open(&image, base)) return TRUE;
    /* They are asked for handles that only they know (global/system.h), and would ask k32mem in turn. */
    patch.keep_moveable = table_is_home(base);
    lock_acquire(&page_lock);
    image_slots(&image, slot_patch, &patch);
    page_close(&patch);
    lock_release(&page_lock);
    return !patch.failed;
}

/* ---- all modules ---- */
/* The loader's own structures, as far as winternl.h leaves them out; see the public phnt headers (ntldr.h). */
struct loader_entry {
    LIST_ENTRY load_order, memory_order, init_order;
    PVOID base, entry_point;
    ULONG bytes;
    UNICODE_STRING path, name;
};

struct notification {
    ULONG flags;
    const UNICODE_STRING *path, *name;
    PVOID base;
    ULONG bytes;
};
enum { NOTIFICATION_LOADED = 1 };

static LIST_ENTRY *loader_list(void)
{
    BYTE *loader = *(BYTE **)(nt_peb() + PEB_LOADER);
    return (LIST_ENTRY *)(loader + LOADER_LOAD_ORDER);
}

UNICODE_STRING module_own_path(void)
{
    LIST_ENTRY *list = loader_list();
    for (LIST_ENTRY *at = list->Flink; at != list; at = at->Flink) {
        struct loader_entry *entry = (struct loader_entry *)at;
        if (entry->base == &__ImageBase) return entry->path;
    }
    return (UNICODE_STRING){ 0 };
}

static BOOL is_psapi(const UNICODE_STRING *name)
{
    static const char psapi[] = "psapi.dll";
    if (name->Length != (sizeof(psapi) - 1) * sizeof(WCHAR)) return FALSE;
    for (unsigned i = 0; i < sizeof(psapi) - 1; i++)
        if ((name->Buffer[i] | 0x20) != (psapi[i] | 0x20)) return FALSE;
    return TRUE;
}

static void NTAPI module_loaded(ULONG reason, const struct notification *module, PVOID context)
{
    (void)context;
    if (reason != NOTIFICATION_LOADED) return;
    if (is_psapi(module->name)) table_build();
    module_patch(module->base);
}

BOOL modules_patch(void)
{
    static BOOL registered;
    PVOID cookie;
    BOOL patched = TRUE;
    if (!nt_optional.LdrRegisterDllNotification) return FALSE;
    if (!registered && nt_optional.LdrRegisterDllNotification(0, (PVOID)module_loaded, NULL, &cookie) < 0) return FALSE;
    registered = TRUE;
    LIST_ENTRY *list = loader_list();
    for (LIST_ENTRY *at = list->Flink; at != list; at = at->Flink)
        patched &= module_patch(((struct loader_entry *)at)->base);
    return patched;
}

void module_pin(void)
{
    enum { PIN = 1 };
    if (nt_optional.LdrAddRefDll) nt_optional.LdrAddRefDll(PIN, &__ImageBase);
}
