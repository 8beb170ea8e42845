/* watch.c - GetWriteWatch and ResetWriteWatch. */
#include "virtual.h"

FAMILY(watch)

FUNCTION(UINT, GetWriteWatch, (DWORD, PVOID, SIZE_T, PVOID *, ULONG_PTR *, ULONG *))
FUNCTION(UINT, ResetWriteWatch, (LPVOID, SIZE_T))
FUNCTION(BOOL, VirtualLock, (LPVOID, SIZE_T))
FUNCTION(BOOL, VirtualUnlock, (LPVOID, SIZE_T))

#define P_GET "memoryapi/nf-memoryapi-getwritewatch"
#define P_RESET "memoryapi/nf-memoryapi-resetwritewatch"
#define PAGES 16
#define NEED_WATCH()                                                                                                 \
    NEED_BASICS();                                                                                                   \
    NEED(GetWriteWatch);                                                                                             \
    NEED(ResetWriteWatch)

static char *watched(void) { return pVirtualAlloc(NULL, GRANULE, NEW | MEM_WRITE_WATCH, PAGE_READWRITE); }

/* The written pages of a range as a bit mask, from its first page on. */
static unsigned written(char *base, SIZE_T bytes, DWORD flags)
{
    void *addresses[PAGES];
    ULONG_PTR count = PAGES;
    ULONG granularity = 0;
    unsigned mask = 0;
    DWORD error = GetLastError();
    if (pGetWriteWatch(flags, base, bytes, addresses, &count, &granularity)) return 0xffffffff;
    SetLastError(error);
    for (unsigned i = 0; i < count; i++)
        mask |= 1u << ((char *)addresses[i] - base) / PAGE;
    return mask;
}

static void write_pages(char *base, unsigned mask)
{
    for (unsigned page = 0; page < PAGES; page++)
        if (mask & 1u << page) ((volatile char *)base)[page * PAGE + page]++;
}

TEST(GetWriteWatch, pages)
{
    NEED_WATCH();
    static const unsigned masks[] = { 0, 1, 0x8000, 0x8001, 0x00f0, 0x5555, 0xffff };
    for (unsigned i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        char *base = watched();
        void *addresses[PAGES];
        ULONG_PTR count = PAGES;
        ULONG granularity = 0;
        write_pages(base, masks[i]);
        CHECK(P_GET, "0, a region of 16 pages of which the mask %#x was written", masks[i]);
        SET_SENTINEL();
        UINT failed = pGetWriteWatch(0, base, GRANULE, addresses, &count, &granularity);
        EXPECT_ERROR(SENTINEL);
        EXPECT_UINT("return", failed, 0);
        EXPECT_UINT("granularity", granularity, PAGE);
        EXPECT_UINT("count", count, __builtin_popcount(masks[i]));
        unsigned mask = 0, ascending = 1;
        for (unsigned n = 0; n < count; n++) {
            mask |= 1u << ((char *)addresses[n] - base) / PAGE;
            if (n && addresses[n] <= addresses[n - 1]) ascending = 0;
        }
        EXPECT_HEX("pages", mask, masks[i]);
        NOTE_BOOL("in ascending order", ascending);
        EXPECT_HEX("pages asked for again, not reset", written(base, GRANULE, 0), masks[i]);
        release(base);
    }
}

TEST(GetWriteWatch, ranges)
{
    NEED_WATCH();
    char *base = watched();
    write_pages(base, 0xffff);
    static const struct {
        unsigned first, pages, expected;
    } cases[] = { { 0, 1, 1 }, { 15, 1, 1 }, { 4, 3, 7 }, { 0, 16, 0xffff } };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_GET, "0, all of 16 pages written, %u from page %u on", cases[i].pages, cases[i].first);
        EXPECT_HEX("pages", written(base + cases[i].first * PAGE, cases[i].pages * PAGE, 0), cases[i].expected);
    }
    CHECK(P_GET, "0, reading is no writing");
    pResetWriteWatch(base, GRANULE);
    read_byte(base + 3 * PAGE);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 0);

    CHECK(P_GET, "0, writing through ReadProcessMemory into the region");
    char source[] = "written by system";
    SIZE_T moved;
    ReadProcessMemory(GetCurrentProcess(), source, base + 5 * PAGE, 8, &moved);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 1u << 5);

    CHECK(P_GET, "0, writing across a page boundary");
    memset(base + 8 * PAGE - 2, 1, 4);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 1u << 5 | 1u << 7 | 1u << 8);
    release(base);
}

