/* region.c - what the plain memory calls do in a piece. */
#include "placeholder.h"

/* Is base <= x < base + bytes inside one piece? TRUE with the piece, or NULL when it touches none. FALSE: it touches a
 * piece and something else. */
static BOOL piece_of(const BYTE *base, SIZE_T bytes, struct range **piece)
{
    const BYTE *end = base + (bytes ? bytes : 1);
    *piece = ranges_find(&pieces, base);
    if (*piece) return end <= (*piece)->end && end > base;
    return !ranges_overlap(&pieces, base, end);
}

/* The pages that hold a byte of the range, and as piece_of which piece they are in. Under the lock. */
static BOOL pages_of(PVOID base, SIZE_T bytes, BYTE **from, BYTE **end, struct range **piece)
{
    *from = (BYTE *)ALIGN_DOWN(base, PAGE_BYTES);
    *end = (BYTE *)ALIGN_UP((BYTE *)base + bytes, PAGE_BYTES);
    return piece_of(*from, *end - *from, piece);
}

static NTSTATUS hook_alloc(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect)
{
    if (process != CURRENT_PROCESS || !*base) return REGION_NOT_MINE;
    NTSTATUS status = REGION_NOT_MINE;
    struct range *piece;
    BYTE *from, *end;
    lock_acquire(&placeholder_lock);
    if (!pages_of(*base, *bytes, &from, &end, &piece)) {
        status = STATUS_CONFLICTING_ADDRESSES;
    } else if (!piece) {
        if (ranges_overlap(&chunks, from, end)) status = STATUS_CONFLICTING_ADDRESSES; /* to the program it is free */
    } else {
        if ((type & MEM_RESERVE) || piece->kind == PIECE_PLACEHOLDER) {
            status = STATUS_CONFLICTING_ADDRESSES; /* reserved already */
        } else if (piece->kind == PIECE_PRIVATE && (type & MEM_COMMIT)) {
            status = chunk_commit(from, end, protect);
            if (status >= 0) {
                *base = from;
                *bytes = end - from;
            }
        } else if (piece->kind == PIECE_ALIAS && (type & MEM_COMMIT)) {
            status = STATUS_SUCCESS; /* committed already */
        }
    }
    lock_release(&placeholder_lock);
    return status;
}

static BOOL hook_settled(PVOID base, SIZE_T bytes) { return !chunk_hole_hit(base, bytes); }

static NTSTATUS piece_release(struct range *piece, SIZE_T *bytes)
{
    BYTE *base = piece->base, *end = piece->end;
    NTSTATUS status = piece->kind == PIECE_PRIVATE ? chunk_decommit(base, end) : STATUS_SUCCESS;
    if (status < 0) return status;
    ranges_remove(&pieces, piece - pieces.items, 1);
    region_removed();
    chunk_trim(base, end);
    *bytes = end - base;
    return status;
}

static NTSTATUS hook_free(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type)
{
    if (type & REGION_FREE_FLAGS) {
        if (placeholder_native()) return REGION_NOT_MINE;
        NTSTATUS status = process_require_own(process);
        if (status < 0) return status;
        if ((ULONG_PTR)*base & (PAGE_BYTES - 1) || *bytes & (PAGE_BYTES - 1)) return STATUS_INVALID_PARAMETER;
        status = STATUS_INVALID_PARAMETER;
        if (type == (MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER)) status = placeholder_split(*base, *bytes);
        if (type == (MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS)) status = placeholder_coalesce(*base, *bytes);
        if (status >= 0) *bytes = 0; /* that much has become free */
        return status;
    }
    if (process != CURRENT_PROCESS) return REGION_NOT_MINE;
    NTSTATUS status = REGION_NOT_MINE;
    struct range *piece;
    lock_acquire(&placeholder_lock);
    BOOL inside = piece_of(*base, type == MEM_RELEASE ? 1 : *bytes, &piece);
    if (!piece && ranges_find(&chunks, *base)) {
        status = STATUS_MEMORY_NOT_ALLOCATED;
    } else if (piece && (piece->kind == PIECE_VIEW || piece->kind == PIECE_ALIAS)) {
        status = STATUS_UNABLE_TO_DELETE_SECTION; /* a view is unmapped, not freed */
    } else if (piece && type == MEM_RELEASE) {
        if (piece->base != *base) status = STATUS_FREE_VM_NOT_AT_BASE;
        else if (*bytes && *bytes != (SIZE_T)(piece->end - piece->base)) status = STATUS_UNABLE_TO_FREE_VM;
        else status = piece_release(piece, bytes);
    } else if (piece && type == MEM_DECOMMIT) {
        BYTE *from = (BYTE *)ALIGN_DOWN(*base, PAGE_BYTES);
        BYTE *end = *bytes ? (BYTE *)ALIGN_UP((BYTE *)*base + *bytes, PAGE_BYTES) : piece->end;
        if (!inside) status = STATUS_UNABLE_TO_FREE_VM;
        else if (!*bytes && from != piece->base) status = STATUS_FREE_VM_NOT_AT_BASE;
        else status = piece->kind == PIECE_PLACEHOLDER ? STATUS_SUCCESS : chunk_decommit(from, end);
    }
    lock_release(&placeholder_lock);
    return status;
}

