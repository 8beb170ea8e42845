/* diff.c - puts records side by side: aligns tests, checks and values, and says of each row how it differs. */
#include "diff.h"

const char *const diff_kinds[KIND_COUNT] = { "same",      "page",    "value", "last-error",
                                             "undecided", "missing", "crash", "absent" };
const char *const diff_kind_texts[KIND_COUNT] = { "the same everywhere",
                                                  "the same everywhere, but not what the page says",
                                                  "a value differs",
                                                  "only the last error differs",
                                                  "differs where the documentation decides nothing",
                                                  "some lack the export",
                                                  "some crash, hang or fail",
                                                  "some were recorded without this check" };

/* One test of any record, and where it is in each. */
struct aligned_test {
    const struct result *any;
    const struct result **results;
};

static int test_order(const void *a, const void *b)
{
    const struct aligned_test *x = a, *y = b;
    int order = strcmp(x->any->family, y->any->family);
    if (!order)
        order = strcmp(x->any->function, y->any->function);
    if (!order)
        order = strcmp(x->any->name, y->any->name);
    return order;
}

static struct aligned_test *align_tests(struct diff *diff, unsigned *count)
{
    unsigned total = 0, kept = 0;
    for (unsigned r = 0; r < diff->record_count; r++)
        total += diff->records[r]->result_count;
    struct aligned_test *all = calloc(total + 1, sizeof(*all));
    total = 0;
    for (unsigned r = 0; r < diff->record_count; r++) {
        for (unsigned i = 0; i < diff->records[r]->result_count; i++, total++) {
            all[total].any = &diff->records[r]->results[i];
            all[total].results = calloc(diff->record_count, sizeof(*all->results));
            all[total].results[r] = all[total].any;
        }
    }
    qsort(all, total, sizeof(*all), test_order);
    for (unsigned i = 0; i < total; i++) {
        if (kept && !test_order(&all[kept - 1], &all[i])) {
            for (unsigned r = 0; r < diff->record_count; r++)
                if (all[i].results[r])
                    all[kept - 1].results[r] = all[i].results[r];
        } else {
            all[kept++] = all[i];
        }
    }
    *count = kept;
    return all;
}

static struct entry *entry_of(struct diff *diff, const char *family, const char *function)
{
    for (unsigned i = 0; i < diff->entry_count; i++)
        if (!strcmp(diff->entries[i].function, function))
            return &diff->entries[i];
    struct entry *entry = &diff->entries[diff->entry_count++];
    entry->family = family;
    entry->function = function;
    entry->agree = calloc(3 * diff->record_count, sizeof(unsigned));
    entry->differ = entry->agree + diff->record_count;
    entry->observed = entry->differ + diff->record_count;
    return entry;
}

static struct row *row_add(struct diff *diff, const struct aligned_test *test)
{
    if (!(diff->row_count & (diff->row_count - 1))) {
        diff->rows = realloc(diff->rows, (diff->row_count ? 2 * diff->row_count : 1) * sizeof(*diff->rows));
        if (!diff->rows)
            die("out of memory");
    }
    struct row *row = &diff->rows[diff->row_count++];
    *row = (struct row){ .results = test->results };
    return row;
}

static const struct value *value_find(const struct check *check, const char *name, unsigned occurrence)
{
    for (unsigned i = 0; check && i < check->value_count; i++)
        if (!strcmp(check->values[i].name, name) && !occurrence--)
            return &check->values[i];
    return NULL;
}

static void row_align_values(struct diff *diff, struct row *row)
{
    unsigned room = 0;
    for (unsigned r = 0; r < diff->record_count; r++)
        room += row->checks[r] ? row->checks[r]->value_count : 0;
    row->values = calloc(room + 1, sizeof(*row->values));
    for (unsigned r = 0; r < diff->record_count; r++) {
        for (unsigned i = 0; row->checks[r] && i < row->checks[r]->value_count; i++) {
            const struct value *value = &row->checks[r]->values[i];
            unsigned occurrence = 0, at = 0;
            for (unsigned j = 0; j < i; j++)
                occurrence += !strcmp(row->checks[r]->values[j].name, value->name);
            for (unsigned seen = 0; at < row->value_count; at++)
                if (!strcmp(row->values[at].name, value->name) && seen++ == occurrence)
                    break;
            if (at < row->value_count)
                continue;
            struct row_value *line = &row->values[row->value_count++];
            line->name = value->name;
            line->expected = value->expected;
            line->values = calloc(diff->record_count, sizeof(*line->values));
            for (unsigned s = 0; s < diff->record_count; s++)
                line->values[s] = value_find(row->checks[s], value->name, occurrence);
        }
    }
}

static bool line_same(const struct diff *diff, const struct row_value *line)
{
    for (unsigned r = 1; r < diff->record_count; r++)
        if (!line->values[r] != !line->values[0] ||
            (line->values[0] && strcmp(line->values[r]->text, line->values[0]->text)))
            return false;
    return true;
}

static enum kind row_judge(const struct diff *diff, const struct row *row)
{
    bool page = false, value = false, error = false, absent = false;
    for (unsigned r = 0; r < diff->record_count; r++) {
        const struct result *result = row->results[r];
        if (row->checks[r])
            continue;
        absent = true;
        if (result && result->outcome == MISSING)
            return MISSING_;
        if (result && result->outcome != DONE)
            return BROKEN;
    }
    if (absent)
        return ABSENT;
    for (unsigned i = 0; i < row->value_count; i++) {
        for (unsigned r = 0; r < diff->record_count; r++)
            page |= row->values[i].values[r] && row->values[i].values[r]->verdict == DIFFER;
        if (line_same(diff, &row->values[i]))
            continue;
        *(strcmp(row->values[i].name, "last error") ? &value : &error) = true;
    }
    if ((value || error) && row->undecided)
        return UNDECIDED_;
    return value ? VALUE : error ? LAST_ERROR : page ? PAGE : SAME;
}

