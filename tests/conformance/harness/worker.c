/* worker.c - runs tests in order, each through cmocka, and streams what happens to the parent. */
#include "harness.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <io.h>

static HANDLE pipe_end;
static CRITICAL_SECTION send_lock; /* a test may check from several threads */
static struct conform_test *current;
static bool began;

/* The line is put together without allocating, and written at once, so that a crash loses none. */
void worker_send(char kind, const char *const *fields, unsigned count)
{
    static char line[16384];
    size_t used = 0;
    DWORD written;
    if (!pipe_end)
        return;
    EnterCriticalSection(&send_lock);
    line[used++] = kind;
    for (unsigned i = 0; i < count; i++) {
        line[used++] = '\t';
        for (const char *at = fields[i]; *at && used < sizeof(line) - 8; at++) {
            const char *special = strchr("\\\\\tt\nn\rr", *at);
            if (special && (special - "\\\\\tt\nn\rr") % 2 == 0) {
                line[used++] = '\\';
                line[used++] = special[1];
            } else {
                line[used++] = *at;
            }
        }
    }
    line[used++] = '\n';
    WriteFile(pipe_end, line, (DWORD)used, &written, NULL);
    LeaveCriticalSection(&send_lock);
}

static void send_index(char kind, unsigned index)
{
    char text[16];
    const char *fields[] = { text };
    snprintf(text, sizeof(text), "%u", index);
    worker_send(kind, fields, 1);
}

LONG WINAPI crash_filter(EXCEPTION_POINTERS *exception)
{
    char text[VALUE_TEXT];
    const char *fields[] = { exception_name(text, exception->ExceptionRecord->ExceptionCode) };
    worker_send(LINE_CRASH, fields, 1);
    TerminateProcess(GetCurrentProcess(), exception->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
}

static void run_current(__attribute__((unused)) void **state)
{
    LPTOP_LEVEL_EXCEPTION_FILTER cmocka_filter = SetUnhandledExceptionFilter(crash_filter);
    began = true;
    current->run();
    SetUnhandledExceptionFilter(cmocka_filter);
    if (check_differences())
        fail_msg("%u values differ", check_differences());
}

/* What cmocka printed for the test that just failed, from the file that stands in for stderr. */
static const char *failure_text(void)
{
    static char text[2048];
    fflush(stderr);
    long end = _lseek(2, 0, SEEK_END), start = end > (long)sizeof(text) - 1 ? end - (long)sizeof(text) + 1 : 0;
    _lseek(2, start, SEEK_SET);
    int got = _read(2, text, (unsigned)(end - start));
    text[got > 0 ? got : 0] = 0;
    _chsize(2, 0);
    _lseek(2, 0, SEEK_SET);
    return text;
}

/* cmocka and tests may print; none of it may reach the parent's TAP. */
static void capture_output(void)
{
    WCHAR directory[MAX_PATH], path[MAX_PATH];
    int null = _open("NUL", _O_WRONLY);
    if (null >= 0)
        _dup2(null, 1);
    if (GetTempPathW(MAX_PATH, directory) && GetTempFileNameW(directory, L"cfm", 0, path)) {
        int file = _wopen(path, _O_RDWR | _O_TRUNC | _O_BINARY | _O_TEMPORARY, 0600);
        if (file >= 0)
            _dup2(file, 2);
        if (file >= 0)
            _close(file);
    }
    setvbuf(stderr, NULL, _IONBF, 0);
}

int worker_main(HANDLE pipe, unsigned first)
{
    ULONG guarantee = 0x4000;
    InitializeCriticalSection(&send_lock);
    SetHandleInformation(pipe, HANDLE_FLAG_INHERIT, 0);
    pipe_end = pipe;
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    SetThreadStackGuarantee(&guarantee);
    capture_output();
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    for (unsigned i = first; i < test_count; i++) {
        struct CMUnitTest unit = { tests[i]->label, run_current, NULL, NULL, NULL };
        current = tests[i];
        began = false;
        check_reset(current->function);
        send_index(LINE_TEST, i);
        int failed = _cmocka_run_group_tests(current->function, &unit, 1, NULL, NULL);
        SetUnhandledExceptionFilter(crash_filter);
        const char *message = failure_text();
        if (failed && (!check_differences() || !began))
            worker_send(LINE_FAILED, &message, 1);
        helpers_reset();
        send_index(LINE_END, i);
    }
    return 0;
}
