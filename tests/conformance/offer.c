/* offer.c - offering and reclaiming memory, discarding it, and taking MEM_RESET back. */
#include "conform.h"

FUNCTION(DWORD, OfferVirtualMemory, (PVOID, SIZE_T, int))
FUNCTION(DWORD, ReclaimVirtualMemory, (PVOID, SIZE_T))
FUNCTION(DWORD, DiscardVirtualMemory, (PVOID, SIZE_T))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, PDWORD))
FUNCTION(BOOL, VirtualLock, (LPVOID, SIZE_T))
FUNCTION(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))

#define OFFER_PAGE "memoryapi/nf-memoryapi-offervirtualmemory"
#define RECLAIM_PAGE "memoryapi/nf-memoryapi-reclaimvirtualmemory"
#define DISCARD_PAGE "memoryapi/nf-memoryapi-discardvirtualmemory"
#define ALLOC_PAGE "memoryapi/nf-memoryapi-virtualalloc"
#define PAGE 4096
#define NORMAL 4 /* VmOfferPriorityNormal */

/* These functions return the error code itself. */
#define CODE(call, expected)                                                                                         \
    do {                                                                                                             \
        DWORD code_ = (call);                                                                                        \
        conform_expect(KIND_ERROR, "return", code_, expected);                                                       \
    } while (0)
/* Any error; no page names which. */
#define CODE_FAILS(call)                                                                                             \
    do {                                                                                                             \
        DWORD code_ = (call);                                                                                        \
        conform_observe(KIND_ERROR, "return", code_);                                                                \
        EXPECT_TRUE("is an error", code_ != 0);                                                                      \
    } while (0)

static BYTE *pages(unsigned count, DWORD protect)
{
    BYTE *base = pVirtualAlloc(NULL, count * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    DWORD old;
    for (unsigned i = 0; i < count; i++) base[i * PAGE] = (BYTE)(i + 1);
    pVirtualProtect(base, count * PAGE, protect, &old);
    return base;
}
static void *free_addresses(void)
{
    void *base = pVirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_NOACCESS);
    pVirtualFree(base, 0, MEM_RELEASE);
    return base;
}
static void touch(void *address) { *(volatile BYTE *)address; }
static void poke(void *address) { *(volatile BYTE *)address = 9; }

