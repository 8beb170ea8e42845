/* watched.h - what locking must do to pages of MEM_WRITE_WATCH regions. */
#ifndef K32MEM_WATCHED_H
#define K32MEM_WATCHED_H

#include "../nt/nt.h"

/* Has this process ever allocated with MEM_WRITE_WATCH through k32mem? */
extern volatile BOOL watched_regions;

/* Locking a page counts as writing it: marks each writable page of the range that is being watched. */
void watched_note(LPCVOID base, SIZE_T bytes);

#endif
