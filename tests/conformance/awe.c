/* awe.c - Address Windowing Extensions: frames, windows, mapping, and what the plain memory calls do there.
 *
 * The caller needs SeLockMemoryPrivilege. Where the token has it, it is enabled; k32mem over a layer whose tokens never
 * have it takes the setting K32MEM_LOCK_MEMORY=1 for it. Where neither helps the tests see ERROR_PRIVILEGE_NOT_HELD.
 */
#include "conform.h"

FUNCTION(BOOL, AllocateUserPhysicalPages, (HANDLE, PULONG_PTR, PULONG_PTR))
FUNCTION(BOOL, AllocateUserPhysicalPagesNuma, (HANDLE, PULONG_PTR, PULONG_PTR, DWORD))
FUNCTION(BOOL, AllocateUserPhysicalPages2, (HANDLE, PULONG_PTR, PULONG_PTR, PVOID, ULONG))
FUNCTION(BOOL, FreeUserPhysicalPages, (HANDLE, PULONG_PTR, PULONG_PTR))
FUNCTION(BOOL, MapUserPhysicalPages, (PVOID, ULONG_PTR, PULONG_PTR))
FUNCTION(BOOL, MapUserPhysicalPagesScatter, (PVOID *, ULONG_PTR, PULONG_PTR))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(LPVOID, VirtualAllocEx, (HANDLE, LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, PDWORD))
FUNCTION(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))

#define ALLOCATE_PAGE "memoryapi/nf-memoryapi-allocateuserphysicalpages"
#define NUMA_PAGE "memoryapi/nf-memoryapi-allocateuserphysicalpagesnuma"
#define ALLOCATE2_PAGE "memoryapi/nf-memoryapi-allocateuserphysicalpages2"
#define FREE_PAGE "memoryapi/nf-memoryapi-freeuserphysicalpages"
#define MAP_PAGE "memoryapi/nf-memoryapi-mapuserphysicalpages"
#define SCATTER_PAGE "winbase/nf-winbase-mapuserphysicalpagesscatter"
#define VIRTUALALLOC_PAGE "memoryapi/nf-memoryapi-virtualalloc"
#define VIRTUALFREE_PAGE "memoryapi/nf-memoryapi-virtualfree"
#define AWE_PAGE "../desktop-src/Memory/address-windowing-extensions"
#define PROCESS ((HANDLE)(LONG_PTR)-1)
#define PAGE 4096
#define PAGES 16 /* of a test's window */

/* A call that returns a BOOL, its last error and its result judged. */
#define TRY(call, expected, error)                                                                                   \
    do {                                                                                                             \
        SET_SENTINEL();                                                                                              \
        BOOL result_ = (call);                                                                                       \
        EXPECT_ERROR(error);                                                                                         \
        EXPECT_BOOL("return", result_, expected);                                                                    \
    } while (0)
/* A call that must fail, with an error that no page names. */
#define TRY_FAILS(call)                                                                                              \
    do {                                                                                                             \
        SET_SENTINEL();                                                                                              \
        BOOL result_ = (call);                                                                                       \
        NOTE_ERROR();                                                                                                \
        EXPECT_BOOL("return", result_, FALSE);                                                                       \
    } while (0)

static ULONG_PTR frames[64];
static volatile BYTE *window, *second;

static void privilege_enable(void)
{
    HANDLE token;
    TOKEN_PRIVILEGES wanted = { 1, { { { 4 /* SeLockMemoryPrivilege */, 0 }, SE_PRIVILEGE_ENABLED } } };
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", L"1");
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return;
    AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
    CloseHandle(token);
}

static volatile BYTE *window_make(void) { return pVirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE); }

/* Frames and two windows for a test; FALSE (and a check that shows it) when there are none to be had. */
static BOOL begin(ULONG_PTR count)
{
    ULONG_PTR got = count;
    privilege_enable();
    window = second = NULL;
    CHECK_OF(AllocateUserPhysicalPages, ALLOCATE_PAGE, "%u frames for the test", (unsigned)count);
    BOOL ok = pAllocateUserPhysicalPages && pAllocateUserPhysicalPages(PROCESS, &got, frames) && got == count;
    EXPECT_TRUE("frames", ok);
    if (!ok) return FALSE;
    window = window_make();
    second = window_make();
    EXPECT_TRUE("windows", window && second);
    return window && second;
}

static void end(ULONG_PTR count)
{
    pFreeUserPhysicalPages(PROCESS, &count, frames);
    if (window) pVirtualFree((PVOID)window, 0, MEM_RELEASE);
    if (second) pVirtualFree((PVOID)second, 0, MEM_RELEASE);
}

static BOOL map(ULONG_PTR page, ULONG_PTR count, ULONG_PTR *numbers)
{
    return pMapUserPhysicalPages((PVOID)(window + page * PAGE), count, numbers);
}

/* Writes and reads a value in the first and last byte of a page. */
static void stamp(volatile BYTE *page, BYTE value) { page[0] = page[PAGE - 1] = value; }
static int stamped(volatile BYTE *page) { return page[0] == page[PAGE - 1] ? page[0] : -1; }

static void touch(void *address) { *(volatile BYTE *)address; }

static void expect_region(volatile BYTE *address, DWORD state, DWORD protect, SIZE_T bytes)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)address, &info, sizeof(info));
    EXPECT_HEX("State", info.State, state);
    EXPECT_HEX("Protect", info.Protect, protect);
    EXPECT_HEX("AllocationProtect", info.AllocationProtect, PAGE_READWRITE);
    EXPECT_HEX("Type", info.Type, MEM_PRIVATE);
    EXPECT_UINT("RegionSize", info.RegionSize, bytes);
}

/* ---- AllocateUserPhysicalPages ---- */

