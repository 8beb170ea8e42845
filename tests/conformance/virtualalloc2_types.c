/* virtualalloc2_types.c - VirtualAlloc2: every allocation type and extended parameter, and sizes that cannot be. */
#include "placeholder.h"

FUNCTION(UINT, GetWriteWatch, (DWORD, PVOID, SIZE_T, PVOID *, ULONG_PTR *, ULONG *))
FUNCTION(BOOL, MapUserPhysicalPages, (PVOID, ULONG_PTR, PULONG_PTR))
FUNCTION(SIZE_T, GetLargePageMinimum, (void))

#define PARAMETER_PAGE "winnt/ns-winnt-mem_extended_parameter"
#define REQUIREMENTS_PAGE "winnt/ns-winnt-mem_address_requirements"
#define RESET_UNDO 0x1000000
#define MB (1 << 20)

static MEM_ADDRESS_REQUIREMENTS requirements = { NULL, NULL, MB };

/* NULL, or the address requirements above. */
static MEM_EXTENDED_PARAMETER *placed(BOOL wanted)
{
    static MEM_EXTENDED_PARAMETER parameter;
    parameter.Type = MemExtendedParameterAddressRequirements;
    parameter.Pointer = &requirements;
    return wanted ? &parameter : NULL;
}
static const char *how(BOOL wanted) { return wanted ? "on 1 MB" : "anywhere"; }

TEST(VirtualAlloc2, write_watch)
{
    NEED(VirtualAlloc2);
    NEED(GetWriteWatch);
    for (int at = 0; at < 2; at++) {
        CHECK(ALLOC2_PAGE, "MEM_WRITE_WATCH, committed, %s: what is written is seen", how(at));
        SET_SENTINEL();
        BYTE *base = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE,
                                    placed(at), at);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("returned a base", base != NULL);
        if (!base) continue;
        EXPECT_UINT("base modulo 1 MB", at ? (ULONG_PTR)base % MB : 0, 0);
        PVOID pages[16];
        ULONG_PTR count = 16;
        ULONG granularity = 0;
        base[5 * PAGE] = 1;
        EXPECT_UINT("GetWriteWatch", pGetWriteWatch(0, base, KB64, pages, &count, &granularity), 0);
        EXPECT_UINT("pages", count, 1);
        EXPECT_TRUE("the page", count == 1 && pages[0] == base + 5 * PAGE);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
    CHECK(ALLOC2_PAGE, "MEM_WRITE_WATCH without MEM_RESERVE");
    TRY(pVirtualAlloc2(NULL, NULL, KB64, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE, NULL, 0), FALSE,
        ERROR_INVALID_PARAMETER);
}

TEST(VirtualAlloc2, physical)
{
    NEED(VirtualAlloc2);
    NEED(MapUserPhysicalPages);
    for (int at = 0; at < 2; at++) {
        CHECK(ALLOC2_PAGE, "MEM_PHYSICAL, %s: a window", how(at));
        SET_SENTINEL();
        BYTE *base = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE, placed(at), at);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("returned a base", base != NULL);
        if (!base) continue;
        EXPECT_UINT("base modulo 1 MB", at ? (ULONG_PTR)base % MB : 0, 0);
        expect_region(base, base, MEM_RESERVE, 0, PAGE_READWRITE, KB64);
        CHECK_OF(MapUserPhysicalPages, "memoryapi/nf-memoryapi-mapuserphysicalpages", "that window, %s: unmapping all", how(at));
        TRY(pMapUserPhysicalPages(base, KB64 / PAGE, NULL), TRUE, SENTINEL);
        CHECK_OF(VirtualFree, FREE_PAGE, "that window, %s", how(at));
        TRY(pVirtualFree(base, 0, MEM_RELEASE), TRUE, SENTINEL);
        EXPECT_HEX("State", state_at(base), MEM_FREE);
    }
    for (int at = 0; at < 2; at++) {
        CHECK(ALLOC2_PAGE, "MEM_PHYSICAL with MEM_COMMIT, %s", how(at));
        TRY(pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE, placed(at), at),
            FALSE, ERROR_INVALID_PARAMETER);
        CHECK(ALLOC2_PAGE, "MEM_PHYSICAL with PAGE_READONLY, %s", how(at));
        TRY(pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_PHYSICAL, PAGE_READONLY, placed(at), at), FALSE,
            ERROR_INVALID_PARAMETER);
    }
}

TEST(VirtualAlloc2, large_pages)
{
    NEED(VirtualAlloc2);
    NEED(GetLargePageMinimum);
    SIZE_T large = pGetLargePageMinimum();
    if (!large) return;
    for (int at = 0; at < 2; at++) {
        CHECK(ALLOC2_PAGE, "MEM_LARGE_PAGES, %s, without SeLockMemoryPrivilege", how(at));
        TRY(pVirtualAlloc2(NULL, NULL, large, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE, placed(at), at),
            FALSE, ERROR_PRIVILEGE_NOT_HELD);
        CHECK(ALLOC2_PAGE, "MEM_LARGE_PAGES without MEM_COMMIT, %s", how(at));
        TRY(pVirtualAlloc2(NULL, NULL, large, MEM_RESERVE | MEM_LARGE_PAGES, PAGE_READWRITE, placed(at), at), FALSE,
            ERROR_INVALID_PARAMETER);
        CHECK(ALLOC2_PAGE, "MEM_LARGE_PAGES, one page less, %s", how(at));
        TRY(pVirtualAlloc2(NULL, NULL, large - PAGE, MEM_RESERVE | MEM_COMMIT | MEM_LARGE_PAGES, PAGE_READWRITE,
                           placed(at), at),
            FALSE, ERROR_INVALID_PARAMETER);
    }
}

