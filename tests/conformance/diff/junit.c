/* junit.c - a diff as JUnit XML: a test case for each row, a failure where the records differ. Where they differ and
 * the documentation decides nothing, the case is skipped. */
#include "diff.h"

static void write_xml(FILE *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\t': case '\n': case '\r': fprintf(out, "&#%d;", *text); break;
        default:
            if ((unsigned char)*text >= 0x7f)
                fprintf(out, "&#%d;", (unsigned char)*text);
            else
                fputc((unsigned char)*text < 0x20 ? '?' : *text, out);
        }
    }
}

static void write_row(FILE *out, const struct diff *diff, const struct row *row)
{
    fputs("    <testcase classname=\"", out);
    write_xml(out, row->entry->family);
    fputs(".", out);
    write_xml(out, row->entry->function);
    fputs("\" name=\"", out);
    write_xml(out, row->id);
    if (row->kind == SAME || row->kind == PAGE) {
        fputs("\"/>\n", out);
        return;
    }
    const char *element = row->kind == UNDECIDED_ || row->kind == ABSENT ? "skipped" : "failure";
    fprintf(out, "\">\n      <%s message=\"%s\">", element, diff_kind_texts[row->kind]);
    write_xml(out, row->entry->function);
    fputs("(", out);
    write_xml(out, row->inputs);
    fputs(")", out);
    for (unsigned r = 0; r < diff->record_count; r++) {
        fputs("\n", out);
        write_xml(out, record_title(diff->records[r]));
        fputs(": ", out);
        if (!row->checks || !row->checks[r])
            write_xml(out, outcome_text(row->results[r]));
        for (unsigned i = 0; i < row->value_count; i++) {
            const struct value *value = row->values[i].values[r];
            write_xml(out, value ? text_format("%s%s = %s", i ? "; " : "", value->name, value->text) : "");
        }
    }
    fprintf(out, "</%s>\n    </testcase>\n", element);
}

void diff_junit(const struct diff *diff, const char *path)
{
    FILE *out = fopen(path, "wb");
    unsigned failures = 0, skipped = 0;
    if (!out)
        die("cannot write %s", path);
    for (unsigned i = 0; i < diff->row_count; i++) {
        enum kind kind = diff->rows[i].kind;
        skipped += kind == UNDECIDED_ || kind == ABSENT;
        failures += kind == VALUE || kind == LAST_ERROR || kind == MISSING_ || kind == BROKEN;
    }
    fprintf(out, "<?xml version=\"1.0\" encoding=\"US-ASCII\"?>\n<testsuites>\n");
    fprintf(out, "  <testsuite name=\"conform diff\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\">\n",
            diff->row_count, failures, skipped);
    for (unsigned i = 0; i < diff->row_count; i++)
        write_row(out, diff, &diff->rows[i]);
    fputs("  </testsuite>\n</testsuites>\n", out);
    if (fclose(out))
        die("cannot write %s", path);
}
