/* processes.c - an unmodified program under the launcher starts others: each is redirected, once, whoever starts it and
 * however often k32mem is put into it. Started plainly it starts itself under k32run.exe. */
#include "redirect.h"

typedef BOOL(WINAPI *inject_fn)(HANDLE, LPCWSTR);
static char self[MAX_PATH];

/* --redirected: 1 when this process is redirected, its own imports too. */
static int redirected(void)
{
    void *p = HeapAlloc(GetProcessHeap(), 0, 123);
    return is_redirected() && is_k32mem(GetProcessHeap(), p, 123);
}

/* The program of the other architecture; NULL where that was not built. */
static const char *other(void)
{
    static char path[MAX_PATH];
    snprintf(path, sizeof(path), "%s..\\%s\\redirect-processes.exe", own_folder(), sizeof(void *) == 8 ? "i686" : "x86_64");
    return GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES ? NULL : path;
}

static PROCESS_INFORMATION suspended(const char *program)
{
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    char line[MAX_PATH + 32];
    snprintf(line, sizeof(line), "\"%s\" --redirected", program);
    assert_true(process_start(NULL, line, FALSE, CREATE_SUSPENDED, &startup, &process));
    return process;
}

/* Its exit code, once it runs. */
static DWORD resumed(PROCESS_INFORMATION process)
{
    DWORD code = 0xdead;
    assert_int_equal(ResumeThread(process.hThread), 1);
    assert_int_equal(WaitForSingleObject(process.hProcess, 60000), WAIT_OBJECT_0);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* Children of either architecture are followed, however they are started. */
static void children(void **state)
{
    (void)state;
    assert_int_equal(command_run("\"%s\" --redirected", self), 1);
    if (other()) assert_int_equal(command_run("\"%s\" --redirected", other()), 1);
    assert_int_equal(command_run("cmd.exe /c \"\"%s\" --redirected\"", self), 1);
    /* Suspended ones stay so. */
    PROCESS_INFORMATION process = suspended(self);
    assert_int_equal(WaitForSingleObject(process.hProcess, 200), WAIT_TIMEOUT);
    assert_int_equal(resumed(process), 1);
}

/* The launcher runs plainly in a redirected process. Under another launcher it does not, and its child is injected twice. */
static void launcher_again(void **state)
{
    (void)state;
    assert_int_equal(command_run("\"%sk32run.exe\" \"%s\" --redirected", own_folder(), self), 1);
    assert_int_equal(command_run("\"%sk32run.exe\" \"%sk32run.exe\" \"%s\" --redirected", own_folder(), own_folder(), self), 1);
    if (other()) assert_int_equal(command_run("\"%sk32run.exe\" \"%s\" --redirected", own_folder(), other()), 1);
}

/* A suspended child has k32mem in it already; the last options given count. */
static void injected_again(void **state)
{
    inject_fn inject = (inject_fn)raw_export("k32mem.dll", "K32memInject");
    const char *const programs[] = { self, other() };
    (void)state;
    for (int i = 0; i < 2 && programs[i]; i++) {
        PROCESS_INFORMATION process = suspended(programs[i]);
        assert_true(inject(process.hProcess, NULL));
        assert_int_equal(resumed(process), 1);
        process = suspended(programs[i]);
        assert_true(inject(process.hProcess, NULL));
        assert_true(inject(process.hProcess, L"except=heap"));
        assert_int_equal(resumed(process), 0);
    }
}

/* Options that do not fit change nothing. */
static void not_injected(void **state)
{
    inject_fn inject = (inject_fn)raw_export("k32mem.dll", "K32memInject");
    const char *const programs[] = { self, other() };
    static WCHAR options[1100];
    (void)state;
    for (int i = 0; i < 1099; i++) options[i] = L',';
    for (int i = 0; i < 2 && programs[i]; i++) {
        PROCESS_INFORMATION process = suspended(programs[i]);
        SetLastError(0);
        assert_false(inject(process.hProcess, options));
        assert_int_equal(GetLastError(), ERROR_FILENAME_EXCED_RANGE);
        assert_int_equal(resumed(process), 1);
    }
}

/* Statistics reach a standard error that was opened for overlapped writing, behind what is there. */
static void overlapped(void **state)
{
    static char text[4096], line[3 * MAX_PATH];
    char folder[MAX_PATH], path[MAX_PATH];
    SECURITY_ATTRIBUTES inherited = { sizeof(inherited), NULL, TRUE };
    STARTUPINFOA startup = { .cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES };
    PROCESS_INFORMATION process;
    DWORD done = 0;
    (void)state;
    assert_true(GetTempPathA(sizeof(folder), folder));
    assert_true(GetTempFileNameA(folder, "k32", 0, path));
    HANDLE file = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, CREATE_ALWAYS, 0, NULL);
    assert_true(WriteFile(file, "before\n", 7, &done, NULL));
    CloseHandle(file);
    startup.hStdError = CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherited, OPEN_EXISTING,
                                    FILE_FLAG_OVERLAPPED, NULL);
    assert_true(startup.hStdError != INVALID_HANDLE_VALUE);
    snprintf(line, sizeof(line), "\"%sk32run.exe\" --stats \"%s\" --redirected", own_folder(), self);
    assert_true(process_start(NULL, line, TRUE, 0, &startup, &process));
    assert_int_equal(WaitForSingleObject(process.hProcess, 60000), WAIT_OBJECT_0);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    CloseHandle(startup.hStdError);
    file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    assert_true(ReadFile(file, text, sizeof(text) - 1, &done, NULL));
    CloseHandle(file);
    assert_memory_equal(text, "before\nk32mem: ", 15);
    assert_non_null(strstr(text, "most at one time"));
}

