/* html.c - a diff as one self-contained page: page.html with the rows as JSON in the place of DATA. */
#include "diff.h"

extern const char page_start[] __asm__("diff_page"), page_end[] __asm__("diff_page_end");
__asm__(".section .rdata,\"dr\"\n.globl diff_page\n.globl diff_page_end\n"
        "diff_page: .incbin \"tests/conformance/diff/page.html\"\ndiff_page_end: .byte 0\n.text\n");

/* JSON inside a script element: "<" must not appear, or "</script" could. */
static void write_json(FILE *out, const char *text)
{
    fputc('"', out);
    for (; text && *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20 || c >= 0x7f || c == '<')
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void write_key(FILE *out, const char *before, const char *key, const char *text)
{
    fprintf(out, "%s\"%s\":", before, key);
    if (text)
        write_json(out, text);
    else
        fputs("null", out);
}

static void write_values(FILE *out, const struct diff *diff, const struct row *row)
{
    for (unsigned i = 0; i < row->value_count; i++) {
        const struct row_value *line = &row->values[i];
        write_key(out, i ? ",{" : "{", "name", line->name);
        write_key(out, ",", "documented", line->expected);
        fputs(",\"seen\":[", out);
        for (unsigned r = 0; r < diff->record_count; r++) {
            fputs(r ? "," : "", out);
            if (!line->values[r]) {
                fputs("null", out);
                continue;
            }
            write_key(out, "{", "value", line->values[r]->text);
            write_key(out, ",", "verdict", verdict_names[line->values[r]->verdict]);
            fputs("}", out);
        }
        fputs("]}", out);
    }
}

static void write_row(FILE *out, const struct diff *diff, const struct row *row)
{
    write_key(out, "{", "id", row->id);
    write_key(out, ",", "inputs", row->inputs);
    write_key(out, ",", "page", row->page);
    write_key(out, ",", "kind", diff_kinds[row->kind]);
    write_key(out, ",", "undecided", row->undecided);
    fputs(",\"outcomes\":[", out);
    for (unsigned r = 0; r < diff->record_count; r++) {
        fputs(r ? "," : "", out);
        write_json(out, outcome_text(row->results[r]));
    }
    fputs("],\"values\":[", out);
    write_values(out, diff, row);
    fputs("]}", out);
}

static void write_data(FILE *out, const struct diff *diff)
{
    fputs("{\"records\":[", out);
    for (unsigned r = 0; r < diff->record_count; r++) {
        const struct record *record = diff->records[r];
        write_key(out, r ? ",{" : "{", "system", record->system);
        write_key(out, ",", "architecture", record->architecture);
        write_key(out, ",", "target", record->target);
        write_key(out, ",", "version", record->version);
        fputs("}", out);
    }
    fprintf(out, "],\"windows\":%s,\"kinds\":{", diff_has_windows(diff) ? "true" : "false");
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        write_key(out, kind ? "," : "", diff_kinds[kind], diff_kind_texts[kind]);
    fputs("},\"functions\":[", out);
    for (unsigned e = 0; e < diff->entry_count; e++) {
        const struct entry *entry = &diff->entries[e];
        write_key(out, e ? ",\n{" : "\n{", "name", entry->function);
        write_key(out, ",", "family", entry->family);
        fputs(",\"cells\":[", out);
        for (unsigned r = 0; r < diff->record_count; r++)
            fprintf(out, "%s[%u,%u,%u]", r ? "," : "", entry->agree[r], entry->differ[r], entry->observed[r]);
        fputs("],\"rows\":[", out);
        for (unsigned i = 0; i < entry->row_count; i++) {
            fputs(i ? ",\n" : "\n", out);
            write_row(out, diff, &diff->rows[entry->first_row + i]);
        }
        fputs("]}", out);
    }
    fputs("]}", out);
}

void diff_html(const struct diff *diff, const char *path)
{
    FILE *out = fopen(path, "wb");
    const char *place = strstr(page_start, "DATA");
    if (!out)
        die("cannot write %s", path);
    fwrite(page_start, 1, place - page_start, out);
    write_data(out, diff);
    fwrite(place + 4, 1, page_end - place - 4, out);
    if (fclose(out))
        die("cannot write %s", path);
}
