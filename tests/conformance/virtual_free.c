/* virtual_free.c - VirtualFree: decommitting and releasing. */
#include "virtual.h"

FAMILY(virtual)

#define MEM_COALESCE 1u
#define MEM_PRESERVE 2u

TEST(VirtualFree, release)
{
    NEED_BASICS();
    static const struct {
        const char *name;
        DWORD type;
        unsigned commit_first, commit_pages;
    } cases[] = { { "a reservation", MEM_RESERVE, 0, 0 },
                  { "committed pages", NEW, 0, 0 },
                  { "a reservation with some pages committed", MEM_RESERVE, 3, 5 },
                  { "a reservation with its last page committed", MEM_RESERVE, 31, 1 } };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_FREE, "base of %s, 0, MEM_RELEASE", cases[i].name);
        char *base = pVirtualAlloc(NULL, 2 * GRANULE, cases[i].type, PAGE_READWRITE);
        if (cases[i].commit_pages)
            pVirtualAlloc(base + cases[i].commit_first * PAGE, cases[i].commit_pages * PAGE, MEM_COMMIT, PAGE_READWRITE);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base, 0, MEM_RELEASE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        EXPECT_STATE("state of the first page", base, MEM_FREE);
        EXPECT_STATE("state of the last page", base + 2 * GRANULE - PAGE, MEM_FREE);
        EXPECT_HEX("reading", conform_catch(read_byte, base), EXCEPTION_ACCESS_VIOLATION);
    }
    CHECK(P_FREE, "base of the first of two adjacent allocations, 0, MEM_RELEASE");
    char *room = free_range(2 * GRANULE);
    char *first = pVirtualAlloc(room, GRANULE, NEW, PAGE_READWRITE);
    char *second = pVirtualAlloc(room + GRANULE, GRANULE, NEW, PAGE_READWRITE);
    EXPECT_TRUE("return", pVirtualFree(first, 0, MEM_RELEASE));
    EXPECT_STATE("state of the first", first, MEM_FREE);
    EXPECT_STATE("state of the second", second, MEM_COMMIT);
    release(second);
}

TEST(VirtualFree, release_with_size)
{
    NEED_BASICS();
    static const SIZE_T sizes[] = { 1, PAGE, GRANULE, 2 * GRANULE, 3 * GRANULE, (SIZE_T)-1 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *base = new_pages(2 * GRANULE, PAGE_READWRITE);
        base[0] = 1;
        CHECK(P_FREE, "base of 128 KB, %ld, MEM_RELEASE", (long)sizes[i]);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base, sizes[i], MEM_RELEASE);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state", base, MEM_COMMIT);
        release(base);
    }
}

TEST(VirtualFree, release_not_base)
{
    NEED_BASICS();
    static const unsigned offsets[] = { PAGE, GRANULE, GRANULE + 1, 2 * GRANULE - PAGE };
    for (unsigned i = 0; i < 4; i++) {
        char *base = new_pages(2 * GRANULE, PAGE_READWRITE);
        CHECK(P_FREE, "base of 128 KB + %u, 0, MEM_RELEASE", offsets[i]);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base + offsets[i], 0, MEM_RELEASE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state", base + offsets[i], MEM_COMMIT);
        release(base);
    }
    CHECK(P_FREE, "base of 64 KB + 1, 0, MEM_RELEASE");
    UNDECIDED("must be the base address, says the page; whether the address is rounded to a page first it does not say");
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    SET_SENTINEL();
    NOTE_BOOL("return", pVirtualFree(base + 1, 0, MEM_RELEASE));
    NOTE_ERROR();
    release(base);
}

