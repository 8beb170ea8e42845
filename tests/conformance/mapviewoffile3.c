/* mapviewoffile3.c - MapViewOfFile3 and its FromApp form without a placeholder, and VirtualAlloc2 in another process. */
#include "placeholder_view.h"

FUNCTION(PVOID, MapViewOfFile3FromApp,
         (HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG))

#define MAP3FROMAPP_PAGE "memoryapi/nf-memoryapi-mapviewoffile3fromapp"

TEST(VirtualAlloc2, remote)
{
    NEED(VirtualAlloc2);
    NEED(MapViewOfFile3);
    MEM_ADDRESS_REQUIREMENTS r = { (PVOID)(ULONG_PTR)0x20000000, (PVOID)(ULONG_PTR)0x2fffffff, 1 << 20 };
    MEM_EXTENDED_PARAMETER p = { 0 };
    p.Type = MemExtendedParameterAddressRequirements;
    p.Pointer = &r;
    HANDLE child = conform_peer_start();
    CHECK("memoryapi/nf-memoryapi-virtualalloc2", "another process, 0x20000000 to 0x2fffffff, on 1 MB");
    SET_SENTINEL();
    ULONG_PTR base = (ULONG_PTR)pVirtualAlloc2(child, NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &p, 1);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("in the range", base >= 0x20000000 && base < 0x30000000);
    EXPECT_UINT("base modulo 1 MB", base % (1 << 20), 0);
    CHECK_OF(MapViewOfFile3, MAP_PAGE, "another process, 0x20000000 to 0x2fffffff, on 1 MB");
    HANDLE section = section_make(KB64);
    SET_SENTINEL();
    base = (ULONG_PTR)pMapViewOfFile3(section, child, NULL, 0, 0, 0, PAGE_READWRITE, &p, 1);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("in the range", base >= 0x20000000 && base < 0x30000000);
    CHECK("memoryapi/nf-memoryapi-virtualalloc2", "a placeholder in another process");
    SET_SENTINEL();
    void *placeholder = pVirtualAlloc2(child, NULL, KB64, MEM_RESERVE | 0x40000, PAGE_NOACCESS, NULL, 0);
    NOTE_ERROR();
    EXPECT_TRUE("returned a base", placeholder != NULL);
    CloseHandle(section);
    conform_peer_end(child);
}

