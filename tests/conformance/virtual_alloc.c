/* virtual_alloc.c - VirtualAlloc: what it makes of addresses, sizes and states. */
#include "virtual.h"

FAMILY(virtual)

#define ROUND(bytes, unit) (((bytes) + (unit)-1) & ~(SIZE_T)((unit)-1))

static const SIZE_T sizes[] = { 1, PAGE - 1, PAGE, PAGE + 1, GRANULE - 1, GRANULE, GRANULE + 1, 1 << 20 };

TEST(VirtualAlloc, reserve)
{
    NEED_BASICS();
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(P_ALLOC, "NULL, %u, MEM_RESERVE, PAGE_READWRITE", (unsigned)sizes[i]);
        SET_SENTINEL();
        char *base = pVirtualAlloc(NULL, sizes[i], MEM_RESERVE, PAGE_READWRITE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        EXPECT_UINT("offset in granule", (uintptr_t)base % GRANULE, 0);
        MEMORY_BASIC_INFORMATION info = page_info(base);
        EXPECT_HEX("state", info.State, MEM_RESERVE);
        EXPECT_HEX("type", info.Type, MEM_PRIVATE);
        EXPECT_HEX("allocation protection", info.AllocationProtect, PAGE_READWRITE);
        EXPECT_UINT("region size", info.RegionSize, ROUND(sizes[i], PAGE));
        release(base);
    }
}

TEST(VirtualAlloc, reserve_and_commit)
{
    NEED_BASICS();
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(P_ALLOC, "NULL, %u, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE", (unsigned)sizes[i]);
        SET_SENTINEL();
        char *base = pVirtualAlloc(NULL, sizes[i], NEW, PAGE_READWRITE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        if (!base) continue;
        MEMORY_BASIC_INFORMATION info = page_info(base);
        EXPECT_HEX("state", info.State, MEM_COMMIT);
        EXPECT_HEX("protection", info.Protect, PAGE_READWRITE);
        EXPECT_UINT("region size", info.RegionSize, ROUND(sizes[i], PAGE));
        EXPECT_TRUE("all zero", all_zero(base, ROUND(sizes[i], PAGE)));
        release(base);
    }
}

TEST(VirtualAlloc, reserve_at_address)
{
    NEED_BASICS();
    static const unsigned offsets[] = { 0, 1, PAGE, PAGE + 1, GRANULE - PAGE, GRANULE - 1 };
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        char *room = free_range(4 * GRANULE);
        CHECK(P_ALLOC, "free granule + %u, 4096, MEM_RESERVE, PAGE_NOACCESS", offsets[i]);
        SET_SENTINEL();
        char *base = pVirtualAlloc(room + offsets[i], PAGE, MEM_RESERVE, PAGE_NOACCESS);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return is the granule's base", base == room);
        EXPECT_UINT("region size", page_info(room).RegionSize, ROUND(offsets[i] + PAGE, PAGE));
        release(base);
    }
}

