/* message.c - one line, whole. */
#include "message.h"

static void put(BOOL error, const char *text, DWORD bytes)
{
    DWORD done;
    WriteFile(GetStdHandle(error ? STD_ERROR_HANDLE : STD_OUTPUT_HANDLE), text, bytes, &done, NULL);
}

void say(BOOL error, const char *text)
{
    DWORD bytes = 0;
    while (text[bytes]) bytes++;
    put(error, text, bytes);
}

void say_wide(BOOL error, const WCHAR *text)
{
    char utf8[1024];
    int bytes = WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, sizeof(utf8), NULL, NULL);
    put(error, utf8, bytes > 1 ? (DWORD)bytes - 1 : 0);
}

static void line(const WCHAR *subject, const char *text)
{
    say(TRUE, "k32run: ");
    if (subject) {
        say_wide(TRUE, subject);
        say(TRUE, ": ");
    }
    say(TRUE, text);
}

void fail(unsigned code, const WCHAR *subject, const char *text)
{
    line(subject, text);
    say(TRUE, "\n");
    ExitProcess(code);
}

void fail_number(unsigned code, const WCHAR *subject, const char *text, DWORD number)
{
    char digits[12] = "0x";
    line(subject, text);
    for (unsigned i = 0; i < 8; i++) digits[2 + i] = "0123456789abcdef"[number >> (28 - 4 * i) & 15];
    digits[10] = '\n';
    digits[11] = 0;
    say(TRUE, " ");
    say(TRUE, digits);
    ExitProcess(code);
}