/* Neither a placeholder nor a parameter: as in this process. */
TEST(MapViewOfFile3, remote)
{
    NEED(VirtualAlloc2);
    NEED(MapViewOfFile3);
    NEED(UnmapViewOfFile2);
    MEMORY_BASIC_INFORMATION info = { 0 };
    BYTE written[4] = { 1, 2, 3, 4 }, read[4] = { 0 };
    HANDLE section = section_make(KB64);
    BYTE *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    if (!view) return;
    HANDLE child = conform_peer_start();
    CHECK_OF(VirtualAlloc2, ALLOC2_PAGE, "another process, 64 KB, committed");
    SET_SENTINEL();
    BYTE *base = pVirtualAlloc2(child, NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("returned a base", base != NULL);
    VirtualQueryEx(child, base, &info, sizeof(info));
    EXPECT_HEX("State", info.State, MEM_COMMIT);
    EXPECT_HEX("Type", info.Type, MEM_PRIVATE);
    EXPECT_UINT("RegionSize", info.RegionSize, KB64);
    EXPECT_TRUE("it can be written", WriteProcessMemory(child, base, written, 4, NULL));

    CHECK(MAP_PAGE, "another process, all of a section");
    SET_SENTINEL();
    BYTE *there = pMapViewOfFile3(section, child, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("returned a base", there != NULL);
    VirtualQueryEx(child, there, &info, sizeof(info));
    EXPECT_HEX("State", info.State, MEM_COMMIT);
    EXPECT_HEX("Type", info.Type, MEM_MAPPED);
    EXPECT_UINT("RegionSize", info.RegionSize, KB64);
    memcpy(view + 100, written, 4);
    ReadProcessMemory(child, there + 100, read, 4, NULL);
    EXPECT_TRUE("it shows what is written here", !memcmp(written, read, 4));

    CHECK_OF(UnmapViewOfFile2, "memoryapi/nf-memoryapi-unmapviewoffile2", "that view, in the other process");
    TRY(pUnmapViewOfFile2(child, there, 0), TRUE, SENTINEL);
    VirtualQueryEx(child, there, &info, sizeof(info));
    EXPECT_HEX("State", info.State, MEM_FREE);
    EXPECT_UINT("the view here still has", view[100], 1);
    UnmapViewOfFile(view);
    CloseHandle(section);
    conform_peer_end(child);
}

TEST(MapViewOfFile3, ordinary)
{
    NEED(MapViewOfFile3);
    NEED(UnmapViewOfFile);
    HANDLE section = section_make(4 * KB64);
    const struct {
        const char *what;
        ULONG64 offset;
        SIZE_T bytes, region;
        ULONG type, protect;
        DWORD error;
    } cases[] = {
        { "all of it", 0, 0, 4 * KB64, 0, PAGE_READWRITE, 0 },
        { "one page", 0, PAGE, PAGE, 0, PAGE_READWRITE, 0 },
        { "from 64 KB on", KB64, 0, 3 * KB64, 0, PAGE_READONLY, 0 },
        { "copy-on-write", 0, 0, 4 * KB64, 0, PAGE_WRITECOPY, 0 },
        { "offset of a page", PAGE, PAGE, 0, 0, PAGE_READWRITE, ERROR_MAPPED_ALIGNMENT },
        { "size not whole pages", 0, 100, 0, 0, PAGE_READWRITE, ERROR_INVALID_PARAMETER },
        { "beyond the section's end", 0, 5 * KB64, 0, 0, PAGE_READWRITE, ERROR_ACCESS_DENIED },
        { "MEM_COMMIT", 0, 0, 0, MEM_COMMIT, PAGE_READWRITE, ERROR_INVALID_PARAMETER },
        { "protection 0", 0, 0, 0, 0, 0, ERROR_INVALID_PARAMETER },
        { "a type that no page names", 0, 0, 0, 0x10, PAGE_READWRITE, ERROR_INVALID_PARAMETER },
        { "MEM_RESERVE_PLACEHOLDER", 0, 0, 0, 0x40000, PAGE_READWRITE, ERROR_INVALID_PARAMETER },
        { "MEM_LARGE_PAGES of a section without them", 0, 0, 0, MEM_LARGE_PAGES, PAGE_READWRITE, ERROR_INVALID_PARAMETER },
        { "two protections", 0, 0, 0, 0, PAGE_READWRITE | PAGE_READONLY, ERROR_INVALID_PARAMETER },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(MAP_PAGE, "%s", cases[i].what);
        SET_SENTINEL();
        BYTE *view = pMapViewOfFile3(section, NULL, NULL, cases[i].offset, cases[i].bytes, cases[i].type,
                                     cases[i].protect, NULL, 0);
        EXPECT_ERROR(cases[i].error ? cases[i].error : SENTINEL);
        EXPECT_BOOL("returned a base", view != NULL, !cases[i].error);
        if (!view) continue;
        expect_view(view, view, MEM_COMMIT, cases[i].protect, MEM_MAPPED, cases[i].region);
        pUnmapViewOfFile(view);
    }
    BYTE *view = pMapViewOfFile3(section, PROCESS, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    CHECK(MAP_PAGE, "by the current process's handle");
    EXPECT_TRUE("returned a base", view != NULL);
    pUnmapViewOfFile(view);
    CHECK(MAP_PAGE, "a base inside the first page of a free granule is rounded down to 64 KB");
    BYTE *again = pMapViewOfFile3(section, NULL, view + 100, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    EXPECT_TRUE("base", again && again == view);
    CHECK(MAP_PAGE, "a base that is taken");
    TRY(pMapViewOfFile3(section, NULL, again, 0, 0, 0, PAGE_READWRITE, NULL, 0), FALSE, ERROR_INVALID_ADDRESS);
    if (again) pUnmapViewOfFile(again);
    CHECK(MAP_PAGE, "process is an invalid handle");
    TRY(pMapViewOfFile3(section, (HANDLE)(ULONG_PTR)0xdead, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0), FALSE,
        ERROR_INVALID_HANDLE);
    CHECK(MAP_PAGE, "section is an invalid handle");
    TRY(pMapViewOfFile3((HANDLE)(ULONG_PTR)0xdead, NULL, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0), FALSE,
        ERROR_INVALID_HANDLE);
    CloseHandle(section);
}

TEST(MapViewOfFile3FromApp, executable)
{
    NEED(MapViewOfFile3FromApp);
    static const ULONG executable[] = { PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY };
    HANDLE section = pCreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE, 0, KB64, NULL);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(MAP3FROMAPP_PAGE, "protection %#x", (unsigned)executable[i]);
        TRY_FAILS(pMapViewOfFile3FromApp(section, NULL, NULL, 0, 0, 0, executable[i], NULL, 0));
    }
    CHECK(MAP3FROMAPP_PAGE, "protection PAGE_READWRITE");
    SET_SENTINEL();
    BYTE *view = pMapViewOfFile3FromApp(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("returned a base", view != NULL);
    if (view) pUnmapViewOfFile(view);
    if (pVirtualAlloc2) {
        BYTE *base = make(KB64);
        MADE(base);
        CHECK(MAP3FROMAPP_PAGE, "in a placeholder");
        EXPECT_TRUE("same base", base && pMapViewOfFile3FromApp(section, NULL, base, 0, KB64, REPLACE, PAGE_READWRITE, NULL, 0) == base);
        pUnmapViewOfFile(base);
    }
    CloseHandle(section);
}

FAMILY(placeholder)
