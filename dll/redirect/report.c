/* report.c - text, and writing it. */
#include "report.h"

void report_add(struct report *report, const char *text)
{
    while (*text && report->length < sizeof(report->text)) report->text[report->length++] = *text++;
}

void report_add_wide(struct report *report, const WCHAR *text, SIZE_T length)
{
    ULONG added = 0;
    RtlUnicodeToUTF8N(report->text + report->length, (ULONG)(sizeof(report->text) - report->length), &added, text,
                      (ULONG)(length * sizeof(WCHAR)));
    report->length += added;
}

void report_add_number(struct report *report, ULONGLONG number, unsigned width)
{
    char digits[32];
    unsigned at = sizeof(digits) - 1, count = 0;
    digits[at] = 0;
    do {
        if (count && count % 3 == 0) digits[--at] = ' ';
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
        count++;
    } while (number);
    for (unsigned have = sizeof(digits) - 1 - at; have < width; have++) report_add(report, " ");
    report_add(report, digits + at);
}

static HANDLE file_open(const WCHAR *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file = NULL;
    if (!(BOOLEAN)RtlDosPathNameToNtPathName_U(path, &name, NULL, NULL)) return NULL;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtCreateFile(&file, FILE_APPEND_DATA | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                     FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0) < 0)
        file = NULL;
    RtlFreeUnicodeString(&name);
    return file;
}

void report_send(const struct report *report, const WCHAR *path)
{
    IO_STATUS_BLOCK io;
    BYTE *parameters = *(BYTE **)(nt_peb() + PEB_PARAMETERS);
    HANDLE file = *path ? file_open(path) : *(HANDLE *)(parameters + PARAMETERS_STANDARD_ERROR);
    if (!file) return;
    LARGE_INTEGER *at = NULL, end = { .QuadPart = -1 };
    if (*path) at = &end;
    NtWriteFile(file, NULL, NULL, NULL, &io, (PVOID)report->text, (ULONG)report->length, at, NULL);
    if (*path) NtClose(file);
}
