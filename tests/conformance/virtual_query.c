/* virtual_query.c - VirtualQuery: runs of pages that are alike. */
#include "virtual.h"

FAMILY(virtual)

#define EXPECT_INFO(info, base_, allocation_, size_, state_, protect_, type_)                                        \
    do {                                                                                                             \
        EXPECT_TRUE("base address", (char *)(info).BaseAddress == (char *)(base_));                                  \
        EXPECT_TRUE("allocation base", (char *)(info).AllocationBase == (char *)(allocation_));                      \
        EXPECT_UINT("region size", (info).RegionSize, size_);                                                        \
        EXPECT_HEX("state", (info).State, state_);                                                                   \
        if ((state_) == MEM_COMMIT) EXPECT_HEX("protection", (info).Protect, protect_);                              \
        EXPECT_HEX("type", (info).Type, type_);                                                                      \
    } while (0)

TEST(VirtualQuery, private_pages)
{
    NEED_BASICS();
    MEMORY_BASIC_INFORMATION info;
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READONLY);
    pVirtualAlloc(base + 4 * PAGE, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    pVirtualAlloc(base + 8 * PAGE, 2 * PAGE, MEM_COMMIT, PAGE_NOACCESS);
    static const struct {
        const char *name;
        unsigned offset, first, pages;
        DWORD state, protect;
    } cases[] = { { "reserved pages before the committed", 0, 0, 4, MEM_RESERVE, 0 },
                  { "an address inside the first reserved page", 100, 0, 4, MEM_RESERVE, 0 },
                  { "the last byte of the reserved pages", 0x3fff, 3, 1, MEM_RESERVE, 0 },
                  { "the first committed page", 0x4000, 4, 4, MEM_COMMIT, PAGE_READWRITE },
                  { "the last byte of the second committed page", 0x5fff, 5, 3, MEM_COMMIT, PAGE_READWRITE },
                  { "the pages with another protection", 0x8000, 8, 2, MEM_COMMIT, PAGE_NOACCESS },
                  { "the reserved pages behind", 0xa000, 10, 6, MEM_RESERVE, 0 },
                  { "the last page", 0xf001, 15, 1, MEM_RESERVE, 0 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_QUERY, "64 KB reserved with 4 pages of PAGE_READWRITE and 2 of PAGE_NOACCESS: %s", cases[i].name);
        SET_SENTINEL();
        SIZE_T size = pVirtualQuery(base + cases[i].offset, &info, sizeof(info));
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("return is the structure's size", size == sizeof(info), TRUE);
        EXPECT_INFO(info, base + cases[i].first * PAGE, base, cases[i].pages * PAGE, cases[i].state, cases[i].protect,
                    MEM_PRIVATE);
        EXPECT_HEX("allocation protection", info.AllocationProtect, PAGE_READONLY);
    }
    release(base);

    CHECK(P_QUERY, "pages committed by three calls with one protection");
    base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    for (unsigned page = 0; page < 3; page++)
        pVirtualAlloc(base + page * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE);
    pVirtualQuery(base, &info, sizeof(info));
    EXPECT_INFO(info, base, base, 3 * PAGE, MEM_COMMIT, PAGE_READWRITE, MEM_PRIVATE);
    release(base);

    CHECK(P_QUERY, "two adjacent allocations that are alike");
    char *room = free_range(2 * GRANULE);
    char *first = pVirtualAlloc(room, GRANULE, NEW, PAGE_READWRITE);
    char *second = pVirtualAlloc(room + GRANULE, GRANULE, NEW, PAGE_READWRITE);
    pVirtualQuery(first, &info, sizeof(info));
    EXPECT_INFO(info, first, first, GRANULE, MEM_COMMIT, PAGE_READWRITE, MEM_PRIVATE);
    release(first);
    release(second);
}