TEST(VirtualFree, not_allocated)
{
    NEED_BASICS();
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    for (unsigned decommit = 0; decommit < 2; decommit++) {
        DWORD type = decommit ? MEM_DECOMMIT : MEM_RELEASE;
        SIZE_T bytes = decommit ? PAGE : 0;
        const struct {
            const char *name;
            void *address;
        } cases[] = { { "free address", free_range(GRANULE) },
                      { "NULL", NULL },
                      { "maximum application address + 1", (char *)system.lpMaximumApplicationAddress + 1 },
                      { "the last page of all", (void *)(uintptr_t)-PAGE } };
        for (unsigned i = 0; i < 4; i++) {
            CHECK(P_FREE, "%s, %u, %s", cases[i].name, (unsigned)bytes, type_name(type));
            SET_SENTINEL();
            BOOL ok = pVirtualFree(cases[i].address, bytes, type);
            EXPECT_SOME_ERROR();
            EXPECT_BOOL("return", ok, FALSE);
        }
    }
    CHECK(P_FREE, "an allocation that was released already, 0, MEM_RELEASE");
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    release(base);
    SET_SENTINEL();
    BOOL ok = pVirtualFree(base, 0, MEM_RELEASE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
}

TEST(VirtualFree, views)
{
    NEED_BASICS();
    char *file = file_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    char *section = section_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    char *image = (char *)GetModuleHandleW(NULL);
    const struct {
        const char *name;
        char *address;
    } cases[] = { { "a view of a file", file }, { "a view of a section", section }, { "an image", image } };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_FREE, "base of %s, 0, MEM_RELEASE", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(cases[i].address, 0, MEM_RELEASE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state", cases[i].address, MEM_COMMIT);

        CHECK(P_FREE, "base of %s, 4096, MEM_DECOMMIT", cases[i].name);
        SET_SENTINEL();
        ok = pVirtualFree(cases[i].address, PAGE, MEM_DECOMMIT);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state", cases[i].address, MEM_COMMIT);
    }
    UnmapViewOfFile(file);
    UnmapViewOfFile(section);
}

TEST(VirtualFree, decommit)
{
    NEED_BASICS();
    static const struct {
        unsigned offset, bytes, first, end; /* the pages that must be decommitted then */
    } cases[] = { { 0, 0, 0, 16 },          { 0, 1, 0, 1 },              { PAGE - 1, 1, 0, 1 },
                  { PAGE - 1, 2, 0, 2 },    { PAGE, PAGE, 1, 2 },        { PAGE + 904, PAGE, 1, 3 },
                  { 0, GRANULE, 0, 16 },    { GRANULE - 1, 1, 15, 16 },  { 3 * PAGE, 5 * PAGE - 1, 3, 8 },
                  { 1, GRANULE - 1, 0, 16 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *base = new_pages(GRANULE, PAGE_READWRITE);
        memset(base, 0x33, GRANULE);
        CHECK(P_FREE, "base of 64 KB committed + %u, %u, MEM_DECOMMIT", cases[i].offset, cases[i].bytes);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base + cases[i].offset, cases[i].bytes, MEM_DECOMMIT);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        unsigned right = 0;
        for (unsigned page = 0; page < 16; page++) {
            char *at = base + page * PAGE;
            if (page >= cases[i].first && page < cases[i].end)
                right += page_info(at).State == MEM_RESERVE &&
                         conform_catch(read_byte, at) == EXCEPTION_ACCESS_VIOLATION;
            else
                right += page_info(at).State == MEM_COMMIT && at[5] == 0x33;
        }
        EXPECT_UINT("pages in the right state, of 16", right, 16);
        release(base);
    }
}

TEST(VirtualFree, decommit_uncommitted)
{
    NEED_BASICS();
    static const char *const names[] = { "reserved pages", "a mix of committed and reserved pages",
                                         "pages decommitted before" };
    for (unsigned i = 0; i < 3; i++) {
        char *base = pVirtualAlloc(NULL, GRANULE, i == 2 ? NEW : MEM_RESERVE, PAGE_READWRITE);
        if (i == 1) pVirtualAlloc(base + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE);
        if (i == 2) pVirtualFree(base, GRANULE, MEM_DECOMMIT);
        CHECK(P_FREE, "%s, 16384, MEM_DECOMMIT", names[i]);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base, 4 * PAGE, MEM_DECOMMIT);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        EXPECT_STATE("state", base + 2 * PAGE, MEM_RESERVE);
        EXPECT_UINT("region size", page_info(base).RegionSize, GRANULE);
        release(base);
    }
    CHECK(P_FREE, "base of a reservation, 0, MEM_DECOMMIT");
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    EXPECT_TRUE("return", pVirtualFree(base, 0, MEM_DECOMMIT));
    EXPECT_STATE("state", base, MEM_RESERVE);
    release(base);
}

