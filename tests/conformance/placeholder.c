/* placeholder.c - placeholders: making, splitting, coalescing, replacing them with private memory, giving them back. */
#include "conform.h"

FUNCTION(PVOID, VirtualAlloc2, (HANDLE, PVOID, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG))
FUNCTION(PVOID, VirtualAlloc2FromApp, (HANDLE, PVOID, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, PDWORD))
FUNCTION(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))

#define ALLOC2_PAGE "memoryapi/nf-memoryapi-virtualalloc2"
#define FROMAPP_PAGE "memoryapi/nf-memoryapi-virtualalloc2fromapp"
#define FREE_PAGE "memoryapi/nf-memoryapi-virtualfree"
#define PAGE 4096
#define KB64 65536
#define RESERVE_PLACEHOLDER (MEM_RESERVE | 0x40000)
#define REPLACE_PLACEHOLDER (MEM_RESERVE | 0x4000)
#define PRESERVE (MEM_RELEASE | 2)
#define COALESCE (MEM_RELEASE | 1)

#define TRY(call, expected, error)                                                                                   \
    do {                                                                                                             \
        SET_SENTINEL();                                                                                              \
        BOOL result_ = (call) != 0;                                                                                  \
        EXPECT_ERROR(error);                                                                                         \
        EXPECT_BOOL("return", result_, expected);                                                                    \
    } while (0)
#define TRY_FAILS(call)                                                                                              \
    do {                                                                                                             \
        SET_SENTINEL();                                                                                              \
        BOOL result_ = (call) != 0;                                                                                  \
        NOTE_ERROR();                                                                                                \
        EXPECT_BOOL("return", result_, FALSE);                                                                       \
    } while (0)

/* A test without its placeholder would free what is not its own. */
#define MADE(base)                                                                                                   \
    if (!(base)) {                                                                                                   \
        CHECK("memoryapi/nf-memoryapi-virtualalloc2", "a placeholder for the test");                                 \
        EXPECT_TRUE("returned a base", FALSE);                                                                       \
        return;                                                                                                      \
    }

static BYTE *make(SIZE_T bytes) { return pVirtualAlloc2(NULL, NULL, bytes, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0); }
static void *replace(void *base, SIZE_T bytes, ULONG protect)
{
    return pVirtualAlloc2(NULL, base, bytes, REPLACE_PLACEHOLDER | MEM_COMMIT, protect, NULL, 0);
}

static void expect_region(BYTE *address, BYTE *base, DWORD state, DWORD protect, DWORD allocation_protect, SIZE_T bytes)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(address, &info, sizeof(info));
    EXPECT_HEX("State", info.State, state);
    EXPECT_HEX("Protect", info.Protect, protect);
    EXPECT_HEX("AllocationProtect", info.AllocationProtect, allocation_protect);
    EXPECT_HEX("Type", info.Type, MEM_PRIVATE);
    EXPECT_UINT("RegionSize", info.RegionSize, bytes);
    EXPECT_TRUE("AllocationBase", info.AllocationBase == base);
}
static void expect_placeholder(BYTE *base, SIZE_T bytes) { expect_region(base, base, MEM_RESERVE, 0, PAGE_NOACCESS, bytes); }

static DWORD state_at(void *address)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(address, &info, sizeof(info));
    return info.State;
}

static void touch(void *address) { *(volatile BYTE *)address; }

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

