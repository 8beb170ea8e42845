/* diff.h - records side by side.
 *
 * GLOSSARY
 *   row      one check as every record saw it, or one test's outcome where some record has no usable one.
 *   aligned  the same value name within the same call (function and inputs) of the same test.
 *   kind     how a row's records differ from each other, or all of them from the documentation. A row has at most one.
 *   entry    one function: its rows, and how many of them agree in each record.
 */
#ifndef CONFORM_DIFF_H
#define CONFORM_DIFF_H

#include "../harness/harness.h"

enum kind {
    SAME,       /* every record says the same, and nothing contradicts the page */
    PAGE,       /* every record says the same, and the page says something else */
    VALUE,      /* a returned value or an output differs */
    LAST_ERROR, /* only the last error differs */
    UNDECIDED_, /* it differs where the documentation decides nothing */
    MISSING_,   /* some lack the export */
    BROKEN,     /* some crash, hang or fail */
    ABSENT,     /* some were recorded by other tests, which lack this check */
    KIND_COUNT
};
extern const char *const diff_kinds[KIND_COUNT];
extern const char *const diff_kind_texts[KIND_COUNT];

struct row_value {
    const char *name, *expected;
    const struct value **values; /* one for each record, or NULL */
};
struct row {
    const char *id, *page, *inputs, *undecided;
    const struct result **results; /* one for each record, or NULL */
    const struct check **checks;   /* likewise; NULL for the row of a test's outcome */
    struct row_value *values;
    unsigned value_count;
    enum kind kind;
    struct entry *entry;
};
struct entry {
    const char *function, *family;
    unsigned first_row, row_count; /* in the diff's rows */
    unsigned kinds[KIND_COUNT];
    unsigned *agree, *differ, *observed; /* one for each record */
};
struct diff {
    struct record **records;
    unsigned record_count;
    struct row *rows;
    unsigned row_count;
    struct entry *entries;
    unsigned entry_count;
};

struct diff *diff_make(struct record **records, unsigned count);
bool diff_has_windows(const struct diff *diff);
/* "done", "missing: VirtualAlloc2", or "not recorded". */
char *outcome_text(const struct result *result);
void diff_text(const struct diff *diff, bool only_table);
void diff_junit(const struct diff *diff, const char *path);
void diff_html(const struct diff *diff, const char *path);
/* Prints the checks for each export; 1 when an export has none, or there are fewer than least distinct checks. */
int coverage_main(const char *exports, const char *record, unsigned least);

#endif
