/* stack.c - giving back what a thread does not use of its stack. */
#include "stack.h"
#include "touch.h"

#define STACK_KEPT ((ULONG_PTR)64 << 10)   /* most threads need no more, and never miss what was below */
#define STACK_LOOK ((ULONG_PTR)1 << 20)    /* below the stack's base */
#define STACK_WORTH ((ULONG_PTR)256 << 10) /* Windows commits less than that beforehand */

BOOL stack_trims;

/* Who carves stacks of his own out of this one has them in what is not zero. */
static BOOL page_is_zero(ULONG_PTR page)
{
    const ULONG_PTR *words = (const ULONG_PTR *)page, *end = (const ULONG_PTR *)(page + PAGE_BYTES);
    for (; words < end; words += 4)
        if (words[0] | words[1] | words[2] | words[3]) return FALSE;
    return TRUE;
}

void stack_trim(void)
{
    ULONG_PTR limit = teb_read(TEB_STACK_LIMIT), base = teb_read(TEB_STACK_BASE);
    ULONG_PTR here = (ULONG_PTR)__builtin_frame_address(0), low, high = ALIGN_DOWN(here, PAGE_BYTES) - STACK_KEPT;
    if (here < limit || here >= base) return; /* on a stack of its own making */
    if (base - limit > STACK_LOOK) limit = base - STACK_LOOK;
    if (high <= limit || touch_read(limit, high - 1)) return; /* somebody has put a guard of his own there */
    for (low = high; low > limit && page_is_zero(low - PAGE_BYTES);) low -= PAGE_BYTES;
    if (high < low + STACK_WORTH) return;
    PVOID address = (PVOID)low;
    SIZE_T bytes = high - low;
    NtAllocateVirtualMemory(CURRENT_PROCESS, &address, 0, &bytes, MEM_RESET, PAGE_READWRITE);
}
