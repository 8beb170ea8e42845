/* text.c - a diff for a terminal: a table with one line for each function, then every difference. */
#include "diff.h"

/* "A", "B", ... stand for the records. */
static char letter(unsigned record) { return (char)('A' + record); }

/* What heads a record's column: its target, if that tells the records apart. */
static const char *heading(const struct diff *diff, unsigned record)
{
    for (unsigned r = 0; r < diff->record_count; r++)
        if (r != record && !strcmp(diff->records[r]->target, diff->records[record]->target))
            return text_format("%c", letter(record));
    return diff->records[record]->target;
}

static void print_head(const struct diff *diff)
{
    for (unsigned r = 0; r < diff->record_count; r++)
        printf("%c = %s%s%s%s\n", letter(r), record_title(diff->records[r]), diff->records[r]->path ? "  (" : "",
               diff->records[r]->path ? diff->records[r]->path : "", diff->records[r]->path ? ")" : "");
    if (!diff_has_windows(diff))
        printf("No record from real Windows is among these: what Windows does is known here from its documentation "
               "only.\n");
    putchar('\n');
}

static void print_kinds(const unsigned *kinds, unsigned rows)
{
    bool any = false;
    if (!rows) {
        fputs("no checks", stdout);
        return;
    }
    for (unsigned kind = PAGE; kind < KIND_COUNT; kind++) {
        if (!kinds[kind])
            continue;
        printf("%s%u %s", any ? ", " : "", kinds[kind], diff_kinds[kind]);
        any = true;
    }
    if (!any)
        fputs("same", stdout);
}

static void print_table(const struct diff *diff)
{
    const char *family = "";
    unsigned totals[KIND_COUNT] = { 0 }, same_functions = 0;
    printf("%-38s", "checks as documented / contradicting");
    for (unsigned r = 0; r < diff->record_count; r++)
        printf("  %8s", heading(diff, r));
    printf("   between them\n");
    for (unsigned e = 0; e < diff->entry_count; e++) {
        const struct entry *entry = &diff->entries[e];
        if (strcmp(entry->family, family))
            printf("%s\n", family = entry->family);
        printf("  %-36s", entry->function);
        for (unsigned r = 0; r < diff->record_count; r++) {
            char cell[32];
            if (entry->agree[r] + entry->differ[r] + entry->observed[r] == 0)
                snprintf(cell, sizeof(cell), "-");
            else
                snprintf(cell, sizeof(cell), entry->differ[r] ? "%u/%u" : "%u", entry->agree[r], entry->differ[r]);
            printf("  %8s", cell);
        }
        printf("   ");
        print_kinds(entry->kinds, entry->row_count);
        putchar('\n');
        same_functions += entry->kinds[SAME] + entry->kinds[PAGE] == entry->row_count;
        for (unsigned kind = 0; kind < KIND_COUNT; kind++)
            totals[kind] += entry->kinds[kind];
    }
    printf("\n%u functions, %u of them the same everywhere; %u checks and outcomes:\n", diff->entry_count,
           same_functions, diff->row_count);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        if (totals[kind])
            printf("  %6u  %-10s  %s\n", totals[kind], diff_kinds[kind], diff_kind_texts[kind]);
}

static void print_row(const struct diff *diff, const struct row *row)
{
    printf("\n%s  [%s]\n  %s(%s)\n", row->id, diff_kinds[row->kind], row->entry->function, row->inputs);
    if (*row->page)
        printf("  page: %s\n", row->page);
    if (row->undecided)
        printf("  undecided: %s\n", row->undecided);
    if (!row->checks || row->kind == MISSING_ || row->kind == BROKEN || row->kind == ABSENT)
        for (unsigned r = 0; r < diff->record_count; r++)
            printf("  %c: %s\n", letter(r), outcome_text(row->results[r]));
    for (unsigned i = 0; i < row->value_count; i++) {
        const struct row_value *line = &row->values[i];
        bool same = true, differs = false;
        for (unsigned r = 0; r < diff->record_count; r++) {
            same &= line->values[r] && line->values[0] && !strcmp(line->values[r]->text, line->values[0]->text);
            differs |= line->values[r] && line->values[r]->verdict == DIFFER;
        }
        if (same && !differs)
            continue;
        printf("  %s", line->name);
        if (line->expected)
            printf(", documented: %s", line->expected);
        putchar('\n');
        for (unsigned r = 0; r < diff->record_count; r++)
            if (line->values[r])
                printf("    %c%c %s\n", letter(r), line->values[r]->verdict == DIFFER ? '!' : ':',
                       line->values[r]->text);
    }
}

void diff_text(const struct diff *diff, bool only_table)
{
    print_head(diff);
    print_table(diff);
    for (unsigned i = 0; !only_table && i < diff->row_count; i++)
        if (diff->rows[i].kind != SAME)
            print_row(diff, &diff->rows[i]);
}