/* The nth check of the result with this function and these inputs. */
static const struct check *check_find(const struct result *result, const struct check *like, unsigned occurrence)
{
    for (unsigned i = 0; result && i < result->check_count; i++)
        if (!strcmp(result->checks[i].function, like->function) && !strcmp(result->checks[i].inputs, like->inputs) &&
            !occurrence--)
            return &result->checks[i];
    return NULL;
}

static void add_outcome_row(struct diff *diff, const struct aligned_test *test)
{
    bool broken = false, lacking = false;
    for (unsigned r = 0; r < diff->record_count; r++) {
        const struct result *result = test->results[r];
        lacking |= result && result->outcome == MISSING;
        broken |= result && result->outcome != MISSING && result->outcome != DONE;
    }
    if (!broken && !lacking)
        return;
    struct row *row = row_add(diff, test);
    row->id = test->any->name;
    row->inputs = "the whole test";
    row->page = "";
    row->kind = broken ? BROKEN : MISSING_;
    row->entry = entry_of(diff, test->any->family, test->any->function);
}

static void add_check_rows(struct diff *diff, const struct aligned_test *test)
{
    for (unsigned r = 0; r < diff->record_count; r++) {
        const struct result *result = test->results[r];
        for (unsigned i = 0; result && i < result->check_count; i++) {
            const struct check *check = &result->checks[i];
            unsigned occurrence = 0;
            bool seen = false;
            for (unsigned j = 0; j < i; j++)
                occurrence += !strcmp(result->checks[j].function, check->function) &&
                              !strcmp(result->checks[j].inputs, check->inputs);
            for (unsigned s = 0; s < r; s++)
                seen |= check_find(test->results[s], check, occurrence) != NULL;
            if (seen)
                continue;
            struct row *row = row_add(diff, test);
            row->id = check->id;
            row->page = check->page;
            row->inputs = check->inputs;
            row->undecided = check->undecided;
            row->checks = calloc(diff->record_count, sizeof(*row->checks));
            for (unsigned s = 0; s < diff->record_count; s++)
                row->checks[s] = check_find(test->results[s], check, occurrence);
            row_align_values(diff, row);
            row->kind = row_judge(diff, row);
            row->entry = entry_of(diff, result->family, check->function);
        }
    }
}

static int entry_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->family, y->family);
    return order ? order : strcmp(x->function, y->function);
}

/* Rows were added test by test; a check of another function than its test's belongs with that function's rows. */
static void gather_entries(struct diff *diff)
{
    const char **functions = calloc(diff->row_count + 1, sizeof(*functions));
    for (unsigned i = 0; i < diff->row_count; i++)
        functions[i] = diff->rows[i].entry->function;
    qsort(diff->entries, diff->entry_count, sizeof(*diff->entries), entry_order);
    for (unsigned i = 0; i < diff->row_count; i++)
        diff->rows[i].entry = entry_of(diff, NULL, functions[i]);
    struct row *sorted = calloc(diff->row_count + 1, sizeof(*sorted));
    unsigned at = 0;
    for (unsigned e = 0; e < diff->entry_count; e++) {
        struct entry *entry = &diff->entries[e];
        entry->first_row = at;
        for (unsigned i = 0; i < diff->row_count; i++) {
            if (diff->rows[i].entry != entry)
                continue;
            const struct row *row = &diff->rows[i];
            sorted[at++] = *row;
            entry->row_count++;
            entry->kinds[row->kind]++;
            for (unsigned r = 0; row->checks && r < diff->record_count; r++) {
                if (row->checks[r])
                    (row->checks[r]->verdict == AGREE    ? entry->agree
                     : row->checks[r]->verdict == DIFFER ? entry->differ
                                                         : entry->observed)[r]++;
            }
        }
    }
    diff->rows = sorted;
}

struct diff *diff_make(struct record **records, unsigned count)
{
    struct diff *diff = calloc(1, sizeof(*diff));
    unsigned test_total, checks = 0;
    diff->records = records;
    diff->record_count = count;
    struct aligned_test *all = align_tests(diff, &test_total);
    for (unsigned r = 0; r < count; r++)
        for (unsigned i = 0; i < records[r]->result_count; i++)
            checks += records[r]->results[i].check_count + 1;
    diff->entries = calloc(checks + 1, sizeof(*diff->entries));
    /* A function belongs to the family of its own tests, also where another family's test makes a check of it. */
    for (unsigned i = 0; i < test_total; i++)
        entry_of(diff, all[i].any->family, all[i].any->function);
    for (unsigned i = 0; i < test_total; i++) {
        add_outcome_row(diff, &all[i]);
        add_check_rows(diff, &all[i]);
    }
    gather_entries(diff);
    return diff;
}

bool diff_has_windows(const struct diff *diff)
{
    for (unsigned r = 0; r < diff->record_count; r++)
        if (!strncmp(diff->records[r]->system, "Windows", 7))
            return true;
    return false;
}

char *outcome_text(const struct result *result)
{
    if (!result)
        return "not recorded";
    return result->detail ? text_format("%s: %s", outcome_names[result->outcome], result->detail)
                          : text_copy(outcome_names[result->outcome]);
}
