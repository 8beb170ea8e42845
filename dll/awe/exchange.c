/* exchange.c - a mapping call: checking all that it asks for, then moving contents and opening and closing pages. */
#include "awe.h"
#include "../core/memory.h"

static struct target *room;
static SIZE_T room_count;
static ULONG call_number;

struct target *targets_room(SIZE_T count)
{
    if (count <= room_count) return room;
    if (count > (SIZE_T)-1 / 2 / sizeof(struct target)) return NULL;
    PVOID base = NULL, old = room;
    SIZE_T bytes = ALIGN_UP(count * sizeof(struct target), GRANULE_BYTES), none = 0;
    if (NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) < 0)
        return NULL;
    if (old) NtFreeVirtualMemory(CURRENT_PROCESS, &old, &none, MEM_RELEASE);
    room_count = bytes / sizeof(struct target);
    return room = base;
}

static inline ULONG *target_page(const struct target *target) { return &target->window->page[target->page]; }
static inline ULONG *source_page(const struct target *target) { return &target->source->page[target->source_page]; }
static inline BYTE *page_address(struct window *window, ULONG page) { return window->base + page * PAGE_BYTES; }

/* Every frame is live, named once, and shown nowhere but at pages that this call overwrites. */
static NTSTATUS targets_check(struct target *targets, SIZE_T count)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (!++call_number) ++call_number;
    for (SIZE_T i = 0; i < count; i++) *target_page(&targets[i]) |= PAGE_TARGET;
    for (SIZE_T i = 0; i < count && status >= 0; i++) {
        targets[i].source = NULL;
        if (targets[i].frame == FRAME_NONE) continue;
        struct frame *frame = frame_at(targets[i].frame);
        if (frame->call == call_number) {
            status = STATUS_INVALID_PARAMETER;
            break;
        }
        frame->call = call_number;
        if (!frame->window) continue;
        ULONG at = frame->window->page[frame->page];
        if ((at & (PAGE_SHOWN | PAGE_TARGET)) == PAGE_SHOWN) {
            status = STATUS_INVALID_PARAMETER;
        } else if (frame->window != targets[i].window || frame->page != targets[i].page) {
            targets[i].source = frame->window;
            targets[i].source_page = frame->page;
        }
    }
    for (SIZE_T i = 0; i < count; i++) *target_page(&targets[i]) &= ~PAGE_TARGET;
    return status;
}

/* How many targets from here on are one run of pages whose state, under mask, is state, and that are to show a
 * frame (or not: frames FALSE). */
static SIZE_T target_run(const struct target *targets, SIZE_T count, ULONG mask, ULONG state, BOOL frames)
{
    SIZE_T run = 0;
    while (run < count && targets[run].window == targets[0].window && targets[run].page == targets[0].page + run &&
           (*target_page(&targets[run]) & mask) == state && (!frames || targets[run].frame != FRAME_NONE))
        run++;
    return run;
}

static SIZE_T source_run(const struct target *targets, SIZE_T count, ULONG mask, ULONG state)
{
    SIZE_T run = 0;
    while (run < count && targets[run].source && targets[run].source == targets[0].source &&
           targets[run].source_page == targets[0].source_page + run && (*source_page(&targets[run]) & mask) == state)
        run++;
    return run;
}

/* Closes every page, of those that the call touched, that is open and shows nothing. */
static void targets_close(struct target *targets, SIZE_T count)
{
    for (SIZE_T i = 0; i < count;) {
        SIZE_T run = target_run(targets + i, count - i, PAGE_OPEN | PAGE_SHOWN, PAGE_OPEN, FALSE);
        if (run) window_protect(targets[i].window, targets[i].page, run, FALSE);
        i += run ? run : 1;
    }
    for (SIZE_T i = 0; i < count;) {
        SIZE_T run = source_run(targets + i, count - i, PAGE_OPEN | PAGE_SHOWN, PAGE_OPEN);
        if (run) window_protect(targets[i].source, targets[i].source_page, run, FALSE);
        i += run ? run : 1;
    }
}

/* Makes the pages that contents move to and from writable; only this can fail, and nothing has changed then. */
static NTSTATUS targets_open(struct target *targets, SIZE_T count)
{
    NTSTATUS status = STATUS_SUCCESS;
    for (SIZE_T i = 0; i < count && status >= 0;) {
        SIZE_T run = target_run(targets + i, count - i, PAGE_COMMITTED, 0, TRUE);
        if (run) {
            status = window_commit(targets[i].window, targets[i].page, run);
        } else {
            run = target_run(targets + i, count - i, PAGE_COMMITTED | PAGE_OPEN, PAGE_COMMITTED, TRUE);
            if (run) status = window_protect(targets[i].window, targets[i].page, run, TRUE);
        }
        i += run ? run : 1;
    }
    for (SIZE_T i = 0; i < count && status >= 0;) {
        SIZE_T run = source_run(targets + i, count - i, PAGE_OPEN, 0);
        if (run) status = window_protect(targets[i].source, targets[i].source_page, run, TRUE);
        i += run ? run : 1;
    }
    return status;
}

