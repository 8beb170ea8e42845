/* placeholder_handles.c - placeholders by a process handle: a real one to this process, and those that will not do; and
 * what is told of an allocation by one. */
#include "placeholder_view.h"

FUNCTION(BOOL, VirtualFreeEx, (HANDLE, LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualProtectEx, (HANDLE, LPVOID, SIZE_T, DWORD, PDWORD))
FUNCTION(BOOL, QueryVirtualMemoryInformation, (HANDLE, const VOID *, WIN32_MEMORY_INFORMATION_CLASS, PVOID, SIZE_T, PSIZE_T))

#define INFORMATION_PAGE "memoryapi/nf-memoryapi-queryvirtualmemoryinformation"
#define FREEEX_PAGE "memoryapi/nf-memoryapi-virtualfreeex"
#define PROTECTEX_PAGE "memoryapi/nf-memoryapi-virtualprotectex"
#define UNMAP2_PAGE "memoryapi/nf-memoryapi-unmapviewoffile2"

/* Of four parts of 64 KB each the second is replaced and given back in several ways, all by a handle. */
TEST(VirtualFreeEx, placeholder_own_handle)
{
    NEED(VirtualAlloc2);
    NEED(VirtualFreeEx);
    NEED(VirtualProtectEx);
    HANDLE own = OpenProcess(PROCESS_VM_OPERATION, FALSE, GetCurrentProcessId());
    BYTE *base = make(4 * KB64), *part = base + KB64;
    DWORD old;
    MADE(base);
    CHECK(FREEEX_PAGE, "a handle to this process: 64 KB of a placeholder become one of their own");
    TRY(pVirtualFreeEx(own, part, KB64, PRESERVE), TRUE, SENTINEL);
    expect_placeholder(part, KB64);
    for (unsigned round = 0; round < 2; round++) {
        CHECK_OF(VirtualAlloc2, ALLOC2_PAGE, "a handle to this process: replaced, round %u", round);
        TRY(pVirtualAlloc2(own, part, KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, NULL, 0) == part, TRUE,
            SENTINEL);
        CHECK_OF(VirtualProtectEx, PROTECTEX_PAGE, "a handle to this process: a page of it, round %u", round);
        TRY(pVirtualProtectEx(own, part + PAGE, PAGE, PAGE_READONLY, &old), TRUE, SENTINEL);
        expect_region(part + PAGE, part, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE, PAGE);
        CHECK(FREEEX_PAGE, "a handle to this process: MEM_DECOMMIT of another page, round %u", round);
        TRY(pVirtualFreeEx(own, part + 3 * PAGE, PAGE, MEM_DECOMMIT), TRUE, SENTINEL);
        expect_region(part + 3 * PAGE, part, MEM_RESERVE, 0, PAGE_READWRITE, PAGE);
        CHECK(FREEEX_PAGE, "a handle to this process: MEM_RELEASE at an inner page, round %u", round);
        TRY_FAILS(pVirtualFreeEx(own, part + PAGE, 0, MEM_RELEASE));
        if (round) break;
        CHECK(FREEEX_PAGE, "a handle to this process: back to a placeholder");
        TRY(pVirtualFreeEx(own, part, KB64, PRESERVE), TRUE, SENTINEL);
        expect_placeholder(part, KB64);
    }
    CHECK(FREEEX_PAGE, "a handle to this process: MEM_RELEASE");
    TRY(pVirtualFreeEx(own, part, 0, MEM_RELEASE), TRUE, SENTINEL);
    EXPECT_HEX("State", state_at(part), MEM_FREE);
    CHECK(FREEEX_PAGE, "a handle to this process: the placeholders on both sides stay");
    expect_placeholder(base, KB64);
    expect_placeholder(base + 2 * KB64, 2 * KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(base + 2 * KB64, 0, MEM_RELEASE);
    CloseHandle(own);
}

TEST(UnmapViewOfFile2, placeholder_own_handle)
{
    NEED(MapViewOfFile3);
    NEED(UnmapViewOfFile2);
    HANDLE own = OpenProcess(PROCESS_VM_OPERATION, FALSE, GetCurrentProcessId()), section = section_make(KB64);
    BYTE *base = make(KB64);
    MADE(base);
    CHECK_OF(MapViewOfFile3, MAP_PAGE, "a handle to this process: a placeholder replaced");
    TRY(pMapViewOfFile3(section, own, base, 0, KB64, REPLACE, PAGE_READWRITE, NULL, 0) == base, TRUE, SENTINEL);
    CHECK(UNMAP2_PAGE, "a handle to this process: back to a placeholder");
    TRY(pUnmapViewOfFile2(own, base, 2), TRUE, SENTINEL);
    expect_placeholder(base, KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
    CloseHandle(section);
    CloseHandle(own);
}

/* What each call says to a handle that will not do; the placeholder and the view of this process stay. */
static void refuse(HANDLE bad, const char *name, DWORD error)
{
    HANDLE section = section_make(KB64);
    BYTE *base = make(2 * KB64), *view = base + KB64;
    MADE(base);
    pVirtualFree(base, KB64, PRESERVE);
    view_at(section, view, 0, KB64);
    CHECK_OF(VirtualAlloc2, ALLOC2_PAGE, "%s: a new placeholder", name);
    TRY(pVirtualAlloc2(bad, NULL, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0), FALSE, error);
    CHECK_OF(VirtualAlloc2, ALLOC2_PAGE, "%s: replacing one", name);
    TRY(pVirtualAlloc2(bad, base, KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, NULL, 0), FALSE, error);
    CHECK_OF(MapViewOfFile3, MAP_PAGE, "%s: replacing one by a view", name);
    TRY(pMapViewOfFile3(section, bad, base, 0, KB64, REPLACE, PAGE_READWRITE, NULL, 0), FALSE, error);
    CHECK_OF(VirtualFreeEx, FREEEX_PAGE, "%s: splitting one", name);
    TRY(pVirtualFreeEx(bad, base, PAGE, PRESERVE), FALSE, error);
    CHECK_OF(VirtualFreeEx, FREEEX_PAGE, "%s: coalescing two", name);
    TRY(pVirtualFreeEx(bad, base, 2 * KB64, COALESCE), FALSE, error);
    CHECK_OF(VirtualFreeEx, FREEEX_PAGE, "%s: releasing one", name);
    TRY(pVirtualFreeEx(bad, base, 0, MEM_RELEASE), FALSE, error);
    CHECK_OF(UnmapViewOfFile2, UNMAP2_PAGE, "%s: a view back into a placeholder", name);
    TRY(pUnmapViewOfFile2(bad, view, 2), FALSE, error);
    CHECK_OF(VirtualFreeEx, FREEEX_PAGE, "%s: afterwards both are there", name);
    expect_placeholder(base, KB64);
    EXPECT_HEX("State of the view", state_at(view), MEM_COMMIT);
    pUnmapViewOfFile2(PROCESS, view, 2);
    pVirtualFree(base, 2 * KB64, COALESCE);
    pVirtualFree(base, 0, MEM_RELEASE);
    CloseHandle(section);
}

TEST(VirtualFreeEx, placeholder_handles)
{
    NEED(VirtualAlloc2);
    NEED(MapViewOfFile3);
    NEED(UnmapViewOfFile2);
    NEED(VirtualFreeEx);
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE look = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    refuse((HANDLE)(ULONG_PTR)0xdead, "no handle", ERROR_INVALID_HANDLE);
    refuse(event, "an event", ERROR_INVALID_HANDLE);
    refuse(look, "a handle without PROCESS_VM_OPERATION", ERROR_ACCESS_DENIED);
    CloseHandle(look);
    CloseHandle(event);
}

/* The allocation's description is that of the piece, however the pieces are made below. */
static void expect_described(HANDLE process, BYTE *address, BYTE *base, SIZE_T bytes, SIZE_T committed, const char *what)
{
    WIN32_MEMORY_REGION_INFORMATION region = { 0 };
    CHECK_OF(QueryVirtualMemoryInformation, INFORMATION_PAGE, "%s", what);
    TRY(pQueryVirtualMemoryInformation(process, address, MemoryRegionInfo, &region, sizeof(region), NULL), TRUE, SENTINEL);
    EXPECT_TRUE("AllocationBase", region.AllocationBase == base);
    EXPECT_UINT("RegionSize", region.RegionSize, bytes);
    EXPECT_UINT("CommitSize", region.CommitSize, committed);
}

TEST(QueryVirtualMemoryInformation, placeholder)
{
    NEED(VirtualAlloc2);
    NEED(QueryVirtualMemoryInformation);
    HANDLE own = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    BYTE *base = make(2 * KB64), *private = base + 3 * PAGE;
    MADE(base);
    pVirtualFree(private, 4 * PAGE, PRESERVE);
    replace(private, 4 * PAGE, PAGE_READWRITE);
    for (int i = 0; i < 2; i++) {
        HANDLE process = i ? own : PROCESS;
        expect_described(process, base + PAGE, base, 3 * PAGE, 0, "a placeholder of three pages");
        expect_described(process, private + PAGE, private, 4 * PAGE, 4 * PAGE, "private memory of four pages behind it");
        expect_described(process, private + 5 * PAGE, private + 4 * PAGE, 2 * KB64 - 7 * PAGE, 0, "the placeholder behind that");
    }
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(private, 0, MEM_RELEASE);
    pVirtualFree(private + 4 * PAGE, 0, MEM_RELEASE);
    CloseHandle(own);
}

FAMILY(placeholder)
