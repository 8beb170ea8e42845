/* check.c - what tests say about calls, sent to the parent as it happens. The last error survives every function. */
#include "harness.h"
#include <stdarg.h>

static const char *tested_function;
static unsigned differences;
static bool open_check, undecided, missing;

void check_reset(const char *function)
{
    tested_function = function;
    differences = 0;
    open_check = undecided = missing = false;
}

unsigned check_differences(void) { return differences; }
bool check_missing(void) { return missing; }

void conform_missing(const char *name)
{
    missing = true;
    worker_send(LINE_MISSING, &name, 1);
}

void conform_check(const char *function, const char *page, const char *inputs, ...)
{
    DWORD error = GetLastError();
    char text[1024];
    va_list arguments;
    va_start(arguments, inputs);
    vsnprintf(text, sizeof(text), inputs, arguments);
    va_end(arguments);
    const char *fields[] = { function ? function : tested_function, page, text };
    open_check = true;
    undecided = false;
    worker_send(LINE_CHECK, fields, 3);
    SetLastError(error);
}

void conform_undecided(const char *why)
{
    DWORD error = GetLastError();
    undecided = true;
    worker_send(LINE_UNDECIDED, &why, 1);
    SetLastError(error);
}

static void value_send(const char *name, const char *text, const char *expected, bool agrees)
{
    DWORD error = GetLastError();
    if (!open_check) {
        const char *message = "a value was observed before any CHECK";
        worker_send(LINE_FAILED, &message, 1);
    } else {
        const char *verdict = !expected || undecided ? "observed" : agrees ? "agree" : "differ";
        if (*verdict == 'd')
            differences++;
        const char *fields[] = { name, text, verdict, expected };
        worker_send(LINE_VALUE, fields, expected ? 4 : 3);
    }
    SetLastError(error);
}

void conform_observe(enum conform_kind kind, const char *name, uint64_t value)
{
    char text[VALUE_TEXT];
    value_send(name, value_text(text, kind, value), NULL, true);
}

void conform_expect(enum conform_kind kind, const char *name, uint64_t value, uint64_t expected)
{
    char text[VALUE_TEXT], expected_text[VALUE_TEXT];
    value_send(name, value_text(text, kind, value), value_text(expected_text, kind, expected), value == expected);
}

void conform_observe_text(const char *name, const char *value)
{
    value_send(name, value ? value : "NULL", NULL, true);
}

void conform_expect_text(const char *name, const char *value, const char *expected)
{
    value = value ? value : "NULL";
    value_send(name, value, expected, !strcmp(value, expected));
}

void conform_expect_any(enum conform_kind kind, const char *name, uint64_t value, const uint64_t *expected,
                        unsigned count)
{
    char text[VALUE_TEXT], one[VALUE_TEXT], all[1024] = "";
    bool agrees = false;
    size_t used = 0;
    for (unsigned i = 0; i < count; i++) {
        agrees |= value == expected[i];
        if (used < sizeof(all))
            used += snprintf(all + used, sizeof(all) - used, "%s%s", i ? " or " : "",
                             value_text(one, kind, expected[i]));
    }
    value_send(name, value_text(text, kind, value), all, agrees);
}