TEST(AllocateUserPhysicalPages, without_privilege)
{
    NEED(AllocateUserPhysicalPages);
    ULONG_PTR count = 1, number = 0x77;
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", NULL);
    CHECK(ALLOCATE_PAGE, "1 page, SeLockMemoryPrivilege not enabled");
    TRY(pAllocateUserPhysicalPages(PROCESS, &count, &number), FALSE, ERROR_PRIVILEGE_NOT_HELD);
    CHECK(ALLOCATE_PAGE, "after the failure: no frame is given");
    EXPECT_HEX("number", number, 0x77);
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", L"0");
    CHECK(ALLOCATE_PAGE, "1 page, K32MEM_LOCK_MEMORY=0");
    TRY(pAllocateUserPhysicalPages(PROCESS, &count, &number), FALSE, ERROR_PRIVILEGE_NOT_HELD);
}

TEST(AllocateUserPhysicalPages, success)
{
    NEED(AllocateUserPhysicalPages);
    NEED(FreeUserPhysicalPages);
    static const ULONG_PTR counts[] = { 1, 2, 15, 16, 17, 64 };
    privilege_enable();
    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        ULONG_PTR count = counts[i];
        memset(frames, 0, sizeof(frames));
        CHECK(ALLOCATE_PAGE, "%u pages", (unsigned)count);
        TRY(pAllocateUserPhysicalPages(PROCESS, &count, frames), TRUE, SENTINEL);
        EXPECT_UINT("count", count, counts[i]);
        CHECK(ALLOCATE_PAGE, "%u pages: the numbers", (unsigned)counts[i]);
        unsigned zeros = 0, twins = 0, beyond = 0;
        for (ULONG_PTR j = 0; j < 64; j++) {
            if (j >= counts[i]) beyond += frames[j] != 0;
            else zeros += !frames[j];
            for (ULONG_PTR k = 0; k < j && j < counts[i]; k++) twins += frames[j] == frames[k];
        }
        EXPECT_UINT("zero numbers", zeros, 0);
        EXPECT_UINT("equal numbers", twins, 0);
        EXPECT_UINT("numbers beyond the count", beyond, 0);
        CHECK_OF(FreeUserPhysicalPages, FREE_PAGE, "%u pages", (unsigned)counts[i]);
        TRY(pFreeUserPhysicalPages(PROCESS, &count, frames), TRUE, SENTINEL);
        EXPECT_UINT("count", count, counts[i]);
    }
}

TEST(AllocateUserPhysicalPages, no_pages)
{
    NEED(AllocateUserPhysicalPages);
    ULONG_PTR count = 0, number;
    privilege_enable();
    CHECK(ALLOCATE_PAGE, "0 pages");
    UNDECIDED("the page does not tell whether no pages is a success");
    NOTE_BOOL("return", pAllocateUserPhysicalPages(PROCESS, &count, &number));
    NOTE_ERROR();
    NOTE_UINT("count", count);
}

TEST(AllocateUserPhysicalPages, pointers)
{
    NEED(AllocateUserPhysicalPages);
    NEED(VirtualAlloc);
    ULONG_PTR count = 1, number;
    BYTE *readonly = pVirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    BYTE *reserved = pVirtualAlloc(NULL, PAGE, MEM_RESERVE, PAGE_NOACCESS);
    privilege_enable();
    CHECK(ALLOCATE_PAGE, "count NULL");
    TRY(pAllocateUserPhysicalPages(PROCESS, NULL, &number), FALSE, ERROR_NOACCESS);
    CHECK(ALLOCATE_PAGE, "array NULL, 1 page");
    TRY(pAllocateUserPhysicalPages(PROCESS, &count, NULL), FALSE, ERROR_NOACCESS);
    CHECK(ALLOCATE_PAGE, "count in a reserved page");
    TRY(pAllocateUserPhysicalPages(PROCESS, (PULONG_PTR)reserved, &number), FALSE, ERROR_NOACCESS);
    CHECK(ALLOCATE_PAGE, "array in a reserved page, 1 page");
    TRY(pAllocateUserPhysicalPages(PROCESS, &count, (PULONG_PTR)reserved), FALSE, ERROR_NOACCESS);
    CHECK(ALLOCATE_PAGE, "array in a read-only page, 1 page");
    TRY(pAllocateUserPhysicalPages(PROCESS, &count, (PULONG_PTR)readonly), FALSE, ERROR_NOACCESS);
    CHECK(ALLOCATE_PAGE, "count after the failures");
    EXPECT_UINT("count", count, 1);
    CHECK(ALLOCATE_PAGE, "a count whose array would not fit the address space");
    count = (ULONG_PTR)-1;
    TRY_FAILS(pAllocateUserPhysicalPages(PROCESS, &count, &number));
    pVirtualFree(readonly, 0, MEM_RELEASE);
    pVirtualFree(reserved, 0, MEM_RELEASE);
}

TEST(AllocateUserPhysicalPages, handles)
{
    NEED(AllocateUserPhysicalPages);
    NEED(FreeUserPhysicalPages);
    ULONG_PTR count = 1, number;
    privilege_enable();
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE query = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    HANDLE operate = OpenProcess(PROCESS_VM_OPERATION, FALSE, GetCurrentProcessId());
    HANDLE all = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    CHECK(ALLOCATE_PAGE, "process NULL");
    TRY(pAllocateUserPhysicalPages(NULL, &count, &number), FALSE, ERROR_INVALID_HANDLE);
    CHECK(ALLOCATE_PAGE, "process 0xdead, no handle");
    TRY(pAllocateUserPhysicalPages((HANDLE)(ULONG_PTR)0xdead, &count, &number), FALSE, ERROR_INVALID_HANDLE);
    CHECK(ALLOCATE_PAGE, "an event for the process");
    TRY(pAllocateUserPhysicalPages(event, &count, &number), FALSE, ERROR_INVALID_HANDLE);
    CHECK(ALLOCATE_PAGE, "own process by a handle without PROCESS_VM_OPERATION");
    TRY(pAllocateUserPhysicalPages(query, &count, &number), FALSE, ERROR_ACCESS_DENIED);
    CHECK(ALLOCATE_PAGE, "own process by a handle with PROCESS_VM_OPERATION alone");
    TRY(pAllocateUserPhysicalPages(operate, &count, &number), TRUE, SENTINEL);
    CHECK_OF(FreeUserPhysicalPages, FREE_PAGE, "the frame, by the same handle");
    TRY(pFreeUserPhysicalPages(operate, &count, &number), TRUE, SENTINEL);
    CHECK(ALLOCATE_PAGE, "own process by a handle with all access");
    count = 1;
    TRY(pAllocateUserPhysicalPages(all, &count, &number), TRUE, SENTINEL);
    CHECK_OF(FreeUserPhysicalPages, FREE_PAGE, "process NULL");
    TRY(pFreeUserPhysicalPages(NULL, &count, &number), FALSE, ERROR_INVALID_HANDLE);
    CHECK_OF(FreeUserPhysicalPages, FREE_PAGE, "an event for the process");
    TRY(pFreeUserPhysicalPages(event, &count, &number), FALSE, ERROR_INVALID_HANDLE);
    CHECK_OF(FreeUserPhysicalPages, FREE_PAGE, "the frame, after the failures");
    count = 1;
    TRY(pFreeUserPhysicalPages(PROCESS, &count, &number), TRUE, SENTINEL);
    CloseHandle(event);
    CloseHandle(query);
    CloseHandle(operate);
    CloseHandle(all);
}

