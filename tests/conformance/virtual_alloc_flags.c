/* virtual_alloc_flags.c - VirtualAlloc: which protections and allocation types go, and what they do. */
#include "virtual.h"

FAMILY(virtual)

static const DWORD good_protections[] = {
    PAGE_NOACCESS,
    PAGE_READONLY,
    PAGE_READWRITE,
    PAGE_EXECUTE,
    PAGE_EXECUTE_READ,
    PAGE_EXECUTE_READWRITE,
    PAGE_READONLY | PAGE_GUARD,
    PAGE_READWRITE | PAGE_GUARD,
    PAGE_EXECUTE_READ | PAGE_GUARD,
    PAGE_EXECUTE_READWRITE | PAGE_GUARD,
};

TEST(VirtualAlloc, protections)
{
    NEED_BASICS();
    for (unsigned i = 0; i < sizeof(good_protections) / sizeof(good_protections[0]); i++) {
        CHECK(P_CONSTANTS, "NULL, 4096, MEM_RESERVE|MEM_COMMIT, %s", protect_name(good_protections[i]));
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, PAGE, NEW, good_protections[i]);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        EXPECT_PROTECT("protection", base, good_protections[i]);
        EXPECT_HEX("allocation protection", page_info(base).AllocationProtect, good_protections[i]);
        release(base);
    }
    for (unsigned i = 0; i < 6; i++) {
        CHECK(P_CONSTANTS, "NULL, 4096, MEM_RESERVE, %s", protect_name(good_protections[i]));
        void *base = pVirtualAlloc(NULL, PAGE, MEM_RESERVE, good_protections[i]);
        EXPECT_TRUE("return", base);
        EXPECT_STATE("state", base, MEM_RESERVE);
        EXPECT_HEX("allocation protection", page_info(base).AllocationProtect, good_protections[i]);
        release(base);
    }
    for (unsigned i = 0; i < 2; i++) {
        DWORD protect = PAGE_READWRITE | (i ? PAGE_WRITECOMBINE : PAGE_NOCACHE);
        CHECK(P_CONSTANTS, "NULL, 4096, MEM_RESERVE|MEM_COMMIT, %s", protect_name(protect));
        SET_SENTINEL();
        char *base = pVirtualAlloc(NULL, PAGE, NEW, protect);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        if (base) base[5] = 6;
        EXPECT_UINT("a byte written and read", base ? base[5] : 0, 6);
        NOTE_HEX("protection", page_info(base).Protect);
        release(base);
    }
}

/* What each protection lets a program do with the page. */
TEST(VirtualAlloc, access)
{
    NEED_BASICS();
    static const struct {
        DWORD protect;
        DWORD read, write;
    } cases[] = { { PAGE_NOACCESS, EXCEPTION_ACCESS_VIOLATION, EXCEPTION_ACCESS_VIOLATION },
                  { PAGE_READONLY, 0, EXCEPTION_ACCESS_VIOLATION },
                  { PAGE_READWRITE, 0, 0 },
                  { PAGE_EXECUTE_READ, 0, EXCEPTION_ACCESS_VIOLATION },
                  { PAGE_EXECUTE_READWRITE, 0, 0 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_CONSTANTS, "reading and writing a page allocated with %s", protect_name(cases[i].protect));
        char *base = new_pages(PAGE, cases[i].protect);
        EXPECT_HEX("reading", conform_catch(read_byte, base), cases[i].read);
        EXPECT_HEX("writing", conform_catch(write_byte, base), cases[i].write);
        release(base);
    }
    CHECK(P_GUARD, "reading a page allocated with PAGE_READWRITE|PAGE_GUARD, twice");
    char *base = new_pages(PAGE, PAGE_READWRITE | PAGE_GUARD);
    EXPECT_HEX("first", conform_catch(read_byte, base), STATUS_GUARD_PAGE_VIOLATION);
    EXPECT_PROTECT("protection then", base, PAGE_READWRITE);
    EXPECT_HEX("second", conform_catch(read_byte, base), 0);
    release(base);

    CHECK(P_GUARD, "writing the second of two guard pages");
    base = new_pages(2 * PAGE, PAGE_READWRITE | PAGE_GUARD);
    EXPECT_HEX("writing", conform_catch(write_byte, base + PAGE), STATUS_GUARD_PAGE_VIOLATION);
    EXPECT_PROTECT("protection of the first", base, PAGE_READWRITE | PAGE_GUARD);
    EXPECT_PROTECT("protection of the second", base + PAGE, PAGE_READWRITE);
    EXPECT_UINT("byte", base[PAGE], 0);
    release(base);

    CHECK(P_CONSTANTS, "running code in a page allocated with PAGE_EXECUTE_READWRITE");
    base = new_pages(PAGE, PAGE_EXECUTE_READWRITE);
    base[0] = (char)0xc3; /* ret */
    FlushInstructionCache(GetCurrentProcess(), base, 1);
    EXPECT_HEX("calling it", conform_catch(run_code, base), 0);
    release(base);

    CHECK(P_ALLOC, "reading a reserved page");
    base = pVirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_READWRITE);
    EXPECT_HEX("reading", conform_catch(read_byte, base), EXCEPTION_ACCESS_VIOLATION);
    release(base);
}