TEST(VirtualFree, decommit_beyond)
{
    NEED_BASICS();
    static const struct {
        const char *name;
        unsigned offset;
        SIZE_T bytes;
    } cases[] = { { "base of 64 KB, 64 KB + 1", 0, GRANULE + 1 },
                  { "last page of 64 KB, 8192", GRANULE - PAGE, 2 * PAGE },
                  { "base of 64 KB, 128 KB (into the next allocation)", 0, 2 * GRANULE },
                  { "base of 64 KB, -1", 0, (SIZE_T)-1 },
                  { "base of 64 KB, -4096", 0, (SIZE_T)-PAGE },
                  { "second page of 64 KB, a size that wraps around to the first", PAGE, (SIZE_T)-PAGE } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *room = free_range(2 * GRANULE);
        char *base = pVirtualAlloc(room, GRANULE, NEW, PAGE_READWRITE);
        char *next = pVirtualAlloc(room + GRANULE, GRANULE, NEW, PAGE_READWRITE);
        CHECK(P_FREE, "%s, MEM_DECOMMIT", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base + cases[i].offset, cases[i].bytes, MEM_DECOMMIT);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state of the last page", base + GRANULE - PAGE, MEM_COMMIT);
        EXPECT_STATE("state of the next allocation", next, MEM_COMMIT);
        release(base);
        release(next);
    }
    CHECK(P_FREE, "second page of 64 KB, 0, MEM_DECOMMIT");
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    SET_SENTINEL();
    BOOL ok = pVirtualFree(base + PAGE, 0, MEM_DECOMMIT);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_STATE("state", base + PAGE, MEM_COMMIT);
    release(base);
}

TEST(VirtualFree, bad_types)
{
    NEED_BASICS();
    static const DWORD bad[] = { 0,
                                 MEM_DECOMMIT | MEM_RELEASE,
                                 MEM_COMMIT,
                                 MEM_RESERVE,
                                 MEM_RELEASE | MEM_COMMIT,
                                 MEM_DECOMMIT | MEM_RESERVE,
                                 MEM_FREE,
                                 MEM_COALESCE,
                                 MEM_PRESERVE,
                                 MEM_DECOMMIT | MEM_COALESCE,
                                 MEM_DECOMMIT | MEM_PRESERVE,
                                 MEM_RELEASE | MEM_COALESCE | MEM_PRESERVE,
                                 0xffffffff };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *base = new_pages(GRANULE, PAGE_READWRITE);
        base[0] = 9;
        CHECK(P_FREE, "base of 64 KB, 0, %s", type_name(bad[i]));
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base, 0, bad[i]);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state", base, MEM_COMMIT);
        release(base);
    }
    for (unsigned i = 0; i < 2; i++) {
        DWORD type = MEM_RELEASE | (i ? MEM_PRESERVE : MEM_COALESCE);
        char *base = new_pages(GRANULE, PAGE_READWRITE);
        CHECK(P_FREE, "base of an allocation that never was a placeholder, 64 KB, MEM_RELEASE|%s",
              i ? "MEM_PRESERVE_PLACEHOLDER" : "MEM_COALESCE_PLACEHOLDERS");
        SET_SENTINEL();
        BOOL ok = pVirtualFree(base, GRANULE, type);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_STATE("state", base, MEM_COMMIT);
        release(base);
    }
}
