/* os.c - the heap's use of the NT memory calls. */
#include "os.h"
#include <psapi.h>

#ifdef K32MEM_FAULT
/* Test builds only: every call that may fail can be made to. */
static volatile LONG calls, calls_left = -1;

/* n below 0: nothing fails. Else the next n calls succeed and all after them fail, until this is called again. */
__declspec(dllexport) void WINAPI k32mem_fault_after(LONG n)
{
    calls = 0;
    calls_left = n;
}

/* The calls made since k32mem_fault_after. */
__declspec(dllexport) LONG WINAPI k32mem_fault_count(void) { return calls; }

static BOOL fault(void)
{
    LONG call = InterlockedIncrement(&calls);
    return calls_left >= 0 && call > calls_left;
}
#else
static inline BOOL fault(void) { return FALSE; }
#endif

void *os_reserve(void *at, SIZE_T bytes)
{
    if (fault()) return NULL;
    return NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &bytes, MEM_RESERVE, PAGE_READWRITE) < 0 ? NULL : at;
}

BOOL os_commit(void *at, SIZE_T bytes, BOOL execute)
{
    if (fault()) return FALSE;
    return NtAllocateVirtualMemory(CURRENT_PROCESS, &at, 0, &bytes, MEM_COMMIT,
                                   execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE) >= 0;
}

void os_decommit(void *at, SIZE_T bytes) { NtFreeVirtualMemory(CURRENT_PROCESS, &at, &bytes, MEM_DECOMMIT); }

void os_release(void *at)
{
    SIZE_T bytes = 0;
    NtFreeVirtualMemory(CURRENT_PROCESS, &at, &bytes, MEM_RELEASE);
}

#define SAMPLES 16

BOOL os_is_sparse(const void *at, SIZE_T bytes)
{
    PSAPI_WORKING_SET_EX_INFORMATION pages[SAMPLES];
    unsigned resident = 0;
    for (unsigned i = 0; i < SAMPLES; i++) pages[i].VirtualAddress = (char *)at + bytes / SAMPLES * i;
    if (NtQueryVirtualMemory(CURRENT_PROCESS, NULL, VM_WORKING_SET_EX, pages, sizeof(pages), NULL) < 0) return FALSE;
    for (unsigned i = 0; i < SAMPLES; i++) resident += pages[i].VirtualAttributes.Valid;
    return resident < SAMPLES / 2;
}

/* More than the arena can have chunks. What found no place here would only outlive the DLL. */
#define KEPT_MAX 1024
static PVOID volatile kept[KEPT_MAX];

void *os_reserve_kept(void *at, SIZE_T bytes)
{
    void *p = os_reserve(at, bytes);
    for (unsigned i = 0; p && i < KEPT_MAX; i++)
        if (!kept[i] && !InterlockedCompareExchangePointer(&kept[i], p, NULL)) break;
    return p;
}

void os_release_kept(void *at)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        if (kept[i] == at) kept[i] = NULL;
    os_release(at);
}

void os_release_all(void)
{
    for (unsigned i = 0; i < KEPT_MAX; i++)
        if (kept[i]) os_release(kept[i]);
}