TEST(VirtualAlloc, bad_protections)
{
    NEED_BASICS();
    static const DWORD bad[] = { PAGE_WRITECOPY,
                                 PAGE_EXECUTE_WRITECOPY,
                                 PAGE_NOACCESS | PAGE_GUARD,
                                 PAGE_NOACCESS | PAGE_NOCACHE,
                                 PAGE_NOACCESS | PAGE_WRITECOMBINE,
                                 PAGE_READWRITE | PAGE_GUARD | PAGE_NOCACHE,
                                 PAGE_READWRITE | PAGE_GUARD | PAGE_WRITECOMBINE,
                                 PAGE_READWRITE | PAGE_NOCACHE | PAGE_WRITECOMBINE,
                                 0,
                                 PAGE_READONLY | PAGE_READWRITE,
                                 PAGE_NOACCESS | PAGE_READWRITE,
                                 PAGE_EXECUTE | PAGE_EXECUTE_READ,
                                 PAGE_READWRITE | PAGE_EXECUTE,
                                 PAGE_GUARD,
                                 PAGE_NOCACHE,
                                 0xff };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        for (unsigned commit = 0; commit < 2; commit++) {
            DWORD type = commit ? NEW : MEM_RESERVE;
            CHECK(P_CONSTANTS, "NULL, 4096, %s, %s", type_name(type), protect_name(bad[i]));
            SET_SENTINEL();
            void *base = pVirtualAlloc(NULL, PAGE, type, bad[i]);
            EXPECT_ERROR(ERROR_INVALID_PARAMETER);
            EXPECT_BOOL("return", base, FALSE);
            release(base);
        }
    for (unsigned i = 0; i < 3; i++) {
        static const DWORD unknown[] = { PAGE_READWRITE | 0x800, PAGE_READWRITE | 0x80000000,
                                         PAGE_READWRITE | PAGE_TARGETS_INVALID };
        CHECK(P_CONSTANTS, "NULL, 4096, MEM_RESERVE|MEM_COMMIT, %s", protect_name(unknown[i]));
        UNDECIDED("the page names no meaning of this combination for VirtualAlloc, and no error");
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, PAGE, NEW, unknown[i]);
        NOTE_ERROR();
        NOTE_BOOL("return", base);
        release(base);
    }
    CHECK(P_ALLOC, "reserved page, 4096, MEM_COMMIT, PAGE_WRITECOPY");
    void *base = pVirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_READWRITE);
    SET_SENTINEL();
    void *again = pVirtualAlloc(base, PAGE, MEM_COMMIT, PAGE_WRITECOPY);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", again, FALSE);
    EXPECT_STATE("state", base, MEM_RESERVE);
    release(base);
}

