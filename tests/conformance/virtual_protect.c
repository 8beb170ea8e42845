/* virtual_protect.c - VirtualProtect and VirtualProtectFromApp. */
#include "virtual.h"

FAMILY(virtual)

static const DWORD bases[] = { PAGE_NOACCESS, PAGE_READONLY,     PAGE_READWRITE,
                               PAGE_EXECUTE,  PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE };

TEST(VirtualProtect, every_pair)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    for (unsigned from = 0; from < 6; from++)
        for (unsigned to = 0; to < 6; to++) {
            char *base = new_pages(PAGE, bases[from]);
            CHECK(P_PROTECT, "a page with %s, to %s", protect_name(bases[from]), protect_name(bases[to]));
            DWORD old = 0;
            SET_SENTINEL();
            BOOL ok = pVirtualProtect(base, PAGE, bases[to], &old);
            EXPECT_ERROR(SENTINEL);
            EXPECT_TRUE("return", ok);
            EXPECT_HEX("old protection", old, bases[from]);
            EXPECT_PROTECT("protection", base, bases[to]);
            release(base);
        }
}

TEST(VirtualProtect, range)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    static const struct {
        unsigned offset, bytes, first, end;
    } cases[] = { { 0, 1, 0, 1 },          { PAGE - 1, 1, 0, 1 },         { PAGE - 1, 2, 0, 2 },
                  { PAGE, PAGE, 1, 2 },    { PAGE + 904, PAGE, 1, 3 },    { 0, GRANULE, 0, 16 },
                  { GRANULE - 1, 1, 15, 16 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *base = new_pages(GRANULE, PAGE_READWRITE);
        memset(base, 0x44, GRANULE);
        CHECK(P_PROTECT, "base of 64 KB + %u, %u, PAGE_READONLY", cases[i].offset, cases[i].bytes);
        DWORD old = 0;
        BOOL ok = pVirtualProtect(base + cases[i].offset, cases[i].bytes, PAGE_READONLY, &old);
        EXPECT_TRUE("return", ok);
        unsigned right = 0;
        for (unsigned page = 0; page < 16; page++) {
            BOOL inside = page >= cases[i].first && page < cases[i].end;
            right += page_info(base + page * PAGE).Protect == (DWORD)(inside ? PAGE_READONLY : PAGE_READWRITE) &&
                     conform_catch(write_byte, base + page * PAGE) == (inside ? EXCEPTION_ACCESS_VIOLATION : 0u);
        }
        EXPECT_UINT("pages with the right protection, of 16", right, 16);
        EXPECT_UINT("content", base[cases[i].first * PAGE + 7], 0x44);
        release(base);
    }
}

TEST(VirtualProtect, old_protection_of_first_page)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    CHECK(P_PROTECT, "three pages, PAGE_READONLY, PAGE_NOACCESS and PAGE_READWRITE, to PAGE_EXECUTE_READ");
    char *base = new_pages(3 * PAGE, PAGE_READWRITE);
    DWORD old = 0;
    pVirtualProtect(base, PAGE, PAGE_READONLY, &old);
    pVirtualProtect(base + PAGE, PAGE, PAGE_NOACCESS, &old);
    old = 0;
    EXPECT_TRUE("return", pVirtualProtect(base, 3 * PAGE, PAGE_EXECUTE_READ, &old));
    EXPECT_HEX("old protection", old, PAGE_READONLY);
    EXPECT_PROTECT("protection of the last", base + 2 * PAGE, PAGE_EXECUTE_READ);
    EXPECT_UINT("region size", page_info(base).RegionSize, 3 * PAGE);

    CHECK(P_PROTECT, "from the second page on, after PAGE_GUARD was added there");
    pVirtualProtect(base + PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    EXPECT_TRUE("return", pVirtualProtect(base + PAGE, 2 * PAGE, PAGE_READWRITE, &old));
    EXPECT_HEX("old protection", old, PAGE_READWRITE | PAGE_GUARD);
    release(base);
}

TEST(VirtualProtect, guard)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    static const DWORD guards[] = { PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE };
    for (unsigned i = 0; i < 4; i++) {
        char *base = new_pages(2 * PAGE, PAGE_READWRITE);
        CHECK(P_GUARD, "a page to %s|PAGE_GUARD, then reading it twice", protect_name(guards[i]));
        DWORD old = 0;
        EXPECT_TRUE("return", pVirtualProtect(base, PAGE, guards[i] | PAGE_GUARD, &old));
        EXPECT_PROTECT("protection", base, guards[i] | PAGE_GUARD);
        EXPECT_HEX("first read", conform_catch(read_byte, base), STATUS_GUARD_PAGE_VIOLATION);
        EXPECT_PROTECT("protection after it", base, guards[i]);
        EXPECT_HEX("second read", conform_catch(read_byte, base), 0);
        release(base);
    }
}

