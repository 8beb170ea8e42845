/* tap.c - progress as TAP (Test Anything Protocol), with the story of each difference in comment lines. */
#include "harness.h"

static unsigned passed, failed, known, reruns;
static bool quiet;

void tap_start(const struct record *record, unsigned count, bool only_closing_lines)
{
    quiet = only_closing_lines;
    if (quiet)
        return;
    printf("TAP version 13\n1..%u\n# %s\n", count, record_title(record));
    fflush(stdout);
}

static void print_comment(const char *text)
{
    for (const char *end; *text; text = end) {
        end = text + strcspn(text, "\n");
        if (end > text)
            printf("#   %.*s\n", (int)(end - text), text);
        end += *end == '\n';
    }
}

static void print_difference(const struct check *check, const char *reason)
{
    printf("#   %s: %s(%s)\n", check->id, check->function, check->inputs);
    for (unsigned i = 0; i < check->value_count; i++)
        if (check->values[i].verdict == DIFFER)
            printf("#     %s: %s, documented: %s\n", check->values[i].name, check->values[i].text,
                   check->values[i].expected);
    if (reason)
        printf("#     known: %s\n", reason);
    else
        printf("#     page: %s\n", check->page);
}

static void print_result(unsigned number, const struct result *result, struct manifest *manifest, bool pass,
                         const char *reason, const char *outcome_reason)
{
    printf("%s %u - %s (%s, %u checks)%s%s\n", pass && !reason ? "ok" : "not ok", number, result->name, result->family,
           result->check_count, pass && reason ? " # TODO known: " : "", pass && reason ? reason : "");
    if (result->outcome != DONE)
        printf("#   %s%s%s%s%s\n", outcome_names[result->outcome], result->detail ? ": " : "",
               result->detail ? result->detail : "", outcome_reason ? ", known: " : "",
               outcome_reason ? outcome_reason : "");
    if (result->message)
        print_comment(result->message);
    for (unsigned i = 0; i < result->check_count; i++)
        if (result->checks[i].verdict == DIFFER)
            print_difference(&result->checks[i], manifest_allows(manifest, result, &result->checks[i]));
    if (result->reruns)
        printf("#   flaky, run %u more times: %s\n", result->reruns, manifest_flaky(manifest, result->name));
    fflush(stdout);
}

bool tap_result(unsigned number, const struct result *result, struct manifest *manifest)
{
    unsigned unlisted = 0, listed = 0;
    const char *reason = NULL, *outcome_reason = NULL;
    if (result->outcome != DONE) {
        outcome_reason = reason = manifest_allows(manifest, result, NULL);
        *(reason ? &listed : &unlisted) += 1;
    }
    for (unsigned i = 0; i < result->check_count; i++) {
        if (result->checks[i].verdict != DIFFER)
            continue;
        const char *check_reason = manifest_allows(manifest, result, &result->checks[i]);
        *(check_reason ? &listed : &unlisted) += 1;
        reason = check_reason ? check_reason : reason;
    }
    bool pass = !unlisted;
    *(pass ? &passed : &failed) += 1;
    known += listed;
    reruns += result->reruns;
    if (!quiet)
        print_result(number, result, manifest, pass, reason, outcome_reason);
    return pass;
}

int tap_finish(const struct record *record, struct manifest *manifest, bool complete)
{
    unsigned verdicts[VERDICT_COUNT] = { 0 }, outcomes[OUTCOME_COUNT] = { 0 }, checks = 0, undecided = 0;
    unsigned vanished = manifest_report_vanished(manifest, record, complete);
    for (unsigned i = 0; i < record->result_count; i++) {
        const struct result *result = &record->results[i];
        outcomes[result->outcome]++;
        checks += result->check_count;
        for (unsigned j = 0; j < result->check_count; j++) {
            verdicts[result->checks[j].verdict]++;
            undecided += result->checks[j].undecided != NULL;
        }
    }
    printf("# %u checks: %u agree, %u differ, %u observed (%u undecided)\n", checks, verdicts[AGREE], verdicts[DIFFER],
           verdicts[OBSERVED], undecided);
    printf("# tests: %u done, %u missing, %u crash, %u timeout, %u failed; %u known differences, %u vanished; "
           "%u reruns of flaky tests\n",
           outcomes[DONE], outcomes[MISSING], outcomes[CRASH], outcomes[TIMEOUT], outcomes[FAILED], known, vanished,
           reruns);
    printf("# %s\n%u passed, %u failed\n", record_title(record), passed, failed + vanished);
    fflush(stdout);
    return failed + vanished ? 1 : 0;
}
