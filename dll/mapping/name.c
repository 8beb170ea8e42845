/* name.c - from a caller's name to an object of the session directory. */
#include "name.h"
#include "../core/probe.h"

#define NAME_LIMIT 0x7ffe /* characters that fit a UNICODE_STRING with its terminator */

static HANDLE session_directory;

/* Appends number in decimal; returns the new end. */
static WCHAR *append_number(WCHAR *end, ULONG number)
{
    WCHAR digits[10];
    int n = 0;
    do digits[n++] = (WCHAR)(L'0' + number % 10);
    while (number /= 10);
    while (n) *end++ = digits[--n];
    return end;
}

static WCHAR *append(WCHAR *end, const WCHAR *text)
{
    while (*text) *end++ = *text++;
    return end;
}

/* Opens the session directory the first time; afterwards one load. Any thread: the loser of a race closes its own. */
static NTSTATUS session_directory_get(HANDLE *directory)
{
    *directory = __atomic_load_n(&session_directory, __ATOMIC_ACQUIRE);
    if (*directory) return STATUS_SUCCESS;

    WCHAR path[64], *end = path;
    ULONG session = nt_session_id();
    if (session) end = append_number(append(end, L"\\Sessions\\"), session);
    end = append(end, L"\\BaseNamedObjects");
    UNICODE_STRING string = { (USHORT)((BYTE *)end - (BYTE *)path), sizeof(path), path };
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &string, 0, NULL, NULL);
    HANDLE opened, expected = NULL;
    NTSTATUS status = NtOpenDirectoryObject(&opened, DIRECTORY_CREATE_OBJECT | DIRECTORY_TRAVERSE, &attributes);
    if (status == STATUS_ACCESS_DENIED) status = NtOpenDirectoryObject(&opened, DIRECTORY_TRAVERSE, &attributes);
    if (status < 0) return status;
    if (__atomic_compare_exchange_n(&session_directory, &expected, opened, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        *directory = opened;
    } else {
        NtClose(opened);
        *directory = expected;
    }
    return STATUS_SUCCESS;
}

void object_name_detach(void)
{
    if (session_directory) NtClose(session_directory);
    session_directory = NULL;
}

NTSTATUS object_name_set(struct object_name *object, LPCWSTR name, const SECURITY_ATTRIBUTES *security, ULONG flags)
{
    PVOID descriptor = NULL;
    HANDLE directory = NULL;
    PUNICODE_STRING string = NULL;
    if (security) {
        if (!probe_read(security, sizeof(*security))) return STATUS_ACCESS_VIOLATION;
        descriptor = security->lpSecurityDescriptor;
        if (security->bInheritHandle) flags |= OBJ_INHERIT;
    }
    if (name) {
        LONG_PTR length = probe_length_wide(name, NAME_LIMIT + 1);
        if (length < 0) return STATUS_ACCESS_VIOLATION;
        if (length > NAME_LIMIT) return STATUS_NAME_TOO_LONG;
        if (length) {
            NTSTATUS status = session_directory_get(&directory);
            if (status < 0) return status;
            object->string.Length = (USHORT)(length * (LONG_PTR)sizeof(WCHAR));
            object->string.MaximumLength = (USHORT)(object->string.Length + sizeof(WCHAR));
            object->string.Buffer = (PWSTR)name;
            string = &object->string;
        }
    }
    InitializeObjectAttributes(&object->attributes, string, flags, directory, descriptor);
    return STATUS_SUCCESS;
}

LPCWSTR ansi_name_convert(struct ansi_name *wide, LPCSTR name)
{
    LONG_PTR length = probe_length_ansi(name, MAX_PATH + 1);
    if (length < 0) return error_null(ERROR_NOACCESS);
    if (length > MAX_PATH) return error_null(ERROR_FILENAME_EXCED_RANGE);
    ANSI_STRING ansi = { (USHORT)length, (USHORT)(length + 1), (PCHAR)name };
    UNICODE_STRING string = { 0, sizeof(wide->buffer), wide->buffer };
    NTSTATUS status = RtlAnsiStringToUnicodeString(&string, &ansi, FALSE);
    if (status == STATUS_BUFFER_OVERFLOW || status == STATUS_BUFFER_TOO_SMALL)
        return error_null(ERROR_FILENAME_EXCED_RANGE);
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    wide->buffer[string.Length / sizeof(WCHAR)] = 0;
    return wide->buffer;
}
