/* stack.h - the memory of the calling thread's stack. */
#ifndef K32MEM_STACK_H
#define K32MEM_STACK_H

#include "../nt/nt.h"

/* Gives back the pages well below where the stack is now that read as zero. Wine writes to the upper megabyte of every
 * stack before the thread's function begins (measured under 8.0: 960 KB in each thread, resident and zero); a thread that
 * grows down to them finds them as they were. */
void stack_trim(void);

/* Whether threads are to do that by themselves, now and then: see heap/reclaim.c. Side-loading sets it. */
extern BOOL stack_trims;

#endif
