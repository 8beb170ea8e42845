/* view.c - MapViewOfFile3 and its FromApp form. */
#include "../mapping/view.h"
#include "placeholder.h"

#define PAGE_EXECUTE_ANY (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)

#define TYPE_KNOWN (MEM_RESERVE | MEM_LARGE_PAGES | MEM_TOP_DOWN | MEM_REPLACE_PLACEHOLDER)

struct mapping {
    struct view_request request;
    HANDLE process;
    PVOID base;
    ULONG node;
};

static NTSTATUS map_try(PVOID base, void *context)
{
    struct mapping *m = context;
    const struct view_request *r = &m->request;
    PVOID at = base;
    SIZE_T bytes = r->bytes;
    NTSTATUS status =
        view_map(r->section, m->process, &at, (ULONG64)r->offset.QuadPart, &bytes, r->type, r->protect, m->node);
    if (status < 0) return status;
    /* view_map has seen to it where it chose the place itself. */
    if (base && region_any() && process_is_own(m->process) && !region_settled(at, bytes)) {
        view_unmap(m->process, at, 0);
        return STATUS_CONFLICTING_ADDRESSES;
    }
    m->base = at;
    return status;
}

/* How many bytes a view of all of the section from offset on takes; the system knows, so it is asked to map one. */
static NTSTATUS view_bytes(struct mapping *m)
{
    LARGE_INTEGER offset = m->request.offset;
    PVOID base = NULL;
    SIZE_T bytes = 0;
    NTSTATUS status = NtMapViewOfSection(m->request.section, m->process, &base, 0, 0, &offset, &bytes, VIEW_UNMAP,
                                         m->request.type, m->request.protect);
    if (status < 0) return status;
    NtUnmapViewOfSection(m->process, base);
    m->request.bytes = ALIGN_UP(bytes, PAGE_BYTES);
    return STATUS_SUCCESS;
}

static NTSTATUS map_emulated(struct mapping *m, struct parameters *wanted)
{
    struct view_request *r = &m->request;
    if (r->type & MEM_REPLACE_PLACEHOLDER) {
        r->type &= ~(ULONG)MEM_REPLACE_PLACEHOLDER;
        if (!r->base || wanted->placed || (r->type & ~(ULONG)MEM_RESERVE)) return STATUS_INVALID_PARAMETER;
        if ((ULONG_PTR)r->base & (PAGE_BYTES - 1) || r->offset.QuadPart & (PAGE_BYTES - 1))
            return STATUS_MAPPED_ALIGNMENT;
        NTSTATUS status = process_require_own(m->process);
        if (status < 0) return status;
        status = r->bytes ? STATUS_SUCCESS : view_bytes(m);
        if (status >= 0) status = placeholder_replace_view(r);
        m->base = r->base;
        return status;
    }
    if (r->offset.QuadPart & (GRANULE_BYTES - 1)) return STATUS_MAPPED_ALIGNMENT;
    if (wanted->placed) {
        BOOL top_down = (r->type & MEM_TOP_DOWN) != 0;
        if ((r->type & MEM_LARGE_PAGES) && wanted->alignment < large_page_minimum()) wanted->alignment = large_page_minimum();
        r->type &= ~(ULONG)MEM_TOP_DOWN;
        NTSTATUS status = r->bytes ? STATUS_SUCCESS : view_bytes(m);
        return status < 0 ? status : place_search(m->process, wanted, r->bytes, top_down, map_try, m);
    }
    return map_try((PVOID)ALIGN_DOWN(r->base, GRANULE_BYTES), m);
}

static BOOL parameter_refused(NTSTATUS status)
{
    return status == STATUS_INVALID_PARAMETER || (status >= STATUS_INVALID_PARAMETER_1 && status <= STATUS_INVALID_PARAMETER_12);
}

/* Maps a view of a section into a process (NULL: this one), with extended parameters. base: rounded down to 64 KB, or
 * NULL; for MEM_REPLACE_PLACEHOLDER the exact base of a placeholder of exactly bytes. offset: a multiple of 64 KB, of a
 * page when a placeholder is replaced. bytes: a multiple of the page size, 0 for all of the section. type: 0,
 * MEM_RESERVE, MEM_LARGE_PAGES or MEM_REPLACE_PLACEHOLDER. protect: PAGE_*. Returns the base or NULL. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_MAPPED_ALIGNMENT,
 * ERROR_INVALID_ADDRESS (no such placeholder; not free), ERROR_NOT_ENOUGH_MEMORY; where placeholders are emulated
 * ERROR_NOT_SUPPORTED for those of another process, and ERROR_MAPPED_ALIGNMENT for a copy-on-write view that does not
 * start on 64 KB.
 * Page: memoryapi/nf-memoryapi-mapviewoffile3 */
K32MEM_API PVOID WINAPI MapViewOfFile3(HANDLE section, HANDLE process, PVOID base, ULONG64 offset, SIZE_T bytes,
                                       ULONG type, ULONG protect, MEM_EXTENDED_PARAMETER *parameters,
                                       ULONG parameter_count)
{
    if (!process) process = CURRENT_PROCESS;
    LARGE_INTEGER at = { .QuadPart = (LONGLONG)offset };
    struct parameters wanted;
    if (bytes & (PAGE_BYTES - 1) || type & ~(ULONG)TYPE_KNOWN) return error_null(ERROR_INVALID_PARAMETER);
    /* What is no more than the plain calls ask for is left to those: some layers know their rules there only. */
    if (placeholder_native() && (parameter_count || (type & MEM_REPLACE_PLACEHOLDER))) {
        PVOID view = base && !(type & MEM_REPLACE_PLACEHOLDER) ? (PVOID)ALIGN_DOWN(base, GRANULE_BYTES) : base;
        SIZE_T view_size = bytes;
        NTSTATUS status = nt_optional.NtMapViewOfSectionEx(section, process, &view, &at, &view_size, type, protect,
                                                           parameters, parameter_count);
        if (status >= 0) return view;
        /* Wine 10 places views within limits, but not by alignment: then the place is found here. */
        BOOL unknown = parameter_refused(status) && !(type & MEM_REPLACE_PLACEHOLDER) &&
                       parameters_read(&wanted, parameters, parameter_count, base) >= 0 && wanted.placed;
        if (!unknown) return status_fail(status), NULL;
    }
    NTSTATUS status = parameters_read(&wanted, parameters, parameter_count, base);
    if (status < 0) return status_fail(status), NULL;
    struct mapping m = { { section, at, bytes, type, protect, base }, process, NULL, wanted.node };
    status = map_emulated(&m, &wanted);
    return status >= 0 ? m.base : (status_fail(status), NULL);
}

/* As MapViewOfFile3, but never executable.
 * Further errors: ERROR_INVALID_PARAMETER (PAGE_EXECUTE in any form).
 * Page: memoryapi/nf-memoryapi-mapviewoffile3fromapp */
K32MEM_API PVOID WINAPI MapViewOfFile3FromApp(HANDLE section, HANDLE process, PVOID base, ULONG64 offset, SIZE_T bytes,
                                              ULONG type, ULONG protect, MEM_EXTENDED_PARAMETER *parameters,
                                              ULONG parameter_count)
{
    if (protect & PAGE_EXECUTE_ANY) return error_null(ERROR_INVALID_PARAMETER);
    return MapViewOfFile3(section, process, base, offset, bytes, type, protect, parameters, parameter_count);
}
