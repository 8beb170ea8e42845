/* runner.c - the parent: starts workers, reads what they send, and turns a crash or a hang into one test's outcome.
 *
 * Starting a process costs some 50 to 100 ms, so one worker runs test after test until one of them takes it down. */
#include "harness.h"
#include "../../start.h"

enum { TIMEOUT_USUAL = 30000, TIMEOUT_SLOW = 120000 };

struct worker {
    HANDLE process, job, pipe, watch;
    HANDLE stop; /* event: the watch ends */
    volatile LONG64 deadline;
    volatile LONG timed_out;
    char buffer[65536];
    size_t used, taken;
};

static DWORD WINAPI watch_run(void *parameter)
{
    struct worker *worker = parameter;
    while (WaitForSingleObject(worker->stop, 50) == WAIT_TIMEOUT) {
        LONG64 deadline = InterlockedCompareExchange64(&worker->deadline, 0, 0);
        if (deadline && (LONG64)GetTickCount64() > deadline) {
            InterlockedExchange(&worker->timed_out, 1);
            TerminateJobObject(worker->job, 1);
            TerminateProcess(worker->process, 1);
            break;
        }
    }
    return 0;
}

static void worker_start(struct worker *worker, const struct run_options *options, unsigned first)
{
    SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = { 0 };
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    HANDLE write_end;
    char path[MAX_PATH];

    memset(worker, 0, sizeof(*worker));
    if (!CreatePipe(&worker->pipe, &write_end, &inherit, 1 << 16))
        die("cannot make a pipe (error %lu)", GetLastError());
    SetHandleInformation(worker->pipe, HANDLE_FLAG_INHERIT, 0);
    GetModuleFileNameA(NULL, path, sizeof(path));
    char *command = text_format("\"%s\" --target \"%s\" --worker %lu %u%s", path, target_argument(),
                                (unsigned long)(ULONG_PTR)write_end, first, options->own ? " --own" : "");
    for (unsigned i = 0; i < options->filter_count; i++)
        command = text_format("%s --filter \"%s\"", command, options->filters[i]);
    if (!process_start(path, command, TRUE, CREATE_SUSPENDED, &startup, &process))
        die("cannot start a worker (error %lu)", GetLastError());
    CloseHandle(write_end);
    /* The job ends what the tests started, too. Where there are no jobs, only the worker ends. */
    worker->job = CreateJobObjectA(NULL, NULL);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    SetInformationJobObject(worker->job, JobObjectExtendedLimitInformation, &limits, sizeof(limits));
    AssignProcessToJobObject(worker->job, process.hProcess);
    worker->process = process.hProcess;
    worker->stop = CreateEventA(NULL, TRUE, FALSE, NULL);
    worker->watch = CreateThread(NULL, 0, watch_run, worker, 0, NULL);
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
}

static DWORD worker_finish(struct worker *worker)
{
    DWORD code = 1;
    WaitForSingleObject(worker->process, 10000);
    GetExitCodeProcess(worker->process, &code);
    SetEvent(worker->stop);
    WaitForSingleObject(worker->watch, INFINITE);
    CloseHandle(worker->watch);
    CloseHandle(worker->stop);
    CloseHandle(worker->job);
    CloseHandle(worker->process);
    CloseHandle(worker->pipe);
    return code;
}

/* The next line without its end, or NULL when the worker is gone. Valid until the next call. */
static char *worker_line(struct worker *worker)
{
    for (;;) {
        char *start = worker->buffer + worker->taken;
        char *end = memchr(start, '\n', worker->used - worker->taken);
        if (end) {
            *end = 0;
            worker->taken = end + 1 - worker->buffer;
            return start;
        }
        memmove(worker->buffer, start, worker->used - worker->taken);
        worker->used -= worker->taken;
        worker->taken = 0;
        DWORD got;
        if (!ReadFile(worker->pipe, worker->buffer + worker->used, (DWORD)(sizeof(worker->buffer) - worker->used), &got,
                      NULL) ||
            !got)
            return NULL;
        worker->used += got;
    }
}

static void result_start(struct result *result, const struct conform_test *test)
{
    unsigned reruns = result->reruns;
    *result = (struct result){ .name = text_format("%s.%s", test->function, test->label),
                               .function = text_copy(test->function),
                               .family = text_copy(test->family),
                               .outcome = DONE,
                               .reruns = reruns };
}