TEST(AllocateUserPhysicalPages, remote)
{
    NEED(AllocateUserPhysicalPages);
    WCHAR path[MAX_PATH];
    STARTUPINFOW start = { .cb = sizeof(start) };
    PROCESS_INFORMATION child;
    ULONG_PTR count = 1, number;
    privilege_enable();
    GetModuleFileNameW(NULL, path, MAX_PATH);
    if (!CreateProcessW(path, NULL, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &start, &child)) return;
    CHECK(ALLOCATE_PAGE, "1 page for another process");
    SET_SENTINEL();
    BOOL ok = pAllocateUserPhysicalPages(child.hProcess, &count, &number);
    NOTE_ERROR();
    EXPECT_TRUE("return", ok);
    TerminateProcess(child.hProcess, 0);
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
}

TEST(AllocateUserPhysicalPagesNuma, nodes)
{
    NEED(AllocateUserPhysicalPagesNuma);
    NEED(FreeUserPhysicalPages);
    static const DWORD good[] = { 0, 0xffffffff }, bad[] = { 64, 0x7fff, 0xfffffffe };
    privilege_enable();
    for (unsigned i = 0; i < 2; i++) {
        ULONG_PTR count = 3;
        CHECK(NUMA_PAGE, "3 pages, node %#x", (unsigned)good[i]);
        TRY(pAllocateUserPhysicalPagesNuma(PROCESS, &count, frames, good[i]), TRUE, SENTINEL);
        EXPECT_UINT("count", count, 3);
        pFreeUserPhysicalPages(PROCESS, &count, frames);
    }
    for (unsigned i = 0; i < 3; i++) {
        ULONG_PTR count = 3;
        CHECK(NUMA_PAGE, "3 pages, node %#x, which no system has", (unsigned)bad[i]);
        TRY(pAllocateUserPhysicalPagesNuma(PROCESS, &count, frames, bad[i]), FALSE, ERROR_INVALID_PARAMETER);
    }
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", NULL);
    ULONG_PTR count = 1;
    CHECK(NUMA_PAGE, "node 0, count NULL");
    TRY_FAILS(pAllocateUserPhysicalPagesNuma(PROCESS, NULL, frames, 0));
    CHECK(NUMA_PAGE, "node 0, process NULL");
    TRY_FAILS(pAllocateUserPhysicalPagesNuma(NULL, &count, frames, 0));
}

