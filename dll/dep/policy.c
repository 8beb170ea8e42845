/* policy.c - data execution prevention: the system's policy and that of a 32-bit process. */
#include "../core/touch.h"
#include "../nt/system.h"

#ifndef _WIN64
/* The bits of ProcessExecuteFlags, as named by the public phnt headers: "execute" means executing data. */
enum { EXECUTE_DISABLE = 1, EXECUTE_ENABLE = 2, EXECUTE_DISABLE_THUNKS = 4, EXECUTE_PERMANENT = 8 };

/* 32-bit programs on a 64-bit system, and only they, have this piece of information. */
static NTSTATUS process_is_64_bit(HANDLE process, BOOL *is)
{
    ULONG_PTR own = 0, other = 0;
    NTSTATUS status;
    *is = FALSE;
    status = process_query(process, PROCESS_WOW64, &other, sizeof(other));
    if (status < 0 || other) return status;
    if (process_query(CURRENT_PROCESS, PROCESS_WOW64, &own, sizeof(own)) >= 0 && own) *is = TRUE;
    return STATUS_SUCCESS;
}
#endif

/* Writes PROCESS_DEP_* flags of the 32-bit process hProcess (PROCESS_QUERY_INFORMATION), and whether they can never
 * change again. Any thread.
 * Errors: ERROR_NOT_SUPPORTED (called in, or about, a 64-bit process); ERROR_INVALID_PARAMETER (a NULL pointer);
 * ERROR_NOACCESS (another bad one); ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. Page: winbase/nf-winbase-getprocessdeppolicy */
K32MEM_API BOOL WINAPI GetProcessDEPPolicy(HANDLE hProcess, LPDWORD lpFlags, PBOOL lpPermanent)
{
#ifdef _WIN64
    (void)hProcess;
    (void)lpFlags;
    (void)lpPermanent;
    return error_fail(ERROR_NOT_SUPPORTED);
#else
    ULONG execute;
    BOOL is_64_bit;
    NTSTATUS status;
    if (!lpFlags || !lpPermanent) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(lpFlags, sizeof(*lpFlags)) || touch_output(lpPermanent, sizeof(*lpPermanent)))
        return error_fail(ERROR_NOACCESS);
    status = process_is_64_bit(hProcess, &is_64_bit);
    if (status < 0) return status_fail(status);
    if (is_64_bit) return error_fail(ERROR_NOT_SUPPORTED);
    status = process_query(hProcess, PROCESS_EXECUTE_FLAGS, &execute, sizeof(execute));
    if (status < 0) return status_fail(status);
    *lpFlags = 0;
    if (execute & EXECUTE_DISABLE) {
        *lpFlags = PROCESS_DEP_ENABLE;
        if (execute & EXECUTE_DISABLE_THUNKS) *lpFlags |= PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION;
    }
    *lpPermanent = (execute & EXECUTE_PERMANENT) != 0;
    return TRUE;
#endif
}

/* Changes the policy of this process: 0 turns DEP off, PROCESS_DEP_ENABLE turns it on for good, together with
 * PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION also against old ATL's thunks. Any thread.
 * Errors: ERROR_NOT_SUPPORTED (in a 64-bit process); ERROR_INVALID_PARAMETER (another flag, or the second without the
 * first); ERROR_ACCESS_DENIED (the system's policy is AlwaysOn or AlwaysOff, or the process's is fixed already).
 * Page: winbase/nf-winbase-setprocessdeppolicy */
K32MEM_API BOOL WINAPI SetProcessDEPPolicy(DWORD dwFlags)
{
#ifdef _WIN64
    (void)dwFlags;
    return error_fail(ERROR_NOT_SUPPORTED);
#else
    DEP_SYSTEM_POLICY_TYPE policy = GetSystemDEPPolicy();
    ULONG execute = EXECUTE_ENABLE, now;
    if (dwFlags & ~(DWORD)(PROCESS_DEP_ENABLE | PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION) ||
        dwFlags == PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION)
        return error_fail(ERROR_INVALID_PARAMETER);
    if (policy == DEPPolicyAlwaysOff || policy == DEPPolicyAlwaysOn) return error_fail(ERROR_ACCESS_DENIED);
    if (process_query(CURRENT_PROCESS, PROCESS_EXECUTE_FLAGS, &now, sizeof(now)) >= 0 && now & EXECUTE_PERMANENT)
        return error_fail(ERROR_ACCESS_DENIED);
    if (dwFlags & PROCESS_DEP_ENABLE) {
        execute = EXECUTE_DISABLE | EXECUTE_PERMANENT;
        if (dwFlags & PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION) execute |= EXECUTE_DISABLE_THUNKS;
    }
    return status_bool(
        NtSetInformationProcess(CURRENT_PROCESS, (PROCESSINFOCLASS)PROCESS_EXECUTE_FLAGS, &execute, sizeof(execute)));
#endif
}

/* Since Windows 8 the byte holds two other policies above this one. */
#define NX_POLICY_MASK 3u

/* The system's policy: AlwaysOff, AlwaysOn, OptIn or OptOut. The last error is left alone. Any thread.
 * Page: winbase/nf-winbase-getsystemdeppolicy */
K32MEM_API DEP_SYSTEM_POLICY_TYPE WINAPI GetSystemDEPPolicy(void)
{
    return (DEP_SYSTEM_POLICY_TYPE)(SHARED_DATA[SHARED_NX_POLICY] & NX_POLICY_MASK);
}