TEST(VirtualAlloc2, resets)
{
    NEED(VirtualAlloc2);
    BYTE *base = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL, 0);
    if (!base) return;
    static const struct {
        const char *what;
        ULONG type;
    } bad[] = {
        { "MEM_RESET with MEM_COMMIT", MEM_RESET | MEM_COMMIT },
        { "MEM_RESET with MEM_TOP_DOWN", MEM_RESET | MEM_TOP_DOWN },
        { "MEM_RESET_UNDO with MEM_COMMIT", RESET_UNDO | MEM_COMMIT },
        { "MEM_RESET with MEM_RESET_UNDO", MEM_RESET | RESET_UNDO },
        { "an unknown type", 0x10 },
        { "MEM_DECOMMIT", MEM_DECOMMIT },
    };
    CHECK(ALLOC2_PAGE, "MEM_RESET of two pages");
    TRY(pVirtualAlloc2(NULL, base + PAGE, 2 * PAGE, MEM_RESET, PAGE_READWRITE, NULL, 0) == base + PAGE, TRUE, SENTINEL);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(ALLOC2_PAGE, "%s", bad[i].what);
        TRY(pVirtualAlloc2(NULL, base + PAGE, PAGE, bad[i].type, PAGE_READWRITE, NULL, 0), FALSE, ERROR_INVALID_PARAMETER);
    }
    CHECK(REQUIREMENTS_PAGE, "requirements for MEM_COMMIT alone");
    TRY_FAILS(pVirtualAlloc2(NULL, NULL, PAGE, MEM_RESET, PAGE_READWRITE, placed(TRUE), 1));
    pVirtualFree(base, 0, MEM_RELEASE);
}

/* More than there are addresses; afterwards nothing has changed. */
TEST(VirtualAlloc2, impossible_sizes)
{
    NEED(VirtualAlloc2);
    static const SIZE_T half = (SIZE_T)1 << (sizeof(SIZE_T) * 8 - 1);
    const SIZE_T sizes[] = { half, half + half / 2, (SIZE_T)-KB64, (SIZE_T)-PAGE };
    static const struct {
        const char *what;
        ULONG type, protect;
        BOOL placed;
    } kinds[] = {
        { "reserved", MEM_RESERVE, PAGE_READWRITE, FALSE },
        { "reserved on 1 MB", MEM_RESERVE, PAGE_READWRITE, TRUE },
        { "a placeholder", RESERVE_PLACEHOLDER, PAGE_NOACCESS, FALSE },
        { "a placeholder on 1 MB", RESERVE_PLACEHOLDER, PAGE_NOACCESS, TRUE },
        { "a window", MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE, FALSE },
    };
    BYTE *low = pVirtualAlloc(NULL, KB64, MEM_RESERVE, PAGE_NOACCESS);
    for (unsigned kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
        for (unsigned i = 0; i < 4; i++) {
            CHECK(ALLOC2_PAGE, "%s, impossible size %u", kinds[kind].what, i);
            TRY_FAILS(pVirtualAlloc2(NULL, NULL, sizes[i], kinds[kind].type, kinds[kind].protect,
                                     placed(kinds[kind].placed), kinds[kind].placed));
            NOTE_BOOL("an error is set", GetLastError() != SENTINEL);
        }
    CHECK_OF(VirtualFree, FREE_PAGE, "afterwards: splitting an ordinary reservation");
    TRY_FAILS(pVirtualFree(low, PAGE, PRESERVE));
    CHECK(ALLOC2_PAGE, "afterwards: a placeholder, replaced");
    BYTE *base = make(KB64);
    EXPECT_TRUE("replaced", base && replace(base, KB64, PAGE_READWRITE) == base);
    if (base) pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(low, 0, MEM_RELEASE);
}

TEST(VirtualAlloc2, other_parameters)
{
    NEED(VirtualAlloc2);
    static const struct {
        const char *what;
        unsigned type;
        ULONG64 value;
        BOOL ok;
    } cases[] = {
        { "a NUMA node that no system has", MemExtendedParameterNumaNode, 0x7fff, FALSE },
        { "a partition: no handle", MemExtendedParameterPartitionHandle, 0xdead, FALSE },
        { "attributes: none", MemExtendedParameterAttributeFlags, 0, TRUE },
        { "attributes: a bit that no system knows", MemExtendedParameterAttributeFlags, 0x4000000000000000, FALSE },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        MEM_EXTENDED_PARAMETER p = { .Type = cases[i].type };
        p.ULong64 = cases[i].value;
        CHECK(PARAMETER_PAGE, "%s", cases[i].what);
        if (cases[i].type == MemExtendedParameterNumaNode) UNDECIDED("the node is a preference");
        SET_SENTINEL();
        void *base = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &p, 1);
        NOTE_ERROR();
        if (cases[i].type == MemExtendedParameterNumaNode) NOTE_BOOL("returned a base", base != NULL);
        else EXPECT_BOOL("returned a base", base != NULL, cases[i].ok);
        if (base) pVirtualFree(base, 0, MEM_RELEASE);
    }
}

FAMILY(placeholder)