TEST(AllocateUserPhysicalPages2, parameters)
{
    NEED(AllocateUserPhysicalPages2);
    NEED(FreeUserPhysicalPages);
    MEM_EXTENDED_PARAMETER p[2];
    ULONG_PTR count = 2;
    privilege_enable();
    memset(p, 0, sizeof(p));
    CHECK(ALLOCATE2_PAGE, "2 pages, no parameters");
    TRY(pAllocateUserPhysicalPages2(PROCESS, &count, frames, NULL, 0), TRUE, SENTINEL);
    EXPECT_UINT("count", count, 2);
    pFreeUserPhysicalPages(PROCESS, &count, frames);
    p[0].Type = MemExtendedParameterNumaNode;
    p[0].ULong = 0;
    CHECK(ALLOCATE2_PAGE, "2 pages, NUMA node 0");
    TRY(pAllocateUserPhysicalPages2(PROCESS, &count, frames, p, 1), TRUE, SENTINEL);
    pFreeUserPhysicalPages(PROCESS, &count, frames);
    p[1] = p[0];
    CHECK(ALLOCATE2_PAGE, "NUMA node given twice");
    TRY(pAllocateUserPhysicalPages2(PROCESS, &count, frames, p, 2), FALSE, ERROR_INVALID_PARAMETER);
    p[0].Type = 0;
    CHECK(ALLOCATE2_PAGE, "a parameter of type 0 (invalid)");
    TRY(pAllocateUserPhysicalPages2(PROCESS, &count, frames, p, 1), FALSE, ERROR_INVALID_PARAMETER);
    p[0].Type = 0x55;
    CHECK(ALLOCATE2_PAGE, "a parameter of type 0x55 (unknown)");
    TRY(pAllocateUserPhysicalPages2(PROCESS, &count, frames, p, 1), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(ALLOCATE2_PAGE, "one parameter, pointer NULL");
    TRY_FAILS(pAllocateUserPhysicalPages2(PROCESS, &count, frames, NULL, 1));
    CHECK(ALLOCATE2_PAGE, "process NULL");
    TRY(pAllocateUserPhysicalPages2(NULL, &count, frames, NULL, 0), FALSE, ERROR_INVALID_HANDLE);
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", NULL);
}

/* ---- windows ---- */

TEST(VirtualAlloc, awe_window)
{
    NEED(VirtualAlloc);
    NEED(VirtualFree);
    static const struct {
        DWORD type, protect;
        BOOL ok;
    } cases[] = {
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE, TRUE },
        { MEM_PHYSICAL, PAGE_READWRITE, FALSE },
        { MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_COMMIT | MEM_PHYSICAL, PAGE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL | MEM_LARGE_PAGES, PAGE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_NOACCESS, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_READONLY, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_EXECUTE_READWRITE, FALSE },
        { MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE | PAGE_GUARD, FALSE },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(VIRTUALALLOC_PAGE, "64 KB, type %#x, protection %#x", (unsigned)cases[i].type, (unsigned)cases[i].protect);
        SET_SENTINEL();
        void *base = pVirtualAlloc(NULL, 65536, cases[i].type, cases[i].protect);
        EXPECT_ERROR(cases[i].ok ? SENTINEL : ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("returned a base", base != NULL, cases[i].ok);
        if (!base) continue;
        EXPECT_UINT("base modulo 64 KB", (ULONG_PTR)base % 65536, 0);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
    CHECK(VIRTUALALLOC_PAGE, "1 byte: a window of one page");
    volatile BYTE *base = pVirtualAlloc(NULL, 1, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    EXPECT_TRUE("returned a base", base != NULL);
    if (base) expect_region(base, MEM_RESERVE, 0, PAGE);
    CHECK(VIRTUALALLOC_PAGE, "a window at the address of one that was released");
    if (base) pVirtualFree((PVOID)base, 0, MEM_RELEASE);
    void *again = pVirtualAlloc((PVOID)base, 65536, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    EXPECT_TRUE("same base", again != NULL && again == base);
    CHECK(VIRTUALALLOC_PAGE, "a window over a window");
    SET_SENTINEL();
    void *over = pVirtualAlloc(again, 65536, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("returned a base", over != NULL, FALSE);
    if (again) pVirtualFree(again, 0, MEM_RELEASE);
}

TEST(VirtualQuery, awe_window)
{
    NEED(VirtualQuery);
    NEED(MapUserPhysicalPages);
    if (!begin(4)) return;
    CHECK_OF(VirtualQuery, AWE_PAGE, "a window of 16 pages that shows nothing");
    UNDECIDED("no page tells the state of a window's pages; committed is what has storage");
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)window, &info, sizeof(info));
    NOTE_HEX("State", info.State);
    NOTE_HEX("Protect", info.Protect);
    NOTE_UINT("RegionSize", info.RegionSize);
    CHECK_OF(VirtualQuery, AWE_PAGE, "window: type and base");
    EXPECT_HEX("Type", info.Type, MEM_PRIVATE);
    EXPECT_HEX("AllocationProtect", info.AllocationProtect, PAGE_READWRITE);
    EXPECT_TRUE("AllocationBase is the window's", info.AllocationBase == window);
    map(4, 4, frames);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: page 4");
    UNDECIDED("no page tells the state of a window's pages; committed is what has storage");
    pVirtualQuery((PVOID)(window + 4 * PAGE), &info, sizeof(info));
    NOTE_HEX("State", info.State);
    NOTE_HEX("Protect", info.Protect);
    NOTE_UINT("RegionSize", info.RegionSize);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: the base of the window");
    EXPECT_TRUE("AllocationBase is the window's", info.AllocationBase == window);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: an address inside page 6");
    pVirtualQuery((PVOID)(window + 6 * PAGE + 5), &info, sizeof(info));
    EXPECT_TRUE("BaseAddress is the page", info.BaseAddress == window + 6 * PAGE);
    CHECK_OF(VirtualQuery, AWE_PAGE, "frames at pages 4 to 7: page 8, after them");
    UNDECIDED("no page tells the state of a window's pages; committed is what has storage");
    pVirtualQuery((PVOID)(window + 8 * PAGE), &info, sizeof(info));
    NOTE_HEX("State", info.State);
    NOTE_UINT("RegionSize", info.RegionSize);
    end(4);
}

TEST(VirtualProtect, awe_window)
{
    NEED(VirtualProtect);
    NEED(MapUserPhysicalPages);
    static const DWORD protections[] = { PAGE_NOACCESS, PAGE_READONLY, PAGE_EXECUTE_READ, PAGE_READWRITE | PAGE_GUARD };
    if (!begin(2)) return;
    map(0, 2, frames);
    stamp(window, 1);
    for (unsigned i = 0; i < 4; i++) {
        DWORD old;
        CHECK(AWE_PAGE, "a mapped page to %#x", (unsigned)protections[i]);
        TRY_FAILS(pVirtualProtect((PVOID)window, PAGE, protections[i], &old));
        CHECK(AWE_PAGE, "after the refusal of %#x the page can be written", (unsigned)protections[i]);
        stamp(window, (BYTE)(i + 2));
        EXPECT_UINT("content", stamped(window), i + 2);
    }
    DWORD old;
    CHECK(AWE_PAGE, "an unmapped page to PAGE_READONLY");
    TRY_FAILS(pVirtualProtect((PVOID)(window + 5 * PAGE), PAGE, PAGE_READONLY, &old));
    CHECK(AWE_PAGE, "the whole window to PAGE_READONLY");
    TRY_FAILS(pVirtualProtect((PVOID)window, PAGES * PAGE, PAGE_READONLY, &old));
    end(2);
}

TEST(VirtualFree, awe_window)
{
    NEED(VirtualFree);
    NEED(MapUserPhysicalPages);
    if (!begin(3)) return;
    map(0, 3, frames);
    for (int i = 0; i < 3; i++) stamp(window + i * PAGE, (BYTE)(10 + i));
    CHECK(AWE_PAGE, "MEM_DECOMMIT of a mapped page");
    TRY_FAILS(pVirtualFree((PVOID)window, PAGE, MEM_DECOMMIT));
    CHECK(AWE_PAGE, "MEM_DECOMMIT of the whole window");
    TRY_FAILS(pVirtualFree((PVOID)window, 0, MEM_DECOMMIT));
    CHECK(VIRTUALFREE_PAGE, "MEM_RELEASE of a part: size not 0");
    TRY(pVirtualFree((PVOID)window, PAGE, MEM_RELEASE), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(VIRTUALFREE_PAGE, "MEM_RELEASE at an inner page");
    TRY_FAILS(pVirtualFree((PVOID)(window + PAGE), 0, MEM_RELEASE));
    CHECK(AWE_PAGE, "after the refusals the frames are mapped");
    for (int i = 0; i < 3; i++) EXPECT_UINT("content", stamped(window + i * PAGE), 10 + i);
    CHECK(VIRTUALFREE_PAGE, "MEM_RELEASE of the window");
    TRY(pVirtualFree((PVOID)window, 0, MEM_RELEASE), TRUE, SENTINEL);
    CHECK(VIRTUALFREE_PAGE, "after MEM_RELEASE the addresses are free");
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)window, &info, sizeof(info));
    EXPECT_HEX("State", info.State, MEM_FREE);
    window = window_make();
    CHECK(VIRTUALFREE_PAGE, "the frames of a released window, mapped in another in reverse");
    ULONG_PTR reverse[3] = { frames[2], frames[1], frames[0] };
    TRY(map(8, 3, reverse), TRUE, SENTINEL);
    for (int i = 0; i < 3; i++) EXPECT_UINT("content", stamped(window + (8 + i) * PAGE), 12 - i);
    end(3);
}

TEST(VirtualAlloc, awe_commit)
{
    NEED(VirtualAlloc);
    NEED(MapUserPhysicalPages);
    if (!begin(1)) return;
    CHECK(AWE_PAGE, "MEM_COMMIT of a window's page");
    SET_SENTINEL();
    void *base = pVirtualAlloc((PVOID)window, PAGE, MEM_COMMIT, PAGE_READWRITE);
    NOTE_ERROR();
    EXPECT_BOOL("returned a base", base != NULL, FALSE);
    map(0, 1, frames);
    CHECK(AWE_PAGE, "MEM_COMMIT of a mapped page");
    SET_SENTINEL();
    base = pVirtualAlloc((PVOID)window, PAGE, MEM_COMMIT, PAGE_READWRITE);
    NOTE_ERROR();
    EXPECT_BOOL("returned a base", base != NULL, FALSE);
    CHECK(VIRTUALALLOC_PAGE, "MEM_RESERVE over a window");
    SET_SENTINEL();
    base = pVirtualAlloc((PVOID)window, 65536, MEM_RESERVE, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("returned a base", base != NULL, FALSE);
    end(1);
}

/* ---- mapping ---- */

TEST(MapUserPhysicalPages, content)
{
    NEED(MapUserPhysicalPages);
    if (!begin(16)) return;
    CHECK(MAP_PAGE, "8 frames at page 0");
    TRY(map(0, 8, frames), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "new frames read as zero");
    unsigned nonzero = 0;
    for (unsigned i = 0; i < 8 * PAGE; i++) nonzero += window[i] != 0;
    EXPECT_UINT("bytes that are not 0", nonzero, 0);
    for (int i = 0; i < 8; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    CHECK(MAP_PAGE, "other frames over the same pages");
    TRY(map(0, 8, frames + 8), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "the other frames read as zero too");
    nonzero = 0;
    for (unsigned i = 0; i < 8 * PAGE; i++) nonzero += window[i] != 0;
    EXPECT_UINT("bytes that are not 0", nonzero, 0);
    for (int i = 0; i < 8; i++) stamp(window + i * PAGE, (BYTE)(i + 9));
    for (int round = 0; round < 2; round++) {
        for (int at = 0; at < 16; at += 8) {
            CHECK(MAP_PAGE, "frames %d to %d over the others, round %d", at, at + 7, round);
            TRY(map(0, 8, frames + at), TRUE, SENTINEL);
            for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + i * PAGE), at + i + 1);
        }
    }
    CHECK(MAP_PAGE, "unmapped and mapped again at the same page");
    map(0, 8, NULL);
    TRY(map(0, 8, frames + 8), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + i * PAGE), 9 + i);
    CHECK(MAP_PAGE, "unmapped and mapped again at another page");
    map(0, 8, NULL);
    TRY(map(5, 8, frames + 8), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + (5 + i) * PAGE), 9 + i);
    CHECK(MAP_PAGE, "unmapped and mapped again in another window");
    map(5, 8, NULL);
    TRY(pMapUserPhysicalPages((PVOID)second, 8, frames + 8), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(second + i * PAGE), 9 + i);
    CHECK(MAP_PAGE, "other frames at the pages where they were");
    TRY(map(5, 8, frames), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + (5 + i) * PAGE), 1 + i);
    CHECK(MAP_PAGE, "and the first window's content did not disturb the second's");
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(second + i * PAGE), 9 + i);
    end(16);
}