TEST(VirtualAlloc, commit_in_reservation)
{
    NEED_BASICS();
    static const struct {
        unsigned offset, bytes, first, end; /* the pages that must be committed then */
    } cases[] = { { 0, 1, 0, 1 },           { PAGE - 1, 1, 0, 1 },         { PAGE - 1, 2, 0, 2 },
                  { PAGE, PAGE, 1, 2 },     { PAGE + 904, PAGE, 1, 3 },    { 2 * PAGE + 5, 1, 2, 3 },
                  { 0, GRANULE, 0, 16 },    { GRANULE - 1, 1, 15, 16 },    { 3 * PAGE, 5 * PAGE - 1, 3, 8 },
                  { 1, GRANULE - 1, 0, 16 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
        CHECK(P_ALLOC, "base of 64 KB reservation + %u, %u, MEM_COMMIT, PAGE_READWRITE", cases[i].offset,
              cases[i].bytes);
        SET_SENTINEL();
        char *start = pVirtualAlloc(base + cases[i].offset, cases[i].bytes, MEM_COMMIT, PAGE_READWRITE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_UINT("return, as offset of the base", start - base, cases[i].first * PAGE);
        unsigned right = 0;
        for (unsigned page = 0; page < 16; page++) {
            BOOL inside = page >= cases[i].first && page < cases[i].end;
            right += page_info(base + page * PAGE).State == (DWORD)(inside ? MEM_COMMIT : MEM_RESERVE);
        }
        EXPECT_UINT("pages in the right state, of 16", right, 16);
        release(base);
    }
}

TEST(VirtualAlloc, commit_unreserved)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "free address, 4096, MEM_COMMIT, PAGE_READWRITE");
    char *room = free_range(GRANULE);
    SET_SENTINEL();
    void *base = pVirtualAlloc(room, PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", base, FALSE);
    EXPECT_STATE("state", room, MEM_FREE);

    CHECK(P_ALLOC, "last page of a reservation, 8192 (beyond its end), MEM_COMMIT, PAGE_READWRITE");
    room = free_range(4 * GRANULE);
    char *reserved = pVirtualAlloc(room, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    SET_SENTINEL();
    base = pVirtualAlloc(reserved + GRANULE - PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", base, FALSE);
    EXPECT_STATE("state of the last page", reserved + GRANULE - PAGE, MEM_RESERVE);

    CHECK(P_ALLOC, "page before a reservation, 8192, MEM_COMMIT, PAGE_READWRITE");
    release(reserved);
    reserved = pVirtualAlloc(room + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    SET_SENTINEL();
    base = pVirtualAlloc(reserved - PAGE, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", base, FALSE);
    EXPECT_STATE("state of the first page", reserved, MEM_RESERVE);
    release(reserved);

    CHECK(P_ALLOC, "two adjacent reservations at once, MEM_COMMIT, PAGE_READWRITE");
    UNDECIDED("the whole range is reserved, but by two allocations; the page does not say that one is needed");
    reserved = pVirtualAlloc(room, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    void *second = pVirtualAlloc(room + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    SET_SENTINEL();
    base = pVirtualAlloc(room, 2 * GRANULE, MEM_COMMIT, PAGE_READWRITE);
    NOTE_ERROR();
    NOTE_BOOL("return", base);
    release(reserved);
    release(second);
}

TEST(VirtualAlloc, commit_anywhere)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "NULL, 4096, MEM_COMMIT, PAGE_READWRITE");
    SET_SENTINEL();
    char *base = pVirtualAlloc(NULL, PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", base);
    EXPECT_STATE("state", base, MEM_COMMIT);
    release(base);
}

TEST(VirtualAlloc, commit_again)
{
    NEED_BASICS();
    char *base = new_pages(4 * PAGE, PAGE_READWRITE);
    base[0] = 1, base[PAGE] = 2;
    CHECK(P_ALLOC, "committed pages, MEM_COMMIT, same protection");
    SET_SENTINEL();
    void *again = pVirtualAlloc(base, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return is the base", again == base);
    EXPECT_UINT("first byte", base[0], 1);
    EXPECT_UINT("first byte of second page", base[PAGE], 2);

    CHECK(P_ALLOC, "one committed page, MEM_COMMIT, PAGE_READONLY instead of PAGE_READWRITE");
    again = pVirtualAlloc(base, PAGE, MEM_COMMIT, PAGE_READONLY);
    EXPECT_TRUE("return is the base", again == base);
    NOTE_HEX("protection", page_info(base).Protect);
    EXPECT_UINT("first byte", base[0], 1);

    CHECK(P_ALLOC, "a mix of committed and decommitted pages, MEM_COMMIT");
    pVirtualFree(base + 2 * PAGE, PAGE, MEM_DECOMMIT);
    again = pVirtualAlloc(base, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_TRUE("return is the base", again == base);
    EXPECT_STATE("state of the decommitted page", base + 2 * PAGE, MEM_COMMIT);
    EXPECT_UINT("content of a committed page", base[PAGE], 2);
    release(base);
}

TEST(VirtualAlloc, zero_after_recommit)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "a page that was written, decommitted and committed again");
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    memset(base, 0x55, GRANULE);
    pVirtualFree(base + PAGE, 3 * PAGE, MEM_DECOMMIT);
    pVirtualAlloc(base + PAGE, 3 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_TRUE("all zero", all_zero(base + PAGE, 3 * PAGE));
    EXPECT_UINT("byte before", base[PAGE - 1], 0x55);
    EXPECT_UINT("byte behind", base[4 * PAGE], 0x55);
    release(base);
}

TEST(VirtualAlloc, reserve_reserved)
{
    NEED_BASICS();
    static const struct {
        unsigned offset, bytes;
    } cases[] = { { 0, PAGE }, { 0, 4 * GRANULE }, { GRANULE, PAGE }, { 2 * GRANULE, 4 * GRANULE }, { 5, 1 } };
    for (unsigned committed = 0; committed < 2; committed++)
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            char *base = pVirtualAlloc(NULL, 4 * GRANULE, committed ? NEW : MEM_RESERVE, PAGE_READWRITE);
            CHECK(P_ALLOC, "base of %s 256 KB + %u, %u, MEM_RESERVE", committed ? "committed" : "reserved",
                  cases[i].offset, cases[i].bytes);
            SET_SENTINEL();
            void *again = pVirtualAlloc(base + cases[i].offset, cases[i].bytes, MEM_RESERVE, PAGE_READWRITE);
            EXPECT_SOME_ERROR();
            EXPECT_BOOL("return", again, FALSE);
            EXPECT_STATE("state", base, committed ? MEM_COMMIT : MEM_RESERVE);
            release(base);
        }
}

TEST(VirtualAlloc, adjacent_reservations)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "a granule right behind an existing reservation, MEM_RESERVE");
    char *room = free_range(4 * GRANULE);
    char *first = pVirtualAlloc(room, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    char *second = pVirtualAlloc(room + GRANULE, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    EXPECT_TRUE("return is that granule", second == room + GRANULE);
    EXPECT_TRUE("allocation base", page_info(second).AllocationBase == second);
    EXPECT_UINT("region size of the first", page_info(first).RegionSize, GRANULE);
    release(first);
    release(second);
}

TEST(VirtualAlloc, bad_sizes)
{
    NEED_BASICS();
    static const SIZE_T bad[] = { (SIZE_T)-1, (SIZE_T)-PAGE, (SIZE_T)-GRANULE, (SIZE_T)1 << (sizeof(void *) * 8 - 1) };
    static const char *const names[] = { "-1", "-4096", "-65536", "half of what a pointer can address" };
    for (unsigned i = 0; i < 4; i++)
        for (unsigned commit = 0; commit < 2; commit++) {
            CHECK(P_ALLOC, "NULL, %s, %s, PAGE_READWRITE", names[i], commit ? "MEM_RESERVE|MEM_COMMIT" : "MEM_RESERVE");
            SET_SENTINEL();
            void *base = pVirtualAlloc(NULL, bad[i], commit ? NEW : MEM_RESERVE, PAGE_READWRITE);
            EXPECT_SOME_ERROR();
            EXPECT_BOOL("return", base, FALSE);
            release(base);
        }
    for (unsigned type = 0; type < 3; type++) {
        static const DWORD types[] = { MEM_RESERVE, MEM_COMMIT, NEW };
        CHECK(P_ALLOC, "NULL, 0, %s, PAGE_READWRITE", type_name(types[type]));
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, 0, types[type], PAGE_READWRITE);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", base, FALSE);
        release(base);
    }
    CHECK(P_ALLOC, "base of a reservation, a size that wraps around to the page before it, MEM_COMMIT");
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    SET_SENTINEL();
    void *again = pVirtualAlloc(base, (SIZE_T)-PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", again, FALSE);
    EXPECT_STATE("state", base, MEM_RESERVE);
    release(base);
}

TEST(VirtualAlloc, bad_addresses)
{
    NEED_BASICS();
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    char *top = system.lpMaximumApplicationAddress;
    const struct {
        const char *name;
        char *address;
    } cases[] = { { "maximum application address + 1", top + 1 },
                  { "maximum application address + 64 KB + 1", top + 1 + GRANULE },
                  { "the last granule of all", (char *)(uintptr_t)-GRANULE } };
    for (unsigned i = 0; i < 3; i++)
        for (unsigned type = 0; type < 3; type++) {
            static const DWORD types[] = { MEM_RESERVE, MEM_COMMIT, NEW };
            CHECK(P_ALLOC, "%s, 4096, %s, PAGE_READWRITE", cases[i].name, type_name(types[type]));
            SET_SENTINEL();
            void *base = pVirtualAlloc(cases[i].address, PAGE, types[type], PAGE_READWRITE);
            EXPECT_SOME_ERROR();
            EXPECT_BOOL("return", base, FALSE);
            release(base);
        }
    for (unsigned i = 0; i < 3; i++) {
        static const unsigned low[] = { 1, PAGE, GRANULE - 1 };
        CHECK(P_ALLOC, "address %u, 4096, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE", low[i]);
        UNDECIDED("rounding down gives NULL, which lets the system choose; the page does not say whether it does here");
        SET_SENTINEL();
        void *base = pVirtualAlloc((void *)(uintptr_t)low[i], PAGE, NEW, PAGE_READWRITE);
        NOTE_ERROR();
        NOTE_BOOL("return", base);
        release(base);
    }
}

TEST(VirtualAlloc, top_down)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "NULL, 65536, MEM_RESERVE|MEM_TOP_DOWN, PAGE_READWRITE");
    char *plain = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    SET_SENTINEL();
    char *high = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_TOP_DOWN, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", high);
    EXPECT_TRUE("above a plain reservation", high > plain);
    EXPECT_STATE("state", high, MEM_RESERVE);

    CHECK(P_ALLOC, "NULL, 65536, MEM_RESERVE|MEM_COMMIT|MEM_TOP_DOWN, PAGE_READWRITE, once more");
    char *lower = pVirtualAlloc(NULL, GRANULE, NEW | MEM_TOP_DOWN, PAGE_READWRITE);
    EXPECT_TRUE("return", lower);
    EXPECT_TRUE("above a plain reservation", lower > plain);
    EXPECT_TRUE("below the first", lower < high);
    EXPECT_STATE("state", lower, MEM_COMMIT);
    release(plain);
    release(high);
    release(lower);
}
