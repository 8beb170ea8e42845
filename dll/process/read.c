/* read.c - reading the memory of a process. */
#include "../core/probe.h"
#include "range.h"

#define READABLE                                                                                                     \
    (PAGE_READONLY | PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |   \
     PAGE_EXECUTE_WRITECOPY)

/* "The entire area to be read must be accessible or the operation fails." Some systems read inaccessible pages of
 * another process, and of one's own, all the same. */
static NTSTATUS range_readable(HANDLE process, const BYTE *address, SIZE_T bytes)
{
    BOOL close;
    HANDLE query = range_handle(process, &close);
    NTSTATUS status = STATUS_SUCCESS;
    struct range_piece piece;
    if (!query) return STATUS_SUCCESS; /* the read itself must tell */
    for (; bytes && status >= 0; address += piece.bytes, bytes -= piece.bytes) {
        status = range_first(query, address, bytes, &piece);
        if (status == STATUS_INVALID_PARAMETER) status = STATUS_ACCESS_VIOLATION; /* outside of user space */
        if (status >= 0 && (!(piece.protect & READABLE) || (piece.protect & PAGE_GUARD))) status = STATUS_PARTIAL_COPY;
        if (status < 0) break;
    }
    if (close) NtClose(query);
    return status;
}

/* Copies bytes bytes at address of a process (handle with PROCESS_VM_READ) to buffer. *done, if given, gets the number
 * of bytes copied; 0 after a failure. All of the range must be readable, or nothing is copied. Success leaves the last
 * error alone. Any thread.
 * Errors: ERROR_PARTIAL_COPY (a part cannot be read), ERROR_NOACCESS (buffer cannot be written, or the range is not
 * in user space), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-readprocessmemory */
K32MEM_API BOOL WINAPI ReadProcessMemory(HANDLE process, LPCVOID address, LPVOID buffer, SIZE_T bytes, SIZE_T *done)
{
    NTSTATUS status = STATUS_SUCCESS;
    if (bytes && (ULONG_PTR)address + bytes - 1 < (ULONG_PTR)address) status = STATUS_ACCESS_VIOLATION;
    if (status >= 0) status = range_readable(process, address, bytes);
    if (status >= 0) {
        status = NtReadVirtualMemory(process, address, buffer, bytes, done);
        if (status >= 0) return TRUE;
        /* The range was readable a moment ago: is it the buffer, or has another thread taken the memory away? */
        if (status == STATUS_ACCESS_VIOLATION && probe_write(buffer, bytes)) status = STATUS_PARTIAL_COPY;
    }
    if (done && probe_write(done, sizeof(*done))) *done = 0;
    return status_fail(status);
}

/* ReadProcessMemory of the process with the identifier pid; 0 means this one. Success leaves the last error alone.
 * Errors: as ReadProcessMemory; ERROR_INVALID_PARAMETER (no such process).
 * Page: tlhelp32/nf-tlhelp32-toolhelp32readprocessmemory */
K32MEM_API BOOL WINAPI Toolhelp32ReadProcessMemory(DWORD pid, LPCVOID address, LPVOID buffer, SIZE_T bytes,
                                                   SIZE_T *done)
{
    if (!pid || pid == nt_process_id()) return ReadProcessMemory(CURRENT_PROCESS, address, buffer, bytes, done);
    OBJECT_ATTRIBUTES attributes;
    CLIENT_ID id = { .UniqueProcess = (HANDLE)(ULONG_PTR)pid };
    HANDLE process;
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    NTSTATUS status = NtOpenProcess(&process, PROCESS_VM_READ | PROCESS_QUERY_INFORMATION, &attributes, &id);
    if (status == STATUS_ACCESS_DENIED) status = NtOpenProcess(&process, PROCESS_VM_READ, &attributes, &id);
    if (status < 0) return status_fail(status);
    BOOL ok = ReadProcessMemory(process, address, buffer, bytes, done);
    NtClose(process);
    return ok;
}