TEST(VirtualProtect, run_code)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    CHECK(P_PROTECT, "a page with code to PAGE_EXECUTE_READ, then calling it");
    char *base = new_pages(PAGE, PAGE_READWRITE);
    base[0] = (char)0xc3; /* ret */
    DWORD old = 0;
    EXPECT_TRUE("return", pVirtualProtect(base, PAGE, PAGE_EXECUTE_READ, &old));
    FlushInstructionCache(GetCurrentProcess(), base, 1);
    EXPECT_HEX("calling it", conform_catch(run_code, base), 0);
    EXPECT_HEX("writing it", conform_catch(write_byte, base), EXCEPTION_ACCESS_VIOLATION);

    CHECK(P_CONSTANTS, "the same page to PAGE_READWRITE, then calling it with data execution prevention on");
    if (sizeof(void *) == 4) UNDECIDED("whether it is on for 32-bit programs is the system's setting");
    pVirtualProtect(base, PAGE, PAGE_READWRITE, &old);
    EXPECT_HEX("calling it", conform_catch(run_code, base), EXCEPTION_ACCESS_VIOLATION);
    release(base);
}

TEST(VirtualProtect, bad_protections)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    static const DWORD bad[] = { 0,
                                 PAGE_READONLY | PAGE_READWRITE,
                                 PAGE_NOACCESS | PAGE_EXECUTE,
                                 PAGE_GUARD,
                                 PAGE_NOACCESS | PAGE_GUARD,
                                 PAGE_NOACCESS | PAGE_NOCACHE,
                                 PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE,
                                 PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE,
                                 PAGE_READWRITE | PAGE_TARGETS_NO_UPDATE,
                                 0xff };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char *base = new_pages(PAGE, PAGE_READWRITE);
        CHECK(P_CONSTANTS, "a committed page, to %s", protect_name(bad[i]));
        DWORD old = 0;
        SET_SENTINEL();
        BOOL ok = pVirtualProtect(base, PAGE, bad[i], &old);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_PROTECT("protection", base, PAGE_READWRITE);
        release(base);
    }
    for (unsigned i = 0; i < 2; i++) {
        char *base = new_pages(PAGE, PAGE_READWRITE);
        CHECK(P_CONSTANTS, "a private page, to %s", protect_name(i ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY));
        DWORD old = 0;
        SET_SENTINEL();
        BOOL ok = pVirtualProtect(base, PAGE, i ? PAGE_EXECUTE_WRITECOPY : PAGE_WRITECOPY, &old);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_PROTECT("protection", base, PAGE_READWRITE);
        release(base);
    }
}

TEST(VirtualProtect, not_committed)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    DWORD old = 0;
    CHECK(P_PROTECT, "reserved pages, to PAGE_READWRITE");
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READONLY);
    SET_SENTINEL();
    BOOL ok = pVirtualProtect(base, PAGE, PAGE_READWRITE, &old);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_STATE("state", base, MEM_RESERVE);

    static const char *const names[] = { "the first", "a middle", "the last" };
    for (unsigned hole = 0; hole < 3; hole++) {
        CHECK(P_PROTECT, "five pages of which %s is not committed, to PAGE_READONLY", names[hole]);
        pVirtualAlloc(base, 5 * PAGE, MEM_COMMIT, PAGE_READWRITE);
        pVirtualFree(base + hole * 2 * PAGE, PAGE, MEM_DECOMMIT);
        SET_SENTINEL();
        ok = pVirtualProtect(base, 5 * PAGE, PAGE_READONLY, &old);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        unsigned changed = 0;
        for (unsigned page = 0; page < 5; page++)
            changed += page_info(base + page * PAGE).Protect == PAGE_READONLY;
        EXPECT_UINT("pages changed", changed, 0);
        pVirtualFree(base, GRANULE, MEM_DECOMMIT);
    }
    release(base);

    CHECK(P_PROTECT, "free pages, to PAGE_READWRITE");
    SET_SENTINEL();
    ok = pVirtualProtect(free_range(GRANULE), PAGE, PAGE_READWRITE, &old);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);

    CHECK(P_PROTECT, "two adjacent allocations at once, to PAGE_READONLY");
    char *room = free_range(2 * GRANULE);
    char *first = pVirtualAlloc(room, GRANULE, NEW, PAGE_READWRITE);
    char *second = pVirtualAlloc(room + GRANULE, GRANULE, NEW, PAGE_READWRITE);
    SET_SENTINEL();
    ok = pVirtualProtect(first + GRANULE - PAGE, 2 * PAGE, PAGE_READONLY, &old);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_PROTECT("protection at the end of the first", first + GRANULE - PAGE, PAGE_READWRITE);
    EXPECT_PROTECT("protection at the start of the second", second, PAGE_READWRITE);
    release(first);
    release(second);
}

