/* virtual_ranges.c - PrefetchVirtualMemory and QueryVirtualMemoryInformation: many ranges, and whole allocations. */
#include "virtual.h"

FAMILY(virtual)

FUNCTION(BOOL, PrefetchVirtualMemory, (HANDLE, ULONG_PTR, PWIN32_MEMORY_RANGE_ENTRY, ULONG))
FUNCTION(BOOL, QueryVirtualMemoryInformation,
         (HANDLE, const VOID *, WIN32_MEMORY_INFORMATION_CLASS, PVOID, SIZE_T, PSIZE_T))

#define P_PREFETCH "memoryapi/nf-memoryapi-prefetchvirtualmemory"
#define P_INFORMATION "memoryapi/nf-memoryapi-queryvirtualmemoryinformation"
#define P_REGION "memoryapi/ns-memoryapi-win32_memory_region_information"

TEST(PrefetchVirtualMemory, ranges)
{
    NEED_BASICS();
    NEED(PrefetchVirtualMemory);
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    char *view = file_view(GRANULE, PAGE_READWRITE, FILE_MAP_READ);
    memset(base, 3, GRANULE);
    WIN32_MEMORY_RANGE_ENTRY ranges[] = { { base, PAGE }, { view, GRANULE }, { base + 5 * PAGE + 1, 7 } };
    HANDLE own = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    for (unsigned count = 1; count <= 3; count++)
        for (unsigned i = 0; i < 2; i++) {
            CHECK(P_PREFETCH, "%s, %u ranges, flags 0", i ? "a handle to this process" : "GetCurrentProcess()", count);
            SET_SENTINEL();
            BOOL ok = pPrefetchVirtualMemory(i ? own : GetCurrentProcess(), count, ranges, 0);
            EXPECT_ERROR(SENTINEL);
            EXPECT_TRUE("return", ok);
            EXPECT_UINT("content", base[0], 3);
            EXPECT_STATE("state", base, MEM_COMMIT);
        }
    CHECK(P_PREFETCH, "another process, one range, flags 0");
    HANDLE other = conform_peer_start();
    WIN32_MEMORY_RANGE_ENTRY there = { VirtualAllocEx(other, NULL, GRANULE, NEW, PAGE_READWRITE), GRANULE };
    SET_SENTINEL();
    BOOL ok = pPrefetchVirtualMemory(other, 1, &there, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    conform_peer_end(other);
    CloseHandle(own);
    UnmapViewOfFile(view);
    release(base);
}

TEST(PrefetchVirtualMemory, mistakes)
{
    NEED_BASICS();
    NEED(PrefetchVirtualMemory);
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    WIN32_MEMORY_RANGE_ENTRY range = { base, PAGE }, empty = { base, 0 }, nowhere = { free_range(GRANULE), PAGE };
    static const ULONG flags[] = { 1, 2, 0x80000000, 0xffffffff };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_PREFETCH, "GetCurrentProcess(), one range, flags %#lx (must be 0)", flags[i]);
        SET_SENTINEL();
        BOOL ok = pPrefetchVirtualMemory(GetCurrentProcess(), 1, &range, flags[i]);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
    const struct {
        const char *name;
        HANDLE process;
        ULONG_PTR count;
        WIN32_MEMORY_RANGE_ENTRY *ranges;
    } cases[] = { { "GetCurrentProcess(), 1, NULL as the ranges", GetCurrentProcess(), 1, NULL },
                  { "a value that is no handle, one range", (HANDLE)0x00fffff0, 1, &range },
                  { "NULL as the process, one range", NULL, 1, &range } };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_PREFETCH, "%s, flags 0", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pPrefetchVirtualMemory(cases[i].process, cases[i].count, cases[i].ranges, 0);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    const struct {
        const char *name;
        ULONG_PTR count;
        WIN32_MEMORY_RANGE_ENTRY *ranges;
    } open[] = { { "no range", 0, &range }, { "a range of 0 bytes", 1, &empty }, { "a range of free pages", 1, &nowhere } };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_PREFETCH, "GetCurrentProcess(), %s, flags 0", open[i].name);
        UNDECIDED("a hint that cannot be followed: the page does not say whether that is an error");
        SET_SENTINEL();
        NOTE_BOOL("return", pPrefetchVirtualMemory(GetCurrentProcess(), open[i].count, open[i].ranges, 0));
        NOTE_ERROR();
    }
    release(base);
}

