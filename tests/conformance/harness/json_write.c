/* json_write.c - the record as canonical JSON: fixed order of keys, one check per line, every value a string, ASCII
 * only. Equal observations give equal bytes. */
#include "harness.h"

static void write_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at == '\n')
            fputs("\\n", out);
        else if (*at == '\t')
            fputs("\\t", out);
        else if (*at < 0x20 || *at >= 0x7f) /* tests describe in ASCII; anything else is taken as Latin-1 */
            fprintf(out, "\\u%04x", *at);
        else
            fputc(*at, out);
    }
    fputc('"', out);
}

static void write_pair(FILE *out, const char *before, const char *key, const char *text)
{
    fputs(before, out);
    write_string(out, key);
    fputs(":", out);
    write_string(out, text);
}

static void write_check(FILE *out, const struct check *check)
{
    bool any = false;
    write_pair(out, "{", "id", check->id);
    write_pair(out, ",", "function", check->function);
    write_pair(out, ",", "page", check->page);
    write_pair(out, ",", "inputs", check->inputs);
    fputs(",\"observed\":[", out);
    for (unsigned i = 0; i < check->value_count; i++) {
        write_pair(out, i ? ",{" : "{", "name", check->values[i].name);
        write_pair(out, ",", "value", check->values[i].text);
        fputs("}", out);
    }
    fputs("],\"expected\":[", out);
    for (unsigned i = 0; i < check->value_count; i++) {
        if (!check->values[i].expected)
            continue;
        write_pair(out, any ? ",{" : "{", "name", check->values[i].name);
        write_pair(out, ",", "value", check->values[i].expected);
        write_pair(out, ",", "verdict", verdict_names[check->values[i].verdict]);
        fputs("}", out);
        any = true;
    }
    fputs("]", out);
    if (check->undecided)
        write_pair(out, ",", "undecided", check->undecided);
    write_pair(out, ",", "verdict", verdict_names[check->verdict]);
    fputs("}", out);
}

void record_write(const struct record *record, const char *path)
{
    FILE *out = fopen(path, "wb");
    bool any = false;
    if (!out)
        die("cannot write %s", path);
    fputs("{\n\"format\":\"conform record 1\",\n\"platform\":{", out);
    write_pair(out, "", "system", record->system);
    write_pair(out, ",", "architecture", record->architecture);
    write_pair(out, ",", "target", record->target);
    write_pair(out, ",", "version", record->version);
    fputs("},\n\"tests\":[", out);
    for (unsigned i = 0; i < record->result_count; i++) {
        const struct result *result = &record->results[i];
        write_pair(out, i ? ",\n{" : "\n{", "name", result->name);
        write_pair(out, ",", "function", result->function);
        write_pair(out, ",", "family", result->family);
        write_pair(out, ",", "outcome", outcome_names[result->outcome]);
        if (result->detail)
            write_pair(out, ",", "detail", result->detail);
        fprintf(out, ",\"checks\":%u}", result->check_count);
    }
    fputs("\n],\n\"checks\":[", out);
    for (unsigned i = 0; i < record->result_count; i++) {
        for (unsigned j = 0; j < record->results[i].check_count; j++) {
            fputs(any ? ",\n" : "\n", out);
            write_check(out, &record->results[i].checks[j]);
            any = true;
        }
    }
    fputs("\n]\n}\n", out);
    if (fclose(out))
        die("cannot write %s", path);
}