TEST(MapUserPhysicalPages, unmap)
{
    NEED(MapUserPhysicalPages);
    if (!begin(4)) return;
    map(2, 4, frames);
    CHECK(MAP_PAGE, "a mapped page can be read");
    EXPECT_HEX("exception", conform_catch(touch, (void *)(window + 2 * PAGE)), 0);
    CHECK(MAP_PAGE, "a page that shows nothing cannot");
    EXPECT_HEX("exception", conform_catch(touch, (void *)window), 0xc0000005);
    CHECK(MAP_PAGE, "array NULL, the middle two of four");
    TRY(map(3, 2, NULL), TRUE, SENTINEL);
    static const DWORD expected[] = { 0, 0xc0000005, 0xc0000005, 0 };
    for (int i = 0; i < 4; i++) {
        CHECK(MAP_PAGE, "then page %d of the four is read", i);
        EXPECT_HEX("exception", conform_catch(touch, (void *)(window + (2 + i) * PAGE)), expected[i]);
    }
    CHECK(MAP_PAGE, "array NULL, pages that show nothing");
    TRY(map(3, 2, NULL), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "array NULL, the whole window");
    TRY(map(0, PAGES, NULL), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "then no page can be read");
    unsigned readable = 0;
    for (int i = 0; i < PAGES; i++) readable += !conform_catch(touch, (void *)(window + i * PAGE));
    EXPECT_UINT("readable pages", readable, 0);
    CHECK(MAP_PAGE, "0 pages");
    UNDECIDED("the page does not tell whether no pages is a success");
    NOTE_BOOL("return", map(0, 0, NULL));
    CHECK(MAP_PAGE, "an address inside a page");
    UNDECIDED("the page does not tell whether the address must be a page's");
    NOTE_BOOL("return", pMapUserPhysicalPages((PVOID)(window + 5), 1, frames));
    end(4);
}

