/* touch.h - touching memory that may not be there.
 *
 * A touch reads or writes memory with its own exception handler in place, so that the usual case, good memory, costs
 * a load per page and nothing else: no system call, no lock. GCC has no __try; the handler is registered in assembly
 * (touch_x86_64.c, touch_i686.c) and is the one function touch_caught of touch.c on both architectures.
 *
 * Every touch returns 0 when all bytes were accessible, 1 otherwise. first and last are the addresses of the first and
 * the last byte; first <= last. count is in characters and not zero. Any thread; the last error is left alone.
 */
#ifndef K32MEM_TOUCH_H
#define K32MEM_TOUCH_H

#include "../nt/nt.h"

#ifdef __i386__
#define TOUCH_CALL __attribute__((fastcall)) /* two arguments in registers: nothing between the frame and the loop */
#else
#define TOUCH_CALL
#endif

/* One byte of each page is read. */
BOOL TOUCH_CALL touch_read(ULONG_PTR first, ULONG_PTR last) __asm__("touch_read");
/* One byte of each page is written with the value that it has, in one atomic step. */
BOOL TOUCH_CALL touch_write(ULONG_PTR first, ULONG_PTR last) __asm__("touch_write");
/* The part of this thread's stack that is in use, where most answers are wanted, can be written. */
static inline BOOL touch_is_stack(ULONG_PTR first, ULONG_PTR last)
{
    return first >= teb_read(TEB_STACK_LIMIT) && last < teb_read(TEB_STACK_BASE);
}
/* Is there no room for an answer of so many bytes (not 0)? Can the caller's structure not be read? */
static inline BOOL touch_output(PVOID to, SIZE_T bytes)
{
    ULONG_PTR first = (ULONG_PTR)to, last = first + bytes - 1;
    return last < first || (!touch_is_stack(first, last) && touch_write(first, last));
}
static inline BOOL touch_input(LPCVOID from, SIZE_T bytes)
{
    ULONG_PTR first = (ULONG_PTR)from, last = first + bytes - 1;
    return last < first || touch_read(first, last);
}
/* Reads up to and including the first NUL, at most count characters. */
BOOL TOUCH_CALL touch_string_a(ULONG_PTR first, ULONG_PTR count) __asm__("touch_string_a");
BOOL TOUCH_CALL touch_string_w(ULONG_PTR first, ULONG_PTR count) __asm__("touch_string_w");

#endif
