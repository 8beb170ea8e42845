/* placeholder_private.c - private memory in the place of placeholders, and giving it back. */
#include "placeholder.h"

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

/* ---- many calls ---- */

struct replacer {
    struct start *start;
    BYTE *base;
    unsigned wrong;
};

static DWORD WINAPI replacer_run(void *context)
{
    struct replacer *r = context;
    start_wait(r->start);
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

struct allocator {
    struct start *start;
    volatile LONG stop;
    unsigned wrong;
};

static DWORD WINAPI allocator_run(void *context)
{
    struct allocator *a = context;
    start_wait(a->start);
    while (!a->stop) {
        BYTE *base = pVirtualAlloc(NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!base) a->wrong++;
        if (base) a->wrong += base[0] != 0;
        if (base) base[0] = 1;
        if (base) a->wrong += !pVirtualFree(base, 0, MEM_RELEASE);
        Sleep(0);
    }
    return 0;
}

TEST(VirtualAlloc2, placeholder_threads)
{
    NEED(VirtualAlloc2);
    NEED(VirtualAlloc);
    static struct replacer replacers[4];
    static struct allocator allocator;
    struct start start;
    HANDLE threads[5];
    BYTE *base = make(8 * KB64);
    MADE(base);
    CHECK(ALLOC2_PAGE, "4 threads split, replace, restore and coalesce neighbours, a fifth allocates, 100 rounds");
    EXPECT_TRUE("returned a base", base != NULL);
    if (!base) return;
    for (int i = 0; i < 3; i++) pVirtualFree(base + i * 2 * KB64, 2 * KB64, PRESERVE);
    start_make(&start);
    allocator.start = &start;
    threads[4] = CreateThread(NULL, 0, allocator_run, &allocator, 0, NULL);
    for (int i = 0; i < 4; i++) {
        replacers[i] = (struct replacer){ &start, base + i * 2 * KB64, 0 };
        threads[i] = CreateThread(NULL, 0, replacer_run, &replacers[i], 0, NULL);
    }
    start_all(&start, 5);
    for (int i = 0; i < 5; i++) {
        if (i == 4) allocator.stop = 1;
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
    CloseHandle(start.go);
    EXPECT_UINT("allocator: failures", allocator.wrong, 0);
    for (int i = 0; i < 4; i++) EXPECT_UINT("replacer: failures", replacers[i].wrong, 0);
    for (int i = 0; i < 4; i++) pVirtualFree(base + i * 2 * KB64, 0, MEM_RELEASE);
}

FAMILY(placeholder)
