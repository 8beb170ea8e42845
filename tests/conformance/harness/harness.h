/* harness.h - what the harness's own files share. Test files see conform.h only.
 *
 * GLOSSARY (beyond conform.h's)
 *   parent   the process that was started: it starts workers, collects their results, and writes them out.
 *   worker   the same program, started by the parent: it runs tests in order and streams what happens through a pipe.
 *   child    the same program, started by a test for one call that cannot be undone (conform_in_child).
 *   record   everything one run observed, in memory or as a JSON file.
 *   manifest the list of a platform's known differences.
 *
 * Memory is never freed: a run is short, and what it allocates is what it reports.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "../conform.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- text ---- */
char *text_copy(const char *text);
char *text_format(const char *format, ...) __attribute__((format(gnu_printf, 1, 2)));
bool text_matches(const char *pattern, const char *text); /* '*' stands for anything */
/* Splits at tabs, in place, undoing text_escape. Returns the number of fields. */
unsigned text_split(char *line, char **fields, unsigned limit);
void text_escape(FILE *out, const char *text);
/* The whole file, zero terminated; NULL if it can't be read. */
char *file_read(const char *path, size_t *size);
__attribute__((noreturn, format(gnu_printf, 1, 2))) void die(const char *format, ...);

/* ---- values ---- */
/* Formats into buffer, of VALUE_TEXT bytes, so that judging a value allocates nothing under the feet of a heap test. */
#define VALUE_TEXT 96
const char *value_text(char *buffer, enum conform_kind kind, uint64_t value);
const char *exception_name(char *buffer, DWORD code);

/* ---- registry ---- */
extern struct conform_test **tests;
extern unsigned test_count;
/* Sorts the tests, reports duplicates, and keeps those that the filters (alternatives) match. own: the harness's own
 * tests, which fail on purpose, instead of the real ones. */
void tests_select(char **filters, unsigned filter_count, bool own);
void target_load(const char *target);
/* "kernel32" or "k32mem": the target's name in records and reports. */
const char *target_label(void);
const char *target_argument(void);
/* The file version of the target DLL. */
const char *target_version(void);
int child_run(const char *name, const char *argument);

/* ---- the record ---- */
enum verdict { AGREE, DIFFER, OBSERVED, VERDICT_COUNT };
enum outcome { DONE, MISSING, CRASH, TIMEOUT, FAILED, SKIPPED, OUTCOME_COUNT };
extern const char *const verdict_names[VERDICT_COUNT], *const outcome_names[OUTCOME_COUNT];

struct value {
    char *name, *text;
    char *expected; /* NULL: recorded only */
    enum verdict verdict;
};
struct check {
    char *id; /* function.label/ordinal */
    char *function, *page, *inputs;
    char *undecided; /* why nothing is judged, or NULL */
    struct value *values;
    unsigned value_count;
    enum verdict verdict;
    struct result *result;
};
struct result { /* of one test */
    char *name, *function, *family;
    enum outcome outcome;
    char *detail; /* which export is missing, which exception */
    char *message; /* for people; not recorded */
    struct check *checks;
    unsigned check_count;
    unsigned reruns;
};
struct record {
    char *path, *system, *architecture, *target, *version;
    struct result *results;
    unsigned result_count;
};
struct check *result_add_check(struct result *result, const char *function, const char *page, const char *inputs);
struct value *check_add_value(struct check *check, const char *name, const char *text, const char *expected,
                              enum verdict verdict);
void check_judge(struct check *check);
void record_identify(struct record *record);
/* "Wine 8.0, k32mem, x86_64" */
char *record_title(const struct record *record);
void record_write(const struct record *record, const char *path);
struct record *record_read(const char *path);

/* ---- in the worker ---- */
int worker_main(HANDLE pipe, unsigned first);
/* Sends one line to the parent: a letter (enum line_kind) and up to five fields. Does nothing in a child. */
void worker_send(char kind, const char *const *fields, unsigned count);
enum line_kind {
    LINE_TEST = 'T',      /* index: the test begins */
    LINE_END = 'E',       /* index: it has ended */
    LINE_CHECK = 'C',     /* function, page, inputs */
    LINE_VALUE = 'V',     /* name, text, verdict, expected (absent: none) */
    LINE_UNDECIDED = 'U', /* why */
    LINE_MISSING = 'M',   /* export */
    LINE_FAILED = 'F',    /* message */
    LINE_CRASH = 'X',     /* exception */
};
void check_reset(const char *function);
void helpers_reset(void);
unsigned check_differences(void);
bool check_missing(void);
/* On the way down after an exception that nothing handled. */
LONG WINAPI crash_filter(EXCEPTION_POINTERS *exception);

/* ---- in the parent ---- */
struct run_options {
    unsigned timeout; /* milliseconds, 0: as the test says */
    bool quiet;
    struct manifest *manifest;
    char **filters;
    unsigned filter_count;
    bool own;
};
void run_all(struct record *record, const struct run_options *options);

/* ---- manifests ---- */
struct manifest;
/* Adds the file's entries to manifest, or to a new one for NULL. */
struct manifest *manifest_read(struct manifest *manifest, const char *path);
/* The reason why this result or check is allowed not to agree, or NULL. Marks the entry as seen. */
const char *manifest_allows(struct manifest *manifest, const struct result *result, const struct check *check);
const char *manifest_flaky(struct manifest *manifest, const char *test);
/* Prints the entries that this run should have seen and did not; returns their number. complete: every test was run. */
unsigned manifest_report_vanished(struct manifest *manifest, const struct record *record, bool complete);
/* Writes path anew as a manifest of what differs in the record and stands in none of the other files of manifest: with
 * the reasons that path had until now, else with the values. */
void manifest_propose(struct manifest *manifest, const struct record *record, const char *path);

/* ---- reports ---- */
void tap_start(const struct record *record, unsigned count, bool only_closing_lines);
/* Counts, and prints unless quiet; returns whether the result passes. */
bool tap_result(unsigned number, const struct result *result, struct manifest *manifest);
/* Prints the closing lines; returns the process's exit code. */
int tap_finish(const struct record *record, struct manifest *manifest, bool complete);

#endif