static void page_set(struct window *window, ULONG page, ULONG frame)
{
    ULONG *at = &window->page[page];
    *at = (*at & ~PAGE_FRAME) | frame;
    if (frame == FRAME_NONE) return;
    frame_at(frame)->window = window;
    frame_at(frame)->page = page;
}

/* In registers: every byte is read once and written once. */
static void pages_exchange(BYTE *a, BYTE *b)
{
    typedef long long block __attribute__((vector_size(16), may_alias));
    block *left = (block *)a, *right = (block *)b;
    for (unsigned i = 0; i < PAGE_BYTES / sizeof(block); i += 4) {
        block a0 = left[i], a1 = left[i + 1], a2 = left[i + 2], a3 = left[i + 3];
        block b0 = right[i], b1 = right[i + 1], b2 = right[i + 2], b3 = right[i + 3];
        left[i] = b0, left[i + 1] = b1, left[i + 2] = b2, left[i + 3] = b3;
        right[i] = a0, right[i + 1] = a1, right[i + 2] = a2, right[i + 3] = a3;
    }
}

/* Brings the target's frame into the target's page. */
static void target_move(const struct target *target)
{
    struct frame *frame = frame_at(target->frame);
    ULONG there = *target_page(target) & PAGE_FRAME;
    if (there == target->frame) return;
    BYTE *page = page_address(target->window, target->page);
    if (frame->window) {
        /* From another window page: what is here goes there. */
        struct window *source = frame->window;
        ULONG from = frame->page;
        if (there == FRAME_NONE) memcpy(page, page_address(source, from), PAGE_BYTES);
        else pages_exchange(page, page_address(source, from));
        page_set(source, from, there);
    } else if (there != FRAME_NONE) {
        /* From its slot: what is here goes into that slot, and its own becomes the frame's. */
        struct frame *other = frame_at(there);
        BYTE *slot = frame->slot;
        if (frame->zero) {
            memcpy(slot, page, PAGE_BYTES);
            memset(page, 0, PAGE_BYTES);
        } else {
            pages_exchange(page, slot);
        }
        frame->slot = other->slot;
        other->slot = slot;
        other->window = NULL;
    } else if (!frame->zero) {
        memcpy(page, frame->slot, PAGE_BYTES);
    } else if (!(*target_page(target) & PAGE_FRESH)) {
        memset(page, 0, PAGE_BYTES);
    }
    frame->zero = 0;
    page_set(target->window, target->page, target->frame);
}

NTSTATUS targets_apply(struct target *targets, SIZE_T count)
{
    NTSTATUS status = targets_check(targets, count);
    if (status < 0) return status;
    status = targets_open(targets, count);
    if (status >= 0) {
        for (SIZE_T i = 0; i < count; i++) *target_page(&targets[i]) &= ~PAGE_SHOWN;
        for (SIZE_T i = 0; i < count; i++) {
            if (targets[i].frame == FRAME_NONE) continue;
            target_move(&targets[i]);
            *target_page(&targets[i]) &= ~PAGE_FRESH;
        }
        /* Now, for a page named twice shows what its last entry says. */
        for (SIZE_T i = 0; i < count; i++) {
            ULONG *page = target_page(&targets[i]);
            BOOL show = targets[i].frame != FRAME_NONE && (*page & PAGE_FRAME) == targets[i].frame;
            *page = show ? *page | PAGE_SHOWN : *page & ~PAGE_SHOWN;
        }
    }
    targets_close(targets, count);
    return status;
}

ULONG_PTR targets_free(const ULONG_PTR *numbers, ULONG_PTR count)
{
    ULONG_PTR done = 0;
    while (done < count) {
        /* As many as lie side by side go at once. */
        struct frame *first = frame_find(numbers[done]), *frame = first;
        if (!first) break;
        struct window *window = first->window;
        ULONG page = first->page, run = 0;
        do {
            if (window) page_set(window, page + run, FRAME_NONE);
            frame_free(frame);
            run++;
            frame = done + run < count ? frame_find(numbers[done + run]) : NULL;
        } while (frame && window && frame->window == window && frame->page == page + run);
        if (window) window_decommit(window, page, run);
        done += run;
    }
    return done;
}
