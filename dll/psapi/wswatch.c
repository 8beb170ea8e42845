/* wswatch.c - watching page faults. Only the system sees them, so where it keeps no records (Wine) these functions
 * fail, rather than report that nothing has happened. */
#include "../core/handle.h"
#include "../core/probe.h"
#include "psapi.h"

enum { PROCESS_WS_WATCH = 15, PROCESS_WS_WATCH_EX = 42 };

static BOOL watch_outcome(NTSTATUS status)
{
    if (status == STATUS_NOT_IMPLEMENTED || status == STATUS_INVALID_INFO_CLASS) return error_fail(ERROR_NOT_SUPPORTED);
    if (status == STATUS_INFO_LENGTH_MISMATCH) return error_fail(ERROR_INSUFFICIENT_BUFFER);
    return status_bool(status);
}

/* Begins to record the page faults of a process (handle with PROCESS_QUERY_INFORMATION). Success leaves the last error
 * alone. Any thread. Errors: ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOT_SUPPORTED (the system keeps no
 * records). Page: psapi/nf-psapi-initializeprocessforwswatch */
K32MEM_API BOOL WINAPI K32InitializeProcessForWsWatch(HANDLE process)
{
    NTSTATUS status = process_require(process, PROCESS_QUERY_INFORMATION, 0);
    if (status < 0) return status_fail(status);
    return watch_outcome(NtSetInformationProcess(process, (PROCESSINFOCLASS)PROCESS_WS_WATCH, NULL, 0));
}

PSAPI_NAME(InitializeProcessForWsWatch, (HANDLE process), (process))

/* Gets, and forgets, what was recorded of a process since the last call (handle with PROCESS_QUERY_INFORMATION). The
 * array, of bytes bytes, ends with an element whose FaultingPc is NULL. Success leaves the last error alone. Any
 * thread. Errors: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOT_SUPPORTED (as above).
 * Page: psapi/nf-psapi-getwschanges */
K32MEM_API BOOL WINAPI K32GetWsChanges(HANDLE process, PPSAPI_WS_WATCH_INFORMATION changes, DWORD bytes)
{
    NTSTATUS status = process_require(process, PROCESS_QUERY_INFORMATION, 0);
    if (status < 0) return status_fail(status);
    return watch_outcome(process_query(process, PROCESS_WS_WATCH, changes, bytes));
}

PSAPI_NAME(GetWsChanges, (HANDLE process, PPSAPI_WS_WATCH_INFORMATION changes, DWORD bytes), (process, changes, bytes))

/* K32GetWsChanges with the faulting threads; *bytes is in and out. Page: psapi/nf-psapi-getwschangesex */
K32MEM_API BOOL WINAPI K32GetWsChangesEx(HANDLE process, PPSAPI_WS_WATCH_INFORMATION_EX changes, PDWORD bytes)
{
    NTSTATUS status = process_require(process, PROCESS_QUERY_INFORMATION, 0);
    if (status < 0) return status_fail(status);
    if (!probe_write(bytes, sizeof(*bytes))) return error_fail(ERROR_NOACCESS);
    return watch_outcome(
        NtQueryInformationProcess(process, (PROCESSINFOCLASS)PROCESS_WS_WATCH_EX, changes, *bytes, bytes));
}

PSAPI_NAME(GetWsChangesEx, (HANDLE process, PPSAPI_WS_WATCH_INFORMATION_EX changes, PDWORD bytes),
           (process, changes, bytes))
