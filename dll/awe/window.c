/* window.c - the windows: reserving and freeing them, and what the plain memory calls do inside one. */
#include "awe.h"
#include "../core/memory.h"
#include "../core/ranges.h"
#include "../core/region.h"

struct lock awe_lock;
static struct ranges windows; /* owner: struct window */

struct window *window_find(const void *address)
{
    struct range *range = ranges_find(&windows, address);
    return range ? range->owner : NULL;
}

static void mark(struct window *window, SIZE_T first, SIZE_T count, ULONG clear, ULONG set)
{
    for (SIZE_T i = first; i < first + count; i++) window->page[i] = (window->page[i] & ~clear) | set;
}

NTSTATUS window_protect(struct window *window, SIZE_T first, SIZE_T count, BOOL open)
{
    PVOID base = window->base + first * PAGE_BYTES;
    SIZE_T bytes = count * PAGE_BYTES;
    ULONG old;
    NTSTATUS status =
        NtProtectVirtualMemory(CURRENT_PROCESS, &base, &bytes, open ? PAGE_READWRITE : PAGE_NOACCESS, &old);
    if (status >= 0) mark(window, first, count, PAGE_OPEN, open ? PAGE_OPEN : 0);
    return status;
}

NTSTATUS window_commit(struct window *window, SIZE_T first, SIZE_T count)
{
    PVOID base = window->base + first * PAGE_BYTES;
    SIZE_T bytes = count * PAGE_BYTES;
    NTSTATUS status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, PAGE_READWRITE);
    if (status >= 0) mark(window, first, count, 0, PAGE_COMMITTED | PAGE_OPEN | PAGE_FRESH);
    return status;
}

void window_decommit(struct window *window, SIZE_T first, SIZE_T count)
{
    PVOID base = window->base + first * PAGE_BYTES;
    SIZE_T bytes = count * PAGE_BYTES;
    NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_DECOMMIT);
    mark(window, first, count, PAGE_COMMITTED | PAGE_OPEN | PAGE_SHOWN | PAGE_FRESH | PAGE_FRAME, FRAME_NONE);
}

/* Reserves the addresses of a window, where no other family wants them. */
static NTSTATUS window_place(PVOID *base, SIZE_T *bytes)
{
    for (PVOID wanted = *base;;) {
        NTSTATUS status =
            status_exact(NtAllocateVirtualMemory(CURRENT_PROCESS, base, 0, bytes, MEM_RESERVE, PAGE_READWRITE));
        SIZE_T none = 0;
        if (status < 0 || wanted || region_settled(*base, *bytes)) return status;
        NtFreeVirtualMemory(CURRENT_PROCESS, base, &none, MEM_RELEASE);
        *base = NULL;
    }
}

