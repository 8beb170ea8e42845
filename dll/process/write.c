/* write.c - writing the memory of a process, and telling the processor about new code. */
#include "../core/handle.h"
#include "../core/probe.h"
#include "range.h"

#define WRITABLE (PAGE_READWRITE | PAGE_WRITECOPY | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)
#define CODE (PAGE_EXECUTE | PAGE_EXECUTE_READ)

/* Pages of code are writable for this call, so that a debugger can set breakpoints: they are given a writable
 * protection for the time of the copy. Private memory takes any; of a file or an image only a private copy may be written. */
static NTSTATUS code_unlock(HANDLE process, const struct range_piece *piece)
{
    ULONG old;
    PVOID base = piece->base;
    SIZE_T bytes = piece->bytes;
    ULONG protect = piece->type == MEM_PRIVATE ? PAGE_EXECUTE_READWRITE : PAGE_EXECUTE_WRITECOPY;
    return NtProtectVirtualMemory(process, &base, &bytes, protect, &old);
}

/* Back to what the piece had when it was found to be code: what the unlocking replaced may have been another thread's
 * unlocking. */
static void code_lock(HANDLE process, const struct range_piece *piece)
{
    PVOID base = piece->base;
    SIZE_T bytes = piece->bytes;
    ULONG ignored;
    NtProtectVirtualMemory(process, &base, &bytes, piece->protect, &ignored);
    NtFlushInstructionCache(process, piece->base, piece->bytes);
}

static NTSTATUS piece_allows(const struct range_piece *piece)
{
    if (piece->state != MEM_COMMIT) return STATUS_CONFLICTING_ADDRESSES;
    if ((piece->protect & PAGE_GUARD) || !(piece->protect & (WRITABLE | CODE))) return STATUS_ACCESS_VIOLATION;
    return STATUS_SUCCESS;
}

/* "The entire area to be written to must be accessible": looks at all of it before the first byte moves. *plain: is no
 * part of it code? */
static NTSTATUS range_writable(HANDLE query, BYTE *address, SIZE_T bytes, BOOL *plain)
{
    struct range_piece piece;
    *plain = TRUE;
    for (; bytes; address += piece.bytes, bytes -= piece.bytes) {
        NTSTATUS status = range_first(query, address, bytes, &piece);
        if (status == STATUS_INVALID_PARAMETER) status = STATUS_ACCESS_VIOLATION; /* outside of user space */
        if (status >= 0) status = piece_allows(&piece);
        if (status < 0) return status;
        if (piece.protect & CODE) *plain = FALSE;
    }
    return STATUS_SUCCESS;
}

/* Copies piece by piece, unlocking code. */
static NTSTATUS write_pieces(HANDLE process, HANDLE query, BYTE *address, const BYTE *from, SIZE_T bytes, SIZE_T *done)
{
    struct range_piece piece;
    for (; bytes; address += piece.bytes, from += piece.bytes, bytes -= piece.bytes) {
        SIZE_T copied = 0;
        NTSTATUS status = range_first(query, address, bytes, &piece);
        BOOL code = status >= 0 && (piece.protect & CODE);
        if (code) status = code_unlock(process, &piece);
        if (status < 0) return status;
        status = NtWriteVirtualMemory(process, address, from, piece.bytes, &copied);
        if (code) code_lock(process, &piece);
        if (status < 0) return status;
        *done += copied;
    }
    return STATUS_SUCCESS;
}

/* Copies bytes bytes from buffer to address of a process (handle with PROCESS_VM_WRITE and PROCESS_VM_OPERATION).
 * *done, if given, gets the number of bytes copied, and is left alone after a failure. All of the range must be writable, or
 * nothing is copied; executable pages count as writable, read-only ones do not. Nothing to copy always succeeds.
 * Success leaves the last error alone. Any thread; of two that write into the same executable pages at the same time one
 * may find them protected again, and fails with a part of its bytes written. The pages end up protected as they were.
 * Errors: ERROR_NOACCESS (protected pages, an unreadable buffer, not in user space), ERROR_INVALID_ADDRESS (pages that
 * are not committed), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. Page: memoryapi/nf-memoryapi-writeprocessmemory */
K32MEM_API BOOL WINAPI WriteProcessMemory(HANDLE process, LPVOID address, LPCVOID buffer, SIZE_T bytes, SIZE_T *done)
{
    SIZE_T copied = 0;
    BOOL close = FALSE, plain = TRUE;
    if (done && !probe_write(done, sizeof(*done))) return error_fail(ERROR_NOACCESS);
    if (bytes && (ULONG_PTR)address + bytes - 1 < (ULONG_PTR)address) return error_fail(ERROR_NOACCESS);
    if (!probe_read(buffer, bytes)) return error_fail(ERROR_NOACCESS);
    NTSTATUS status = process_require(process, PROCESS_VM_WRITE, PROCESS_VM_OPERATION);
    if (status < 0) return status_fail(status);

    HANDLE query = bytes ? range_handle(process, &close) : NULL;
    status = query ? range_writable(query, address, bytes, &plain) : STATUS_SUCCESS;
    if (status >= 0) {
        /* Some systems refuse to write nothing. */
        if (!bytes) status = STATUS_SUCCESS;
        else if (plain) status = NtWriteVirtualMemory(process, address, buffer, bytes, &copied);
        else status = write_pieces(process, query, address, buffer, bytes, &copied);
    }
    if (close) NtClose(query);
    if (status < 0) return status_fail(status);
    if (done) *done = copied;
    return TRUE;
}

/* Tells the processor that the code at base, bytes long, has changed; base NULL means all code of the process (handle
 * with PROCESS_VM_WRITE). Success leaves the last error alone. Any thread. Errors: ERROR_INVALID_HANDLE.
 * Page: processthreadsapi/nf-processthreadsapi-flushinstructioncache */
K32MEM_API BOOL WINAPI FlushInstructionCache(HANDLE process, LPCVOID base, SIZE_T bytes)
{
    /* Where the processor keeps its caches coherent by itself some systems look at no argument at all. */
    NTSTATUS status = process_require(process, 0, 0);
    if (status < 0) return status_fail(status);
    return status_bool(NtFlushInstructionCache(process, base, bytes));
}