TEST(GetWriteWatch, reset)
{
    NEED_WATCH();
    char *base = watched();
    write_pages(base, 0x0f0f);
    CHECK(P_GET, "WRITE_WATCH_FLAG_RESET, a region of which the mask 0xf0f was written");
    EXPECT_HEX("pages", written(base, GRANULE, WRITE_WATCH_FLAG_RESET), 0x0f0f);
    EXPECT_HEX("pages then", written(base, GRANULE, 0), 0);

    CHECK(P_GET, "0, pages written after the reset");
    write_pages(base, 0x0030);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 0x0030);

    CHECK(P_GET, "WRITE_WATCH_FLAG_RESET, one page of the region");
    EXPECT_HEX("pages", written(base + 4 * PAGE, PAGE, WRITE_WATCH_FLAG_RESET), 1);
    EXPECT_HEX("pages of the region then", written(base, GRANULE, 0), 0x0020);

    CHECK(P_GET, "WRITE_WATCH_FLAG_RESET, room for 3 of 8 written pages");
    pResetWriteWatch(base, GRANULE);
    write_pages(base, 0x5555);
    void *addresses[PAGES] = { NULL };
    ULONG_PTR count = 3;
    ULONG granularity;
    EXPECT_UINT("return", pGetWriteWatch(WRITE_WATCH_FLAG_RESET, base, GRANULE, addresses, &count, &granularity), 0);
    EXPECT_UINT("count", count, 3);
    EXPECT_BOOL("fourth address stored", addresses[3], FALSE);
    NOTE_HEX("pages then", written(base, GRANULE, 0));

    CHECK(P_GET, "0, room for 1 of 8 written pages");
    pResetWriteWatch(base, GRANULE);
    write_pages(base, 0x5555);
    count = 1;
    EXPECT_UINT("return", pGetWriteWatch(0, base, GRANULE, addresses, &count, &granularity), 0);
    EXPECT_UINT("count", count, 1);
    EXPECT_HEX("pages then", written(base, GRANULE, 0), 0x5555);
    release(base);
}

TEST(GetWriteWatch, life)
{
    NEED_WATCH();
    CHECK(P_GET, "0, a region reserved with MEM_WRITE_WATCH and committed later, pages 2 and 3");
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_WRITE_WATCH, PAGE_READWRITE);
    pVirtualAlloc(base + 2 * PAGE, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    write_pages(base, 0x000c);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 0x000c);

    CHECK(P_GET, "0, after a written page was protected and unprotected");
    DWORD old;
    pVirtualProtect(base + 2 * PAGE, PAGE, PAGE_READONLY, &old);
    pVirtualProtect(base + 2 * PAGE, PAGE, PAGE_READWRITE, &old);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 0x000c);

    CHECK(P_GET, "0, after a page was unprotected that was not written");
    pVirtualProtect(base + 4 * PAGE, PAGE, PAGE_READONLY, &old);
    pVirtualProtect(base + 4 * PAGE, PAGE, PAGE_READWRITE, &old);
    EXPECT_HEX("pages", written(base, GRANULE, 0), 0x000c);
    write_pages(base, 0x0010);
    EXPECT_HEX("pages after writing it", written(base, GRANULE, 0), 0x001c);

    CHECK(P_GET, "0, after a written page was decommitted and committed again");
    UNDECIDED("the page does not say whether that forgets the write");
    pVirtualFree(base + 2 * PAGE, PAGE, MEM_DECOMMIT);
    pVirtualAlloc(base + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE);
    NOTE_HEX("pages", written(base, GRANULE, 0));

    CHECK_OF(VirtualQuery, P_QUERY, "a committed page of a watched region");
    EXPECT_STATE("state", base + 2 * PAGE, MEM_COMMIT);
    EXPECT_PROTECT("protection", base + 2 * PAGE, PAGE_READWRITE);
    release(base);

    CHECK_OF(VirtualQuery, P_QUERY, "a watched region of 64 KB after three of its pages were written");
    base = watched();
    write_pages(base, 0x0106);
    MEMORY_BASIC_INFORMATION info = page_info(base);
    EXPECT_HEX("protection", info.Protect, PAGE_READWRITE);
    EXPECT_UINT("region size", info.RegionSize, GRANULE);
    release(base);

    CHECK(P_GET, "0, a watched region of which a page was locked (seen on Windows: locking writes)");
    UNDECIDED("not on a page of the documentation; known of Windows from public conformance testing");
    base = watched();
    if (pVirtualLock) NOTE_BOOL("locking", pVirtualLock(base + PAGE, PAGE));
    NOTE_HEX("pages", written(base, GRANULE, 0));
    if (pVirtualUnlock) pVirtualUnlock(base + PAGE, PAGE);
    release(base);
}