/* Combinations that the page forbids: "must also specify", "cannot be used with any other value". */
TEST(VirtualAlloc, bad_types)
{
    NEED_BASICS();
    static const DWORD bad[] = { 0,
                                 MEM_TOP_DOWN,
                                 MEM_WRITE_WATCH,
                                 MEM_WRITE_WATCH | MEM_COMMIT,
                                 MEM_PHYSICAL,
                                 MEM_PHYSICAL | MEM_COMMIT,
                                 MEM_PHYSICAL | NEW,
                                 MEM_PHYSICAL | MEM_RESERVE | MEM_WRITE_WATCH,
                                 MEM_LARGE_PAGES,
                                 MEM_LARGE_PAGES | MEM_RESERVE,
                                 MEM_LARGE_PAGES | MEM_COMMIT,
                                 NEW | MEM_DECOMMIT,
                                 NEW | MEM_RELEASE,
                                 NEW | MEM_FREE,
                                 MEM_DECOMMIT,
                                 MEM_RELEASE };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(P_ALLOC, "NULL, 2 MB, %s, PAGE_READWRITE", type_name(bad[i]));
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, 2 << 20, bad[i], PAGE_READWRITE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);
        release(base);
    }
    static const DWORD resets[] = { MEM_RESET | MEM_COMMIT,        MEM_RESET | MEM_RESERVE,
                                    MEM_RESET | NEW,               MEM_RESET | MEM_TOP_DOWN,
                                    MEM_RESET | MEM_WRITE_WATCH,   MEM_RESET | MEM_RESET_UNDO,
                                    MEM_RESET_UNDO | MEM_COMMIT,   MEM_RESET_UNDO | MEM_RESERVE,
                                    MEM_RESET_UNDO | MEM_TOP_DOWN, MEM_RESET | MEM_PHYSICAL };
    for (unsigned i = 0; i < sizeof(resets) / sizeof(resets[0]); i++) {
        char *base = new_pages(GRANULE, PAGE_READWRITE);
        base[0] = 7;
        CHECK(P_ALLOC, "committed pages, 64 KB, %s, PAGE_READWRITE", type_name(resets[i]));
        SET_SENTINEL();
        void *again = pVirtualAlloc(base, GRANULE, resets[i], PAGE_READWRITE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", again, FALSE);
        EXPECT_UINT("content", base[0], 7);
        release(base);
    }
    static const DWORD physical[] = { PAGE_READONLY, PAGE_NOACCESS, PAGE_EXECUTE_READWRITE, PAGE_READWRITE | PAGE_GUARD };
    for (unsigned i = 0; i < sizeof(physical) / sizeof(physical[0]); i++) {
        CHECK(P_ALLOC, "NULL, 64 KB, MEM_RESERVE|MEM_PHYSICAL, %s", protect_name(physical[i]));
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_PHYSICAL, physical[i]);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);
        release(base);
    }
}

static BOOL may_lock_memory(void)
{
    HANDLE token;
    PRIVILEGE_SET set = { 1, PRIVILEGE_SET_ALL_NECESSARY, { { { 4 /* SE_LOCK_MEMORY_PRIVILEGE */, 0 }, 0 } } };
    BOOL held = FALSE;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return FALSE;
    if (!PrivilegeCheck(token, &set, &held)) held = FALSE;
    CloseHandle(token);
    return held;
}

TEST(VirtualAlloc, large_pages)
{
    NEED_BASICS();
    SIZE_T minimum = GetLargePageMinimum();
    CHECK(P_LARGE, "NULL, large-page minimum, MEM_RESERVE|MEM_COMMIT|MEM_LARGE_PAGES, without SeLockMemoryPrivilege");
    if (may_lock_memory() || !minimum) UNDECIDED("this process has the privilege, or the system no large pages");
    SET_SENTINEL();
    void *base = pVirtualAlloc(NULL, minimum, NEW | MEM_LARGE_PAGES, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_PRIVILEGE_NOT_HELD);
    EXPECT_BOOL("return", base, FALSE);
    release(base);

    static const int offs[] = { -1, 1, -4096, 4096 };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_ALLOC, "NULL, large-page minimum %+d, MEM_RESERVE|MEM_COMMIT|MEM_LARGE_PAGES", offs[i]);
        SET_SENTINEL();
        base = pVirtualAlloc(NULL, minimum + offs[i], NEW | MEM_LARGE_PAGES, PAGE_READWRITE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);
        release(base);
    }
}

