/* handle.h - what a handle allows. */
#ifndef K32MEM_HANDLE_H
#define K32MEM_HANDLE_H

#include "../nt/nt.h"

/* Is this a handle to a process, with at least one right of each of the two masks (0: none needed)? STATUS_SUCCESS,
 * STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH or STATUS_ACCESS_DENIED. For calls that k32mem answers itself, or
 * that some systems answer without looking. */
NTSTATUS process_require(HANDLE process, ACCESS_MASK one_of, ACCESS_MASK and_one_of);

/* Is it a handle to this process, whatever it allows? For handles other than CURRENT_PROCESS it costs an NT call. */
BOOL process_is_own(HANDLE process);

/* For what can be done in this process only: STATUS_SUCCESS when process is this one, by a handle with the right
 * PROCESS_VM_OPERATION; STATUS_NOT_SUPPORTED for another process, and process_require's statuses for bad handles. */
NTSTATUS process_require_own(HANDLE process);

/* Turns a handle to this process that has PROCESS_VM_OPERATION into CURRENT_PROCESS; STATUS_ACCESS_DENIED when it lacks
 * that right. All other handles are left for the system to judge. */
NTSTATUS process_settle(HANDLE *process);

#endif