TEST(VirtualProtect, bad_ranges)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    char *base = new_pages(2 * PAGE, PAGE_READWRITE);
    static const SIZE_T sizes[] = { (SIZE_T)-1, (SIZE_T)-PAGE, 3 * PAGE };
    for (unsigned i = 0; i < 3; i++) {
        DWORD old = 0;
        CHECK(P_PROTECT, "second of two pages, size %d, to PAGE_READONLY", (int)sizes[i]);
        SET_SENTINEL();
        BOOL ok = pVirtualProtect(base + PAGE, sizes[i], PAGE_READONLY, &old);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_PROTECT("protection", base + PAGE, PAGE_READWRITE);
    }
    const struct {
        const char *name;
        void *address;
    } cases[] = { { "NULL", NULL }, { "the last page of all", (void *)(uintptr_t)-PAGE } };
    for (unsigned i = 0; i < 2; i++) {
        DWORD old = 0;
        CHECK(P_PROTECT, "%s, 4096, PAGE_READWRITE", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pVirtualProtect(cases[i].address, PAGE, PAGE_READWRITE, &old);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    DWORD old = 0;
    CHECK(P_PROTECT, "a committed page, size 0, to PAGE_READONLY");
    UNDECIDED("a range of no bytes contains none of any page's; the page does not say whether that is an error");
    SET_SENTINEL();
    NOTE_BOOL("return", pVirtualProtect(base, 0, PAGE_READONLY, &old));
    NOTE_ERROR();
    release(base);
}

TEST(VirtualProtect, old_pointer)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    char *reserved = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    char *unwritable = new_pages(PAGE, PAGE_READONLY);
    const struct {
        const char *name;
        void *old;
    } cases[] = { { "NULL", NULL },
                  { "address 16", (void *)16 },
                  { "a reserved page", reserved },
                  { "a read-only page", unwritable } };
    for (unsigned i = 0; i < 4; i++) {
        char *base = new_pages(PAGE, PAGE_READWRITE);
        CHECK(P_PROTECT, "a committed page, to PAGE_READONLY, old protection to %s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pVirtualProtect(base, PAGE, PAGE_READONLY, cases[i].old);
        EXPECT_ERROR(ERROR_NOACCESS);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_PROTECT("protection", base, PAGE_READWRITE);
        release(base);
    }
    release(reserved);
    release(unwritable);
}

TEST(VirtualProtectFromApp, protections)
{
    NEED_BASICS();
    NEED(VirtualProtectFromApp);
    static const DWORD good[] = { PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_READWRITE | PAGE_GUARD };
    static const DWORD bad[] = { PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_READWRITE | PAGE_GUARD, 0,
                                 PAGE_READONLY | PAGE_READWRITE, PAGE_NOACCESS | PAGE_GUARD };
    char *base = new_pages(PAGE, PAGE_READONLY);
    ULONG old = 0, before = PAGE_READONLY;
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_PROTECT_APP, "a committed page, to %s", protect_name(good[i]));
        SET_SENTINEL();
        BOOL ok = pVirtualProtectFromApp(base, PAGE, good[i], &old);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        EXPECT_HEX("old protection", old, before);
        EXPECT_PROTECT("protection", base, good[i]);
        before = good[i];
    }
    pVirtualProtectFromApp(base, PAGE, PAGE_READWRITE, &old);
    for (unsigned i = 0; i < 6; i++) {
        CHECK(P_PROTECT_APP, "a committed page, to %s", protect_name(bad[i]));
        SET_SENTINEL();
        BOOL ok = pVirtualProtectFromApp(base, PAGE, bad[i], &old);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_PROTECT("protection", base, PAGE_READWRITE);
    }
    for (unsigned i = 0; i < 2; i++) {
        DWORD protect = i ? PAGE_EXECUTE_READ : PAGE_EXECUTE;
        CHECK(P_PROTECT_APP, "a committed page, to %s", protect_name(protect));
        UNDECIDED("allowed for apps with the codeGeneration capability; for desktop programs the page does not say");
        SET_SENTINEL();
        NOTE_BOOL("return", pVirtualProtectFromApp(base, PAGE, protect, &old));
        NOTE_ERROR();
        pVirtualProtectFromApp(base, PAGE, PAGE_READWRITE, &old);
    }
    CHECK(P_PROTECT_APP, "a committed page, to PAGE_READONLY, old protection to NULL");
    SET_SENTINEL();
    BOOL ok = pVirtualProtectFromApp(base, PAGE, PAGE_READONLY, NULL);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);

    CHECK(P_PROTECT_APP, "a reserved page, to PAGE_READONLY");
    char *reserved = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
    SET_SENTINEL();
    ok = pVirtualProtectFromApp(reserved, PAGE, PAGE_READONLY, &old);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    release(reserved);
    release(base);
}