/* Makes a window at *base (NULL: anywhere). */
static NTSTATUS window_make(PVOID *base, SIZE_T *bytes)
{
    NTSTATUS status = window_place(base, bytes);
    if (status < 0) return status;
    SIZE_T pages = *bytes >> PAGE_SHIFT, size = sizeof(struct window) + pages * sizeof(ULONG), none = 0;
    PVOID record = NULL;
    status = NtAllocateVirtualMemory(CURRENT_PROCESS, &record, 0, &size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (status >= 0) {
        struct window *window = record;
        window->base = *base;
        window->pages = pages;
        mark(window, 0, pages, 0, FRAME_NONE);
        lock_acquire(&awe_lock);
        BOOL room = ranges_reserve(&windows, 1);
        if (room) {
            ranges_insert(&windows, (struct range){ *base, (BYTE *)*base + *bytes, window, 0, 0 });
            region_added();
        }
        lock_release(&awe_lock);
        if (room) return STATUS_SUCCESS;
        NtFreeVirtualMemory(CURRENT_PROCESS, &record, &none, MEM_RELEASE);
        status = STATUS_NO_MEMORY;
    }
    none = 0;
    NtFreeVirtualMemory(CURRENT_PROCESS, base, &none, MEM_RELEASE);
    return status;
}

/* Puts the content of every frame that is resident here into its slot. */
static NTSTATUS window_empty(struct window *window)
{
    for (SIZE_T i = 0, run; i < window->pages; i += run) {
        for (run = 0; i + run < window->pages && (window->page[i + run] & PAGE_COMMITTED); run++)
            ;
        if (run) {
            NTSTATUS status = window_protect(window, i, run, TRUE);
            if (status < 0) return status;
        } else {
            run = 1;
        }
    }
    for (SIZE_T i = 0; i < window->pages; i++) {
        ULONG index = window->page[i] & PAGE_FRAME;
        if (index == FRAME_NONE) continue;
        struct frame *frame = frame_at(index);
        memcpy(frame->slot, window->base + i * PAGE_BYTES, PAGE_BYTES);
        frame->window = NULL;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS hook_alloc(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect)
{
    if (type & MEM_PHYSICAL) {
        if (awe_native()) return REGION_NOT_MINE;
        if (type != (MEM_PHYSICAL | MEM_RESERVE) || protect != PAGE_READWRITE || !*bytes)
            return STATUS_INVALID_PARAMETER;
        NTSTATUS status = process_require_own(process);
        return status < 0 ? status : window_make(base, bytes);
    }
    if (process != CURRENT_PROCESS || !*base) return REGION_NOT_MINE;
    lock_acquire(&awe_lock);
    BYTE *from = (BYTE *)ALIGN_DOWN(*base, PAGE_BYTES);
    BOOL mine = ranges_overlap(&windows, from, (BYTE *)*base + (*bytes ? *bytes : 1));
    lock_release(&awe_lock);
    /* Nothing can be reserved over a window, and its pages get no storage but by mapping frames. */
    return mine ? STATUS_CONFLICTING_ADDRESSES : REGION_NOT_MINE;
}

static NTSTATUS hook_free(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type)
{
    if (process != CURRENT_PROCESS || (type & REGION_FREE_FLAGS)) return REGION_NOT_MINE;
    NTSTATUS status = REGION_NOT_MINE;
    lock_acquire(&awe_lock);
    struct range *range = ranges_find(&windows, *base);
    if (range) {
        struct window *window = range->owner;
        if (type != MEM_RELEASE) {
            status = STATUS_INVALID_PARAMETER; /* a window is freed as a whole or not at all */
        } else if ((BYTE *)ALIGN_DOWN(*base, PAGE_BYTES) != window->base) {
            status = STATUS_FREE_VM_NOT_AT_BASE;
        } else if (*bytes && *bytes != window->pages * PAGE_BYTES) {
            status = STATUS_UNABLE_TO_FREE_VM;
        } else {
            status = window_empty(window);
            if (status >= 0) {
                PVOID start = window->base, record = window;
                SIZE_T size = window->pages * PAGE_BYTES, none = 0;
                ranges_remove(&windows, range - windows.items, 1);
                region_removed();
                NtFreeVirtualMemory(CURRENT_PROCESS, &start, &none, MEM_RELEASE);
                none = 0;
                NtFreeVirtualMemory(CURRENT_PROCESS, &record, &none, MEM_RELEASE);
                *bytes = size;
            }
        }
    }
    lock_release(&awe_lock);
    return status;
}

static NTSTATUS hook_protect(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect)
{
    (void)protect;
    (void)old_protect;
    lock_acquire(&awe_lock);
    BOOL mine = ranges_overlap(&windows, *base, (BYTE *)*base + (*bytes ? *bytes : 1));
    lock_release(&awe_lock);
    return mine ? STATUS_INVALID_PARAMETER : REGION_NOT_MINE; /* always read/write */
}

/* A page that shows a frame has storage and is committed; any other is reserved. */
static void hook_query(LPCVOID address, MEMORY_BASIC_INFORMATION *info)
{
    lock_acquire(&awe_lock);
    struct window *window = window_find(address);
    if (window) {
        SIZE_T first = ((const BYTE *)address - window->base) >> PAGE_SHIFT, next = first + 1;
        ULONG shown = window->page[first] & PAGE_SHOWN;
        while (next < window->pages && (window->page[next] & PAGE_SHOWN) == shown) next++;
        info->BaseAddress = window->base + first * PAGE_BYTES;
        info->AllocationBase = window->base;
        info->AllocationProtect = PAGE_READWRITE;
        info->RegionSize = (next - first) * PAGE_BYTES;
        info->State = shown ? MEM_COMMIT : MEM_RESERVE;
        info->Protect = shown ? PAGE_READWRITE : 0;
        info->Type = MEM_PRIVATE;
    }
    lock_release(&awe_lock);
}

static struct region_family family = {
    .alloc = hook_alloc, .free = hook_free, .protect = hook_protect, .query = hook_query
};

void awe_attach(void) { region_join(&family); }
