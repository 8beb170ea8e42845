/* watch.h - what other families need to know of write watching. */
#ifndef K32MEM_WATCH_H
#define K32MEM_WATCH_H

#include "../nt/nt.h"

/* Has this process ever allocated with MEM_WRITE_WATCH through k32mem? */
extern volatile BOOL watch_regions_exist;

/* Locking a page counts as writing it: marks each writable page of the range that is being watched. */
void watch_note_written(LPCVOID base, SIZE_T bytes);

#endif