TEST(OfferVirtualMemory, life)
{
    NEED(OfferVirtualMemory);
    NEED(ReclaimVirtualMemory);
    for (int priority = 1; priority <= 4; priority++) {
        BYTE *base = pages(4, PAGE_READWRITE);
        CHECK(OFFER_PAGE, "the middle two of four pages, priority %d", priority);
        SetLastError(SENTINEL);
        CODE(pOfferVirtualMemory(base + PAGE, 2 * PAGE, priority), ERROR_SUCCESS);
        NOTE_ERROR();
        for (int i = 0; i < 4; i++) {
            BOOL offered = i == 1 || i == 2;
            CHECK(OFFER_PAGE, "priority %d: then page %d is read and written", priority, i);
            EXPECT_HEX("exception of reading", conform_catch(touch, base + i * PAGE), offered ? 0xc0000005 : 0);
            EXPECT_HEX("exception of writing", conform_catch(poke, base + i * PAGE + 1), offered ? 0xc0000005 : 0);
        }
        CHECK_OF(ReclaimVirtualMemory, RECLAIM_PAGE, "priority %d: both pages", priority);
        DWORD code = pReclaimVirtualMemory(base + PAGE, 2 * PAGE);
        EXPECT_ANY("return", code, ERROR_SUCCESS, ERROR_BUSY);
        CHECK_OF(ReclaimVirtualMemory, RECLAIM_PAGE, "priority %d: pages can be used again", priority);
        EXPECT_HEX("exception of writing", conform_catch(poke, base + PAGE + 1), 0);
        CHECK_OF(ReclaimVirtualMemory, RECLAIM_PAGE, "priority %d: ERROR_SUCCESS means that the content is intact", priority);
        EXPECT_TRUE("intact, or told that it is not", code == ERROR_BUSY || (base[PAGE] == 2 && base[2 * PAGE] == 3));
        CHECK_OF(ReclaimVirtualMemory, RECLAIM_PAGE, "priority %d: the pages beside are untouched", priority);
        EXPECT_UINT("first", base[0], 1);
        EXPECT_UINT("last", base[3 * PAGE], 4);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
}

TEST(OfferVirtualMemory, failures)
{
    NEED(OfferVirtualMemory);
    BYTE *base = pages(4, PAGE_READWRITE), *reserved = pVirtualAlloc(NULL, 4 * PAGE, MEM_RESERVE, PAGE_READWRITE);
    BYTE *noaccess = pages(4, PAGE_NOACCESS);
    const struct {
        const char *what;
        void *base;
        SIZE_T bytes;
        int priority;
        DWORD code; /* 0: some error */
    } cases[] = {
        { "address not on a page", base + 8, PAGE, NORMAL, ERROR_INVALID_PARAMETER },
        { "size not whole pages", base, PAGE + 8, NORMAL, ERROR_INVALID_PARAMETER },
        { "size 0", base, 0, NORMAL, ERROR_INVALID_PARAMETER },
        { "priority 0", base, PAGE, 0, ERROR_INVALID_PARAMETER },
        { "priority 5", base, PAGE, 5, ERROR_INVALID_PARAMETER },
        { "priority -1", base, PAGE, -1, ERROR_INVALID_PARAMETER },
        { "priority 0x2000, as the page prints it", base, PAGE, 0x2000, ERROR_INVALID_PARAMETER },
        { "reserved pages", reserved, PAGE, NORMAL, 0 },
        { "free addresses", free_addresses(), PAGE, NORMAL, 0 },
        { "address NULL", NULL, PAGE, NORMAL, 0 },
        { "a range that wraps around", base, (SIZE_T)0 - PAGE, NORMAL, 0 },
        { "inaccessible pages", noaccess, PAGE, NORMAL, 0 },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(OFFER_PAGE, "%s", cases[i].what);
        if (cases[i].code) CODE(pOfferVirtualMemory(cases[i].base, cases[i].bytes, cases[i].priority), cases[i].code);
        else CODE_FAILS(pOfferVirtualMemory(cases[i].base, cases[i].bytes, cases[i].priority));
    }
    CHECK(OFFER_PAGE, "committed and then reserved pages: nothing is offered");
    pVirtualAlloc(reserved, PAGE, MEM_COMMIT, PAGE_READWRITE);
    CODE_FAILS(pOfferVirtualMemory(reserved, 2 * PAGE, NORMAL));
    EXPECT_HEX("exception of writing the first", conform_catch(poke, reserved), 0);
    CHECK(OFFER_PAGE, "after the failures the pages are as they were");
    EXPECT_UINT("content", base[0], 1);
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(reserved, 0, MEM_RELEASE);
    pVirtualFree(noaccess, 0, MEM_RELEASE);
}

TEST(ReclaimVirtualMemory, parts)
{
    NEED(OfferVirtualMemory);
    NEED(ReclaimVirtualMemory);
    BYTE *base = pages(8, PAGE_READWRITE);
    pOfferVirtualMemory(base, 8 * PAGE, NORMAL);
    for (int i = 3; i < 5; i++) {
        CHECK(RECLAIM_PAGE, "page %d of eight offered", i);
        DWORD code = pReclaimVirtualMemory(base + i * PAGE, PAGE);
        EXPECT_ANY("return", code, ERROR_SUCCESS, ERROR_BUSY);
        EXPECT_TRUE("intact, or told that it is not", code == ERROR_BUSY || base[i * PAGE] == i + 1);
    }
    for (int i = 0; i < 8; i++) {
        CHECK(RECLAIM_PAGE, "after pages 3 and 4 were reclaimed page %d is read", i);
        EXPECT_HEX("exception", conform_catch(touch, base + i * PAGE), i == 3 || i == 4 ? 0 : 0xc0000005);
    }
    CHECK(RECLAIM_PAGE, "pages 0 to 2");
    EXPECT_ANY("return", pReclaimVirtualMemory(base, 3 * PAGE), ERROR_SUCCESS, ERROR_BUSY);
    CHECK(RECLAIM_PAGE, "pages 5 to 7");
    EXPECT_ANY("return", pReclaimVirtualMemory(base + 5 * PAGE, 3 * PAGE), ERROR_SUCCESS, ERROR_BUSY);
    CHECK(RECLAIM_PAGE, "then all pages are read");
    unsigned faults = 0;
    for (int i = 0; i < 8; i++) faults += conform_catch(touch, base + i * PAGE) != 0;
    EXPECT_UINT("faults", faults, 0);
    pVirtualFree(base, 0, MEM_RELEASE);
}

TEST(ReclaimVirtualMemory, failures)
{
    NEED(ReclaimVirtualMemory);
    BYTE *base = pages(4, PAGE_READWRITE);
    CHECK(RECLAIM_PAGE, "address not on a page");
    CODE(pReclaimVirtualMemory(base + 8, PAGE), ERROR_INVALID_PARAMETER);
    CHECK(RECLAIM_PAGE, "size not whole pages");
    CODE(pReclaimVirtualMemory(base, 100), ERROR_INVALID_PARAMETER);
    CHECK(RECLAIM_PAGE, "size 0");
    CODE(pReclaimVirtualMemory(base, 0), ERROR_INVALID_PARAMETER);
    CHECK(RECLAIM_PAGE, "free addresses");
    CODE_FAILS(pReclaimVirtualMemory(free_addresses(), PAGE));
    CHECK(RECLAIM_PAGE, "pages that were not offered");
    UNDECIDED("the page does not tell whether that is an error");
    conform_observe(KIND_ERROR, "return", pReclaimVirtualMemory(base, PAGE));
    CHECK(RECLAIM_PAGE, "they keep their content");
    EXPECT_UINT("content", base[0], 1);
    pVirtualFree(base, 0, MEM_RELEASE);
}

TEST(ReclaimVirtualMemory, protections)
{
    NEED(OfferVirtualMemory);
    NEED(ReclaimVirtualMemory);
    BYTE *base = pages(4, PAGE_READWRITE);
    DWORD old;
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualProtect(base + PAGE, PAGE, PAGE_READONLY, &old);
    pVirtualProtect(base + 2 * PAGE, PAGE, PAGE_EXECUTE_READWRITE, &old);
    CHECK(OFFER_PAGE, "pages of three protections");
    UNDECIDED("the page does not tell which protections can be offered");
    DWORD code = pOfferVirtualMemory(base, 4 * PAGE, NORMAL);
    conform_observe(KIND_ERROR, "return", code);
    if (!code) pReclaimVirtualMemory(base, 4 * PAGE);
    static const DWORD expected[] = { PAGE_READWRITE, PAGE_READONLY, PAGE_EXECUTE_READWRITE, PAGE_READWRITE };
    for (int i = 0; i < 4; i++) {
        CHECK(RECLAIM_PAGE, "the protection of page %d afterwards", i);
        pVirtualQuery(base + i * PAGE, &info, sizeof(info));
        EXPECT_HEX("Protect", info.Protect, expected[i]);
    }
    pVirtualFree(base, 0, MEM_RELEASE);
}

TEST(OfferVirtualMemory, freed_meanwhile)
{
    NEED(OfferVirtualMemory);
    NEED(ReclaimVirtualMemory);
    BYTE *base = pages(4, PAGE_READWRITE);
    pOfferVirtualMemory(base, 4 * PAGE, NORMAL);
    CHECK_OF(VirtualFree, "memoryapi/nf-memoryapi-virtualfree", "offered pages: MEM_DECOMMIT of one");
    EXPECT_TRUE("return", pVirtualFree(base + PAGE, PAGE, MEM_DECOMMIT));
    CHECK_OF(VirtualAlloc, ALLOC_PAGE, "offered, decommitted, committed again: usable and zero");
    EXPECT_TRUE("return", pVirtualAlloc(base + PAGE, PAGE, MEM_COMMIT, PAGE_READWRITE) != NULL);
    EXPECT_HEX("exception", conform_catch(touch, base + PAGE), 0);
    CHECK_OF(VirtualProtect, "memoryapi/nf-memoryapi-virtualprotect", "offered, decommitted, committed again: to PAGE_READONLY");
    DWORD old = 0;
    EXPECT_TRUE("return", pVirtualProtect(base + PAGE, PAGE, PAGE_READONLY, &old));
    EXPECT_HEX("old protection", old, PAGE_READWRITE);
    CHECK(RECLAIM_PAGE, "the others");
    EXPECT_ANY("return", pReclaimVirtualMemory(base + 2 * PAGE, 2 * PAGE), ERROR_SUCCESS, ERROR_BUSY);
    CHECK_OF(VirtualFree, "memoryapi/nf-memoryapi-virtualfree", "partly offered memory: MEM_RELEASE");
    EXPECT_TRUE("return", pVirtualFree(base, 0, MEM_RELEASE));
    CHECK(OFFER_PAGE, "locked pages are unlocked");
    base = pages(2, PAGE_READWRITE);
    pVirtualLock(base, PAGE);
    CODE(pOfferVirtualMemory(base, PAGE, NORMAL), ERROR_SUCCESS);
    EXPECT_ANY("reclaimed", pReclaimVirtualMemory(base, PAGE), ERROR_SUCCESS, ERROR_BUSY);
    pVirtualFree(base, 0, MEM_RELEASE);
}

TEST(DiscardVirtualMemory, success)
{
    NEED(DiscardVirtualMemory);
    BYTE *base = pages(4, PAGE_READWRITE);
    CHECK(DISCARD_PAGE, "the middle two of four pages");
    SetLastError(SENTINEL);
    CODE(pDiscardVirtualMemory(base + PAGE, 2 * PAGE), ERROR_SUCCESS);
    NOTE_ERROR();
    CHECK(DISCARD_PAGE, "they stay committed and can be written");
    EXPECT_HEX("exception", conform_catch(poke, base + PAGE), 0);
    EXPECT_UINT("what was written", base[PAGE], 9);
    CHECK(DISCARD_PAGE, "the pages beside are untouched");
    EXPECT_UINT("first", base[0], 1);
    EXPECT_UINT("last", base[3 * PAGE], 4);
    pVirtualFree(base, 0, MEM_RELEASE);
}

TEST(DiscardVirtualMemory, failures)
{
    NEED(DiscardVirtualMemory);
    static const DWORD protections[] = { PAGE_READONLY, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_NOACCESS,
                                         PAGE_READWRITE | PAGE_GUARD };
    for (int i = 0; i < 5; i++) {
        BYTE *base = pages(2, protections[i]);
        DWORD old;
        CHECK(DISCARD_PAGE, "protection %#x", (unsigned)protections[i]);
        CODE_FAILS(pDiscardVirtualMemory(base, PAGE));
        CHECK(DISCARD_PAGE, "protection %#x: the content is not altered", (unsigned)protections[i]);
        pVirtualProtect(base, 2 * PAGE, PAGE_READWRITE, &old);
        EXPECT_UINT("content", base[0], 1);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
    BYTE *base = pages(4, PAGE_READWRITE), *reserved = pVirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_READWRITE);
    CHECK(DISCARD_PAGE, "address not on a page");
    CODE(pDiscardVirtualMemory(base + 8, PAGE), ERROR_INVALID_PARAMETER);
    CHECK(DISCARD_PAGE, "size not whole pages");
    CODE(pDiscardVirtualMemory(base, 100), ERROR_INVALID_PARAMETER);
    CHECK(DISCARD_PAGE, "size 0");
    CODE(pDiscardVirtualMemory(base, 0), ERROR_INVALID_PARAMETER);
    CHECK(DISCARD_PAGE, "reserved pages");
    CODE_FAILS(pDiscardVirtualMemory(reserved, PAGE));
    CHECK(DISCARD_PAGE, "free addresses");
    CODE_FAILS(pDiscardVirtualMemory(free_addresses(), PAGE));
    CHECK(DISCARD_PAGE, "a range that ends in pages of another protection: nothing is altered");
    DWORD old;
    pVirtualProtect(base + 2 * PAGE, PAGE, PAGE_READONLY, &old);
    CODE_FAILS(pDiscardVirtualMemory(base, 3 * PAGE));
    EXPECT_UINT("content of the first page", base[0], 1);
    EXPECT_UINT("content of the second", base[PAGE], 2);
    pVirtualFree(base, 0, MEM_RELEASE);
    pVirtualFree(reserved, 0, MEM_RELEASE);
}

TEST(VirtualAlloc, reset_undo)
{
    NEED(VirtualAlloc);
    BYTE *base = pages(4, PAGE_READWRITE);
    CHECK(ALLOC_PAGE, "MEM_RESET of two pages");
    EXPECT_TRUE("returned the base", pVirtualAlloc(base, 2 * PAGE, MEM_RESET, PAGE_NOACCESS) == base);
    CHECK(ALLOC_PAGE, "MEM_RESET_UNDO: success means that the content is intact, failure that some was replaced by zero");
    BOOL ok = pVirtualAlloc(base, 2 * PAGE, MEM_RESET_UNDO, PAGE_NOACCESS) != NULL;
    EXPECT_BOOL("success exactly when intact", ok, base[0] == 1 && base[PAGE] == 2);
    CHECK(ALLOC_PAGE, "MEM_RESET_UNDO leaves the pages beside alone");
    EXPECT_UINT("content", base[2 * PAGE], 3);
    static const DWORD others[] = { MEM_COMMIT, MEM_RESERVE, MEM_RESET, MEM_TOP_DOWN, MEM_PHYSICAL };
    for (int i = 0; i < 5; i++) {
        CHECK(ALLOC_PAGE, "MEM_RESET_UNDO with %#x", (unsigned)others[i]);
        SET_SENTINEL();
        void *got = pVirtualAlloc(base, PAGE, MEM_RESET_UNDO | others[i], PAGE_READWRITE);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("returned a base", got != NULL, FALSE);
    }
    CHECK(ALLOC_PAGE, "MEM_RESET_UNDO with protection 0");
    SET_SENTINEL();
    void *got = pVirtualAlloc(base, PAGE, MEM_RESET_UNDO, 0);
    EXPECT_ERROR(ERROR_INVALID_PARAMETER);
    EXPECT_BOOL("returned a base", got != NULL, FALSE);
    pVirtualFree(base, 0, MEM_RELEASE);
}

FAMILY(offer)