/* Every failure leaves the mapping as it was: frames 0 to 3 at pages 0 to 3, holding 1 to 4. */
static void expect_untouched(void)
{
    for (int i = 0; i < 4; i++) EXPECT_UINT("content afterwards", stamped(window + i * PAGE), i + 1);
}

TEST(MapUserPhysicalPages, failures)
{
    NEED(MapUserPhysicalPages);
    if (!begin(10)) return;
    map(0, 4, frames);
    for (int i = 0; i < 4; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    pMapUserPhysicalPages((PVOID)second, 1, frames + 4);
    ULONG_PTR one = 1, freed = frames[9], list[4];
    pFreeUserPhysicalPages(PROCESS, &one, &freed);
    const ULONG_PTR a = frames[5], b = frames[6];
    const struct {
        const char *what;
        ULONG_PTR numbers[4];
    } cases[] = {
        { "a number that is no frame's, first", { 0x7fffffff, a, b, frames[7] } },
        { "a number that is no frame's, last", { a, b, frames[7], 0x7fffffff } },
        { "number 0", { a, 0, b, frames[7] } },
        { "a frame that was freed", { a, b, freed, frames[7] } },
        { "a frame that is mapped in another window", { a, b, frames[7], frames[4] } },
        { "one frame twice", { a, b, a, frames[7] } },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(list, cases[i].numbers, sizeof(list));
        CHECK(MAP_PAGE, "four pages, %s", cases[i].what);
        TRY(map(0, 4, list), FALSE, ERROR_INVALID_PARAMETER);
        expect_untouched();
    }
    CHECK(MAP_PAGE, "one page, a frame that is mapped at another page of the window");
    TRY(map(8, 1, frames), FALSE, ERROR_INVALID_PARAMETER);
    expect_untouched();
    CHECK(MAP_PAGE, "a range that leaves the window at its end");
    TRY(map(PAGES - 1, 2, frames + 5), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(MAP_PAGE, "array NULL, a range that leaves the window at its end");
    TRY(map(PAGES - 1, 2, NULL), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(MAP_PAGE, "an address right after the window");
    TRY_FAILS(map(PAGES, 1, frames + 5));
    CHECK(MAP_PAGE, "address NULL");
    TRY_FAILS(pMapUserPhysicalPages(NULL, 1, frames + 5));
    BYTE *plain = pVirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_READWRITE);
    CHECK(MAP_PAGE, "an address in an ordinary reservation");
    TRY_FAILS(pMapUserPhysicalPages(plain, 1, frames + 5));
    CHECK(MAP_PAGE, "an array that cannot be read");
    TRY(map(0, 4, (PULONG_PTR)plain), FALSE, ERROR_NOACCESS);
    expect_untouched();
    CHECK(MAP_PAGE, "a count that no window has");
    TRY_FAILS(map(0, (ULONG_PTR)-1, frames));
    pVirtualFree(plain, 0, MEM_RELEASE);
    CHECK(MAP_PAGE, "after all failures the frames named in them can be mapped");
    TRY(map(8, 3, frames + 5), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "two frames of the range change places in one call");
    UNDECIDED("the page says that old translations are overwritten, and that no page is mapped twice; not which first");
    ULONG_PTR swapped[2] = { frames[1], frames[0] };
    BOOL ok = map(0, 2, swapped);
    NOTE_BOOL("return", ok);
    NOTE_UINT("content of the first page", stamped(window));
    end(9);
}

/* ---- scatter ---- */

TEST(MapUserPhysicalPagesScatter, content)
{
    NEED(MapUserPhysicalPagesScatter);
    NEED(MapUserPhysicalPages);
    if (!begin(6)) return;
    PVOID places[6];
    ULONG_PTR numbers[6];
    for (int i = 0; i < 6; i++) places[i] = (PVOID)((i & 1 ? second : window) + (2 * i + 1) * PAGE);
    CHECK(SCATTER_PAGE, "6 frames in turns in two windows");
    TRY(pMapUserPhysicalPagesScatter(places, 6, frames), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) stamp(places[i], (BYTE)(i + 1));
    CHECK(SCATTER_PAGE, "the same frames turned round");
    for (int i = 0; i < 6; i++) numbers[i] = 0;
    TRY(pMapUserPhysicalPagesScatter(places, 6, numbers), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) numbers[i] = frames[5 - i];
    CHECK(SCATTER_PAGE, "after unmapping with zeros: mapped in reverse");
    TRY(pMapUserPhysicalPagesScatter(places, 6, numbers), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) EXPECT_UINT("content", stamped(places[i]), 6 - i);
    CHECK(SCATTER_PAGE, "a zero among numbers unmaps its page alone");
    numbers[2] = 0;
    TRY(pMapUserPhysicalPagesScatter(places, 6, numbers), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) {
        CHECK(SCATTER_PAGE, "then page %d is read", i);
        EXPECT_HEX("exception", conform_catch(touch, places[i]), i == 2 ? 0xc0000005 : 0);
    }
    CHECK(SCATTER_PAGE, "array NULL unmaps all");
    TRY(pMapUserPhysicalPagesScatter(places, 6, NULL), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) {
        CHECK(SCATTER_PAGE, "after array NULL page %d is read", i);
        EXPECT_HEX("exception", conform_catch(touch, places[i]), 0xc0000005);
    }
    CHECK(SCATTER_PAGE, "the frames kept their content");
    map(0, 6, frames);
    for (int i = 0; i < 6; i++) EXPECT_UINT("content", stamped(window + i * PAGE), i + 1);
    CHECK(SCATTER_PAGE, "0 pages");
    UNDECIDED("the page does not tell whether no pages is a success");
    NOTE_BOOL("return", pMapUserPhysicalPagesScatter(places, 0, NULL));
    end(6);
}

TEST(MapUserPhysicalPagesScatter, failures)
{
    NEED(MapUserPhysicalPagesScatter);
    NEED(MapUserPhysicalPages);
    if (!begin(8)) return;
    map(0, 4, frames);
    for (int i = 0; i < 4; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    BYTE *plain = pVirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_READWRITE);
    PVOID good[3] = { (PVOID)window, (PVOID)(window + PAGE), (PVOID)second }, places[3];
    ULONG_PTR numbers[3] = { frames[4], frames[5], frames[6] }, wrong[3];
    const struct {
        const char *what;
        void *place;
        ULONG_PTR number;
    } cases[] = {
        { "an address in an ordinary reservation", plain, 0 },
        { "address NULL", NULL, 0 },
        { "an address right after a window", (PVOID)(second + PAGES * PAGE), 0 },
        { "a number that is no frame's", NULL, 0x7fffffff },
        { "one frame twice", NULL, frames[4] },
        { "a frame that is mapped elsewhere", NULL, frames[3] },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(places, good, sizeof(places));
        memcpy(wrong, numbers, sizeof(wrong));
        if (cases[i].number) wrong[2] = cases[i].number;
        else places[2] = cases[i].place;
        CHECK(SCATTER_PAGE, "three pages, the last: %s", cases[i].what);
        TRY_FAILS(pMapUserPhysicalPagesScatter(places, 3, wrong));
        expect_untouched();
    }
    CHECK(SCATTER_PAGE, "addresses NULL");
    TRY(pMapUserPhysicalPagesScatter(NULL, 3, numbers), FALSE, ERROR_NOACCESS);
    CHECK(SCATTER_PAGE, "addresses that cannot be read");
    TRY(pMapUserPhysicalPagesScatter((PVOID *)plain, 3, numbers), FALSE, ERROR_NOACCESS);
    CHECK(SCATTER_PAGE, "numbers that cannot be read");
    TRY(pMapUserPhysicalPagesScatter(good, 3, (PULONG_PTR)plain), FALSE, ERROR_NOACCESS);
    expect_untouched();
    CHECK(SCATTER_PAGE, "unmapping, one address outside of any window: none is unmapped");
    memcpy(places, good, sizeof(places));
    places[2] = plain;
    TRY_FAILS(pMapUserPhysicalPagesScatter(places, 3, NULL));
    expect_untouched();
    pVirtualFree(plain, 0, MEM_RELEASE);
    end(8);
}

/* ---- freeing ---- */

TEST(FreeUserPhysicalPages, mapped)
{
    NEED(FreeUserPhysicalPages);
    NEED(MapUserPhysicalPages);
    if (!begin(8)) return;
    map(0, 8, frames);
    for (int i = 0; i < 8; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    ULONG_PTR count = 3;
    CHECK(FREE_PAGE, "3 of 8 mapped frames");
    TRY(pFreeUserPhysicalPages(PROCESS, &count, frames + 2), TRUE, SENTINEL);
    EXPECT_UINT("count", count, 3);
    for (int i = 0; i < 8; i++) {
        CHECK(FREE_PAGE, "then page %d is read", i);
        EXPECT_HEX("exception", conform_catch(touch, (void *)(window + i * PAGE)), i >= 2 && i < 5 ? 0xc0000005 : 0);
        if (i < 2 || i >= 5) EXPECT_UINT("content", stamped(window + i * PAGE), i + 1);
    }
    CHECK(FREE_PAGE, "the window stays reserved");
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)(window + 3 * PAGE), &info, sizeof(info));
    EXPECT_TRUE("AllocationBase is the window's", info.AllocationBase == window);
    CHECK(FREE_PAGE, "mapping a freed frame");
    TRY(map(3, 1, frames + 3), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(ALLOCATE_PAGE, "new frames in the freed ones' place");
    count = 3;
    TRY(pAllocateUserPhysicalPages(PROCESS, &count, frames + 2), TRUE, SENTINEL);
    CHECK(ALLOCATE_PAGE, "they read as zero");
    TRY(map(2, 3, frames + 2), TRUE, SENTINEL);
    unsigned nonzero = 0;
    for (unsigned i = 2 * PAGE; i < 5 * PAGE; i++) nonzero += window[i] != 0;
    EXPECT_UINT("bytes that are not 0", nonzero, 0);
    end(8);
}

TEST(FreeUserPhysicalPages, failures)
{
    NEED(FreeUserPhysicalPages);
    NEED(MapUserPhysicalPages);
    if (!begin(6)) return;
    ULONG_PTR bad[5] = { frames[0], frames[1], 0x7fffffff, frames[2], frames[3] }, count = 5;
    CHECK(FREE_PAGE, "5 numbers, the third no frame's");
    TRY(pFreeUserPhysicalPages(PROCESS, &count, bad), FALSE, ERROR_INVALID_PARAMETER);
    EXPECT_UINT("count", count, 2);
    CHECK(FREE_PAGE, "the frames before it are freed");
    TRY(map(0, 1, bad), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(FREE_PAGE, "the frames after it are not");
    TRY(map(0, 2, bad + 3), TRUE, SENTINEL);
    CHECK(FREE_PAGE, "a frame that is freed already");
    count = 1;
    TRY(pFreeUserPhysicalPages(PROCESS, &count, bad), FALSE, ERROR_INVALID_PARAMETER);
    EXPECT_UINT("count", count, 0);
    CHECK(FREE_PAGE, "one frame twice");
    ULONG_PTR twice[2] = { frames[4], frames[4] };
    count = 2;
    TRY(pFreeUserPhysicalPages(PROCESS, &count, twice), FALSE, ERROR_INVALID_PARAMETER);
    EXPECT_UINT("count", count, 1);
    CHECK(FREE_PAGE, "count NULL");
    TRY(pFreeUserPhysicalPages(PROCESS, NULL, frames), FALSE, ERROR_NOACCESS);
    CHECK(FREE_PAGE, "array NULL");
    count = 1;
    TRY(pFreeUserPhysicalPages(PROCESS, &count, NULL), FALSE, ERROR_NOACCESS);
    CHECK(FREE_PAGE, "0 pages");
    UNDECIDED("the page does not tell whether no pages is a success");
    count = 0;
    NOTE_BOOL("return", pFreeUserPhysicalPages(PROCESS, &count, frames));
    CHECK(FREE_PAGE, "the frames that are left");
    count = 3;
    ULONG_PTR left[3] = { frames[2], frames[3], frames[5] };
    TRY(pFreeUserPhysicalPages(PROCESS, &count, left), TRUE, SENTINEL);
    EXPECT_UINT("count", count, 3);
    end(0);
}

/* ---- many calls ---- */

static unsigned random_state;
static unsigned random_next(unsigned below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

/* Random mappings of frames into two windows, against a model of which frame is where and holds what. */
TEST(MapUserPhysicalPages, against_a_model)
{
    NEED(MapUserPhysicalPages);
    NEED(MapUserPhysicalPagesScatter);
    enum { FRAMES = 48, STEPS = 3000 };
    if (!begin(FRAMES)) return;
    int shown[2 * PAGES], where[FRAMES], value[FRAMES] = { 0 };
    unsigned wrong = 0, refused = 0;
    for (int i = 0; i < 2 * PAGES; i++) shown[i] = -1;
    for (int i = 0; i < FRAMES; i++) where[i] = -1;
    random_state = 1;
    for (int step = 0; step < STEPS; step++) {
        PVOID places[8];
        ULONG_PTR numbers[8];
        int pages[8], chosen[8], count = 1 + (int)random_next(8), kind = (int)random_next(3);
        int first = (int)random_next(2) * PAGES + (int)random_next(PAGES - 8);
        for (int i = 0; i < count; i++) {
            pages[i] = kind == 2 ? (first + 5 * i) % (2 * PAGES) : first + i;
            chosen[i] = kind == 1 ? -1 : (int)random_next(FRAMES);
            if (kind == 2 && random_next(4) == 0) chosen[i] = -1;
            places[i] = (PVOID)((pages[i] < PAGES ? window : second) + (pages[i] % PAGES) * PAGE);
            numbers[i] = chosen[i] < 0 ? 0 : frames[chosen[i]];
        }
        /* Keep to what every system must accept: frames named once, and mapped nowhere. */
        BOOL valid = TRUE;
        for (int i = 0; i < count; i++) {
            if (chosen[i] >= 0 && where[chosen[i]] >= 0) valid = FALSE;
            for (int j = 0; j < i; j++)
                if ((chosen[i] >= 0 && chosen[i] == chosen[j]) || pages[i] == pages[j]) valid = FALSE;
        }
        if (!valid) continue;
        BOOL ok = kind == 2 ? pMapUserPhysicalPagesScatter(places, count, numbers)
                            : pMapUserPhysicalPages(places[0], count, kind == 1 ? NULL : numbers);
        if (!ok) {
            refused++;
            continue;
        }
        for (int i = 0; i < count; i++) {
            if (shown[pages[i]] >= 0) where[shown[pages[i]]] = -1;
            shown[pages[i]] = chosen[i];
        }
        for (int i = 0; i < count; i++)
            if (chosen[i] >= 0) where[chosen[i]] = pages[i];
        for (int i = 0; i < 2 * PAGES; i++) {
            volatile BYTE *page = (i < PAGES ? window : second) + (i % PAGES) * PAGE;
            if (shown[i] < 0) continue;
            wrong += stamped(page) != value[shown[i]];
            if (random_next(4) == 0) stamp(page, (BYTE)(value[shown[i]] = (int)random_next(256)));
        }
    }
    CHECK(MAP_PAGE, "random calls on two windows: pages that do not hold what was last written to their frame");
    EXPECT_UINT("wrong pages", wrong, 0);
    EXPECT_UINT("refused calls", refused, 0);
    end(FRAMES);
}

struct mapper {
    ULONG_PTR numbers[8];
    unsigned wrong, refused;
};

static DWORD WINAPI mapper_run(void *context)
{
    struct mapper *m = context;
    volatile BYTE *own = window_make();
    for (int round = 0; own && round < 300; round++) {
        int at = round % 9;
        m->refused += !pMapUserPhysicalPages((PVOID)(own + at * PAGE), 8 - at % 3, m->numbers);
        for (int i = 0; i < 8 - at % 3; i++) {
            volatile ULONG_PTR *word = (volatile ULONG_PTR *)(own + (at + i) * PAGE);
            if (round >= 3 && word[1] != m->numbers[i]) m->wrong++;
            word[0]++;
            word[1] = m->numbers[i];
        }
        m->refused += !pMapUserPhysicalPages((PVOID)(own + at * PAGE), 8, NULL);
    }
    m->wrong += !own;
    if (own) pVirtualFree((PVOID)own, 0, MEM_RELEASE);
    return 0;
}

TEST(MapUserPhysicalPages, threads)
{
    NEED(MapUserPhysicalPages);
    static struct mapper mappers[4];
    HANDLE threads[4];
    unsigned wrong = 0, refused = 0;
    if (!begin(32)) return;
    for (int i = 0; i < 4; i++) {
        memcpy(mappers[i].numbers, frames + i * 8, sizeof(mappers[i].numbers));
        threads[i] = CreateThread(NULL, 0, mapper_run, &mappers[i], 0, NULL);
    }
    for (int i = 0; i < 4; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
        wrong += mappers[i].wrong;
        refused += mappers[i].refused;
    }
    CHECK(MAP_PAGE, "4 threads, each mapping 8 frames of its own in a window of its own, 300 times");
    EXPECT_UINT("wrong pages", wrong, 0);
    EXPECT_UINT("refused calls", refused, 0);
    end(32);
}

FAMILY(awe)
