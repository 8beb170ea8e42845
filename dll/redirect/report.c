/* report.c - text, and writing it. */
#include "report.h"
#include "path.h"

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

void report_send(const struct report *report, const WCHAR *path)
{
    IO_STATUS_BLOCK io;
    BYTE *parameters = *(BYTE **)(nt_peb() + PEB_PARAMETERS);
    LARGE_INTEGER end = { .QuadPart = -1 };
    HANDLE own = *path ? path_open(path, FILE_APPEND_DATA, FILE_OPEN_IF) : NULL;
    HANDLE file = own ? own : *(HANDLE *)(parameters + PARAMETERS_STANDARD_ERROR);
    if (!file) return;
    NtWriteFile(file, NULL, NULL, NULL, &io, (PVOID)report->text, (ULONG)report->length, own ? &end : NULL, NULL);
    if (own) NtClose(own);
}
