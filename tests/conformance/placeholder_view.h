/* placeholder_view.h - what the tests of views in the place of placeholders share. */
#ifndef CONFORM_PLACEHOLDER_VIEW_H
#define CONFORM_PLACEHOLDER_VIEW_H

#include "placeholder.h"

FUNCTION(PVOID, MapViewOfFile3,
         (HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(BOOL, UnmapViewOfFile2, (HANDLE, PVOID, ULONG))
FUNCTION(HANDLE, CreateFileMappingW, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR))

#define MAP_PAGE "memoryapi/nf-memoryapi-mapviewoffile3"
#define REPLACE 0x4000
#define PROCESS ((HANDLE)(LONG_PTR)-1)

static inline HANDLE section_make(SIZE_T bytes)
{
    return pCreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)bytes, NULL);
}
/* A view of the section in the place of a placeholder. */
static inline BYTE *view_at(HANDLE section, void *base, ULONG64 offset, SIZE_T bytes)
{
    return pMapViewOfFile3(section, NULL, base, offset, bytes, REPLACE, PAGE_READWRITE, NULL, 0);
}

static inline void expect_view(BYTE *address, BYTE *base, DWORD state, DWORD protect, DWORD type, SIZE_T bytes)
{
    expect_pages(address, base, state, protect, 0, type, bytes);
}

#endif