TEST(VirtualAlloc2, placeholder_replace)
{
    NEED(VirtualAlloc2);
    NEED(VirtualFree);
    static const struct {
        SIZE_T at, bytes;
    } parts[] = { { 0, KB64 }, { KB64, 2 * KB64 }, { PAGE, PAGE }, { KB64 - PAGE, 2 * PAGE }, { KB64 + PAGE, 2 * KB64 } };
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        SIZE_T at = parts[i].at, bytes = parts[i].bytes;
        BYTE *base = make(4 * KB64);
        MADE(base);
        pVirtualFree(base + at, bytes, PRESERVE);
        CHECK(ALLOC2_PAGE, "%u bytes at %u, of a 256 KB placeholder, replaced", (unsigned)bytes, (unsigned)at);
        SET_SENTINEL();
        BYTE *private = replace(base + at, bytes, PAGE_READWRITE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("same base", base && private == base + at);
        if (!private) {
            if (base) pVirtualFree(base, 0, MEM_RELEASE);
            continue;
        }
        expect_region(private, private, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, bytes);
        CHECK(ALLOC2_PAGE, "%u bytes at %u: zero, and can be written", (unsigned)bytes, (unsigned)at);
        unsigned nonzero = 0;
        for (SIZE_T j = 0; j < bytes; j++) nonzero += private[j] != 0;
        EXPECT_UINT("bytes that are not 0", nonzero, 0);
        memset(private, 7, bytes);
        CHECK(ALLOC2_PAGE, "%u bytes at %u: what is beside it stays a placeholder", (unsigned)bytes, (unsigned)at);
        if (at) expect_placeholder(base, at);
        expect_placeholder(base + at + bytes, 4 * KB64 - at - bytes);
        CHECK_OF(VirtualFree, FREE_PAGE, "%u bytes at %u: back to a placeholder", (unsigned)bytes, (unsigned)at);
        TRY(pVirtualFree(private, bytes, PRESERVE), TRUE, SENTINEL);
        expect_placeholder(private, bytes);
        CHECK(ALLOC2_PAGE, "%u bytes at %u: replaced again, zero again", (unsigned)bytes, (unsigned)at);
        EXPECT_TRUE("same base", replace(private, bytes, PAGE_READWRITE) == private);
        for (SIZE_T j = 0; j < bytes; j++) nonzero += private[j] != 0;
        EXPECT_UINT("bytes that are not 0", nonzero, 0);
        CHECK_OF(VirtualFree, FREE_PAGE, "%u bytes at %u: released", (unsigned)bytes, (unsigned)at);
        TRY(pVirtualFree(private, 0, MEM_RELEASE), TRUE, SENTINEL);
        EXPECT_HEX("State", state_at(private), MEM_FREE);
        if (at) pVirtualFree(base, 0, MEM_RELEASE);
        pVirtualFree(base + at + bytes, 0, MEM_RELEASE);
    }
}

TEST(VirtualAlloc2, placeholder_replace_reserved)
{
    NEED(VirtualAlloc2);
    NEED(VirtualAlloc);
    BYTE *base = make(4 * KB64);
    MADE(base);
    CHECK(ALLOC2_PAGE, "replaced by reserved memory");
    EXPECT_TRUE("same base", base && pVirtualAlloc2(NULL, base, 4 * KB64, REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0) == base);
    expect_region(base, base, MEM_RESERVE, 0, PAGE_READWRITE, 4 * KB64);
    CHECK_OF(VirtualAlloc, "memoryapi/nf-memoryapi-virtualalloc", "MEM_COMMIT of one page of it");
    TRY(pVirtualAlloc(base + KB64, PAGE, MEM_COMMIT, PAGE_READWRITE), TRUE, SENTINEL);
    expect_region(base + KB64, base, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, PAGE);
    CHECK_OF(VirtualProtect, "memoryapi/nf-memoryapi-virtualprotect", "that page to PAGE_READONLY");
    DWORD old = 0;
    TRY(pVirtualProtect(base + KB64, PAGE, PAGE_READONLY, &old), TRUE, SENTINEL);
    EXPECT_HEX("old protection", old, PAGE_READWRITE);
    expect_region(base + KB64, base, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE, PAGE);
    CHECK_OF(VirtualFree, FREE_PAGE, "MEM_DECOMMIT of that page");
    TRY(pVirtualFree(base + KB64, PAGE, MEM_DECOMMIT), TRUE, SENTINEL);
    expect_region(base, base, MEM_RESERVE, 0, PAGE_READWRITE, 4 * KB64);
    CHECK_OF(VirtualFree, FREE_PAGE, "MEM_RELEASE at an inner page");
    TRY_FAILS(pVirtualFree(base + KB64, 0, MEM_RELEASE));
    CHECK_OF(VirtualFree, FREE_PAGE, "MEM_RELEASE");
    TRY(pVirtualFree(base, 0, MEM_RELEASE), TRUE, SENTINEL);
}

