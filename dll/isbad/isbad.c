/* isbad.c - the obsolete questions "may I touch this?". They answer by touching. Another thread may change the answer
 * at any time, as the pages say. */
#include "../core/touch.h"

static inline BOOL range_bad(const void *base, UINT_PTR bytes, BOOL TOUCH_CALL (*touch)(ULONG_PTR, ULONG_PTR))
{
    ULONG_PTR first = (ULONG_PTR)base, last = first + bytes - 1;
    /* By far the commonest bad pointer: not worth an exception, nor a jump. */
    if (__builtin_expect(!first, 1)) return bytes != 0;
    if (!bytes) return FALSE;
    if (last < first) return TRUE; /* runs over the top of the address space */
    return touch(first, last);
}

/* FALSE when all ucb bytes at lp can be read, or ucb is 0. A guard page answers TRUE and stays on guard. Leaves the
 * last error alone. Any thread. Page: winbase/nf-winbase-isbadreadptr */
K32MEM_API BOOL WINAPI IsBadReadPtr(CONST VOID *lp, UINT_PTR ucb) { return range_bad(lp, ucb, touch_read); }

/* FALSE when all ucb bytes at lp can be written, or ucb is 0. Writes one byte of each page with its own value, in one
 * atomic step, so that it is safe beside writers of other threads; a private copy of a copy-on-write page is made,
 * and write watch sees the write. Guard pages as IsBadReadPtr. Page: winbase/nf-winbase-isbadwriteptr */
K32MEM_API BOOL WINAPI IsBadWritePtr(LPVOID lp, UINT_PTR ucb) { return range_bad(lp, ucb, touch_write); }

/* IsBadReadPtr: there have been no "huge" pointers since 16-bit Windows. Page: winbase/nf-winbase-isbadhugereadptr */
K32MEM_API BOOL WINAPI IsBadHugeReadPtr(CONST VOID *lp, UINT_PTR ucb) { return range_bad(lp, ucb, touch_read); }

/* IsBadWritePtr. Page: winbase/nf-winbase-isbadhugewriteptr */
K32MEM_API BOOL WINAPI IsBadHugeWritePtr(LPVOID lp, UINT_PTR ucb) { return range_bad(lp, ucb, touch_write); }

/* FALSE when the byte at lpfn can be read; whether it can be executed is not asked. When it cannot, the last error is
 * ERROR_NOACCESS; otherwise it is left alone. Any thread. Page: winbase/nf-winbase-isbadcodeptr */
K32MEM_API BOOL WINAPI IsBadCodePtr(FARPROC lpfn)
{
    if (!touch_read((ULONG_PTR)lpfn, (ULONG_PTR)lpfn)) return FALSE;
    last_error_set(ERROR_NOACCESS);
    return TRUE;
}

/* FALSE when the string at lpsz can be read up to its NUL, or up to ucchMax bytes if that comes first; ucchMax 0 is
 * FALSE. Leaves the last error alone. Any thread. Page: winbase/nf-winbase-isbadstringptra */
K32MEM_API BOOL WINAPI IsBadStringPtrA(LPCSTR lpsz, UINT_PTR ucchMax)
{
    return ucchMax ? touch_string_a((ULONG_PTR)lpsz, ucchMax) : FALSE;
}

/* As IsBadStringPtrA, ucchMax in 16-bit characters; lpsz need not be aligned.
 * Page: winbase/nf-winbase-isbadstringptrw */
K32MEM_API BOOL WINAPI IsBadStringPtrW(LPCWSTR lpsz, UINT_PTR ucchMax)
{
    return ucchMax ? touch_string_w((ULONG_PTR)lpsz, ucchMax) : FALSE;
}
