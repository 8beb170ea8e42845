/* awe.h - what the tests of Address Windowing Extensions share: frames and windows for a test, and looking at them.
 *
 * The caller needs SeLockMemoryPrivilege. Where the token has it, it is enabled; k32mem over a layer whose tokens never
 * have it takes the setting K32MEM_LOCK_MEMORY=1 for it. Where neither helps the tests see ERROR_PRIVILEGE_NOT_HELD.
 */
#ifndef CONFORM_AWE_H
#define CONFORM_AWE_H

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

static ULONG_PTR frames[64];
static volatile BYTE *window, *second;

static inline void privilege_enable(void)
{
    HANDLE token;
    TOKEN_PRIVILEGES wanted = { 1, { { { 4 /* SeLockMemoryPrivilege */, 0 }, SE_PRIVILEGE_ENABLED } } };
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", L"1");
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return;
    AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
    CloseHandle(token);
}

static inline volatile BYTE *window_make(void) { return pVirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE); }

/* Frames and two windows for a test; FALSE (and a check that shows it) when there are none to be had. */
static inline BOOL begin(ULONG_PTR count)
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

static inline void end(ULONG_PTR count)
{
    pFreeUserPhysicalPages(PROCESS, &count, frames);
    if (window) pVirtualFree((PVOID)window, 0, MEM_RELEASE);
    if (second) pVirtualFree((PVOID)second, 0, MEM_RELEASE);
}

static inline BOOL map(ULONG_PTR page, ULONG_PTR count, ULONG_PTR *numbers)
{
    return pMapUserPhysicalPages((PVOID)(window + page * PAGE), count, numbers);
}

/* Writes and reads a value in the first and last byte of a page. */
static inline void stamp(volatile BYTE *page, BYTE value) { page[0] = page[PAGE - 1] = value; }
static inline int stamped(volatile BYTE *page) { return page[0] == page[PAGE - 1] ? page[0] : -1; }

static inline void touch(void *address) { *(volatile BYTE *)address; }

static inline void expect_region(volatile BYTE *address, DWORD state, DWORD protect, SIZE_T bytes)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery((PVOID)address, &info, sizeof(info));
    EXPECT_HEX("State", info.State, state);
    EXPECT_HEX("Protect", info.Protect, protect);
    EXPECT_HEX("AllocationProtect", info.AllocationProtect, PAGE_READWRITE);
    EXPECT_HEX("Type", info.Type, MEM_PRIVATE);
    EXPECT_UINT("RegionSize", info.RegionSize, bytes);
}

#endif
