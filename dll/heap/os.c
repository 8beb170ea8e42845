/* os.c - the heap's use of the NT memory calls. */
#include "os.h"

#ifdef K32MEM_FAULT
/* Test builds only: after this many more calls, every call that could fail does. -1: never. */
K32MEM_API volatile LONG k32mem_fault_after = -1;

static BOOL fault(void)
{
    if (k32mem_fault_after < 0) return FALSE;
    if (k32mem_fault_after == 0) return TRUE;
    return InterlockedDecrement(&k32mem_fault_after) < 0;
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
