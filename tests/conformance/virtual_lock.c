/* virtual_lock.c - VirtualLock, VirtualUnlock and VirtualUnlockEx. */
#include "virtual.h"

FAMILY(virtual)

FUNCTION(BOOL, VirtualLock, (LPVOID, SIZE_T))
FUNCTION(BOOL, VirtualUnlock, (LPVOID, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(BOOL, VirtualUnlockEx, (HANDLE, LPVOID, SIZE_T))

#define P_LOCK "memoryapi/nf-memoryapi-virtuallock"
#define P_UNLOCK "memoryapi/nf-memoryapi-virtualunlock"

#define NEED_LOCKS()                                                                                                 \
    NEED_BASICS();                                                                                                   \
    NEED(VirtualLock);                                                                                               \
    NEED(VirtualUnlock)

/* TRUE, or FALSE with ERROR_NOT_LOCKED, and nothing else. */
static void expect_unlock(const char *name, void *address, SIZE_T bytes, BOOL expected)
{
    SET_SENTINEL();
    BOOL ok = pVirtualUnlock(address, bytes);
    EXPECT_ERROR(expected ? SENTINEL : ERROR_NOT_LOCKED);
    EXPECT_BOOL(name, ok, expected);
}

TEST(VirtualLock, lock_and_unlock)
{
    NEED_LOCKS();
    static const struct {
        unsigned offset, bytes, first, end;
    } cases[] = { { 0, 1, 0, 1 },       { 4095, 1, 0, 1 },      { 4095, 2, 0, 2 },   { 4096, 4096, 1, 2 },
                  { 5000, 4096, 1, 3 }, { 0, 8 * 4096, 0, 8 },  { 28672, 4096, 7, 8 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *base = new_pages(8 * PAGE, PAGE_READWRITE);
        CHECK(P_LOCK, "base of 32 KB + %u, %u", cases[i].offset, cases[i].bytes);
        SET_SENTINEL();
        BOOL ok = pVirtualLock(base + cases[i].offset, cases[i].bytes);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        EXPECT_STATE("state", base, MEM_COMMIT);

        CHECK_OF(VirtualUnlock, P_UNLOCK, "each page alone, after locking base of 32 KB + %u, %u", cases[i].offset,
                 cases[i].bytes);
        unsigned right = 0;
        for (unsigned page = 0; page < 8; page++)
            right += !!pVirtualUnlock(base + page * PAGE, 1) == (page >= cases[i].first && page < cases[i].end);
        EXPECT_UINT("pages that were locked or not as they should, of 8", right, 8);
        release(base);
    }
}

TEST(VirtualLock, protections)
{
    NEED_LOCKS();
    static const DWORD good[] = { PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_LOCK, "a committed page with %s", protect_name(good[i]));
        char *base = new_pages(PAGE, good[i]);
        SET_SENTINEL();
        BOOL ok = pVirtualLock(base, PAGE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        expect_unlock("unlocking", base, PAGE, TRUE);
        release(base);
    }
    CHECK(P_LOCK, "a committed page with PAGE_NOACCESS");
    char *base = new_pages(3 * PAGE, PAGE_NOACCESS);
    SET_SENTINEL();
    BOOL ok = pVirtualLock(base, PAGE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);

    CHECK(P_LOCK, "three pages of which the last has PAGE_NOACCESS");
    pVirtualAlloc(base, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    SET_SENTINEL();
    ok = pVirtualLock(base, 3 * PAGE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    release(base);

    static const char *const names[] = { "a view of a file", "a view of a section", "the program's image" };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_LOCK, "the first page of %s", names[i]);
        char *view = i == 0 ? file_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE)
                            : i == 1 ? section_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE)
                                     : (char *)GetModuleHandleW(NULL);
        SET_SENTINEL();
        ok = pVirtualLock(view, PAGE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        expect_unlock("unlocking", view, PAGE, TRUE);
        if (i < 2) UnmapViewOfFile(view);
    }
}

TEST(VirtualLock, not_committed)
{
    NEED_LOCKS();
    char *base = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    pVirtualAlloc(base, 4 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    const struct {
        const char *name;
        char *address;
        SIZE_T bytes;
    } cases[] = { { "a reserved page", base + 4 * PAGE, PAGE },
                  { "committed pages and a reserved one behind", base, 5 * PAGE },
                  { "free pages", free_range(GRANULE), PAGE },
                  { "NULL", NULL, PAGE },
                  { "the last page of all", (char *)(uintptr_t)-PAGE, PAGE - 1 },
                  { "a committed page with a size of -1", base, (SIZE_T)-1 },
                  { "a committed page with a size of -4096", base, (SIZE_T)-PAGE } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_LOCK, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pVirtualLock(cases[i].address, cases[i].bytes);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    CHECK_OF(VirtualUnlock, P_UNLOCK, "the committed pages after locking them and a reserved page failed");
    UNDECIDED("whether pages before the one that could not be locked are locked is not documented");
    NOTE_BOOL("return", pVirtualUnlock(base, 4 * PAGE));

    CHECK(P_LOCK, "a committed page, size 0");
    UNDECIDED("no page contains a byte of an empty range; whether that is an error is not documented");
    SET_SENTINEL();
    NOTE_BOOL("return", pVirtualLock(base, 0));
    NOTE_ERROR();
    release(base);
}

TEST(VirtualLock, guard_page)
{
    NEED_LOCKS();
    static const DWORD protections[] = { PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE_READWRITE };
    for (unsigned i = 0; i < 3; i++) {
        char *base = new_pages(PAGE, protections[i] | PAGE_GUARD);
        CHECK(P_GUARD, "a page with %s|PAGE_GUARD, for the first time", protect_name(protections[i]));
        SET_SENTINEL();
        BOOL ok = pVirtualLock(base, PAGE);
        EXPECT_ERROR(0x80000001);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_PROTECT("protection then", base, protections[i]);

        CHECK(P_GUARD, "a page with %s|PAGE_GUARD, for the second time", protect_name(protections[i]));
        SET_SENTINEL();
        ok = pVirtualLock(base, PAGE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        expect_unlock("unlocking", base, PAGE, TRUE);
        release(base);
    }
    CHECK(P_GUARD, "four pages, the second and the fourth with PAGE_GUARD, until they lock");
    char *base = new_pages(4 * PAGE, PAGE_READWRITE);
    DWORD old;
    pVirtualProtect(base + PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    pVirtualProtect(base + 3 * PAGE, PAGE, PAGE_READWRITE | PAGE_GUARD, &old);
    unsigned calls = 1;
    while (calls < 10 && !pVirtualLock(base, 4 * PAGE))
        calls++;
    EXPECT_UINT("calls", calls, 3);
    EXPECT_PROTECT("protection of the last", base + 3 * PAGE, PAGE_READWRITE);
    release(base);
}

TEST(VirtualUnlock, not_locked)
{
    NEED_LOCKS();
    char *base = new_pages(4 * PAGE, PAGE_READWRITE);
    CHECK(P_UNLOCK, "a page that never was locked");
    expect_unlock("return", base, PAGE, FALSE);

    CHECK(P_UNLOCK, "a page that never was locked but written");
    base[0] = 1;
    expect_unlock("return", base, PAGE, FALSE);
    EXPECT_UINT("content", base[0], 1);

    CHECK(P_UNLOCK, "a page that was locked and unlocked");
    pVirtualLock(base, PAGE);
    expect_unlock("first unlock", base, PAGE, TRUE);
    expect_unlock("return", base, PAGE, FALSE);

    CHECK(P_UNLOCK, "a page that was locked twice: there is no lock count");
    pVirtualLock(base, PAGE);
    pVirtualLock(base, PAGE);
    expect_unlock("first unlock", base, PAGE, TRUE);
    expect_unlock("second unlock", base, PAGE, FALSE);

    CHECK(P_UNLOCK, "two pages of which the first is locked");
    pVirtualLock(base, PAGE);
    expect_unlock("return", base, 2 * PAGE, FALSE);

    CHECK(P_UNLOCK, "two pages of which the second is locked");
    pVirtualUnlock(base, PAGE);
    pVirtualLock(base + PAGE, PAGE);
    expect_unlock("return", base, 2 * PAGE, FALSE);
    pVirtualUnlock(base + PAGE, PAGE);

    static const char *const names[] = { "a page of the reservation that is not committed", "free pages" };
    for (unsigned i = 0; i < 2; i++) {
        CHECK(P_UNLOCK, "%s", names[i]);
        char *at = pVirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
        if (i) release(at);
        SET_SENTINEL();
        BOOL ok = pVirtualUnlock(at, PAGE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        if (!i) release(at);
    }
    release(base);
}

/* The function behind UnmapViewOfFile and its forms is one; the view has two protections. */
TEST(VirtualUnlock, unmapped)
{
    NEED_LOCKS();
    NEED(UnmapViewOfFile);
    CHECK(P_UNLOCK, "pages of a view that was locked and unmapped, after allocating them anew");
    char *base = section_view(GRANULE, PAGE_READWRITE, FILE_MAP_WRITE);
    DWORD old;
    pVirtualProtect(base + PAGE, PAGE, PAGE_READONLY, &old);
    pVirtualLock(base, GRANULE);
    EXPECT_TRUE("unmapped", pUnmapViewOfFile(base));
    EXPECT_TRUE("allocated there anew", pVirtualAlloc(base, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) == base);
    expect_unlock("first page", base, PAGE, FALSE);
    expect_unlock("last page", base + GRANULE - PAGE, PAGE, FALSE);
    release(base);
}

TEST(VirtualUnlock, other_ranges)
{
    NEED_LOCKS();
    char *base = new_pages(8 * PAGE, PAGE_READWRITE);
    CHECK(P_UNLOCK, "one call for what two calls locked");
    pVirtualLock(base, 2 * PAGE);
    pVirtualLock(base + 2 * PAGE, 2 * PAGE);
    expect_unlock("return", base, 4 * PAGE, TRUE);

    CHECK(P_UNLOCK, "one call for overlapping locks");
    pVirtualLock(base, 4 * PAGE);
    pVirtualLock(base + 2 * PAGE, 4 * PAGE);
    expect_unlock("return", base, 6 * PAGE, TRUE);

    CHECK(P_UNLOCK, "the middle of a locked range, then its sides");
    pVirtualLock(base, 8 * PAGE);
    expect_unlock("middle", base + 3 * PAGE, 2 * PAGE, TRUE);
    expect_unlock("left side", base, 3 * PAGE, TRUE);
    expect_unlock("right side", base + 5 * PAGE, 3 * PAGE, TRUE);
    expect_unlock("middle again", base + 3 * PAGE, 2 * PAGE, FALSE);

    CHECK(P_UNLOCK, "two bytes across a page boundary of two locked pages");
    pVirtualLock(base, 2 * PAGE);
    expect_unlock("return", base + PAGE - 1, 2, TRUE);
    expect_unlock("first page", base, PAGE, FALSE);
    expect_unlock("second page", base + PAGE, PAGE, FALSE);

    CHECK(P_UNLOCK, "every second page of 8 locked, then pages 0 to 2");
    for (unsigned page = 0; page < 8; page += 2)
        pVirtualLock(base + page * PAGE, PAGE);
    expect_unlock("pages 0 to 2", base, 3 * PAGE, FALSE);
    expect_unlock("page 4", base + 4 * PAGE, PAGE, TRUE);
    expect_unlock("page 6", base + 6 * PAGE, PAGE, TRUE);

    CHECK(P_UNLOCK, "pages that were locked, decommitted and committed again");
    pVirtualLock(base, 2 * PAGE);
    pVirtualFree(base, 2 * PAGE, MEM_DECOMMIT);
    pVirtualAlloc(base, 2 * PAGE, MEM_COMMIT, PAGE_READWRITE);
    expect_unlock("return", base, 2 * PAGE, FALSE);

    CHECK(P_UNLOCK, "pages whose allocation was locked, released and made again");
    pVirtualLock(base, 8 * PAGE);
    release(base);
    char *again = pVirtualAlloc(base, 8 * PAGE, NEW, PAGE_READWRITE);
    expect_unlock("return", again, PAGE, FALSE);
    release(again);

    CHECK(P_UNLOCK, "a locked page after its protection changed");
    base = new_pages(PAGE, PAGE_READWRITE);
    DWORD old;
    pVirtualLock(base, PAGE);
    pVirtualProtect(base, PAGE, PAGE_READONLY, &old);
    expect_unlock("return", base, PAGE, TRUE);
    release(base);
}

struct locker {
    char *pages;
    unsigned wrong;
};

static DWORD WINAPI lock_often(LPVOID argument)
{
    struct locker *locker = argument;
    unsigned seed = 12345 + (unsigned)(uintptr_t)argument;
    for (unsigned round = 0; round < 1000; round++) {
        seed = seed * 1103515245 + 12345;
        unsigned first = (seed >> 16) % 16, count = 1 + (seed >> 24) % (16 - first);
        char *at = locker->pages + first * PAGE;
        if (!pVirtualLock(at, count * PAGE)) locker->wrong++;
        if (!pVirtualUnlock(at, count * PAGE)) locker->wrong++;
        if (pVirtualUnlock(at, PAGE) || GetLastError() != ERROR_NOT_LOCKED) locker->wrong++;
    }
    return 0;
}

TEST(VirtualUnlock, threads)
{
    NEED_LOCKS();
    CHECK(P_UNLOCK, "two threads, each 1000 times: locks some pages of its own 16, unlocks them, unlocks them again");
    char *pages = new_pages(32 * PAGE, PAGE_READWRITE);
    struct locker lockers[2] = { { pages, 0 }, { pages + 16 * PAGE, 0 } };
    HANDLE threads[2];
    for (unsigned i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, lock_often, &lockers[i], 0, NULL);
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    EXPECT_UINT("wrong answers to the first", lockers[0].wrong, 0);
    EXPECT_UINT("wrong answers to the second", lockers[1].wrong, 0);
    CloseHandle(threads[0]);
    CloseHandle(threads[1]);
    release(pages);
}

/* It fails, at once, and the pages that were locked before stay so. */
TEST(VirtualLock, impossible_range)
{
    NEED_LOCKS();
    char *base = new_pages(4 * PAGE, PAGE_READWRITE);
    static const SIZE_T half = (SIZE_T)1 << (sizeof(SIZE_T) * 8 - 1);
    pVirtualLock(base + PAGE, PAGE);
    for (int i = 0; i < 2; i++) {
        CHECK(P_LOCK, "from a page on, %s of what a pointer can address, a page in it locked", i ? "a quarter" : "half");
        SET_SENTINEL();
        BOOL ok = pVirtualLock(base, i ? half / 2 : half);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    CHECK(P_LOCK, "afterwards");
    expect_unlock("the first page is locked", base, PAGE, FALSE);
    expect_unlock("the second page is locked", base + PAGE, PAGE, TRUE);
    release(base);
}

TEST(VirtualUnlockEx, processes)
{
    NEED_LOCKS();
    NEED(VirtualUnlockEx);
    char *base = new_pages(4 * PAGE, PAGE_READWRITE);
    HANDLE own = OpenProcess(PROCESS_VM_OPERATION | PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    HANDLE weak = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    const struct {
        const char *name;
        HANDLE process;
    } cases[] = { { "NULL", NULL }, { "GetCurrentProcess()", GetCurrentProcess() }, { "a handle to this process", own } };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_UNLOCK, "%s, a locked page", cases[i].name);
        pVirtualLock(base, PAGE);
        SET_SENTINEL();
        BOOL ok = pVirtualUnlockEx(cases[i].process, base, PAGE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);

        CHECK(P_UNLOCK, "%s, a page that is not locked", cases[i].name);
        SET_SENTINEL();
        ok = pVirtualUnlockEx(cases[i].process, base, PAGE);
        EXPECT_ERROR(ERROR_NOT_LOCKED);
        EXPECT_BOOL("return", ok, FALSE);

        CHECK(P_UNLOCK, "%s, an address where nothing is", cases[i].name);
        SET_SENTINEL();
        ok = pVirtualUnlockEx(cases[i].process, (LPVOID)PAGE, PAGE);
        EXPECT_ERROR(ERROR_NOT_LOCKED);
        EXPECT_BOOL("return", ok, FALSE);
    }
    CHECK(P_RIGHTS, "a handle without PROCESS_VM_OPERATION, a locked page");
    pVirtualLock(base, PAGE);
    SET_SENTINEL();
    BOOL ok = pVirtualUnlockEx(weak, base, PAGE);
    EXPECT_ERROR(ERROR_ACCESS_DENIED);
    EXPECT_BOOL("return", ok, FALSE);
    expect_unlock("the page is locked still", base, PAGE, TRUE);

    CHECK(P_UNLOCK, "a handle that was closed, a locked page");
    CloseHandle(weak);
    SET_SENTINEL();
    ok = pVirtualUnlockEx(weak, base, PAGE);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    EXPECT_BOOL("return", ok, FALSE);
    CloseHandle(own);
    release(base);
}
