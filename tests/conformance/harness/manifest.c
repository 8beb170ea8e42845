/* manifest.c - the reviewed list of a platform's known differences, from one file or more.
 *
 * One entry a line, four fields between bars; '#' starts a comment line, '*' in a name stands for anything:
 *
 *     VirtualUnlock.never_locked/1 | differ  | why it differs            | where that is known from
 *     AllocateUserPhysicalPages.*  | missing | why the export is missing | ...
 *     GetWsChanges.own_faults      | flaky   | why runs differ           | ...
 *
 * kinds: differ (of a check), missing, crash, timeout, failed (of a test), flaky (of a test: it is run again when it does
 * not agree, and counted). A listed difference that does not show any more is a failure, as is one that is not
 * listed. */
#include "harness.h"

struct entry {
    const char *path;
    char *pattern, *kind, *reason, *source;
    unsigned line;
    bool seen;
    struct entry *next;
};
struct manifest {
    struct entry *first;
};

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    for (size_t length = strlen(text); length && strchr(" \t\r", text[length - 1]);)
        text[--length] = 0;
    return text;
}

struct manifest *manifest_read(struct manifest *manifest, const char *path)
{
    static const char *const kinds = " differ missing crash timeout failed flaky ";
    char *text = file_read(path, NULL);
    struct entry **end;
    if (!text)
        die("cannot read the manifest %s", path);
    if (!manifest)
        manifest = calloc(1, sizeof(*manifest));
    for (end = &manifest->first; *end;)
        end = &(*end)->next;
    for (unsigned number = 1; text; number++) {
        char *line = text, *fields[4] = { line };
        unsigned count = 1;
        text = strchr(line, '\n');
        if (text)
            *text++ = 0;
        if (*trim(line) == '#' || !*trim(line))
            continue;
        for (char *bar; count < 4 && (bar = strchr(fields[count - 1], '|')); count++) {
            *bar = 0;
            fields[count] = bar + 1;
        }
        for (unsigned i = 0; i < count; i++)
            fields[i] = trim(fields[i]);
        if (count < 4 || !*fields[2] || !*fields[3] || !strstr(kinds, text_format(" %s ", fields[1])))
            die("%s:%u: not `name | kind | reason | source`", path, number);
        struct entry *entry = calloc(1, sizeof(*entry));
        *entry = (struct entry){ path, fields[0], fields[1], fields[2], fields[3], number, false, NULL };
        *end = entry;
        end = &entry->next;
    }
    return manifest;
}

static const char *entry_text(const struct entry *entry)
{
    return text_format("%s (%s)", entry->reason, entry->source);
}

static struct entry *find(struct manifest *manifest, const char *kind, const char *name)
{
    for (struct entry *entry = manifest ? manifest->first : NULL; entry; entry = entry->next)
        if (!strcmp(entry->kind, kind) && text_matches(entry->pattern, name))
            return entry;
    return NULL;
}

const char *manifest_allows(struct manifest *manifest, const struct result *result, const struct check *check)
{
    struct entry *entry = check ? find(manifest, "differ", check->id)
                                : find(manifest, outcome_names[result->outcome], result->name);
    if (!entry)
        return NULL;
    entry->seen = true;
    return entry_text(entry);
}

const char *manifest_flaky(struct manifest *manifest, const char *test)
{
    struct entry *entry = find(manifest, "flaky", test);
    return entry ? entry_text(entry) : NULL;
}

/* Whether the entry could have shown in this run: one of its tests was run. A name that no test has is stale, too,
 * but only a run of all tests can tell. */
static bool entry_concerns(const struct entry *entry, const struct record *record, bool complete)
{
    char *test = text_copy(entry->pattern), *slash = strrchr(test, '/');
    if (slash)
        *slash = 0;
    for (unsigned i = 0; i < record->result_count; i++)
        if (text_matches(test, record->results[i].name))
            return true;
    return complete;
}

unsigned manifest_report_vanished(struct manifest *manifest, const struct record *record, bool complete)
{
    unsigned count = 0;
    for (struct entry *entry = manifest ? manifest->first : NULL; entry; entry = entry->next) {
        /* A flaky test may well agree this time; only one that is gone is stale. */
        bool flaky = !strcmp(entry->kind, "flaky");
        if (entry->seen || !entry_concerns(entry, record, complete) || (flaky && entry_concerns(entry, record, false)))
            continue;
        printf("# %s:%u: listed as %s, but does not show any more: %s\n", entry->path, entry->line, entry->kind,
               entry->pattern);
        count++;
    }
    return count;
}

/* What is observed instead of what is documented, as the reason of an entry that nobody has explained yet. */
static void propose_values(FILE *out, const struct check *check)
{
    const char *between = "";
    for (unsigned i = 0; i < check->value_count; i++) {
        const struct value *value = &check->values[i];
        if (value->verdict != DIFFER)
            continue;
        fprintf(out, "%s%s: %s, documented: %s", between, value->name, value->text, value->expected);
        between = "; ";
    }
}

/* An entry of another file than the one being written stays there. */
static void write_entry(FILE *out, const char *path, const char *name, const char *kind, const struct entry *entry)
{
    if (!strcmp(entry->path, path))
        fprintf(out, "%s | %s | %s | %s\n", name, kind, entry->reason, entry->source);
}

void manifest_propose(struct manifest *manifest, const struct record *record, const char *path)
{
    FILE *out = fopen(path, "wb");
    if (!out)
        die("cannot write %s", path);
    fprintf(out,
            "# Known differences of %s from the documentation.\n"
            "# The form is told in tests/conformance/harness/manifest.c.\n",
            record_title(record));
    for (unsigned i = 0; i < record->result_count; i++) {
        const struct result *result = &record->results[i];
        const char *kind = outcome_names[result->outcome];
        struct entry *entry = find(manifest, "flaky", result->name);
        if (entry)
            write_entry(out, path, result->name, "flaky", entry);
        if (result->outcome != DONE && (entry = find(manifest, kind, result->name)))
            write_entry(out, path, result->name, kind, entry);
        else if (result->outcome == MISSING)
            fprintf(out, "%s | missing | %s is not exported | recorded on %s\n", result->name, result->detail,
                    record->system);
        else if (result->outcome != DONE)
            fprintf(out, "%s | %s | %s | recorded on %s\n", result->name, kind,
                    result->detail ? result->detail : "the test does not end well", record->system);
        for (unsigned j = 0; j < result->check_count; j++) {
            const struct check *check = &result->checks[j];
            if (check->verdict != DIFFER)
                continue;
            entry = find(manifest, "differ", check->id);
            if (entry) {
                write_entry(out, path, check->id, "differ", entry);
                continue;
            }
            fprintf(out, "%s | differ | ", check->id);
            propose_values(out, check);
            fprintf(out, " | recorded on %s; %s\n", record->system, check->page);
        }
    }
    fclose(out);
}
