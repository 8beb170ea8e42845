/* status.h - from an NT status to what the Win32 caller sees.
 *
 * A Win32 function reports failure through its return value and the thread's last error. Success leaves the last
 * error alone unless the function's page says otherwise.
 */
#ifndef K32MEM_STATUS_H
#define K32MEM_STATUS_H

/* Sets the last error that stands for status, and returns FALSE. */
BOOL status_fail(NTSTATUS status);

/* TRUE and the last error untouched for a success; otherwise as status_fail. */
static inline BOOL status_bool(NTSTATUS status) { return status >= 0 ? TRUE : status_fail(status); }

/* For allocations: some layers answer a size that they cannot give with an informational status, and allocate nothing. */
static inline NTSTATUS status_exact(NTSTATUS status) { return status > 0 ? STATUS_NO_MEMORY : status; }

/* Sets the last error and returns FALSE: `return error_fail(ERROR_INVALID_PARAMETER);` */
static inline BOOL error_fail(DWORD error)
{
    last_error_set(error);
    return FALSE;
}

/* As error_fail, for functions that return a pointer or a handle. */
static inline PVOID error_null(DWORD error)
{
    last_error_set(error);
    return NULL;
}

#endif