/* One line within a test. */
static void result_take(struct result *result, char kind, char **fields, unsigned count)
{
    struct check *check = result->check_count ? &result->checks[result->check_count - 1] : NULL;
    if (kind == LINE_CHECK && count == 3) {
        result_add_check(result, fields[0], fields[1], fields[2]);
    } else if (kind == LINE_VALUE && count >= 3 && check) {
        enum verdict verdict = *fields[2] == 'a' ? AGREE : *fields[2] == 'd' ? DIFFER : OBSERVED;
        check_add_value(check, fields[0], fields[1], count > 3 ? fields[3] : NULL, verdict);
        check_judge(check);
    } else if (kind == LINE_UNDECIDED && check) {
        check->undecided = text_copy(fields[0]);
    } else if (kind == LINE_MISSING) {
        result->outcome = MISSING;
        result->detail = text_copy(fields[0]);
    } else if (kind == LINE_CRASH) {
        result->outcome = CRASH;
        result->detail = text_copy(fields[0]);
    } else if (kind == LINE_FAILED && result->outcome != MISSING) {
        result->outcome = FAILED;
        result->message = text_copy(fields[0]);
    }
}

/* Runs the tests from first on until the worker ends or end is reached; returns the first test that has no outcome. */
static unsigned run_worker(struct record *record, const struct run_options *options, unsigned first, unsigned end,
                           void (*finished)(unsigned index, void *context), void *context)
{
    static struct worker worker; /* large */
    unsigned current = first;
    bool running = false;
    char *line, *fields[6];
    worker_start(&worker, options, first);
    while (current < end && (line = worker_line(&worker))) {
        char kind = *line;
        unsigned count = line[1] ? text_split(line + 2, fields, 6) : 0;
        if (kind == LINE_TEST) {
            unsigned limit = tests[current]->flags & TEST_SLOW ? TIMEOUT_SLOW : TIMEOUT_USUAL;
            if (options->timeout)
                limit = options->timeout;
            running = true;
            result_start(&record->results[current], tests[current]);
            InterlockedExchange64(&worker.deadline, GetTickCount64() + limit);
        } else if (kind == LINE_END) {
            InterlockedExchange64(&worker.deadline, 0);
            running = false;
            finished(current++, context);
        } else if (running) {
            result_take(&record->results[current], kind, fields, count);
        }
    }
    if (current == end)
        TerminateProcess(worker.process, 0);
    DWORD code = worker_finish(&worker);
    if (current < end) {
        struct result *result = &record->results[current];
        char text[VALUE_TEXT];
        if (!running)
            result_start(result, tests[current]);
        if (worker.timed_out) {
            result->outcome = TIMEOUT;
        } else if (result->outcome != CRASH) {
            result->outcome = CRASH;
            result->detail = text_format("the process ended with code %s", exception_name(text, code));
        }
        finished(current++, context);
    }
    return current;
}

struct progress {
    struct record *record;
    const struct run_options *options;
};

static bool result_clean(const struct result *result)
{
    bool clean = result->outcome == DONE;
    for (unsigned i = 0; i < result->check_count; i++)
        clean &= result->checks[i].verdict != DIFFER;
    return clean;
}

static void report(unsigned index, void *context)
{
    struct progress *progress = context;
    struct result *result = &progress->record->results[index];
    if (!result_clean(result) && manifest_flaky(progress->options->manifest, result->name))
        return; /* run again below, and reported then */
    tap_result(index + 1, result, progress->options->manifest);
}

static void ignore(__attribute__((unused)) unsigned index, __attribute__((unused)) void *context) {}

void run_all(struct record *record, const struct run_options *options)
{
    enum { RERUNS = 3 };
    struct progress progress = { record, options };
    record->result_count = test_count;
    record->results = calloc(test_count + 1, sizeof(struct result));
    tap_start(record, test_count, options->quiet);
    for (unsigned at = 0; at < test_count;)
        at = run_worker(record, options, at, test_count, report, &progress);
    for (unsigned i = 0; i < test_count; i++) {
        struct result *result = &record->results[i];
        if (result_clean(result) || !manifest_flaky(options->manifest, result->name))
            continue;
        while (!result_clean(result) && result->reruns < RERUNS) {
            result->reruns++;
            run_worker(record, options, i, i + 1, ignore, NULL);
        }
        tap_result(i + 1, result, options->manifest);
    }
}
