/* k32run.c - starts a program with k32mem in it before its first instruction.
 *
 * Without a C runtime: a process more is all that a side-loaded program's start costs, so this one is kept small.
 */
#include "../redirect/inject.h"
#include "../redirect/path.h"
#include "arguments.h"
#include "message.h"
#include "program.h"

static struct arguments arguments;
static WCHAR program[PROGRAM_PATH], own_path[PROGRAM_PATH];

/* Console signals are the program's to answer; the launcher goes when it goes. Not inherited, unlike ignoring them. Of a
 * closed window, a logoff or a shutdown a process ends with its handler's return, and the program would end with the launcher,
 * in the middle of saving: that handler does not return. */
static BOOL WINAPI ignore(DWORD signal)
{
    if (signal != CTRL_C_EVENT && signal != CTRL_BREAK_EVENT) Sleep(INFINITE);
    return TRUE;
}

static void start_like_self(STARTUPINFOW *startup)
{
    GetStartupInfoW(startup);
    startup->cb = sizeof(*startup);
    startup->dwFlags |= STARTF_USESTDHANDLES;
    startup->hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup->hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup->hStdError = GetStdHandle(STD_ERROR_HANDLE);
}

/* Wine 8 does not bring every process into being: of some thousand one fails with ERROR_INTERNAL_ERROR, or with
 * ERROR_FILE_NOT_FOUND though its file was just looked at. No instruction of the program has run then. */
#define STARTS 3

static PROCESS_INFORMATION process_start(const WCHAR *path, WCHAR *command_line, DWORD flags)
{
    STARTUPINFOW startup;
    PROCESS_INFORMATION process;
    DWORD error = 0;
    start_like_self(&startup);
    for (int i = 0; i < STARTS; i++) {
        if (CreateProcessW(path, command_line, NULL, NULL, TRUE, flags, NULL, NULL, &startup, &process)) return process;
        error = GetLastError();
        if (error != ERROR_INTERNAL_ERROR && error != ERROR_FILE_NOT_FOUND) break;
    }
    fail_number(EXIT_NOT_RUNNABLE, path, "the program cannot be started; error", error);
}

/* What Wine does for programs started by a Unix path: the name becomes the full path, in quotes. */
static WCHAR *full_name_line(void)
{
    static WCHAR line[PROGRAM_PATH];
    SIZE_T length = 0;
    line[length++] = '"';
    for (SIZE_T i = 0; program[i] && length < PROGRAM_PATH - 4; i++) line[length++] = program[i];
    line[length++] = '"';
    if (*arguments.behind_name) line[length++] = ' ';
    for (SIZE_T i = 0; arguments.behind_name[i]; i++) {
        if (length + 1 >= PROGRAM_PATH) fail(EXIT_SELF, NULL, "the command line is too long");
        line[length++] = arguments.behind_name[i];
    }
    return line;
}

/* The launcher killed, the program goes too, as it would without a launcher; processes of its own stay. */
static void tie(HANDLE process)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
    HANDLE job = CreateJobObjectW(NULL, NULL);
    memset(&limits, 0, sizeof(limits));
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK;
    if (!job) return;
    if (SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof(limits)))
        AssignProcessToJobObject(job, process);
}

static DWORD process_wait(HANDLE process)
{
    DWORD code = EXIT_SELF;
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    return code;
}

/* Hands the whole command line to the launcher of the other architecture. */
static DWORD run_other(WCHAR *command_line)
{
    static const WCHAR name[] = L"..\\x86_64\\k32run.exe";
    WCHAR path[PROGRAM_PATH / 16];
    SIZE_T length = 0;
    while (own_path[length]) length++;
    while (length && own_path[length - 1] != '\\') length--;
    if (length + COUNT_OF(name) > COUNT_OF(path)) fail(EXIT_SELF, own_path, "this path is too long");
    memcpy(path, own_path, length * sizeof(WCHAR));
    memcpy(path + length, name, sizeof(name));
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        fail(EXIT_NOT_RUNNABLE, program, "an x86_64 program needs the folder x86_64, with k32run.exe and k32mem.dll, beside this launcher's folder");
    PROCESS_INFORMATION process = process_start(path, command_line, 0);
    tie(process.hProcess);
    return process_wait(process.hProcess);
}

