/* mappedname.c - which file is mapped at an address.
 *
 * Windows names it by its device: \Device\HarddiskVolume1\folder\file. Wine's layer answers with a name that starts at
 * a drive, \??\C:\folder\file; the drive is a symbolic link to the device (the one that QueryDosDevice shows), so that
 * following the link gives Windows' form.
 */
#include "../core/handle.h"
#include "../core/memory.h"
#include "../core/probe.h"
#include "psapi.h"

#define NAME_BYTES 0xffff                             /* the longest name, with room for the string's header */
#define ANSWER_BYTES (sizeof(UNICODE_STRING) + NAME_BYTES + 1)
#define LINK_PREFIX 4 /* characters of \??\ */

/* Reads the link called name, a whole path. */
static NTSTATUS link_read(const UNICODE_STRING *name, UNICODE_STRING *target)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE link;
    InitializeObjectAttributes(&attributes, (PUNICODE_STRING)name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtOpenSymbolicLinkObject(&link, SYMBOLIC_LINK_QUERY, &attributes);
    if (status < 0) return status;
    status = NtQuerySymbolicLinkObject(link, target, NULL);
    NtClose(link);
    return status;
}

/* Puts the link's target in place of a leading \??\X:. A name that begins with no such link stays as it is. */
static void name_resolve(UNICODE_STRING *name, SIZE_T room)
{
    static const WCHAR prefix[] = L"\\??\\";
    WCHAR buffer[128];
    ULONG length = name->Length / sizeof(WCHAR), end = LINK_PREFIX;
    if (length <= LINK_PREFIX || memcmp(name->Buffer, prefix, LINK_PREFIX * sizeof(WCHAR))) return;
    while (end < length && name->Buffer[end] != L'\\') end++;
    UNICODE_STRING link = { (USHORT)(end * sizeof(WCHAR)), (USHORT)(end * sizeof(WCHAR)), name->Buffer };
    UNICODE_STRING target = { 0, sizeof(buffer), buffer };
    if (link_read(&link, &target) < 0) return;
    SIZE_T rest = name->Length - link.Length;
    if (target.Length + rest > room || target.Length + rest > NAME_BYTES) return;
    memmove((BYTE *)name->Buffer + target.Length, (BYTE *)name->Buffer + link.Length, rest);
    memcpy(name->Buffer, target.Buffer, target.Length);
    name->Length = (USHORT)(target.Length + rest);
}

/* The name of the file at address, in memory to be given to pages_free. */
static NTSTATUS name_get(HANDLE process, LPCVOID address, UNICODE_STRING **name)
{
    NTSTATUS status = process_require(process, PROCESS_QUERY_INFORMATION, 0);
    if (status < 0) return status;
    *name = pages_get(ANSWER_BYTES);
    if (!*name) return STATUS_NO_MEMORY;
    status = NtQueryVirtualMemory(process, address, VM_SECTION_NAME, *name, ANSWER_BYTES, NULL);
    if (status == STATUS_INVALID_INFO_CLASS) status = STATUS_NOT_SUPPORTED;
    if (status < 0) {
        pages_free(*name);
        return status;
    }
    name_resolve(*name, (SIZE_T)((BYTE *)*name + ANSWER_BYTES - (BYTE *)(*name)->Buffer));
    return STATUS_SUCCESS;
}

/* Gives the name of the file that is mapped at address in a process (handle with PROCESS_QUERY_INFORMATION), in the
 * form \Device\HarddiskVolume1\folder\file. count: size of name in characters. Returns the number of characters copied,
 * without the terminator; when the name does not fit, it is cut short (and terminated), count is returned, and the last
 * error is ERROR_INSUFFICIENT_BUFFER. 0 after a failure. Success leaves the last error alone. Any thread.
 * Errors: ERROR_INSUFFICIENT_BUFFER (count is 0), ERROR_UNEXP_NET_ERR (no mapping there), ERROR_FILE_INVALID (a mapping
 * of the paging file), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOACCESS (bad pointer), ERROR_NOT_SUPPORTED
 * (another process, where the system knows only the caller's mappings). Page: psapi/nf-psapi-getmappedfilenamew */
K32MEM_API DWORD WINAPI K32GetMappedFileNameW(HANDLE process, LPVOID address, LPWSTR name, DWORD count)
{
    UNICODE_STRING *found;
    if (!count) return (DWORD)error_fail(ERROR_INSUFFICIENT_BUFFER);
    NTSTATUS status = name_get(process, address, &found);
    if (status < 0) return (DWORD)status_fail(status);
    DWORD length = found->Length / sizeof(WCHAR), copied = length < count ? length : count - 1;
    if (!probe_write(name, (copied + 1) * sizeof(WCHAR))) {
        pages_free(found);
        return (DWORD)error_fail(ERROR_NOACCESS);
    }
    memcpy(name, found->Buffer, copied * sizeof(WCHAR));
    name[copied] = 0;
    pages_free(found);
    if (copied == length) return length;
    last_error_set(ERROR_INSUFFICIENT_BUFFER);
    return count;
}

PSAPI_NAME_OF(DWORD, GetMappedFileNameW, (HANDLE process, LPVOID address, LPWSTR name, DWORD count),
              (process, address, name, count))

/* K32GetMappedFileNameW with the name in the ANSI code page; count is in bytes.
 * Page: psapi/nf-psapi-getmappedfilenamea */
K32MEM_API DWORD WINAPI K32GetMappedFileNameA(HANDLE process, LPVOID address, LPSTR name, DWORD count)
{
    UNICODE_STRING *found;
    if (!count) return (DWORD)error_fail(ERROR_INSUFFICIENT_BUFFER);
    NTSTATUS status = name_get(process, address, &found);
    if (status < 0) return (DWORD)status_fail(status);
    ANSI_STRING ansi;
    status = RtlUnicodeStringToAnsiString(&ansi, found, TRUE);
    pages_free(found);
    if (status < 0) return (DWORD)status_fail(status);
    DWORD copied = ansi.Length < count ? ansi.Length : count - 1;
    BOOL whole = copied == ansi.Length, room = probe_write(name, copied + 1);
    if (room) {
        memcpy(name, ansi.Buffer, copied);
        name[copied] = 0;
    }
    RtlFreeAnsiString(&ansi);
    if (!room) return (DWORD)error_fail(ERROR_NOACCESS);
    if (whole) return copied;
    last_error_set(ERROR_INSUFFICIENT_BUFFER);
    return count;
}

PSAPI_NAME_OF(DWORD, GetMappedFileNameA, (HANDLE process, LPVOID address, LPSTR name, DWORD count),
              (process, address, name, count))
