/* report.h - lines of text for people, from code without a C runtime. */
#ifndef K32MEM_REDIRECT_REPORT_H
#define K32MEM_REDIRECT_REPORT_H

#include "redirect.h"

struct report {
    char text[2048]; /* UTF-8; what does not fit is left out */
    SIZE_T length;
};

void report_add(struct report *report, const char *text);
void report_add_wide(struct report *report, const WCHAR *text, SIZE_T length);
/* A number with a blank after every three digits, padded with blanks on the left to width characters; width 0: its digits
 * alone. */
void report_add_number(struct report *report, ULONGLONG number, unsigned width);
/* Writes it all to the file at path (a Win32 path; appended), or to standard error when path is empty or cannot be
 * opened. */
void report_send(const struct report *report, const WCHAR *path);

#endif
