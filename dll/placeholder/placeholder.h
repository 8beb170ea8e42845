/* placeholder.h - placeholders where the NT layer lacks them, and address requirements where it ignores them.
 *
 * GLOSSARY
 *   piece        what the program sees: a placeholder, or the private allocation or view that replaced one. Pieces start
 *                and end on pages. One table, pieces, knows them all.
 *   chunk        what the system has: one reservation of ours (PAGE_NOACCESS) on whole granules. Another table, chunks.
 *                A chunk may back several placeholders, or one private piece; in a granule where pieces meet, several.
 *   pure         backing placeholders only. Nothing would be lost by giving a pure chunk back.
 *   hole         the addresses that are free for the moment between giving a chunk back and taking its place again.
 *   alias        a view laid over committed pages of a chunk at page granularity (nt/host.h).
 *
 * HOW IT WORKS. Splitting and coalescing change the table only. A private allocation commits pages of its chunk, after
 * the chunk was divided so that it backs nothing else. A view that starts on a granule takes the chunk's place: the
 * chunk is given back, the view mapped, and the remains reserved again. Any other view is an alias.
 *
 * Everything is done under one lock, so our own callers never see a hole. A thread that allocated in one before it
 * could know is told so by the family's settled hook, and gives it back (core/region.h). A thread that calls ntdll
 * itself in that moment cannot be told; then the call here fails with ERROR_INVALID_ADDRESS, after some tries.
 */
#ifndef K32MEM_PLACEHOLDER_H
#define K32MEM_PLACEHOLDER_H

#include "../core/lock.h"
#include "../core/ranges.h"
#include "../core/region.h"
#include "../nt/nt.h"
#include "k32mem.h"

/* Joins the families of special regions. Called at process attach. */
void placeholder_attach(void);

/* Does the NT layer itself do placeholders and address requirements? Decided by trying, once. */
BOOL placeholder_native(void);

/* ---- extended parameters (parameters.c) ---- */
struct parameters {
    ULONG_PTR lowest, highest; /* highest is inclusive */
    ULONG_PTR alignment;
    BOOL placed; /* any requirement at all */
    ULONG node;  /* or NUMA_NO_PREFERRED_NODE */
};

/* Reads and checks what the caller gave. base: the address asked for, or NULL. */
NTSTATUS parameters_read(struct parameters *out, const MEM_EXTENDED_PARAMETER *given, ULONG count, const void *base);

/* ---- places (place.c) ---- */
/* Calls try(base, context) for free ranges of bytes that satisfy the requirements until it returns anything but
 * STATUS_CONFLICTING_ADDRESSES. STATUS_NO_MEMORY: there is no such range. */
NTSTATUS place_search(HANDLE process, const struct parameters *wanted, SIZE_T bytes, BOOL top_down,
                      NTSTATUS (*try)(PVOID base, void *context), void *context);

/* ---- pieces (piece.c) ---- */
enum { PIECE_PLACEHOLDER, PIECE_PRIVATE, PIECE_VIEW, PIECE_ALIAS };

extern struct lock placeholder_lock;
extern struct ranges pieces, chunks;

/* Is every part of base <= x < end a placeholder, or no piece at all? */
BOOL range_is_pure(const BYTE *base, const BYTE *end);
/* Does any piece touch it? */
static inline BOOL range_is_used(const BYTE *base, const BYTE *end) { return ranges_overlap(&pieces, base, end); }

/* ---- chunks (chunk.c) ---- */
/* Gives back all chunks that touch base <= x < end (granules), runs fill(context) in the hole, and reserves again what
 * is left around: everywhere else, or everywhere when fill fails. fill NULL: reserves the hole itself as one chunk.
 * The chunks must be pure. fill may be run several times. */
NTSTATUS chunk_replace(BYTE *base, BYTE *end, NTSTATUS (*fill)(void *context), void *context);
/* Do the chunks that touch it, as wholes, back placeholders only? */
BOOL chunk_is_pure(const BYTE *base, const BYTE *end);
/* Tells threads that allocate that base <= x < end is a hole; chunk_restore takes that back, and so does an empty one. */
void chunk_hole(BYTE *base, BYTE *end);
/* Reserves the granules that touch base <= x < end and hold pieces, but have no backing. */
NTSTATUS chunk_restore(BYTE *base, BYTE *end);
/* Gives back what no piece needs any more of the chunks that touch base <= x < end. */
void chunk_trim(BYTE *base, BYTE *end);
/* A chunk for the private piece base <= x < end that backs no placeholder it need not. */
NTSTATUS chunk_isolate(BYTE *base, BYTE *end);
/* Is all of it backed? */
BOOL chunk_covers(const BYTE *base, const BYTE *end);
/* Was this allocation made in a hole? Needs no lock. */
BOOL chunk_hole_hit(const BYTE *base, SIZE_T bytes);

/* One NT call for each chunk that touches base <= x < end. */
NTSTATUS chunk_commit(BYTE *base, BYTE *end, ULONG protect);
NTSTATUS chunk_decommit(BYTE *base, BYTE *end);
NTSTATUS chunk_protect(BYTE *base, BYTE *end, ULONG protect, ULONG *old_protect);

/* ---- what can be done with placeholders (piece.c, replace.c); each takes the lock ---- */
NTSTATUS placeholder_create(PVOID *base, SIZE_T bytes, const struct parameters *wanted, BOOL top_down);
NTSTATUS placeholder_split(BYTE *base, SIZE_T bytes);
NTSTATUS placeholder_coalesce(BYTE *base, SIZE_T bytes);
NTSTATUS placeholder_replace_private(BYTE *base, SIZE_T bytes, ULONG type, ULONG protect);

/* What a view is made of. */
struct view_request {
    HANDLE section;
    LARGE_INTEGER offset;
    SIZE_T bytes;
    ULONG type, protect;
    BYTE *base;
};
NTSTATUS placeholder_replace_view(const struct view_request *request);
/* Unmaps the view at base, back into a placeholder (preserve) or for good. REGION_NOT_MINE when it replaced none. */
NTSTATUS placeholder_unmap(BYTE *base, BOOL preserve);

#endif
