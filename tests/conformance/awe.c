/* awe.c - Address Windowing Extensions: allocating and freeing frames. */
#include "awe.h"

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
    ULONG_PTR count = 1, number;
    privilege_enable();
    HANDLE other = conform_peer_start();
    CHECK(ALLOCATE_PAGE, "1 page for another process");
    SET_SENTINEL();
    BOOL ok = pAllocateUserPhysicalPages(other, &count, &number);
    NOTE_ERROR();
    EXPECT_TRUE("return", ok);
    conform_peer_end(other);
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

FAMILY(awe)
