/* placeholder.h - what the tests of placeholders and private memory in their place share. */
#ifndef CONFORM_PLACEHOLDER_H
#define CONFORM_PLACEHOLDER_H

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

/* A test without its placeholder would free what is not its own. */
#define MADE(base)                                                                                                   \
    if (!(base)) {                                                                                                   \
        CHECK("memoryapi/nf-memoryapi-virtualalloc2", "a placeholder for the test");                                 \
        EXPECT_TRUE("returned a base", FALSE);                                                                       \
        return;                                                                                                      \
    }

static inline BYTE *make(SIZE_T bytes) { return pVirtualAlloc2(NULL, NULL, bytes, RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0); }
static inline void *replace(void *base, SIZE_T bytes, ULONG protect)
{
    return pVirtualAlloc2(NULL, base, bytes, REPLACE_PLACEHOLDER | MEM_COMMIT, protect, NULL, 0);
}

/* allocation_protect 0: not looked at. */
static inline void expect_pages(BYTE *address, BYTE *base, DWORD state, DWORD protect, DWORD allocation_protect, DWORD type,
                                SIZE_T bytes)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(address, &info, sizeof(info));
    EXPECT_HEX("State", info.State, state);
    EXPECT_HEX("Protect", info.Protect, protect);
    if (allocation_protect) EXPECT_HEX("AllocationProtect", info.AllocationProtect, allocation_protect);
    EXPECT_HEX("Type", info.Type, type);
    EXPECT_UINT("RegionSize", info.RegionSize, bytes);
    EXPECT_TRUE("AllocationBase", info.AllocationBase == base);
}
static inline void expect_region(BYTE *address, BYTE *base, DWORD state, DWORD protect, DWORD allocation_protect, SIZE_T bytes)
{
    expect_pages(address, base, state, protect, allocation_protect, MEM_PRIVATE, bytes);
}
static inline void expect_placeholder(BYTE *base, SIZE_T bytes) { expect_region(base, base, MEM_RESERVE, 0, PAGE_NOACCESS, bytes); }

static inline DWORD state_at(void *address)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(address, &info, sizeof(info));
    return info.State;
}

/* Threads that begin their work together. Not before all of them run: where placeholders are emulated, what a new thread
 * gets from the system, its stack for one, may come to lie where a placeholder is about to be. */
struct start {
    HANDLE go;
    volatile LONG waiting;
};
static inline void start_make(struct start *start) { *start = (struct start){ CreateEventW(NULL, TRUE, FALSE, NULL), 0 }; }
static inline void start_wait(struct start *start)
{
    InterlockedIncrement(&start->waiting);
    WaitForSingleObject(start->go, INFINITE);
}
static inline void start_all(struct start *start, LONG threads)
{
    while (start->waiting < threads) Sleep(1);
    SetEvent(start->go);
}

static inline void touch(void *address) { *(volatile BYTE *)address; }

#endif
