/* start.h - a program started by a test, with a second and a third try. Wine 8 does not bring every process into being:
 * of some thousand starts one fails with ERROR_INTERNAL_ERROR, or with ERROR_FILE_NOT_FOUND for a file that is there.
 * No instruction of the program has run then, and it is not what is tested. */
#ifndef TESTS_START_H
#define TESTS_START_H

#include <windows.h>

static inline BOOL process_start(const char *path, char *line, BOOL inherit, DWORD flags, STARTUPINFOA *startup,
                                 PROCESS_INFORMATION *process)
{
    for (int tries = 0; tries < 3; tries++) {
        if (CreateProcessA(path, line, NULL, NULL, inherit, flags, NULL, NULL, startup, process)) return TRUE;
        if (GetLastError() != ERROR_INTERNAL_ERROR && GetLastError() != ERROR_FILE_NOT_FOUND) return FALSE;
    }
    return FALSE;
}

#endif