#define EXPECT_REGION(region, base_, protect_, kind_, size_, commit_)                                                \
    do {                                                                                                             \
        EXPECT_TRUE("allocation base", (char *)(region).AllocationBase == (char *)(base_));                          \
        EXPECT_HEX("allocation protection", (region).AllocationProtect, protect_);                                   \
        EXPECT_HEX("flags", (region).Flags, kind_);                                                                  \
        EXPECT_UINT("region size", (region).RegionSize, size_);                                                      \
        EXPECT_UINT("commit size", (region).CommitSize, commit_);                                                    \
    } while (0)
enum { PRIVATE = 1, DATA_FILE = 2, IMAGE = 4, PAGE_FILE = 8 };

static BOOL query_region(HANDLE process, const void *address, WIN32_MEMORY_REGION_INFORMATION *region)
{
    SIZE_T size = 0;
    memset(region, 0, sizeof(*region));
    SET_SENTINEL();
    BOOL ok = pQueryVirtualMemoryInformation(process, address, MemoryRegionInfo, region, sizeof(*region), &size);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_BOOL("size stored is the structure's", size == sizeof(*region), TRUE);
    return ok;
}

TEST(QueryVirtualMemoryInformation, private_allocations)
{
    NEED_BASICS();
    NEED(QueryVirtualMemoryInformation);
    WIN32_MEMORY_REGION_INFORMATION region;
    static const unsigned offsets[] = { 0, 1, 0x4000, 0x5fff, 0xffff };
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READONLY);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_REGION, "a reservation of 64 KB, at %#x", offsets[i]);
        query_region(GetCurrentProcess(), base + offsets[i], &region);
        EXPECT_REGION(region, base, PAGE_READONLY, PRIVATE, GRANULE, 0);
    }
    pVirtualAlloc(base + 4 * PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    pVirtualAlloc(base + 9 * PAGE, PAGE, MEM_COMMIT, PAGE_NOACCESS);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_REGION, "a reservation of 64 KB with three pages committed, at %#x", offsets[i]);
        query_region(GetCurrentProcess(), base + offsets[i], &region);
        EXPECT_REGION(region, base, PAGE_READONLY, PRIVATE, GRANULE, 3 * PAGE);
    }
    release(base);

    CHECK(P_REGION, "5000 bytes reserved and committed");
    base = new_pages(5000, PAGE_EXECUTE_READWRITE);
    query_region(GetCurrentProcess(), base, &region);
    EXPECT_REGION(region, base, PAGE_EXECUTE_READWRITE, PRIVATE, 2 * PAGE, 2 * PAGE);
    release(base);

    CHECK(P_REGION, "the second of two adjacent allocations");
    char *room = free_range(2 * GRANULE);
    char *first = pVirtualAlloc(room, GRANULE, NEW, PAGE_READWRITE);
    char *second = pVirtualAlloc(room + GRANULE, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    query_region(GetCurrentProcess(), second + PAGE, &region);
    EXPECT_REGION(region, second, PAGE_READWRITE, PRIVATE, GRANULE, 0);
    release(first);
    release(second);
}