/* --until NAME: tells that it runs, and does until it is told; what a program does that is still saving. */
static int until(const char *name)
{
    char begun[64];
    snprintf(begun, sizeof(begun), "%s-begun", name);
    HANDLE end = OpenEventA(SYNCHRONIZE, FALSE, name), here = OpenEventA(EVENT_MODIFY_STATE, FALSE, begun);
    if (!end || !SetEvent(here)) return 1;
    return WaitForSingleObject(end, 60000) == WAIT_OBJECT_0 ? 29 : 2;
}

/* When its window is closed, or the user logs off, a process ends with the return of its handler: the launcher, whose end is
 * that of its program, does not return from it before the program has ended. The signal is sent as the system does it. */
static void window_closed(void **state)
{
    char name[32], begun[64], line[3 * MAX_PATH];
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    DWORD code = 0;
    LPTHREAD_START_ROUTINE signal = (LPTHREAD_START_ROUTINE)raw_export("kernelbase.dll", "CtrlRoutine");
    (void)state;
    assert_non_null(signal);
    snprintf(name, sizeof(name), "k32mem-closed-%lu", GetCurrentProcessId());
    snprintf(begun, sizeof(begun), "%s-begun", name);
    snprintf(line, sizeof(line), "\"%sk32run.exe\" \"%s\" --until %s", own_folder(), self, name);
    HANDLE end = CreateEventA(NULL, TRUE, FALSE, name), here = CreateEventA(NULL, TRUE, FALSE, begun);
    assert_true(process_start(NULL, line, FALSE, 0, &startup, &process));
    assert_int_equal(WaitForSingleObject(here, 60000), WAIT_OBJECT_0);
    HANDLE thread = CreateRemoteThread(process.hProcess, NULL, 0, signal, (LPVOID)(ULONG_PTR)CTRL_CLOSE_EVENT, 0, NULL);
    assert_non_null(thread);
    assert_int_equal(WaitForSingleObject(thread, 300), WAIT_TIMEOUT);
    assert_true(SetEvent(end));
    assert_int_equal(WaitForSingleObject(process.hProcess, 60000), WAIT_OBJECT_0);
    GetExitCodeProcess(process.hProcess, &code);
    assert_int_equal(code, 29);
    CloseHandle(thread);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    CloseHandle(end);
    CloseHandle(here);
}

int main(int count, char **words)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(children),
        cmocka_unit_test(launcher_again),
        cmocka_unit_test(injected_again),
        cmocka_unit_test(not_injected),
        cmocka_unit_test(window_closed),
        cmocka_unit_test(overlapped),
    };
    if (count == 2 && !strcmp(words[1], "--redirected")) return redirected();
    if (count == 3 && !strcmp(words[1], "--until")) return until(words[2]);
    if (!is_redirected()) return (int)command_run("\"%sk32run.exe\" \"%s\"", own_folder(), words[0]);
    GetModuleFileNameA(NULL, self, sizeof(self));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