TEST(VirtualAlloc2, placeholder_replace_failures)
{
    NEED(VirtualAlloc2);
    BYTE *base = make(4 * KB64), *plain = pVirtualAlloc(NULL, KB64, MEM_RESERVE, PAGE_NOACCESS);
    MADE(base);
    const struct {
        const char *what;
        BYTE *base;
        SIZE_T bytes;
        ULONG type, protect;
        DWORD error; /* 0: no page names it */
    } cases[] = {
        { "less than the placeholder", base, 3 * KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, 487 },
        { "more than the placeholder", base, 5 * KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, 487 },
        { "not its base", base + KB64, 3 * KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, 487 },
        { "an ordinary reservation", plain, KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, 0 },
        { "a free address", (BYTE *)(ULONG_PTR)KB64, KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, 0 },
        { "base NULL", NULL, KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_READWRITE, 0 },
        { "without MEM_RESERVE", base, 4 * KB64, 0x4000 | MEM_COMMIT, PAGE_READWRITE, 87 },
        { "with MEM_RESERVE_PLACEHOLDER", base, 4 * KB64, REPLACE_PLACEHOLDER | 0x40000, PAGE_NOACCESS, 87 },
        { "with MEM_PHYSICAL", base, 4 * KB64, REPLACE_PLACEHOLDER | MEM_PHYSICAL, PAGE_READWRITE, 87 },
        { "protection 0", base, 4 * KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, 0, 87 },
        { "protection PAGE_WRITECOPY", base, 4 * KB64, REPLACE_PLACEHOLDER | MEM_COMMIT, PAGE_WRITECOPY, 87 },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(ALLOC2_PAGE, "replacing: %s", cases[i].what);
        SET_SENTINEL();
        void *got = pVirtualAlloc2(NULL, cases[i].base, cases[i].bytes, cases[i].type, cases[i].protect, NULL, 0);
        if (cases[i].error) EXPECT_ERROR(cases[i].error);
        else NOTE_ERROR();
        EXPECT_BOOL("returned a base", got != NULL, FALSE);
    }
    CHECK(ALLOC2_PAGE, "after the failures the placeholder is there");
    expect_placeholder(base, 4 * KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(plain, 0, MEM_RELEASE);
}

TEST(VirtualAlloc, placeholder)
{
    NEED(VirtualAlloc2);
    NEED(VirtualAlloc);
    BYTE *base = make(4 * KB64);
    MADE(base);
    DWORD old;
    CHECK("memoryapi/nf-memoryapi-virtualalloc", "MEM_COMMIT in a placeholder");
    TRY(pVirtualAlloc(base, PAGE, MEM_COMMIT, PAGE_READWRITE), FALSE, ERROR_INVALID_ADDRESS);
    CHECK("memoryapi/nf-memoryapi-virtualalloc", "MEM_RESERVE in a placeholder");
    TRY(pVirtualAlloc(base, KB64, MEM_RESERVE, PAGE_READWRITE), FALSE, ERROR_INVALID_ADDRESS);
    CHECK_OF(VirtualProtect, "memoryapi/nf-memoryapi-virtualprotect", "a placeholder");
    TRY(pVirtualProtect(base, PAGE, PAGE_READWRITE, &old), FALSE, ERROR_INVALID_ADDRESS);
    CHECK_OF(VirtualQuery, "memoryapi/nf-memoryapi-virtualquery", "an address inside a placeholder's third granule");
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(base + 2 * KB64 + 77, &info, sizeof(info));
    EXPECT_UINT("RegionSize", info.RegionSize, 2 * KB64);
    EXPECT_TRUE("AllocationBase", info.AllocationBase == base);
    EXPECT_TRUE("BaseAddress", info.BaseAddress == base + 2 * KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
}

/* Two neighbours of different protection inside one granule: neither's calls reach into the other. */
TEST(VirtualProtect, placeholder_neighbours)
{
    NEED(VirtualAlloc2);
    NEED(VirtualProtect);
    BYTE *base = make(KB64);
    MADE(base);
    DWORD old = 0;
    pVirtualFree(base, 8 * PAGE, PRESERVE);
    CHECK("memoryapi/nf-memoryapi-virtualalloc2", "two private allocations in one granule");
    EXPECT_TRUE("first", base && replace(base, 8 * PAGE, PAGE_READWRITE) == base);
    EXPECT_TRUE("second", base && replace(base + 8 * PAGE, 8 * PAGE, PAGE_READONLY) == base + 8 * PAGE);
    expect_region(base, base, MEM_COMMIT, PAGE_READWRITE, PAGE_READWRITE, 8 * PAGE);
    expect_region(base + 8 * PAGE, base + 8 * PAGE, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, 8 * PAGE);
    CHECK("memoryapi/nf-memoryapi-virtualprotect", "a range over both");
    TRY_FAILS(pVirtualProtect(base + 7 * PAGE, 2 * PAGE, PAGE_EXECUTE_READ, &old));
    CHECK("memoryapi/nf-memoryapi-virtualprotect", "all of the first");
    TRY(pVirtualProtect(base, 8 * PAGE, PAGE_READONLY, &old), TRUE, SENTINEL);
    EXPECT_HEX("old protection", old, PAGE_READWRITE);
    CHECK("memoryapi/nf-memoryapi-virtualprotect", "then the first, which looks like the second, still ends where it did");
    expect_region(base, base, MEM_COMMIT, PAGE_READONLY, PAGE_READWRITE, 8 * PAGE);
    CHECK_OF(VirtualFree, FREE_PAGE, "MEM_DECOMMIT over both");
    TRY_FAILS(pVirtualFree(base + 7 * PAGE, 2 * PAGE, MEM_DECOMMIT));
    CHECK_OF(VirtualFree, FREE_PAGE, "MEM_DECOMMIT of the first, size 0");
    TRY(pVirtualFree(base, 0, MEM_DECOMMIT), TRUE, SENTINEL);
    expect_region(base, base, MEM_RESERVE, 0, PAGE_READWRITE, 8 * PAGE);
    CHECK_OF(VirtualFree, FREE_PAGE, "the second after that");
    expect_region(base + 8 * PAGE, base + 8 * PAGE, MEM_COMMIT, PAGE_READONLY, PAGE_READONLY, 8 * PAGE);
    CHECK_OF(VirtualFree, FREE_PAGE, "the first released, the second stays");
    TRY(pVirtualFree(base, 0, MEM_RELEASE), TRUE, SENTINEL);
    EXPECT_HEX("State of the first", state_at(base), MEM_FREE);
    EXPECT_HEX("State of the second", state_at(base + 8 * PAGE), MEM_COMMIT);
    CHECK_OF(VirtualFree, FREE_PAGE, "the second released");
    TRY(pVirtualFree(base + 8 * PAGE, 0, MEM_RELEASE), TRUE, SENTINEL);
    EXPECT_HEX("State", state_at(base + 8 * PAGE), MEM_FREE);
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

/* ---- many calls ---- */

struct replacer {
    BYTE *base;
    unsigned wrong;
};

static DWORD WINAPI replacer_run(void *context)
{
    struct replacer *r = context;
    for (int round = 0; round < 100; round++) {
        SIZE_T bytes = round & 1 ? 2 * KB64 : 2 * KB64 - PAGE;
        BOOL part = bytes != 2 * KB64;
        if (part && !pVirtualFree(r->base, bytes, PRESERVE)) r->wrong++;
        if (replace(r->base, bytes, PAGE_READWRITE) != r->base) {
            r->wrong++;
            continue;
        }
        r->wrong += r->base[0] || r->base[bytes - 1];
        r->base[0] = r->base[bytes - 1] = 1;
        r->wrong += !pVirtualFree(r->base, bytes, PRESERVE);
        if (part) r->wrong += !pVirtualFree(r->base, 2 * KB64, COALESCE);
    }
    return 0;
}

static volatile LONG stop;
static DWORD WINAPI allocator_run(void *context)
{
    unsigned *wrong = context;
    while (!stop) {
        BYTE *base = pVirtualAlloc(NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!base) ++*wrong;
        if (base) *wrong += base[0] != 0;
        if (base) base[0] = 1;
        if (base) *wrong += !pVirtualFree(base, 0, MEM_RELEASE);
        Sleep(0);
    }
    return 0;
}

TEST(VirtualAlloc2, placeholder_threads)
{
    NEED(VirtualAlloc2);
    NEED(VirtualAlloc);
    static struct replacer replacers[4];
    HANDLE threads[5];
    unsigned wrong = 0;
    BYTE *base = make(8 * KB64);
    MADE(base);
    CHECK(ALLOC2_PAGE, "4 threads split, replace, restore and coalesce neighbours, a fifth allocates, 100 rounds");
    EXPECT_TRUE("returned a base", base != NULL);
    if (!base) return;
    for (int i = 0; i < 3; i++) pVirtualFree(base + i * 2 * KB64, 2 * KB64, PRESERVE);
    threads[4] = CreateThread(NULL, 0, allocator_run, &wrong, 0, NULL);
    for (int i = 0; i < 4; i++) {
        replacers[i].base = base + i * 2 * KB64;
        threads[i] = CreateThread(NULL, 0, replacer_run, &replacers[i], 0, NULL);
    }
    for (int i = 0; i < 5; i++) {
        if (i == 4) stop = 1;
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
    EXPECT_UINT("allocator: failures", wrong, 0);
    for (int i = 0; i < 4; i++) EXPECT_UINT("replacer: failures", replacers[i].wrong, 0);
    for (int i = 0; i < 4; i++) pVirtualFree(base + i * 2 * KB64, 0, MEM_RELEASE);
}

FAMILY(placeholder)
