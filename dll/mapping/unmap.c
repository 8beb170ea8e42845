/* unmap.c - unmapping views and writing them back. */
#include "view.h"

/* Unmaps the view of this process that starts at base. Success leaves the last error alone. Any thread.
 * Errors: ERROR_INVALID_ADDRESS (no view starts there). Page: memoryapi/nf-memoryapi-unmapviewoffile */
K32MEM_API BOOL WINAPI UnmapViewOfFile(LPCVOID base)
{
    return status_bool(view_unmap(CURRENT_PROCESS, (PVOID)base, 0));
}

/* UnmapViewOfFile with flags: MEM_UNMAP_WITH_TRANSIENT_BOOST (a hint), MEM_PRESERVE_PLACEHOLDER (turn the view back
 * into the placeholder that it replaced). Errors: also ERROR_INVALID_PARAMETER (other flags); ERROR_INVALID_ADDRESS
 * also when the view replaced no placeholder. Page: memoryapi/nf-memoryapi-unmapviewoffileex */
K32MEM_API BOOL WINAPI UnmapViewOfFileEx(PVOID base, ULONG flags)
{
    return status_bool(view_unmap(CURRENT_PROCESS, base, flags));
}

/* UnmapViewOfFileEx in a process (handle with PROCESS_VM_OPERATION). Errors: also ERROR_INVALID_HANDLE,
 * ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-unmapviewoffile2 */
K32MEM_API BOOL WINAPI UnmapViewOfFile2(HANDLE process, PVOID base, ULONG flags)
{
    return status_bool(view_unmap(process, base, flags));
}

/* Writes the changed pages of bytes bytes (0: to the end of the view) from base on back to their file. A view of the
 * paging file has none, and nothing is to do. Success leaves the last error alone. Any thread.
 * Errors: ERROR_INVALID_ADDRESS (not inside a view), ERROR_INVALID_PARAMETER (the range leaves the view), what the
 * file system reports. Page: memoryapi/nf-memoryapi-flushviewoffile */
K32MEM_API BOOL WINAPI FlushViewOfFile(LPCVOID base, SIZE_T bytes)
{
    MEMORY_BASIC_INFORMATION info;
    IO_STATUS_BLOCK iosb;
    /* Some systems take any committed memory. */
    NTSTATUS status = NtQueryVirtualMemory(CURRENT_PROCESS, base, VM_BASIC, &info, sizeof(info), NULL);
    if (status < 0 || (info.Type != MEM_MAPPED && info.Type != MEM_IMAGE)) return error_fail(ERROR_INVALID_ADDRESS);
    status = NtFlushVirtualMemory(CURRENT_PROCESS, &base, &bytes, &iosb);
    return status == STATUS_NOT_MAPPED_DATA ? TRUE : status_bool(status);
}