/* Why nothing was started. */
static void refuse(HANDLE process, NTSTATUS status)
{
    if (process) TerminateProcess(process, EXIT_NOT_RUNNABLE);
    if (status == STATUS_DLL_NOT_FOUND)
        fail(EXIT_SELF, program, "there is no k32mem.dll for this program's architecture: x86_64 and i686 lie in folders of these names, side by side");
    if (status == STATUS_OBJECT_NAME_INVALID)
        fail(EXIT_SELF, own_path, "k32mem.dll must lie in a folder whose path is plain ASCII and not too long: move it");
    if (status == STATUS_NOT_SUPPORTED)
        fail(EXIT_NOT_RUNNABLE, program, "a program of .NET code alone has no imports to redirect");
    fail_number(EXIT_NOT_RUNNABLE, program, "k32mem cannot be loaded into the program, which was not run; status", (DWORD)status);
}

static DWORD run(USHORT machine)
{
    struct target target;
    char dll[PATH_MOST];
    HANDLE theirs = NULL, event;
    SIZE_T length = 0;
    NTSTATUS status = STATUS_SUCCESS;
    while (own_path[length]) length++;
    /* Most mistakes show before there is a process. */
    if (machine) status = path_for_machine(own_path, length, machine, dll);
    if (status < 0) refuse(NULL, status);
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    PROCESS_INFORMATION process = process_start(program, arguments.full_name ? full_name_line() : arguments.rest, CREATE_SUSPENDED);
    tie(process.hProcess);
    if (!DuplicateHandle(GetCurrentProcess(), event, process.hProcess, &theirs, EVENT_MODIFY_STATE, FALSE, 0)) theirs = NULL;
    status = target_open(&target, process.hProcess);
    if (status >= 0 && !machine) status = path_for_machine(own_path, length, target.machine, dll);
    if (status >= 0) status = target_inject(&target, dll, arguments.options, (ULONG_PTR)theirs);
    if (status < 0) refuse(process.hProcess, status);
    ResumeThread(process.hThread);
    DWORD code = process_wait(process.hProcess);
    if (theirs && WaitForSingleObject(event, 0) != WAIT_OBJECT_0)
        fail_number(EXIT_NOT_RUNNABLE, program, "the program did not start (a DLL missing, or k32mem refused to redirect it); status", code);
    return code;
}

/* For k32mem.dll in a process of the other architecture. The process is still suspended there. The exit code is the status. */
static NTSTATUS inject(DWORD id)
{
    struct target target;
    char dll[PATH_MOST];
    SIZE_T length = 0;
    while (own_path[length]) length++;
    HANDLE process = OpenProcess(PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE | PROCESS_QUERY_INFORMATION,
                                 FALSE, id);
    NTSTATUS status = process ? target_open(&target, process) : STATUS_ACCESS_DENIED;
    if (status >= 0) status = path_for_machine(own_path, length, target.machine, dll);
    if (status >= 0) status = target_inject(&target, dll, arguments.rest, 0);
    return status;
}

__attribute__((noreturn)) void launcher_main(void)
{
    WCHAR *command_line = GetCommandLineW();
    arguments_read(&arguments, command_line);
    GetModuleFileNameW(NULL, own_path, PROGRAM_PATH);
    if (arguments.inject) ExitProcess((DWORD)inject(arguments.inject));
    program_find(arguments.program, program);
    USHORT machine = program_machine(program);
    SetConsoleCtrlHandler(ignore, TRUE);
    BOOL other = machine && machine != OWN_MACHINE && OWN_MACHINE == IMAGE_FILE_MACHINE_I386;
    ExitProcess(other ? run_other(command_line) : run(machine));
}
