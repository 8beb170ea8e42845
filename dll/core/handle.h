/* handle.h - what a handle allows. */
#ifndef K32MEM_HANDLE_H
#define K32MEM_HANDLE_H

#include "../nt/nt.h"

/* Is this a handle to a process, with at least one right of each of the two masks (0: none needed)? STATUS_SUCCESS,
 * STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH or STATUS_ACCESS_DENIED. For calls that k32mem answers itself, or
 * that some systems answer without looking. */
NTSTATUS process_require(HANDLE process, ACCESS_MASK one_of, ACCESS_MASK and_one_of);

#endif