TEST(VirtualQuery, free_pages)
{
    NEED_BASICS();
    MEMORY_BASIC_INFORMATION info;
    /* A hole of four granules between two reservations. */
    char *room = free_range(6 * GRANULE);
    char *before = pVirtualAlloc(room, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    char *behind = pVirtualAlloc(room + 5 * GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    static const unsigned offsets[] = { 0, 1, 0xfff, 0x1000, 0x10000, 0x2fffe, 0x3f000, 0x3ffff };
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        CHECK(P_QUERY, "a free run of 256 KB between two reservations, at %#x", offsets[i]);
        SET_SENTINEL();
        SIZE_T size = pVirtualQuery(room + GRANULE + offsets[i], &info, sizeof(info));
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("return is the structure's size", size == sizeof(info), TRUE);
        EXPECT_TRUE("base address is the page",
                    (char *)info.BaseAddress == room + GRANULE + (offsets[i] & ~0xfffu));
        EXPECT_HEX("state", info.State, MEM_FREE);
        EXPECT_UINT("region size, to the end of the run", info.RegionSize, 4 * GRANULE - (offsets[i] & ~0xfffu));
    }
    release(before);
    release(behind);
}

TEST(VirtualQuery, views)
{
    NEED_BASICS();
    MEMORY_BASIC_INFORMATION info;
    static const struct {
        const char *name;
        DWORD section, access, protect;
    } cases[] = { { "FILE_MAP_READ of PAGE_READONLY", PAGE_READONLY, FILE_MAP_READ, PAGE_READONLY },
                  { "FILE_MAP_READ of PAGE_READWRITE", PAGE_READWRITE, FILE_MAP_READ, PAGE_READONLY },
                  { "FILE_MAP_WRITE of PAGE_READWRITE", PAGE_READWRITE, FILE_MAP_WRITE, PAGE_READWRITE },
                  { "FILE_MAP_COPY of PAGE_READWRITE", PAGE_READWRITE, FILE_MAP_COPY, PAGE_WRITECOPY },
                  { "FILE_MAP_COPY of PAGE_WRITECOPY", PAGE_WRITECOPY, FILE_MAP_COPY, PAGE_WRITECOPY } };
    for (unsigned paging_file = 0; paging_file < 2; paging_file++)
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            if (paging_file && cases[i].section == PAGE_READONLY) continue;
            char *view = paging_file ? section_view(3 * PAGE, cases[i].section, cases[i].access)
                                     : file_view(3 * PAGE, cases[i].section, cases[i].access);
            CHECK(P_QUERY, "second page of a 12 KB view of a %s: %s", paging_file ? "section" : "file", cases[i].name);
            SIZE_T size = pVirtualQuery(view + PAGE + 3, &info, sizeof(info));
            EXPECT_BOOL("return is the structure's size", size == sizeof(info), TRUE);
            EXPECT_INFO(info, view + PAGE, view, 2 * PAGE, MEM_COMMIT, cases[i].protect, MEM_MAPPED);
            EXPECT_HEX("allocation protection", info.AllocationProtect, cases[i].protect);
            UnmapViewOfFile(view);
        }
    CHECK(P_QUERY, "a view after it was unmapped");
    char *view = section_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    UnmapViewOfFile(view);
    EXPECT_STATE("state", view, MEM_FREE);

    CHECK(P_QUERY, "the first page of the program's image");
    pVirtualQuery(GetModuleHandleW(NULL), &info, sizeof(info));
    EXPECT_TRUE("allocation base is the module", info.AllocationBase == (void *)GetModuleHandleW(NULL));
    EXPECT_HEX("state", info.State, MEM_COMMIT);
    EXPECT_HEX("protection", info.Protect, PAGE_READONLY);
    EXPECT_HEX("type", info.Type, MEM_IMAGE);

    CHECK(P_QUERY, "code of the program's image");
    pVirtualQuery((void *)(uintptr_t)read_byte, &info, sizeof(info));
    EXPECT_TRUE("allocation base is the module", info.AllocationBase == (void *)GetModuleHandleW(NULL));
    EXPECT_HEX("protection", info.Protect, PAGE_EXECUTE_READ);
    EXPECT_HEX("type", info.Type, MEM_IMAGE);

    CHECK(P_QUERY, "this thread's stack");
    pVirtualQuery(&info, &info, sizeof(info));
    EXPECT_HEX("state", info.State, MEM_COMMIT);
    EXPECT_HEX("protection", info.Protect, PAGE_READWRITE);
    EXPECT_HEX("type", info.Type, MEM_PRIVATE);
    EXPECT_TRUE("region starts at a page", (uintptr_t)info.BaseAddress % PAGE == 0);
}

