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
        if (width && count && count % 3 == 0) digits[--at] = ' ';
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
        count++;
    } while (number);
    for (unsigned have = sizeof(digits) - 1 - at; have < width; have++) report_add(report, " ");
    report_add(report, digits + at);
}

/* The handle may be one for overlapped writing: without a position of its own, and with an end that comes later. */
static NTSTATUS write(HANDLE file, const struct report *report, const LARGE_INTEGER *at)
{
    IO_STATUS_BLOCK io;
    HANDLE done;
    NTSTATUS status = NtCreateEvent(&done, EVENT_ALL_ACCESS, NULL, EVENT_MANUAL, FALSE);
    if (status < 0) return status;
    status = NtWriteFile(file, done, NULL, NULL, &io, report->text, (ULONG)report->length, at, NULL);
    if (status == (NTSTATUS)STATUS_PENDING) NtWaitForSingleObject(done, FALSE, NULL);
    NtClose(done);
    return status;
}

void report_send(const struct report *report, const WCHAR *path)
{
    BYTE *parameters = *(BYTE **)(nt_peb() + PEB_PARAMETERS);
    const LARGE_INTEGER end = { .QuadPart = -1 };
    HANDLE own = *path ? path_open(path, FILE_APPEND_DATA, FILE_OPEN_IF) : NULL;
    HANDLE file = own ? own : *(HANDLE *)(parameters + PARAMETERS_STANDARD_ERROR);
    if (!file) return;
    if (own || write(file, report, NULL) == STATUS_INVALID_PARAMETER) write(file, report, &end);
    if (own) NtClose(own);
}
