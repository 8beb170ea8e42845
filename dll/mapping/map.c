/* map.c - MapViewOfFile and its relatives. */
/* The compiler's header declares this one with another calling convention than Microsoft's; ours is WINAPI. */
#define MapViewOfFile2 MapViewOfFile2_of_header
#include "view.h"
#undef MapViewOfFile2

#define MAP_FLAGS ((ULONG)(FILE_MAP_RESERVE | FILE_MAP_TARGETS_INVALID | FILE_MAP_LARGE_PAGES))
#ifndef PAGE_TARGETS_INVALID
#define PAGE_TARGETS_INVALID 0x40000000
#endif

static PVOID map(HANDLE section, HANDLE process, PVOID base, ULONG64 offset, SIZE_T bytes, ULONG type, ULONG protect,
                 ULONG node)
{
    NTSTATUS status = view_map(section, process, &base, offset, &bytes, type, protect, node);
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    return base;
}

/* Maps bytes bytes (0: to the end) of a file mapping object, from an offset that is a multiple of a granule (64 KB), at
 * base (also such a multiple) or anywhere. access: FILE_MAP_* rights and flags; FILE_MAP_WRITE wins over
 * FILE_MAP_READ, and both over FILE_MAP_COPY. node is the preferred NUMA node, NUMA_NO_PREFERRED_NODE for none; it is a
 * preference only. Returns the view's address or NULL. Success leaves the last error alone. Any thread.
 * Errors: ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED (the handle or the object does not allow the access, or the range
 * ends beyond the object), ERROR_MAPPED_ALIGNMENT (offset or base), ERROR_INVALID_ADDRESS (base in use),
 * ERROR_INVALID_PARAMETER (flags; large pages that do not fit), ERROR_NOT_ENOUGH_MEMORY.
 * Page: winbase/nf-winbase-mapviewoffileexnuma */
K32MEM_API LPVOID WINAPI MapViewOfFileExNuma(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low,
                                             SIZE_T bytes, LPVOID base, DWORD node)
{
    ULONG protect = view_protect(access), type = 0;
    if (access & MAP_FLAGS) {
        if (access & FILE_MAP_TARGETS_INVALID) {
            if (!(access & FILE_MAP_EXECUTE)) return error_null(ERROR_INVALID_PARAMETER);
            protect |= PAGE_TARGETS_INVALID;
        }
        if (access & FILE_MAP_RESERVE) type |= MEM_RESERVE;
        if (access & FILE_MAP_LARGE_PAGES) type |= MEM_LARGE_PAGES;
    }
    return map(section, CURRENT_PROCESS, base, (ULONG64)offset_high << 32 | offset_low, bytes, type, protect, node);
}

/* MapViewOfFileExNuma without a preferred node. Page: memoryapi/nf-memoryapi-mapviewoffileex */
K32MEM_API LPVOID WINAPI MapViewOfFileEx(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low,
                                         SIZE_T bytes, LPVOID base)
{
    return MapViewOfFileExNuma(section, access, offset_high, offset_low, bytes, base, NUMA_NO_PREFERRED_NODE);
}

/* MapViewOfFileEx at any address. Page: memoryapi/nf-memoryapi-mapviewoffile */
K32MEM_API LPVOID WINAPI MapViewOfFile(HANDLE section, DWORD access, DWORD offset_high, DWORD offset_low, SIZE_T bytes)
{
    return MapViewOfFileExNuma(section, access, offset_high, offset_low, bytes, NULL, NUMA_NO_PREFERRED_NODE);
}

/* MapViewOfFile with the offset in one piece. Page: memoryapi/nf-memoryapi-mapviewoffilefromapp */
K32MEM_API PVOID WINAPI MapViewOfFileFromApp(HANDLE section, ULONG access, ULONG64 offset, SIZE_T bytes)
{
    return MapViewOfFileExNuma(section, access, (DWORD)(offset >> 32), (DWORD)offset, bytes, NULL,
                               NUMA_NO_PREFERRED_NODE);
}

/* Maps a view into a process (handle with PROCESS_VM_OPERATION), with a page protection in place of access rights.
 * base is rounded down to a granule, NULL for any; offset must be a multiple of one. type: 0, MEM_RESERVE (a view of
 * reserved pages) or MEM_LARGE_PAGES. Otherwise as MapViewOfFileExNuma.
 * Page: memoryapi/nf-memoryapi-mapviewoffilenuma2 */
K32MEM_API PVOID WINAPI MapViewOfFileNuma2(HANDLE section, HANDLE process, ULONG64 offset, PVOID base, SIZE_T bytes,
                                           ULONG type, ULONG protect, ULONG node)
{
    if (type & ~(ULONG)(MEM_RESERVE | MEM_LARGE_PAGES)) return error_null(ERROR_INVALID_PARAMETER);
    base = (PVOID)ALIGN_DOWN(base, GRANULE_BYTES);
    return map(section, process, base, offset, bytes, type, protect, node);
}

/* MapViewOfFileNuma2 without a preferred node. Page: memoryapi/nf-memoryapi-mapviewoffile2 */
PVOID WINAPI MapViewOfFile2(HANDLE section, HANDLE process, ULONG64 offset, PVOID base, SIZE_T bytes, ULONG type,
                            ULONG protect);
K32MEM_API PVOID WINAPI MapViewOfFile2(HANDLE section, HANDLE process, ULONG64 offset, PVOID base, SIZE_T bytes,
                                       ULONG type, ULONG protect)
{
    return MapViewOfFileNuma2(section, process, offset, base, bytes, type, protect, NUMA_NO_PREFERRED_NODE);
}
