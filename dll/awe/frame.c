/* frame.c - the frames and the store that holds their content while they are not resident in a window.
 *
 * Frames stand in one array, reserved for as many as the machine has physical pages and committed as it fills. Slots
 * come in extents. Since slots change hands, an extent can go back to the system only when none of its slots is
 * owned; that is so at the latest when all frames are freed.
 */
#include "awe.h"
#include "../core/memory.h"
#include "../core/ranges.h"

#define NUMBER_FIRST 0x1000 /* frame 0's number: numbers are not 0, and no index is taken for a number */
#define EXTENT_PAGES 4096
#define TABLE_STEP GRANULE_BYTES

/* A piece of the store. Stands at its own start: the first page is the header's. */
struct extent {
    ULONG pages, free_count;
    ULONG free[EXTENT_PAGES]; /* the free slots' numbers, a stack */
};
#define EXTENT_HEADER ALIGN_UP(sizeof(struct extent), PAGE_BYTES)

static struct frame *table;
static ULONG table_count, table_limit;    /* frames ever used; frames there can be */
static SIZE_T table_committed;            /* bytes */
static ULONG free_first = FRAME_NONE;     /* list of freed frames */
static struct ranges extents;             /* owner: struct extent */
static struct extent *extent_last;        /* where the last slot was free */

struct frame *frame_find(ULONG_PTR number)
{
    ULONG_PTR index = number - NUMBER_FIRST;
    if (index >= table_count || !table[index].slot) return NULL;
    return &table[index];
}

ULONG frame_index(const struct frame *frame) { return (ULONG)(frame - table); }
struct frame *frame_at(ULONG index) { return &table[index]; }

static NTSTATUS table_make(void)
{
    SYSTEM_BASIC_INFORMATION system;
    NTSTATUS status = NtQuerySystemInformation(SystemBasicInformation, &system, sizeof(system), NULL);
    if (status < 0) return status;
    ULONG limit = system.NumberOfPhysicalPages;
    ULONG most = sizeof(void *) == 8 ? FRAME_NONE : 1u << (31 - PAGE_SHIFT);
    if (limit > most) limit = most;
    PVOID base = NULL;
    SIZE_T bytes = ALIGN_UP((SIZE_T)limit * sizeof(struct frame), TABLE_STEP);
    status = NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE, PAGE_READWRITE);
    if (status < 0) return status;
    table = base;
    table_limit = limit;
    return STATUS_SUCCESS;
}

/* An unused frame without a slot, or NULL. */
static struct frame *frame_take(void)
{
    if (free_first != FRAME_NONE) {
        struct frame *frame = &table[free_first];
        free_first = frame->page;
        return frame;
    }
    if (table_count == table_limit) return NULL;
    if ((table_count + 1) * sizeof(struct frame) > table_committed) {
        PVOID base = (BYTE *)table + table_committed;
        SIZE_T bytes = TABLE_STEP;
        if (NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, PAGE_READWRITE) < 0) return NULL;
        table_committed += bytes;
    }
    return &table[table_count++];
}

static void frame_give(struct frame *frame)
{
    frame->slot = NULL;
    frame->window = NULL;
    frame->page = free_first;
    free_first = frame_index(frame);
}

static struct extent *extent_make(ULONG pages)
{
    if (pages > EXTENT_PAGES) pages = EXTENT_PAGES;
    if (!ranges_reserve(&extents, 1)) return NULL;
    for (;; pages /= 2) {
        PVOID base = NULL;
        SIZE_T bytes = EXTENT_HEADER + pages * PAGE_BYTES;
        if (!pages) return NULL;
        if (NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) < 0)
            continue;
        struct extent *extent = base;
        extent->pages = extent->free_count = pages;
        for (ULONG i = 0; i < pages; i++) extent->free[i] = pages - 1 - i;
        ranges_insert(&extents, (struct range){ base, (BYTE *)base + bytes, extent, 0, 0 });
        return extent;
    }
}

/* A free slot; wanted says how many more will be asked for. NULL: no memory. */
static BYTE *slot_take(ULONG_PTR wanted)
{
    struct extent *extent = extent_last;
    if (!extent || !extent->free_count) {
        extent = NULL;
        for (SIZE_T i = 0; i < extents.count && !extent; i++) {
            struct extent *candidate = extents.items[i].owner;
            if (candidate->free_count) extent = candidate;
        }
        if (!extent) extent = extent_make(wanted < EXTENT_PAGES ? (ULONG)wanted : EXTENT_PAGES);
        if (!extent) return NULL;
        extent_last = extent;
    }
    return (BYTE *)extent + EXTENT_HEADER + (extent->free[--extent->free_count] * PAGE_BYTES);
}

static void slot_give(BYTE *slot)
{
    struct range *range = ranges_find(&extents, slot);
    struct extent *extent = range->owner;
    extent->free[extent->free_count++] = (ULONG)((slot - (BYTE *)extent - EXTENT_HEADER) >> PAGE_SHIFT);
    if (extent->free_count < extent->pages) return;
    PVOID base = extent;
    SIZE_T none = 0;
    ranges_remove(&extents, range - extents.items, 1);
    if (extent_last == extent) extent_last = NULL;
    NtFreeVirtualMemory(CURRENT_PROCESS, &base, &none, MEM_RELEASE);
}

NTSTATUS frames_allocate(ULONG_PTR *count, ULONG_PTR *numbers)
{
    ULONG_PTR wanted = *count, done = 0;
    NTSTATUS status = table ? STATUS_SUCCESS : table_make();
    if (status < 0) return status;
    for (; done < wanted; done++) {
        struct frame *frame = frame_take();
        if (!frame) break;
        frame->slot = slot_take(wanted - done);
        if (!frame->slot) {
            frame_give(frame);
            break;
        }
        frame->window = NULL;
        frame->zero = 1;
        numbers[done] = frame_index(frame) + NUMBER_FIRST;
    }
    if (wanted && !done) return STATUS_INSUFFICIENT_RESOURCES;
    *count = done;
    return STATUS_SUCCESS;
}

void frame_free(struct frame *frame)
{
    slot_give(frame->slot);
    frame_give(frame);
}
