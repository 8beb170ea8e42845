/* placeholder.c - making, splitting and coalescing placeholders; VirtualAlloc2 as an ordinary allocator. */
#include "placeholder.h"

TEST(VirtualAlloc2, placeholder_make)
{
    NEED(VirtualAlloc2);
    static const SIZE_T sizes[] = { PAGE, 3 * PAGE, KB64, KB64 + PAGE, 1 << 20, 64 << 20 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(ALLOC2_PAGE, "placeholder of %u bytes", (unsigned)sizes[i]);
        SET_SENTINEL();
        BYTE *base = make(sizes[i]);
        MADE(base);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("returned a base", base != NULL);
        if (!base) continue;
        EXPECT_UINT("base modulo 64 KB", (ULONG_PTR)base % KB64, 0);
        expect_placeholder(base, sizes[i]);
        CHECK(ALLOC2_PAGE, "placeholder of %u bytes: cannot be accessed", (unsigned)sizes[i]);
        EXPECT_HEX("exception", conform_catch(touch, base), 0xc0000005);
        CHECK_OF(VirtualFree, FREE_PAGE, "placeholder of %u bytes: MEM_RELEASE", (unsigned)sizes[i]);
        TRY(pVirtualFree(base, 0, MEM_RELEASE), TRUE, SENTINEL);
        CHECK_OF(VirtualFree, FREE_PAGE, "placeholder of %u bytes: free afterwards", (unsigned)sizes[i]);
        EXPECT_HEX("State", state_at(base), MEM_FREE);
    }
    CHECK(ALLOC2_PAGE, "placeholder at a given free base");
    BYTE *base = make(KB64);
    MADE(base);
    pVirtualFree(base, 0, MEM_RELEASE);
    BYTE *again = pVirtualAlloc2(NULL, base, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
    EXPECT_TRUE("same base", again && again == base);
    CHECK(ALLOC2_PAGE, "placeholder over a placeholder");
    TRY(pVirtualAlloc2(NULL, base, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0), FALSE, ERROR_INVALID_ADDRESS);
    CHECK(ALLOC2_PAGE, "placeholder by the current process's handle");
    BYTE *other = pVirtualAlloc2(GetCurrentProcess(), NULL, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
    EXPECT_TRUE("returned a base", other != NULL);
    if (other) pVirtualFree(other, 0, MEM_RELEASE);
    if (again) pVirtualFree(again, 0, MEM_RELEASE);
    CHECK(ALLOC2_PAGE, "placeholder with MEM_TOP_DOWN");
    other = pVirtualAlloc2(NULL, NULL, KB64, RESERVE_PLACEHOLDER | MEM_TOP_DOWN, PAGE_NOACCESS, NULL, 0);
    EXPECT_TRUE("returned a base", other != NULL);
    if (other) pVirtualFree(other, 0, MEM_RELEASE);
}

TEST(VirtualAlloc2, placeholder_make_failures)
{
    NEED(VirtualAlloc2);
    static const struct {
        SIZE_T bytes;
        ULONG type, protect;
    } cases[] = {
        { 0, RESERVE_PLACEHOLDER, PAGE_NOACCESS },
        { 1, RESERVE_PLACEHOLDER, PAGE_NOACCESS },
        { KB64 + 1, RESERVE_PLACEHOLDER, PAGE_NOACCESS },
        { KB64, 0x40000, PAGE_NOACCESS },
        { KB64, RESERVE_PLACEHOLDER | MEM_COMMIT, PAGE_NOACCESS },
        { KB64, RESERVE_PLACEHOLDER, PAGE_READWRITE },
        { KB64, RESERVE_PLACEHOLDER, PAGE_READONLY },
        { KB64, RESERVE_PLACEHOLDER, PAGE_EXECUTE },
        { KB64, RESERVE_PLACEHOLDER, 0 },
        { KB64, RESERVE_PLACEHOLDER | 0x4000, PAGE_NOACCESS },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(ALLOC2_PAGE, "%u bytes, type %#x, protection %#x", (unsigned)cases[i].bytes, (unsigned)cases[i].type,
              (unsigned)cases[i].protect);
        TRY(pVirtualAlloc2(NULL, NULL, cases[i].bytes, cases[i].type, cases[i].protect, NULL, 0), FALSE,
            ERROR_INVALID_PARAMETER);
    }
    CHECK(ALLOC2_PAGE, "a base that is not a multiple of 64 KB");
    BYTE *base = make(4 * KB64);
    MADE(base);
    if (base) pVirtualFree(base, 0, MEM_RELEASE);
    TRY(pVirtualAlloc2(NULL, base + PAGE, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0), FALSE,
        ERROR_INVALID_PARAMETER);
    CHECK(ALLOC2_PAGE, "process is an invalid handle");
    TRY_FAILS(pVirtualAlloc2((HANDLE)(ULONG_PTR)0xdead, NULL, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0));
}

TEST(VirtualFree, placeholder_split)
{
    NEED(VirtualAlloc2);
    NEED(VirtualFree);
    static const SIZE_T at[] = { KB64, PAGE, KB64 + PAGE, 3 * PAGE };
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        BYTE *base = make(4 * KB64);
        MADE(base);
        CHECK(FREE_PAGE, "the first %u bytes of a 256 KB placeholder become one of their own", (unsigned)at[i]);
        TRY(pVirtualFree(base, at[i], PRESERVE), TRUE, SENTINEL);
        CHECK(FREE_PAGE, "split at %u: the first part", (unsigned)at[i]);
        expect_placeholder(base, at[i]);
        CHECK(FREE_PAGE, "split at %u: the second part", (unsigned)at[i]);
        expect_placeholder(base + at[i], 4 * KB64 - at[i]);
        CHECK(FREE_PAGE, "split at %u: the last page of the second part becomes a third", (unsigned)at[i]);
        TRY(pVirtualFree(base + 4 * KB64 - PAGE, PAGE, PRESERVE), TRUE, SENTINEL);
        expect_placeholder(base + 4 * KB64 - PAGE, PAGE);
        CHECK(FREE_PAGE, "split at %u: releasing the first part", (unsigned)at[i]);
        TRY(pVirtualFree(base, 0, MEM_RELEASE), TRUE, SENTINEL);
        EXPECT_HEX("State of the first part", state_at(base), MEM_FREE);
        EXPECT_HEX("State of the second part", state_at(base + at[i]), MEM_RESERVE);
        CHECK(FREE_PAGE, "split at %u: releasing the others", (unsigned)at[i]);
        TRY(pVirtualFree(base + at[i], 0, MEM_RELEASE), TRUE, SENTINEL);
        TRY(pVirtualFree(base + 4 * KB64 - PAGE, 0, MEM_RELEASE), TRUE, SENTINEL);
        EXPECT_HEX("State", state_at(base), MEM_FREE);
    }
    BYTE *base = make(4 * KB64);
    MADE(base);
    CHECK(FREE_PAGE, "the middle of a placeholder becomes one of its own");
    TRY(pVirtualFree(base + KB64, KB64, PRESERVE), TRUE, SENTINEL);
    expect_placeholder(base, KB64);
    expect_placeholder(base + KB64, KB64);
    expect_placeholder(base + 2 * KB64, 2 * KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(base + KB64, 0, MEM_RELEASE);
    pVirtualFree(base + 2 * KB64, 0, MEM_RELEASE);
}

TEST(VirtualFree, placeholder_split_failures)
{
    NEED(VirtualAlloc2);
    NEED(VirtualFree);
    BYTE *base = make(4 * KB64), *plain = pVirtualAlloc(NULL, KB64, MEM_RESERVE, PAGE_NOACCESS);
    MADE(base);
    CHECK(FREE_PAGE, "the whole of a placeholder, which is one already");
    UNDECIDED("the page does not tell whether splitting nothing off fails");
    NOTE_BOOL("return", pVirtualFree(base, 4 * KB64, PRESERVE));
    CHECK(FREE_PAGE, "size 0");
    TRY_FAILS(pVirtualFree(base, 0, PRESERVE));
    CHECK(FREE_PAGE, "more than the placeholder");
    TRY_FAILS(pVirtualFree(base, 4 * KB64 + PAGE, PRESERVE));
    CHECK(FREE_PAGE, "part of an ordinary reservation");
    UNDECIDED("systems that can turn any reservation into placeholders may accept it");
    NOTE_BOOL("return", pVirtualFree(plain, PAGE, PRESERVE));
    CHECK(FREE_PAGE, "both placeholder flags");
    TRY(pVirtualFree(base, KB64, MEM_RELEASE | 3), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(FREE_PAGE, "MEM_DECOMMIT with MEM_PRESERVE_PLACEHOLDER");
    TRY(pVirtualFree(base, KB64, MEM_DECOMMIT | 2), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(FREE_PAGE, "MEM_PRESERVE_PLACEHOLDER alone");
    TRY(pVirtualFree(base, KB64, 2), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(FREE_PAGE, "MEM_COALESCE_PLACEHOLDERS alone");
    TRY(pVirtualFree(base, KB64, 1), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(FREE_PAGE, "a free address");
    TRY_FAILS(pVirtualFree((void *)(ULONG_PTR)KB64, PAGE, PRESERVE));
    CHECK(FREE_PAGE, "MEM_RELEASE of a placeholder with a size");
    UNDECIDED("the page says that the size must be 0, systems with placeholders may release a part");
    BYTE *other = make(2 * KB64);
    NOTE_BOOL("return", other && pVirtualFree(other, KB64, MEM_RELEASE));
    CHECK(FREE_PAGE, "after the failures the placeholder is whole");
    expect_placeholder(base, 4 * KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(plain, 0, MEM_RELEASE);
    if (other) pVirtualFree(other, 0, MEM_RELEASE);
}

TEST(VirtualFree, placeholder_coalesce)
{
    NEED(VirtualAlloc2);
    NEED(VirtualFree);
    static const SIZE_T at[] = { KB64, PAGE, 2 * KB64 + 5 * PAGE };
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        BYTE *base = make(4 * KB64);
        MADE(base);
        pVirtualFree(base, at[i], PRESERVE);
        CHECK(FREE_PAGE, "two placeholders, split at %u, coalesced", (unsigned)at[i]);
        TRY(pVirtualFree(base, 4 * KB64, COALESCE), TRUE, SENTINEL);
        expect_placeholder(base, 4 * KB64);
        CHECK(FREE_PAGE, "coalesced at %u: replaced as one", (unsigned)at[i]);
        EXPECT_TRUE("same base", base && replace(base, 4 * KB64, PAGE_READWRITE) == base);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
    BYTE *base = make(4 * KB64);
    MADE(base);
    for (int i = 0; i < 3; i++) pVirtualFree(base + i * KB64, KB64, PRESERVE);
    CHECK(FREE_PAGE, "the middle two of four");
    TRY(pVirtualFree(base + KB64, 2 * KB64, COALESCE), TRUE, SENTINEL);
    expect_placeholder(base + KB64, 2 * KB64);
    CHECK(FREE_PAGE, "three placeholders at once");
    TRY(pVirtualFree(base, 4 * KB64, COALESCE), TRUE, SENTINEL);
    expect_placeholder(base, 4 * KB64);
    pVirtualFree(base, 2 * KB64, PRESERVE);
    CHECK(FREE_PAGE, "a range that ends inside the second");
    TRY_FAILS(pVirtualFree(base, 3 * KB64, COALESCE));
    CHECK(FREE_PAGE, "a range that begins inside the first");
    TRY_FAILS(pVirtualFree(base + KB64, 3 * KB64, COALESCE));
    CHECK(FREE_PAGE, "a range of only one placeholder");
    UNDECIDED("the page does not tell whether coalescing one placeholder fails");
    NOTE_BOOL("return", pVirtualFree(base, 2 * KB64, COALESCE));
    CHECK(FREE_PAGE, "size 0");
    TRY_FAILS(pVirtualFree(base, 0, COALESCE));
    CHECK(FREE_PAGE, "after the failures both are there");
    expect_placeholder(base, 2 * KB64);
    expect_placeholder(base + 2 * KB64, 2 * KB64);
    CHECK(FREE_PAGE, "a placeholder and a private allocation that replaced one");
    replace(base, 2 * KB64, PAGE_READWRITE);
    TRY_FAILS(pVirtualFree(base, 4 * KB64, COALESCE));
    pVirtualFree(base, 0, MEM_RELEASE);
    CHECK(FREE_PAGE, "a placeholder and free addresses");
    TRY_FAILS(pVirtualFree(base, 4 * KB64, COALESCE));
    pVirtualFree(base + 2 * KB64, 0, MEM_RELEASE);
}

/* ---- VirtualAlloc2 as an ordinary allocator ---- */

TEST(VirtualAlloc2, ordinary)
{
    NEED(VirtualAlloc2);
    static const struct {
        ULONG type, protect;
        SIZE_T bytes;
        BOOL ok;
    } cases[] = {
        { MEM_RESERVE, PAGE_NOACCESS, KB64, TRUE },
        { MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, PAGE, TRUE },
        { MEM_COMMIT, PAGE_READWRITE, PAGE, TRUE },
        { MEM_RESERVE | MEM_COMMIT | MEM_TOP_DOWN, PAGE_READONLY, KB64, TRUE },
        { MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE, KB64, TRUE },
        { MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, 0, FALSE },
        { MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, 100, FALSE },
        { MEM_RESERVE | MEM_COMMIT, 0, PAGE, FALSE },
        { MEM_RESERVE | MEM_COMMIT, PAGE_WRITECOPY, PAGE, FALSE },
        { 0, PAGE_READWRITE, PAGE, FALSE },
        { MEM_TOP_DOWN, PAGE_READWRITE, PAGE, FALSE },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(ALLOC2_PAGE, "%u bytes, type %#x, protection %#x", (unsigned)cases[i].bytes, (unsigned)cases[i].type,
              (unsigned)cases[i].protect);
        SET_SENTINEL();
        void *base = pVirtualAlloc2(NULL, NULL, cases[i].bytes, cases[i].type, cases[i].protect, NULL, 0);
        EXPECT_ERROR(cases[i].ok ? SENTINEL : ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("returned a base", base != NULL, cases[i].ok);
        if (base) pVirtualFree(base, 0, MEM_RELEASE);
    }
    BYTE *base = pVirtualAlloc2(NULL, NULL, 2 * KB64, MEM_RESERVE, PAGE_NOACCESS, NULL, 0);
    CHECK(ALLOC2_PAGE, "MEM_COMMIT of a page inside a reservation");
    EXPECT_TRUE("same address", pVirtualAlloc2(NULL, base + PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE, NULL, 0) == base + PAGE);
    CHECK(ALLOC2_PAGE, "MEM_RESERVE over a reservation");
    TRY(pVirtualAlloc2(NULL, base, KB64, MEM_RESERVE, PAGE_NOACCESS, NULL, 0), FALSE, ERROR_INVALID_ADDRESS);
    CHECK(ALLOC2_PAGE, "MEM_RESERVE at a base that is not a multiple of 64 KB");
    TRY(pVirtualAlloc2(NULL, base + PAGE, KB64, MEM_RESERVE, PAGE_NOACCESS, NULL, 0), FALSE, ERROR_INVALID_PARAMETER);
    pVirtualFree(base, 0, MEM_RELEASE);
    CHECK(ALLOC2_PAGE, "MEM_COMMIT of addresses that are not reserved");
    TRY(pVirtualAlloc2(NULL, base, PAGE, MEM_COMMIT, PAGE_READWRITE, NULL, 0), FALSE, ERROR_INVALID_ADDRESS);
    CHECK(ALLOC2_PAGE, "process is an invalid handle");
    TRY(pVirtualAlloc2((HANDLE)(ULONG_PTR)0xdead, NULL, PAGE, MEM_RESERVE, PAGE_NOACCESS, NULL, 0), FALSE,
        ERROR_INVALID_HANDLE);
}

TEST(VirtualAlloc2FromApp, executable)
{
    NEED(VirtualAlloc2FromApp);
    static const ULONG executable[] = { PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY };
    static const ULONG plain[] = { PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(FROMAPP_PAGE, "protection %#x", (unsigned)executable[i]);
        TRY(pVirtualAlloc2FromApp(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT, executable[i], NULL, 0), FALSE,
            ERROR_INVALID_PARAMETER);
    }
    for (unsigned i = 0; i < 3; i++) {
        CHECK(FROMAPP_PAGE, "protection %#x", (unsigned)plain[i]);
        SET_SENTINEL();
        void *base = pVirtualAlloc2FromApp(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT, plain[i], NULL, 0);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("returned a base", base != NULL);
        if (base) pVirtualFree(base, 0, MEM_RELEASE);
    }
    CHECK(FROMAPP_PAGE, "a placeholder, replaced");
    BYTE *base = pVirtualAlloc2FromApp(NULL, NULL, KB64, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
    EXPECT_TRUE("returned a base", base != NULL);
    EXPECT_TRUE("replaced", base && pVirtualAlloc2FromApp(NULL, base, KB64, REPLACE_PLACEHOLDER | MEM_COMMIT,
                                                          PAGE_READWRITE, NULL, 0) == base);
    if (base) pVirtualFree(base, 0, MEM_RELEASE);
}

FAMILY(placeholder)
