/* child.c - both ends of the pipe between the bench and a child that runs one peer's rows. */
#include "heapbench_child.h"
#include "../../start.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 512, TIMEOUT_MS = 120000 };

const struct row *row_at(int number)
{
    for (const struct row *const *table = row_tables; *table; table++)
        for (const struct row *row = *table; row->name; row++)
            if (!number--) return row;
    return NULL;
}

/* One line, byte by byte: lines are few and short. */
static BOOL line_read(HANDLE from, char *line)
{
    DWORD length = 0, got;
    while (length < LINE - 1 && ReadFile(from, line + length, 1, &got, NULL) && got == 1)
        if (line[length++] == '\n') {
            line[length - 1] = 0;
            return TRUE;
        }
    return FALSE;
}

static BOOL line_write(HANDLE to, const char *line)
{
    DWORD done;
    return WriteFile(to, line, (DWORD)strlen(line), &done, NULL);
}

BOOL child_start(struct child *child, const char *peer_name)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    STARTUPINFOA startup = { .cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES };
    PROCESS_INFORMATION process;
    char program[MAX_PATH], command[MAX_PATH + 200];
    HANDLE child_in, child_out;
    if (!CreatePipe(&child_in, &child->to, &inherit, 0) || !CreatePipe(&child->from, &child_out, &inherit, 0))
        return FALSE;
    SetHandleInformation(child->to, HANDLE_FLAG_INHERIT, 0);
    SetHandleInformation(child->from, HANDLE_FLAG_INHERIT, 0);
    startup.hStdInput = child_in;
    startup.hStdOutput = child_out;
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" --child %s %.3f %d", program, peer_name, sample_ms, full_run);
    BOOL ok = process_start(NULL, command, TRUE, 0, &startup, &process);
    CloseHandle(child_in);
    CloseHandle(child_out);
    if (!ok) {
        CloseHandle(child->to);
        CloseHandle(child->from);
        return FALSE;
    }
    CloseHandle(process.hThread);
    child->process = process.hProcess;
    return TRUE;
}

void child_stop(struct child *child)
{
    if (!child->process) return;
    CloseHandle(child->to);
    CloseHandle(child->from);
    if (WaitForSingleObject(child->process, 10000) != WAIT_OBJECT_0) TerminateProcess(child->process, 9);
    CloseHandle(child->process);
    child->process = NULL;
}

/* Ends a child that takes too long over a row; the parent's read then fails. */
struct watch {
    HANDLE process, finished;
    volatile BOOL expired;
};
static DWORD WINAPI watch_run(void *context)
{
    struct watch *watch = context;
    if (WaitForSingleObject(watch->finished, TIMEOUT_MS) == WAIT_TIMEOUT) {
        watch->expired = TRUE;
        TerminateProcess(watch->process, 9);
    }
    return 0;
}

int child_ask(struct child *child, int row, double *values, double *megabytes, DWORD *code)
{
    char line[LINE];
    struct watch watch = { child->process, CreateEventA(NULL, TRUE, FALSE, NULL), FALSE };
    HANDLE watcher = CreateThread(NULL, 0, watch_run, &watch, 0, NULL);
    snprintf(line, sizeof line, "%d\n", row);
    BOOL ok = line_write(child->to, line) && line_read(child->from, line);
    SetEvent(watch.finished);
    WaitForSingleObject(watcher, INFINITE);
    CloseHandle(watcher);
    CloseHandle(watch.finished);
    if (!ok) {
        WaitForSingleObject(child->process, 10000);
        GetExitCodeProcess(child->process, code);
        child_stop(child);
        return watch.expired ? ASK_TIMEOUT : ASK_CRASHED;
    }
    char *at = line;
    int count = (int)strtol(at, &at, 10);
    *megabytes = strtod(at, &at);
    for (int i = 0; i < count && i < VALUES_MAX; i++) values[i] = strtod(at, &at);
    return count;
}

int child_serve(const char *peer_name)
{
    char line[LINE];
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    if (!peer_load(peer_name, NULL)) return 3;
    while (line_read(in, line)) {
        const struct row *row = row_at(atoi(line));
        double values[VALUES_MAX] = { 0 };
        int count = row->run(row, values);
        int length = snprintf(line, sizeof line, "%d %.3f", count, (double)working_set() / (1 << 20));
        for (int i = 0; i < count; i++)
            length += snprintf(line + length, sizeof line - (size_t)length, " %.6g", values[i]);
        snprintf(line + length, sizeof line - (size_t)length, "\n");
        if (!line_write(out, line)) break;
    }
    return 0;
}
