/* psapi_other.c - the process status API and working set limits on another process. */
#include "conform.h"
#include <stdio.h>
#define PSAPI_VERSION 1
#include <psapi.h>

FUNCTION(BOOL, K32GetProcessMemoryInfo, (HANDLE, void *, DWORD))
FUNCTION(BOOL, K32QueryWorkingSet, (HANDLE, void *, DWORD))
FUNCTION(BOOL, K32QueryWorkingSetEx, (HANDLE, void *, DWORD))
FUNCTION(BOOL, K32EmptyWorkingSet, (HANDLE))
FUNCTION(DWORD, K32GetMappedFileNameW, (HANDLE, const void *, WCHAR *, DWORD))
FUNCTION(BOOL, SetProcessWorkingSetSize, (HANDLE, SIZE_T, SIZE_T))
FUNCTION(BOOL, GetProcessWorkingSetSize, (HANDLE, SIZE_T *, SIZE_T *))

TEST_FLAGS(K32GetProcessMemoryInfo, other_process, TEST_SLOW)
{
    NEED(K32GetProcessMemoryInfo);
    HANDLE peer = conform_peer_start();
    PROCESS_MEMORY_COUNTERS_EX counters = { 0 };
    CHECK("psapi/nf-psapi-getprocessmemoryinfo", "another process");
    SET_SENTINEL();
    BOOL ok = pK32GetProcessMemoryInfo(peer, &counters, sizeof(counters));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("peak not below the working set", counters.PeakWorkingSetSize >= counters.WorkingSetSize);
    conform_peer_end(peer);
}

TEST_FLAGS(K32QueryWorkingSetEx, other_process, TEST_SLOW)
{
    NEED(K32QueryWorkingSetEx);
    HANDLE peer = conform_peer_start();
    BYTE *page = VirtualAllocEx(peer, NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), one = 1;
    SIZE_T done;
    WriteProcessMemory(peer, page, &one, 1, &done);
    PSAPI_WORKING_SET_EX_INFORMATION info = { .VirtualAddress = page };
    CHECK("psapi/nf-psapi-queryworkingsetex", "another process, a page that was written");
    SET_SENTINEL();
    BOOL ok = pK32QueryWorkingSetEx(peer, &info, sizeof(info));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("valid", info.VirtualAttributes.Valid);
    conform_peer_end(peer);
}

TEST_FLAGS(K32QueryWorkingSet, other_process, TEST_SLOW)
{
    NEED(K32QueryWorkingSet);
    HANDLE peer = conform_peer_start();
    static ULONG_PTR set[1 << 16];
    CHECK("psapi/nf-psapi-queryworkingset", "another process");
    SET_SENTINEL();
    BOOL ok = pK32QueryWorkingSet(peer, set, sizeof(set));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("entries", set[0]);
    conform_peer_end(peer);
}

TEST_FLAGS(K32EmptyWorkingSet, other_process, TEST_SLOW)
{
    NEED(K32EmptyWorkingSet);
    HANDLE peer = conform_peer_start();
    CHECK("psapi/nf-psapi-emptyworkingset", "another process");
    SET_SENTINEL();
    BOOL ok = pK32EmptyWorkingSet(peer);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    conform_peer_end(peer);
}

TEST_FLAGS(K32GetMappedFileNameW, other_process, TEST_SLOW)
{
    NEED(K32GetMappedFileNameW);
    HANDLE peer = conform_peer_start();
    MEMORY_BASIC_INFORMATION info = { 0 };
    WCHAR name[600], mine[600];
    BYTE *at = NULL;
    /* The first image that the other process has is looked for; any will do. */
    while (VirtualQueryEx(peer, at, &info, sizeof(info)) && info.Type != MEM_IMAGE)
        at = (BYTE *)info.BaseAddress + info.RegionSize;
    CHECK("psapi/nf-psapi-getmappedfilenamew", "another process, an image in it");
    SET_SENTINEL();
    DWORD length = pK32GetMappedFileNameW(peer, info.BaseAddress, name, 600);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("begins with \\Device\\", length > 8 && !wcsncmp(name, L"\\Device\\", 8));
    CHECK("psapi/nf-psapi-getmappedfilenamew", "another process, an address where it has none");
    SET_SENTINEL();
    length = pK32GetMappedFileNameW(peer, (void *)0x1000, mine, 600);
    NOTE_ERROR();
    EXPECT_UINT("return", length, 0);
    conform_peer_end(peer);
}

TEST_FLAGS(SetProcessWorkingSetSize, other_process, TEST_SLOW)
{
    NEED(SetProcessWorkingSetSize);
    NEED(GetProcessWorkingSetSize);
    HANDLE peer = conform_peer_start();
    SIZE_T minimum = 0, maximum = 0, mine = 0, mine_maximum = 0, before = 0;
    pGetProcessWorkingSetSize(GetCurrentProcess(), &before, &mine_maximum);
    CHECK("winbase/nf-winbase-setprocessworkingsetsize", "another process, 123 pages, 456 pages");
    SET_SENTINEL();
    BOOL ok = pSetProcessWorkingSetSize(peer, 123 * 4096, 456 * 4096);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    pGetProcessWorkingSetSize(peer, &minimum, &maximum);
    EXPECT_UINT("its minimum", minimum, 123 * 4096);
    EXPECT_UINT("its maximum", maximum, 456 * 4096);
    pGetProcessWorkingSetSize(GetCurrentProcess(), &mine, &mine_maximum);
    EXPECT_TRUE("this process's minimum stays", mine == before);
    conform_peer_end(peer);
}

FAMILY(psapi)
