/* locked.h - which pages of this process are locked, where the system does not keep account of it.
 *
 * VirtualUnlock must tell whether the pages were locked at all. A layer that only passes the calls on to its host does
 * not know; then this table of the ranges that VirtualLock locked does. Thread-safe.
 */
#ifndef K32MEM_LOCKED_H
#define K32MEM_LOCKED_H

#include "../nt/nt.h"

extern volatile LONG locked_ranges;

/* Is any page noted as locked? One predictable branch, for those who free pages. */
static inline BOOL locked_any(void) { return __builtin_expect(locked_ranges != 0, 0); }

/* Does the system itself know which pages are locked? Asked of it once. */
BOOL locked_by_system(void);

/* Notes the pages that hold a byte of the range as locked. FALSE: no memory for the table. */
BOOL locked_note(LPCVOID base, SIZE_T bytes);

/* The pages are gone or unlocked. Returns TRUE when all of them were noted as locked. */
BOOL locked_forget(LPCVOID base, SIZE_T bytes);

/* Is the page at base noted as locked? *run is how many bytes from there on, at most bytes, are the same. base and
 * bytes are whole pages. */
BOOL locked_run(LPCVOID base, SIZE_T bytes, SIZE_T *run);

#endif
