/* awe_window.c - address windows: reserving and freeing them, and what the plain memory calls say of them. */
#include "awe.h"

FUNCTION(BOOL, QueryVirtualMemoryInformation, (HANDLE, const VOID *, WIN32_MEMORY_INFORMATION_CLASS, PVOID, SIZE_T, PSIZE_T))
FUNCTION(BOOL, VirtualFreeEx, (HANDLE, LPVOID, SIZE_T, DWORD))

TEST(VirtualAlloc, awe_window)
{
    NEED(VirtualAlloc);
    NEED(VirtualFree);
    static const struct {
        DWORD type, protect;
        BOOL ok;
    } cases[] = {
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE, TRUE },
        { MEM_PHYSICAL, PAGE_READWRITE, FALSE },
        { MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL | MEM_LARGE_PAGES, PAGE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_NOACCESS, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_READONLY, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_EXECUTE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE | PAGE_GUARD, FALSE },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(VIRTUALALLOC_PAGE, "64 KB, type %#x, protection %#x", (unsigned)cases[i].type, (unsigned)cases[i].protect);
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, 65536, cases[i].type, cases[i].protect);
        EXPECT_ERROR(cases[i].ok ? SENTINEL : ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("returned a base", base != NULL, cases[i].ok);
        if (!base) continue;
        EXPECT_UINT("base modulo 64 KB", (ULONG_PTR)base % 65536, 0);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
    CHECK(VIRTUALALLOC_PAGE, "1 byte: a window of one page");
    volatile BYTE *base = pVirtualAlloc(NULL, 1, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    EXPECT_TRUE("returned a base", base != NULL);
    if (base) expect_region(base, MEM_RESERVE, 0, PAGE);
    CHECK(VIRTUALALLOC_PAGE, "a window at the address of one that was released");
    if (base) pVirtualFree((PVOID)base, 0, MEM_RELEASE);
    void *again = pVirtualAlloc((PVOID)base, 65536, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    EXPECT_TRUE("same base", again != NULL && again == base);
    CHECK(VIRTUALALLOC_PAGE, "a window over a window");
    SET_SENTINEL();
    void *over = pVirtualAlloc(again, 65536, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("returned a base", over != NULL, FALSE);
    if (again) pVirtualFree(again, 0, MEM_RELEASE);
}

TEST(VirtualQuery, awe_window)
{
    NEED(VirtualQuery);
    NEED(MapUserPhysicalPages);
    if (!begin(4)) return;
    CHECK_OF(VirtualQuery, AWE_PAGE, "a window of 16 pages that shows nothing");
    UNDECIDED("no page tells the state of a window's pages; committed is what has storage");
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)window, &info, sizeof(info));
    NOTE_HEX("State", info.State);
    NOTE_HEX("Protect", info.Protect);
    NOTE_UINT("RegionSize", info.RegionSize);
    CHECK_OF(VirtualQuery, AWE_PAGE, "window: type and base");
    EXPECT_HEX("Type", info.Type, MEM_PRIVATE);
    EXPECT_HEX("AllocationProtect", info.AllocationProtect, PAGE_READWRITE);
    EXPECT_TRUE("AllocationBase is the window's", info.AllocationBase == window);
    map(4, 4, frames);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: page 4");
    UNDECIDED("no page tells the state of a window's pages; committed is what has storage");
    pVirtualQuery((PVOID)(window + 4 * PAGE), &info, sizeof(info));
    NOTE_HEX("State", info.State);
    NOTE_HEX("Protect", info.Protect);
    NOTE_UINT("RegionSize", info.RegionSize);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: the base of the window");
    EXPECT_TRUE("AllocationBase is the window's", info.AllocationBase == window);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: an address inside page 6");
    pVirtualQuery((PVOID)(window + 6 * PAGE + 5), &info, sizeof(info));
    EXPECT_TRUE("BaseAddress is the page", info.BaseAddress == window + 6 * PAGE);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: page 8, after them");
    UNDECIDED("no page tells the state of a window's pages; committed is what has storage");
    pVirtualQuery((PVOID)(window + 8 * PAGE), &info, sizeof(info));
    NOTE_HEX("State", info.State);
    NOTE_UINT("RegionSize", info.RegionSize);
    end(4);
}

TEST(QueryVirtualMemoryInformation, awe_window)
{
    NEED(QueryVirtualMemoryInformation);
    NEED(MapUserPhysicalPages);
    if (!begin(4)) return;
    map(4, 4, frames);
    WIN32_MEMORY_REGION_INFORMATION region = { 0 };
    CHECK("memoryapi/nf-memoryapi-queryvirtualmemoryinformation", "a window of 16 pages, frames at pages 4 to 7");
    TRY(pQueryVirtualMemoryInformation(PROCESS, (PVOID)(window + 9 * PAGE), MemoryRegionInfo, &region, sizeof(region), NULL),
        TRUE, SENTINEL);
    EXPECT_TRUE("AllocationBase is the window's", region.AllocationBase == window);
    EXPECT_UINT("RegionSize", region.RegionSize, PAGES * PAGE);
    EXPECT_HEX("AllocationProtect", region.AllocationProtect, PAGE_READWRITE);
    end(4);
}

/* The plain calls by a real handle to this process. */
TEST(VirtualFreeEx, awe_window)
{
    NEED(VirtualFreeEx);
    NEED(MapUserPhysicalPages);
    if (!begin(2)) return;
    HANDLE own = OpenProcess(PROCESS_VM_OPERATION, FALSE, GetCurrentProcessId());
    map(0, 2, frames);
    stamp(window, 1);
    stamp(window + PAGE, 2);
    CHECK(AWE_PAGE, "a handle to this process: MEM_DECOMMIT of a mapped page");
    TRY_FAILS(pVirtualFreeEx(own, (PVOID)window, PAGE, MEM_DECOMMIT));
    CHECK(AWE_PAGE, "a handle to this process: MEM_RELEASE at an inner page");
    TRY_FAILS(pVirtualFreeEx(own, (PVOID)(window + PAGE), 0, MEM_RELEASE));
    CHECK(AWE_PAGE, "a handle to this process: after the refusals the frames are mapped");
    EXPECT_UINT("content", stamped(window), 1);
    CHECK("memoryapi/nf-memoryapi-virtualfreeex", "a handle to this process: MEM_RELEASE of the window");
    TRY(pVirtualFreeEx(own, (PVOID)window, 0, MEM_RELEASE), TRUE, SENTINEL);
    window = second;
    CHECK_OF(MapUserPhysicalPages, MAP_PAGE, "its frames in another window");
    TRY(map(0, 2, frames), TRUE, SENTINEL);
    EXPECT_UINT("content", stamped(window), 1);
    EXPECT_UINT("content", stamped(window + PAGE), 2);
    second = NULL;
    CloseHandle(own);
    end(2);
}

TEST(VirtualProtect, awe_window)
{
    NEED(VirtualProtect);
    NEED(MapUserPhysicalPages);
    static const DWORD protections[] = { PAGE_NOACCESS, PAGE_READONLY, PAGE_EXECUTE_READ, PAGE_READWRITE | PAGE_GUARD };
    if (!begin(2)) return;
    map(0, 2, frames);
    stamp(window, 1);
    for (unsigned i = 0; i < 4; i++) {
        DWORD old;
        CHECK(AWE_PAGE, "a mapped page to %#x", (unsigned)protections[i]);
        TRY_FAILS(pVirtualProtect((PVOID)window, PAGE, protections[i], &old));
        CHECK(AWE_PAGE, "after the refusal of %#x the page can be written", (unsigned)protections[i]);
        stamp(window, (BYTE)(i + 2));
        EXPECT_UINT("content", stamped(window), i + 2);
    }
    DWORD old;
    CHECK(AWE_PAGE, "an unmapped page to PAGE_READONLY");
    TRY_FAILS(pVirtualProtect((PVOID)(window + 5 * PAGE), PAGE, PAGE_READONLY, &old));
    CHECK(AWE_PAGE, "the whole window to PAGE_READONLY");
    TRY_FAILS(pVirtualProtect((PVOID)window, PAGES * PAGE, PAGE_READONLY, &old));
    end(2);
}

TEST(VirtualFree, awe_window)
{
    NEED(VirtualFree);
    NEED(MapUserPhysicalPages);
    if (!begin(3)) return;
    map(0, 3, frames);
    for (int i = 0; i < 3; i++) stamp(window + i * PAGE, (BYTE)(10 + i));
    CHECK(AWE_PAGE, "MEM_DECOMMIT of a mapped page");
    TRY_FAILS(pVirtualFree((PVOID)window, PAGE, MEM_DECOMMIT));
    CHECK(AWE_PAGE, "MEM_DECOMMIT of the whole window");
    TRY_FAILS(pVirtualFree((PVOID)window, 0, MEM_DECOMMIT));
    CHECK(VIRTUALFREE_PAGE, "MEM_RELEASE of a part: size not 0");
    TRY(pVirtualFree((PVOID)window, PAGE, MEM_RELEASE), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(VIRTUALFREE_PAGE, "MEM_RELEASE at an inner page");
    TRY_FAILS(pVirtualFree((PVOID)(window + PAGE), 0, MEM_RELEASE));
    CHECK(AWE_PAGE, "after the refusals the frames are mapped");
    for (int i = 0; i < 3; i++) EXPECT_UINT("content", stamped(window + i * PAGE), 10 + i);
    CHECK(VIRTUALFREE_PAGE, "MEM_RELEASE of the window");
    TRY(pVirtualFree((PVOID)window, 0, MEM_RELEASE), TRUE, SENTINEL);
    CHECK(VIRTUALFREE_PAGE, "after MEM_RELEASE the addresses are free");
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)window, &info, sizeof(info));
    EXPECT_HEX("State", info.State, MEM_FREE);
    window = window_make();
    CHECK(VIRTUALFREE_PAGE, "the frames of a released window, mapped in another in reverse");
    ULONG_PTR reverse[3] = { frames[2], frames[1], frames[0] };
    TRY(map(8, 3, reverse), TRUE, SENTINEL);
    for (int i = 0; i < 3; i++) EXPECT_UINT("content", stamped(window + (8 + i) * PAGE), 12 - i);
    end(3);
}

TEST(VirtualAlloc, awe_commit)
{
    NEED(VirtualAlloc);
    NEED(MapUserPhysicalPages);
    if (!begin(1)) return;
    CHECK(AWE_PAGE, "MEM_COMMIT of a window's page");
    SET_SENTINEL();
    void *base = pVirtualAlloc((PVOID)window, PAGE, MEM_COMMIT, PAGE_READWRITE);
    NOTE_ERROR();
    EXPECT_BOOL("returned a base", base != NULL, FALSE);
    map(0, 1, frames);
    CHECK(AWE_PAGE, "MEM_COMMIT of a mapped page");
    SET_SENTINEL();
    base = pVirtualAlloc((PVOID)window, PAGE, MEM_COMMIT, PAGE_READWRITE);
    NOTE_ERROR();
    EXPECT_BOOL("returned a base", base != NULL, FALSE);
    CHECK(VIRTUALALLOC_PAGE, "MEM_RESERVE over a window");
    SET_SENTINEL();
    base = pVirtualAlloc((PVOID)window, 65536, MEM_RESERVE, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("returned a base", base != NULL, FALSE);
    end(1);
}

FAMILY(awe)