TEST(VirtualAlloc, reset)
{
    NEED_BASICS();
    static const DWORD protections[] = { PAGE_NOACCESS, PAGE_READWRITE, PAGE_READONLY, PAGE_EXECUTE_READ };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_ALLOC, "committed pages, MEM_RESET, %s (ignored but valid)", protect_name(protections[i]));
        char *base = new_pages(4 * PAGE, PAGE_READWRITE);
        memset(base, 1, 4 * PAGE);
        SET_SENTINEL();
        void *again = pVirtualAlloc(base + PAGE, 2 * PAGE, MEM_RESET, protections[i]);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return is the address", again == base + PAGE);
        EXPECT_PROTECT("protection", base + PAGE, PAGE_READWRITE);
        EXPECT_STATE("state", base + PAGE, MEM_COMMIT);
        EXPECT_UINT("page before", base[PAGE - 1], 1);
        EXPECT_UINT("page behind", base[3 * PAGE], 1);
        EXPECT_TRUE("content is old or zero", base[PAGE] == 1 || base[PAGE] == 0);
        release(base);
    }
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    for (unsigned i = 0; i < 2; i++) {
        CHECK(P_ALLOC, "committed pages, MEM_RESET, %s", i ? "PAGE_READONLY|PAGE_READWRITE" : "protection 0");
        SET_SENTINEL();
        void *again = pVirtualAlloc(base, PAGE, MEM_RESET, i ? PAGE_READONLY | PAGE_READWRITE : 0);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", again, FALSE);
    }
    CHECK(P_ALLOC, "NULL, 4096, MEM_RESET, PAGE_READWRITE");
    SET_SENTINEL();
    void *again = pVirtualAlloc(NULL, PAGE, MEM_RESET, PAGE_READWRITE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", again, FALSE);
    release(again);
    release(base);

    CHECK(P_ALLOC, "free pages, MEM_RESET, PAGE_READWRITE");
    SET_SENTINEL();
    again = pVirtualAlloc(free_range(GRANULE), PAGE, MEM_RESET, PAGE_READWRITE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", again, FALSE);

    CHECK(P_ALLOC, "reserved pages, MEM_RESET, PAGE_READWRITE");
    UNDECIDED("the state must be compatible, but the page does not say whether reserved pages are");
    base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    SET_SENTINEL();
    NOTE_BOOL("return", pVirtualAlloc(base, PAGE, MEM_RESET, PAGE_READWRITE));
    NOTE_ERROR();
    release(base);
}

TEST(VirtualAlloc, reset_view)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "a view of a mapped file, MEM_RESET, PAGE_READWRITE");
    char *view = file_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    view[0] = 5;
    SET_SENTINEL();
    void *again = pVirtualAlloc(view, PAGE, MEM_RESET, PAGE_READWRITE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", again, FALSE);
    EXPECT_UINT("content", view[0], 5);
    UnmapViewOfFile(view);

    CHECK(P_ALLOC, "a view of a section over the paging file, MEM_RESET, PAGE_READWRITE");
    view = section_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    SET_SENTINEL();
    again = pVirtualAlloc(view, PAGE, MEM_RESET, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return is the address", again == view);
    UnmapViewOfFile(view);
}

TEST(VirtualAlloc, reserved_section)
{
    NEED_BASICS();
    CHECK(P_ALLOC, "a view of a SEC_RESERVE section, 4096, MEM_COMMIT, PAGE_READWRITE");
    char *view = section_view(GRANULE, PAGE_READWRITE | SEC_RESERVE, FILE_MAP_WRITE);
    EXPECT_STATE("state before", view, MEM_RESERVE);
    SET_SENTINEL();
    void *base = pVirtualAlloc(view, PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return is the address", base == view);
    EXPECT_STATE("state", view, MEM_COMMIT);
    EXPECT_STATE("state of the next page", view + PAGE, MEM_RESERVE);
    EXPECT_TRUE("zero", all_zero(view, PAGE));
    UnmapViewOfFile(view);
}