TEST(QueryVirtualMemoryInformation, views)
{
    NEED_BASICS();
    NEED(QueryVirtualMemoryInformation);
    WIN32_MEMORY_REGION_INFORMATION region;
    CHECK(P_REGION, "a view of a file, FILE_MAP_READ");
    char *view = file_view(GRANULE, PAGE_READWRITE, FILE_MAP_READ);
    query_region(GetCurrentProcess(), view + 100, &region);
    EXPECT_REGION(region, view, PAGE_READONLY, DATA_FILE, GRANULE, 0);
    UnmapViewOfFile(view);

    CHECK(P_REGION, "a view of a file, FILE_MAP_COPY, after one page was written");
    view = file_view(GRANULE, PAGE_READWRITE, FILE_MAP_COPY);
    view[0] = 1;
    query_region(GetCurrentProcess(), view + PAGE, &region);
    EXPECT_REGION(region, view, PAGE_WRITECOPY, DATA_FILE, GRANULE, GRANULE);
    UnmapViewOfFile(view);

    CHECK(P_REGION, "a view of a section over the paging file, FILE_MAP_WRITE");
    view = section_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    query_region(GetCurrentProcess(), view, &region);
    EXPECT_REGION(region, view, PAGE_READWRITE, PAGE_FILE, GRANULE, 0);
    UnmapViewOfFile(view);

    CHECK(P_REGION, "the program's image");
    query_region(GetCurrentProcess(), (void *)(uintptr_t)query_region, &region);
    EXPECT_TRUE("allocation base is the module", region.AllocationBase == (void *)GetModuleHandleW(NULL));
    EXPECT_HEX("flags", region.Flags, IMAGE);
    EXPECT_UINT("region size in whole pages, rest", region.RegionSize % PAGE, 0);

    CHECK(P_REGION, "another process, a reservation with one page committed");
    HANDLE other = conform_peer_start();
    char *there = VirtualAllocEx(other, NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    VirtualAllocEx(other, there + 3 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE);
    query_region(other, there + PAGE, &region);
    EXPECT_REGION(region, there, PAGE_READWRITE, PRIVATE, GRANULE, PAGE);
    conform_peer_end(other);
}

TEST(QueryVirtualMemoryInformation, mistakes)
{
    NEED_BASICS();
    NEED(QueryVirtualMemoryInformation);
    WIN32_MEMORY_REGION_INFORMATION region = { 0 };
    SYSTEM_INFO system;
    SIZE_T size = 0;
    GetSystemInfo(&system);
    char *base = new_pages(GRANULE, PAGE_READWRITE), *locked = new_pages(PAGE, PAGE_READONLY);
    char *reserved = pVirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_READWRITE);
    const struct {
        const char *name;
        HANDLE process;
        const void *address;
        int info_class;
        void *buffer;
        SIZE_T bytes;
    } cases[] = {
        { "an unallocated address", GetCurrentProcess(), free_range(GRANULE), 0, &region, sizeof(region) },
        { "address NULL", GetCurrentProcess(), NULL, 0, &region, sizeof(region) },
        { "the maximum application address + 1", GetCurrentProcess(), (char *)system.lpMaximumApplicationAddress + 1, 0,
          &region, sizeof(region) },
        { "class 1", GetCurrentProcess(), base, 1, &region, sizeof(region) },
        { "class -1", GetCurrentProcess(), base, -1, &region, sizeof(region) },
        { "a buffer of 0 bytes", GetCurrentProcess(), base, 0, &region, 0 },
        { "a buffer of the structure's size - 1", GetCurrentProcess(), base, 0, &region, sizeof(region) - 1 },
        { "NULL as the buffer", GetCurrentProcess(), base, 0, NULL, sizeof(region) },
        { "a reserved page as the buffer", GetCurrentProcess(), base, 0, reserved, sizeof(region) },
        { "a read-only page as the buffer", GetCurrentProcess(), base, 0, locked, sizeof(region) },
        { "a value that is no handle", (HANDLE)0x00fffff0, base, 0, &region, sizeof(region) },
        { "NULL as the process", NULL, base, 0, &region, sizeof(region) },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_INFORMATION, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pQueryVirtualMemoryInformation(cases[i].process, cases[i].address, cases[i].info_class,
                                                 cases[i].buffer, cases[i].bytes, &size);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    CHECK(P_INFORMATION, "after that the read-only page is as it was");
    EXPECT_UINT("byte", locked[0], 0);
    release(locked);
    release(reserved);
    CHECK(P_INFORMATION, "NULL as the size to be stored, which is optional");
    SET_SENTINEL();
    BOOL ok = pQueryVirtualMemoryInformation(GetCurrentProcess(), base, MemoryRegionInfo, &region, sizeof(region), NULL);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_REGION(region, base, PAGE_READWRITE, PRIVATE, GRANULE, GRANULE);

    CHECK(P_INFORMATION, "a buffer larger than the structure");
    struct {
        WIN32_MEMORY_REGION_INFORMATION region;
        char more[32];
    } large;
    memset(&large, 0x5a, sizeof(large));
    ok = pQueryVirtualMemoryInformation(GetCurrentProcess(), base, MemoryRegionInfo, &large, sizeof(large), &size);
    EXPECT_TRUE("return", ok);
    EXPECT_BOOL("size stored is the structure's", size == sizeof(region), TRUE);
    EXPECT_UINT("byte behind the structure", large.more[0], 0x5a);
    release(base);
}
