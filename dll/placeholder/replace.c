/* replace.c - putting private memory or a view in a placeholder's place, and taking it away again. */
#include "placeholder.h"
#include "../core/space.h"
#include "../nt/host.h"

/* The placeholder that is exactly this range, or NULL. */
static struct range *placeholder_exact(const BYTE *base, SIZE_T bytes)
{
    struct range *piece = ranges_find(&pieces, base);
    if (!piece || piece->kind != PIECE_PLACEHOLDER || piece->base != base || piece->end != base + bytes) return NULL;
    return piece;
}

NTSTATUS placeholder_replace_private(BYTE *base, SIZE_T bytes, ULONG type, ULONG protect)
{
    NTSTATUS status;
    lock_acquire(&placeholder_lock);
    struct range *piece = placeholder_exact(base, bytes);
    if (!piece) {
        status = STATUS_CONFLICTING_ADDRESSES;
    } else {
        status = chunk_isolate(base, base + bytes);
        if (status >= 0 && (type & MEM_COMMIT)) {
            status = chunk_commit(base, base + bytes, protect);
            if (status < 0) chunk_decommit(base, base + bytes);
        }
        if (status >= 0) {
            piece->kind = PIECE_PRIVATE;
            piece->protect = protect;
        }
    }
    lock_release(&placeholder_lock);
    return status;
}

static NTSTATUS view_place(void *context)
{
    const struct view_request *r = context;
    PVOID base = r->base;
    SIZE_T bytes = r->bytes;
    LARGE_INTEGER offset = r->offset;
    return NtMapViewOfSection(r->section, CURRENT_PROCESS, &base, 0, 0, &offset, &bytes, VIEW_UNMAP, r->type,
                              r->protect);
}

/* A view that the system cannot place: mapped elsewhere for a moment, and laid over committed pages of the chunk. */
static NTSTATUS alias_map(const struct view_request *r)
{
    BYTE *end = r->base + r->bytes;
    SIZE_T lead = (SIZE_T)(r->offset.QuadPart & (GRANULE_BYTES - 1)), bytes = r->bytes + lead;
    LARGE_INTEGER offset = { .QuadPart = r->offset.QuadPart - (LONGLONG)lead };
    PVOID view = NULL;
    MEMORY_BASIC_INFORMATION info;
    /* Copy-on-write pages are no shared mapping, and uncommitted ones would not be so in the layer's books. */
    if (!host_can_alias() || r->type || (r->protect & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY)))
        return STATUS_MAPPED_ALIGNMENT;
    NTSTATUS status = chunk_isolate(r->base, end);
    if (status < 0) return status;
    status = NtMapViewOfSection(r->section, CURRENT_PROCESS, &view, 0, 0, &offset, &bytes, VIEW_UNMAP, r->type,
                                r->protect);
    if (status < 0) return status;
    status = NtQueryVirtualMemory(CURRENT_PROCESS, view, VM_BASIC, &info, sizeof(info), NULL);
    if (status >= 0 && (info.State != MEM_COMMIT || info.RegionSize < bytes)) status = STATUS_MAPPED_ALIGNMENT;
    if (status >= 0) status = chunk_commit(r->base, end, r->protect);
    if (status >= 0 && !host_alias(r->base, (BYTE *)view + lead, r->bytes)) status = STATUS_MAPPED_ALIGNMENT;
    if (status < 0) chunk_decommit(r->base, end);
    NtUnmapViewOfSection(CURRENT_PROCESS, view);
    return status;
}

/* Can the system itself put a view here? The last granule may be shared with placeholders, which then lack backing. */
static BOOL view_is_plain(const struct view_request *r)
{
    BYTE *end = (BYTE *)ALIGN_UP(r->base + r->bytes, GRANULE_BYTES);
    if ((ULONG_PTR)r->base & (GRANULE_BYTES - 1) || r->offset.QuadPart & (GRANULE_BYTES - 1)) return FALSE;
    if (!chunk_is_pure(r->base, end)) return FALSE;
    if (end == r->base + r->bytes) return TRUE;
    return !range_is_used(r->base + r->bytes, end) || !host_can_alias();
}

NTSTATUS placeholder_replace_view(const struct view_request *request)
{
    NTSTATUS status;
    lock_acquire(&placeholder_lock);
    struct range *piece = placeholder_exact(request->base, request->bytes);
    if (!piece) {
        status = STATUS_CONFLICTING_ADDRESSES;
    } else if (view_is_plain(request)) {
        status = chunk_replace(request->base, (BYTE *)ALIGN_UP(piece->end, GRANULE_BYTES), view_place, (void *)request);
        if (status >= 0) piece->kind = PIECE_VIEW;
    } else {
        status = alias_map(request);
        if (status >= 0) piece->kind = PIECE_ALIAS;
    }
    if (status >= 0) piece->protect = request->protect;
    lock_release(&placeholder_lock);
    return status;
}

NTSTATUS placeholder_unmap(BYTE *base, BOOL preserve)
{
    NTSTATUS status = REGION_NOT_MINE;
    lock_acquire(&placeholder_lock);
    struct range *piece = ranges_find(&pieces, base);
    if (piece && piece->kind < PIECE_VIEW) {
        status = STATUS_NOT_MAPPED_VIEW;
    } else if (piece && piece->base != base) {
        status = STATUS_NOT_MAPPED_VIEW; /* an inner address */
    } else if (piece) {
        BYTE *end = piece->end;
        BOOL plain = piece->kind == PIECE_VIEW;
        if (plain) chunk_hole(base, end);
        status = plain ? NtUnmapViewOfSection(CURRENT_PROCESS, base) : chunk_decommit(base, end);
        /* Somebody has unmapped it by ntdll's own call: the addresses are no business of ours any more. */
        BOOL vanished = plain && status == STATUS_NOT_MAPPED_VIEW;
        if (status >= 0 && preserve) {
            piece->kind = PIECE_PLACEHOLDER;
            piece->protect = PAGE_NOACCESS;
        } else if (status >= 0 || vanished) {
            ranges_remove(&pieces, piece - pieces.items, 1);
            region_removed();
            space_changed(-(LONG_PTR)(end - base));
        }
        if (status >= 0 && plain) status = chunk_restore(base, end);
        else if (vanished) chunk_restore(base, end); /* the granule that it may have shared */
        else if (plain) chunk_hole(NULL, NULL);
        else if (status >= 0 && !preserve) chunk_trim(base, end);
    }
    lock_release(&placeholder_lock);
    return status;
}
