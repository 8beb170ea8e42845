/* copied.h - pages of copy-on-write views that have been written.
 *
 * The first write to a page of a copy-on-write view gives this process a copy of its own, which from then on is plain
 * PAGE_READWRITE (PAGE_EXECUTE_READWRITE) memory. Some layers go on reporting the protection of the view; whether a
 * page is a copy they tell through the working set, where it is resident and not shared.
 */
#ifndef K32MEM_COPIED_H
#define K32MEM_COPIED_H

#include "../nt/nt.h"

/* How many pages from base on (at most pages) are all copies, or all not; *copies tells which. 0 when unknown. */
SIZE_T copied_run(LPCVOID base, SIZE_T pages, BOOL *copies);

/* Are all pages of the range copies? */
BOOL copied_all(LPCVOID base, SIZE_T pages);

/* The protection of a copy, where the view's is protect (with its modifiers). */
ULONG copied_protect(ULONG protect);

#endif
