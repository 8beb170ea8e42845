/* message.h - what the launcher says, and how it ends when it cannot run the program. */
#ifndef K32MEM_LAUNCHER_MESSAGE_H
#define K32MEM_LAUNCHER_MESSAGE_H

#include "../nt/nt.h"

/* Exit codes of the launcher's own, as env and nice have them; any other is the program's. */
enum { EXIT_SELF = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NOT_FOUND = 127 };

/* Writes to standard output or standard error, as UTF-8. */
void say(BOOL error, const char *text);
void say_wide(BOOL error, const WCHAR *text);
/* "k32run: " subject (may be NULL) text, one line, and ends with the code. */
__attribute__((noreturn)) void fail(unsigned code, const WCHAR *subject, const char *text);
/* The same, with an error or status number behind it. */
__attribute__((noreturn)) void fail_number(unsigned code, const WCHAR *subject, const char *text, DWORD number);

#endif
