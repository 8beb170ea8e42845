/* piece.c - the table of pieces: creating, splitting and coalescing placeholders. */
#include "../core/space.h"
#include "placeholder.h"

struct lock placeholder_lock;
struct ranges pieces;

BOOL range_is_pure(const BYTE *base, const BYTE *end)
{
    for (SIZE_T i = ranges_after(&pieces, base); i < pieces.count && pieces.items[i].base < end; i++)
        if (pieces.items[i].kind != PIECE_PLACEHOLDER) return FALSE;
    return TRUE;
}

struct reserve_context {
    PVOID base;
    SIZE_T bytes;
};

static NTSTATUS reserve_try(PVOID base, void *context)
{
    struct reserve_context *c = context;
    c->base = base;
    return status_exact(
        NtAllocateVirtualMemory(CURRENT_PROCESS, &c->base, 0, &c->bytes, MEM_RESERVE, PAGE_NOACCESS));
}

NTSTATUS placeholder_create(PVOID *base, SIZE_T bytes, const struct parameters *wanted, BOOL top_down)
{
    struct reserve_context c = { NULL, ALIGN_UP(bytes, GRANULE_BYTES) };
    NTSTATUS status;
    lock_acquire(&placeholder_lock);
    if (!ranges_reserve(&pieces, 1) || !ranges_reserve(&chunks, 1)) {
        status = STATUS_NO_MEMORY;
    } else if (*base) {
        status = reserve_try(*base, &c);
    } else if (wanted->placed || top_down) {
        status = place_search(CURRENT_PROCESS, wanted, c.bytes, top_down, reserve_try, &c);
    } else {
        status = reserve_try(NULL, &c);
    }
    if (status >= 0) {
        BYTE *at = c.base;
        ranges_insert(&chunks, (struct range){ at, at + c.bytes, NULL, 0, 0 });
        ranges_insert(&pieces, (struct range){ at, at + bytes, NULL, PIECE_PLACEHOLDER, PAGE_NOACCESS });
        region_added();
        space_changed((LONG_PTR)bytes);
        *base = at;
    }
    lock_release(&placeholder_lock);
    return status;
}

/* Cuts base <= x < end out of the piece (at index) that holds it, as a piece of its own of that kind. Room for two more
 * was made. */
static void piece_cut(SIZE_T index, BYTE *base, BYTE *end, ULONG kind)
{
    struct range whole = pieces.items[index], *piece = &pieces.items[index];
    piece->base = base;
    piece->end = end;
    piece->kind = kind;
    piece->protect = PAGE_NOACCESS;
    if (whole.base < base) {
        ranges_insert(&pieces, (struct range){ whole.base, base, NULL, whole.kind, whole.protect });
        region_added();
    }
    if (whole.end > end) {
        ranges_insert(&pieces, (struct range){ end, whole.end, NULL, whole.kind, whole.protect });
        region_added();
    }
}

/* MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER: a part of a placeholder becomes one of its own; a private allocation becomes
 * a placeholder again, wholly or in part. */
NTSTATUS placeholder_split(BYTE *base, SIZE_T bytes)
{
    NTSTATUS status = STATUS_SUCCESS;
    BYTE *end = base + bytes;
    lock_acquire(&placeholder_lock);
    struct range *piece = ranges_find(&pieces, base);
    if (!bytes) {
        status = STATUS_INVALID_PARAMETER;
    } else if (!piece || end < base || end > piece->end || piece->kind > PIECE_PRIVATE) {
        status = STATUS_CONFLICTING_ADDRESSES;
    } else if (piece->kind == PIECE_PLACEHOLDER && piece->base == base && piece->end == end) {
        status = STATUS_CONFLICTING_ADDRESSES; /* it is one already */
    } else if (!ranges_reserve(&pieces, 2)) {
        status = STATUS_NO_MEMORY;
    } else {
        SIZE_T index = ranges_after(&pieces, base);
        piece = &pieces.items[index];
        if (piece->kind == PIECE_PRIVATE) status = chunk_decommit(base, end);
        if (status >= 0) piece_cut(index, base, end, PIECE_PLACEHOLDER);
    }
    lock_release(&placeholder_lock);
    return status;
}

/* MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS: placeholders side by side, filling the range exactly, become one. */
NTSTATUS placeholder_coalesce(BYTE *base, SIZE_T bytes)
{
    NTSTATUS status = STATUS_CONFLICTING_ADDRESSES;
    BYTE *end = base + bytes;
    lock_acquire(&placeholder_lock);
    SIZE_T first = ranges_after(&pieces, base), next = first;
    BYTE *at = base;
    while (next < pieces.count && pieces.items[next].base == at && pieces.items[next].kind == PIECE_PLACEHOLDER &&
           at < end)
        at = pieces.items[next++].end;
    if (!bytes) {
        status = STATUS_INVALID_PARAMETER;
    } else if (at == end && next - first >= 2) {
        pieces.items[first].end = end;
        for (SIZE_T i = first + 1; i < next; i++) region_removed();
        ranges_remove(&pieces, first + 1, next - first - 1);
        status = STATUS_SUCCESS;
    }
    lock_release(&placeholder_lock);
    return status;
}