TEST(VirtualQuery, whole_address_space)
{
    NEED_BASICS();
    MEMORY_BASIC_INFORMATION info;
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    unsigned gaps = 0, overlaps = 0, empty = 0, foreign = 0, same = 0, bad_state = 0;
    char *next = NULL;
    DWORD state = 0, protect = 0, type = 0;
    void *allocation = NULL;
    CHECK(P_QUERY, "every region from address 0 on, one after the other");
    while (pVirtualQuery(next, &info, sizeof(info)) == sizeof(info)) {
        gaps += (char *)info.BaseAddress > next;
        overlaps += (char *)info.BaseAddress < next;
        if (!info.RegionSize || info.RegionSize % PAGE) empty++;
        if (info.State != MEM_FREE && (char *)info.AllocationBase > (char *)info.BaseAddress) foreign++;
        if (info.State != MEM_FREE && info.State != MEM_RESERVE && info.State != MEM_COMMIT) bad_state++;
        same += next && info.State == state && info.AllocationBase == allocation && info.Type == type &&
                (info.State != MEM_COMMIT || info.Protect == protect) && info.State != MEM_FREE;
        state = info.State, protect = info.Protect, type = info.Type, allocation = info.AllocationBase;
        if (!info.RegionSize) break;
        next = (char *)info.BaseAddress + info.RegionSize;
        if (!next) break;
    }
    EXPECT_UINT("gaps", gaps, 0);
    EXPECT_UINT("overlaps", overlaps, 0);
    EXPECT_UINT("sizes that are no whole pages", empty, 0);
    EXPECT_UINT("allocation bases above the region", foreign, 0);
    EXPECT_UINT("unknown states", bad_state, 0);
    EXPECT_UINT("neighbours that are alike", same, 0);
    EXPECT_TRUE("ends right above the maximum application address",
                next == (char *)system.lpMaximumApplicationAddress + 1);

    CHECK(P_QUERY, "address 0");
    EXPECT_UINT("return", pVirtualQuery(NULL, &info, sizeof(info)), sizeof(info));
    EXPECT_HEX("state", info.State, MEM_FREE);

    CHECK(P_QUERY, "the maximum application address");
    EXPECT_UINT("return", pVirtualQuery(system.lpMaximumApplicationAddress, &info, sizeof(info)), sizeof(info));
    EXPECT_TRUE("base address is its page",
                (char *)info.BaseAddress == (char *)system.lpMaximumApplicationAddress + 1 - PAGE);

    const struct {
        const char *name;
        char *address;
    } above[] = { { "the maximum application address + 1", (char *)system.lpMaximumApplicationAddress + 1 },
                  { "the maximum application address + 64 KB", (char *)system.lpMaximumApplicationAddress + GRANULE },
                  { "the last page of all", (char *)(uintptr_t)-PAGE },
                  { "the last byte of all", (char *)(uintptr_t)-1 } };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_QUERY, "%s", above[i].name);
        SET_SENTINEL();
        SIZE_T size = pVirtualQuery(above[i].address, &info, sizeof(info));
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_UINT("return", size, 0);
    }
}

TEST(VirtualQuery, buffers)
{
    NEED_BASICS();
    union {
        MEMORY_BASIC_INFORMATION info;
        char bytes[128];
    } buffer;
    static const int shorter[] = { 0, 1, (int)sizeof(void *), (int)sizeof(MEMORY_BASIC_INFORMATION) - 1 };
    static const char *const names[] = { "0", "1", "a pointer's size", "the structure's size - 1" };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_QUERY, "a buffer of %s", names[i]);
        memset(&buffer, 0x5a, sizeof(buffer));
        SET_SENTINEL();
        SIZE_T size = pVirtualQuery(names, &buffer.info, shorter[i]);
        EXPECT_SOME_ERROR();
        EXPECT_UINT("return", size, 0);
        EXPECT_UINT("byte right behind the buffer", buffer.bytes[shorter[i]], 0x5a);
    }
    CHECK(P_QUERY, "a buffer of the structure's size + 16");
    memset(&buffer, 0x5a, sizeof(buffer));
    SET_SENTINEL();
    SIZE_T size = pVirtualQuery(names, &buffer.info, sizeof(MEMORY_BASIC_INFORMATION) + 16);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return is the structure's size", size == sizeof(MEMORY_BASIC_INFORMATION));
    EXPECT_UINT("byte behind the structure", buffer.bytes[sizeof(MEMORY_BASIC_INFORMATION)], 0x5a);
}

/* Where the structure is to go; NULL, a reserved page, the end of a page before a reserved one. */
CHILD(query_into_bad_buffer)
{
    char *pages = pVirtualAlloc(NULL, 2 * PAGE, MEM_RESERVE, PAGE_NOACCESS);
    pVirtualAlloc(pages, PAGE, MEM_COMMIT, PAGE_READWRITE);
    char *buffer = *argument == 'n' ? NULL : *argument == 'r' ? pages + PAGE : pages + PAGE - sizeof(void *);
    SET_SENTINEL();
    child_end(!pVirtualQuery(pages, (MEMORY_BASIC_INFORMATION *)buffer, sizeof(MEMORY_BASIC_INFORMATION)));
}

TEST(VirtualQuery, bad_buffers)
{
    NEED_BASICS();
    static const char *const names[] = { "NULL", "reserved page", "end of the last committed page" };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_QUERY, "%s as the buffer, in a child process; then VirtualAlloc in another thread", names[i]);
        unsigned code = (unsigned)conform_in_child("query_into_bad_buffer", names[i]);
        EXPECT_TRUE("failed", code & CHILD_FAILED);
        EXPECT_TRUE("last error is set", code & CHILD_ERROR);
        EXPECT_TRUE("the other thread's call returned", code & CHILD_GOES_ON);
    }
}