static NTSTATUS hook_protect(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect)
{
    NTSTATUS status = REGION_NOT_MINE;
    struct range *piece;
    BYTE *from, *end;
    lock_acquire(&placeholder_lock);
    if (!pages_of(*base, *bytes, &from, &end, &piece)) {
        status = STATUS_CONFLICTING_ADDRESSES;
    } else if (piece && piece->kind == PIECE_PLACEHOLDER) {
        status = STATUS_NOT_COMMITTED;
    } else if (piece && piece->kind == PIECE_ALIAS &&
               (protect & ~PAGE_GUARD & ~PAGE_NOACCESS & ~PAGE_READONLY & ~piece->protect)) {
        status = STATUS_SECTION_PROTECTION; /* more than the view was mapped with */
    } else if (piece && piece->kind != PIECE_VIEW) {
        status = chunk_protect(from, end, protect, old_protect);
        if (status >= 0) {
            *base = from;
            *bytes = end - from;
        }
    }
    lock_release(&placeholder_lock);
    return status;
}

/* The system's answer is about the chunk; the program asked about the piece. */
static void query_piece(const struct range *piece, const BYTE *page, MEMORY_BASIC_INFORMATION *info)
{
    const BYTE *end = page + info->RegionSize;
    if (piece->kind == PIECE_PLACEHOLDER) {
        info->State = MEM_RESERVE;
        info->Protect = 0;
        info->Type = MEM_PRIVATE;
        end = piece->end;
    }
    /* A piece may lie in several chunks. */
    while (end < piece->end) {
        MEMORY_BASIC_INFORMATION next;
        if (NtQueryVirtualMemory(CURRENT_PROCESS, end, VM_BASIC, &next, sizeof(next), NULL) < 0) break;
        if (next.State != info->State || next.Protect != info->Protect) break;
        end += next.RegionSize;
    }
    if (end > piece->end) end = piece->end;
    if (piece->kind == PIECE_ALIAS) info->Type = MEM_MAPPED;
    info->BaseAddress = (PVOID)page;
    info->AllocationBase = piece->base;
    info->AllocationProtect = piece->protect;
    info->RegionSize = end - page;
}

static void hook_query(LPCVOID address, MEMORY_BASIC_INFORMATION *info)
{
    const BYTE *page = (const BYTE *)ALIGN_DOWN(address, PAGE_BYTES);
    lock_acquire(&placeholder_lock);
    struct range *piece = ranges_find(&pieces, page), *chunk = piece ? NULL : ranges_find(&chunks, page);
    if (piece && piece->kind != PIECE_VIEW) {
        query_piece(piece, page, info);
    } else if (chunk) {
        /* No piece is here any more, or never was: what is left of a granule. */
        SIZE_T next = ranges_after(&pieces, page);
        const BYTE *end = chunk->end;
        if (next < pieces.count && pieces.items[next].base < end) end = pieces.items[next].base;
        *info = (MEMORY_BASIC_INFORMATION){ .BaseAddress = (PVOID)page, .RegionSize = end - page, .State = MEM_FREE,
                                            .Protect = PAGE_NOACCESS };
    }
    lock_release(&placeholder_lock);
}

static NTSTATUS hook_unmap(PVOID base, ULONG flags)
{
    if (placeholder_native()) return REGION_NOT_MINE;
    NTSTATUS status = placeholder_unmap(base, (flags & MEM_PRESERVE_PLACEHOLDER) != 0);
    /* A view that replaced no placeholder cannot become one again. */
    if (status == REGION_NOT_MINE && (flags & MEM_PRESERVE_PLACEHOLDER)) return STATUS_CONFLICTING_ADDRESSES;
    return status;
}

static struct region_family family = { .alloc = hook_alloc, .settled = hook_settled, .free = hook_free,
                                       .protect = hook_protect, .query = hook_query, .unmap = hook_unmap };

void placeholder_attach(void) { region_join(&family); }
