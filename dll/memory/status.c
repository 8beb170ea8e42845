/* status.c - GlobalMemoryStatusEx and the older GlobalMemoryStatus. */
#include "../core/touch.h"
#include "snapshot.h"

/* Fills *lpBuffer, whose dwLength must be set to sizeof(MEMORYSTATUSEX), with the state of physical memory, commit and
 * this process's address space, in bytes. The system's part is at most one clock tick old. ullAvailExtendedVirtual is
 * always 0. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (NULL, or another length); ERROR_NOACCESS (another bad pointer).
 * Page: sysinfoapi/nf-sysinfoapi-globalmemorystatusex */
K32MEM_API BOOL WINAPI GlobalMemoryStatusEx(LPMEMORYSTATUSEX lpBuffer)
{
    NTSTATUS status;
    if (!lpBuffer) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(lpBuffer, sizeof(*lpBuffer))) return error_fail(ERROR_NOACCESS);
    if (lpBuffer->dwLength != sizeof(*lpBuffer)) return error_fail(ERROR_INVALID_PARAMETER);
    status = snapshot_take(lpBuffer);
    if (__builtin_expect(status < 0, 0)) return status_fail(status);
    lpBuffer->ullAvailVirtual -= (ULONG64)(LONG64)space_balance;
    /* The two parts were counted at different moments: the difference may be out of range for one. */
    if (__builtin_expect(lpBuffer->ullAvailVirtual > lpBuffer->ullTotalVirtual, 0))
        lpBuffer->ullAvailVirtual = (LONG64)lpBuffer->ullAvailVirtual < 0 ? 0 : lpBuffer->ullTotalVirtual;
    return TRUE;
}

#ifndef _WIN64
/* Has the program been marked as able to use addresses above 2 GB? */
static BOOL program_is_large_aware(void)
{
    const BYTE *image = *(const BYTE **)(nt_peb() + PEB_IMAGE_BASE);
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(image + ((const IMAGE_DOS_HEADER *)image)->e_lfanew);
    return headers->FileHeader.Characteristics & IMAGE_FILE_LARGE_ADDRESS_AWARE;
}
#endif

/* bytes as the old structure can hold it: sizes past 4 GB become -1, and a program that is not aware of large
 * addresses never sees more than the largest positive number. */
static SIZE_T size_limited(ULONG64 bytes)
{
#ifndef _WIN64
    if (bytes > MAXLONG && !program_is_large_aware()) return MAXLONG;
    if (bytes > MAXDWORD) return MAXDWORD;
#endif
    return (SIZE_T)bytes;
}

/* As GlobalMemoryStatusEx, into fields of pointer size; sets dwLength itself. In a 32-bit process a size that does not
 * fit is reported as 0xffffffff, or as 0x7fffffff to a program that is not large-address-aware. A NULL lpBuffer is
 * ignored. Any thread. Page: winbase/nf-winbase-globalmemorystatus */
K32MEM_API void WINAPI GlobalMemoryStatus(LPMEMORYSTATUS lpBuffer)
{
    MEMORYSTATUSEX full = { .dwLength = sizeof(full) };
    DWORD error = last_error_get();
    if (!lpBuffer) return;
    if (!GlobalMemoryStatusEx(&full)) last_error_set(error); /* zeros: there is no way to report it */
    lpBuffer->dwLength = sizeof(*lpBuffer);
    lpBuffer->dwMemoryLoad = full.dwMemoryLoad;
    lpBuffer->dwTotalPhys = size_limited(full.ullTotalPhys);
    lpBuffer->dwAvailPhys = size_limited(full.ullAvailPhys);
    lpBuffer->dwTotalPageFile = size_limited(full.ullTotalPageFile);
    lpBuffer->dwAvailPageFile = size_limited(full.ullAvailPageFile);
    lpBuffer->dwTotalVirtual = size_limited(full.ullTotalVirtual);
    lpBuffer->dwAvailVirtual = size_limited(full.ullAvailVirtual);
}