TEST(GetWriteWatch, mistakes)
{
    NEED_WATCH();
    char *base = watched(), *plain = new_pages(GRANULE, PAGE_READWRITE);
    write_pages(base, 0xffff);
    void *addresses[PAGES];
    ULONG granularity;
    ULONG_PTR count;
    const struct {
        const char *name;
        DWORD flags;
        char *base;
        SIZE_T bytes;
    } cases[] = {
        { "a region without MEM_WRITE_WATCH", 0, plain, GRANULE },
        { "free pages", 0, free_range(GRANULE), PAGE },
        { "NULL as the region", 0, NULL, PAGE },
        { "a range that ends behind the region", 0, base, GRANULE + 1 },
        { "a range that wraps around", 0, base, (SIZE_T)-1 },
        { "flags 2", 2, base, GRANULE },
        { "flags 9", 9, base, GRANULE },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_GET, "%s", cases[i].name);
        count = PAGES;
        UINT failed = pGetWriteWatch(cases[i].flags, cases[i].base, cases[i].bytes, addresses, &count, &granularity);
        NOTE_ERROR();
        EXPECT_TRUE("return", failed);
        EXPECT_HEX("written pages of the watched region", written(base, GRANULE, 0), 0xffff);
    }
    for (unsigned i = 0; i < 2; i++) {
        CHECK(P_GET, i ? "a range of 0 bytes" : "room for 0 addresses");
        UNDECIDED("asks for nothing; the page does not say whether that is a failure");
        count = i ? PAGES : 0;
        NOTE_UINT("return", !!pGetWriteWatch(0, base, i ? 0 : GRANULE, addresses, &count, &granularity));
        NOTE_ERROR();
    }
    release(base);
    release(plain);
}

CHILD(watch_into_bad_buffer)
{
    char *base = watched();
    void *addresses[PAGES];
    ULONG_PTR count = PAGES;
    ULONG granularity;
    BOOL a = *argument == 'a', c = *argument == 'c';
    void *bad = (void *)16;
    write_pages(base, 0x00ff);
    SET_SENTINEL();
    child_end(pGetWriteWatch(0, base, GRANULE, a ? bad : addresses, c ? bad : &count, a || c ? &granularity : bad));
}

TEST(GetWriteWatch, bad_buffers)
{
    NEED_WATCH();
    static const char *const names[] = { "addresses", "count", "granularity" };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_GET, "address 16 as the %s, in a child process; then VirtualAlloc in another thread", names[i]);
        unsigned code = (unsigned)conform_in_child("watch_into_bad_buffer", names[i]);
        EXPECT_TRUE("failed", code & CHILD_FAILED);
        EXPECT_TRUE("the other thread's call returned", code & CHILD_GOES_ON);
    }
}

TEST(ResetWriteWatch, ranges)
{
    NEED_WATCH();
    static const struct {
        unsigned first, pages, left;
    } cases[] = { { 0, 16, 0 }, { 0, 1, 0xfffe }, { 15, 1, 0x7fff }, { 4, 8, 0xf00f } };
    for (unsigned i = 0; i < 4; i++) {
        char *base = watched();
        write_pages(base, 0xffff);
        CHECK(P_RESET, "all of 16 pages written, %u from page %u on", cases[i].pages, cases[i].first);
        SET_SENTINEL();
        UINT failed = pResetWriteWatch(base + cases[i].first * PAGE, cases[i].pages * PAGE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_UINT("return", failed, 0);
        EXPECT_HEX("pages then", written(base, GRANULE, 0), cases[i].left);
        write_pages(base, 0x0010);
        EXPECT_HEX("pages after writing page 4 again", written(base, GRANULE, 0), cases[i].left | 0x0010);
        EXPECT_UINT("content of page 4", base[4 * PAGE + 4], 2);
        release(base);
    }
}

TEST(ResetWriteWatch, mistakes)
{
    NEED_WATCH();
    char *base = watched(), *plain = new_pages(GRANULE, PAGE_READWRITE);
    write_pages(base, 0x00ff);
    const struct {
        const char *name;
        char *base;
        SIZE_T bytes;
    } cases[] = { { "a region without MEM_WRITE_WATCH", plain, GRANULE },
                  { "free pages", free_range(GRANULE), PAGE },
                  { "NULL as the region", NULL, PAGE },
                  { "a range that ends behind the region", base, GRANULE + 1 },
                  { "a range that wraps around", base, (SIZE_T)-1 } };
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_RESET, "%s", cases[i].name);
        UINT failed = pResetWriteWatch(cases[i].base, cases[i].bytes);
        NOTE_ERROR();
        EXPECT_TRUE("return", failed);
        EXPECT_HEX("written pages of the watched region", written(base, GRANULE, 0), 0x00ff);
    }
    CHECK(P_RESET, "a range of 0 bytes");
    UNDECIDED("asks for nothing; the page does not say whether that is a failure");
    NOTE_UINT("return", !!pResetWriteWatch(base, 0));
    NOTE_ERROR();
    release(base);
    release(plain);
}
