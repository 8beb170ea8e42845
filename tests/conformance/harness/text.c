/* text.c - strings and files for the harness. */
#include "harness.h"
#include <stdarg.h>

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("conform: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    fflush(stderr);
    va_end(arguments);
    exit(2);
}

char *text_copy(const char *text)
{
    char *copy = _strdup(text);
    if (!copy)
        die("out of memory");
    return copy;
}

char *text_format(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = malloc(length + 1);
    if (!text)
        die("out of memory");
    vsnprintf(text, length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

bool text_matches(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (const char *rest = text;; rest++) {
                if (text_matches(pattern + 1, rest))
                    return true;
                if (!*rest)
                    return false;
            }
        }
        if (*pattern != *text)
            return false;
    }
    return !*text;
}

void text_escape(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\t')
            fputs("\\t", out);
        else if (*text == '\n')
            fputs("\\n", out);
        else if (*text == '\r')
            fputs("\\r", out);
        else if (*text == '\\')
            fputs("\\\\", out);
        else
            fputc(*text, out);
    }
}

unsigned text_split(char *line, char **fields, unsigned limit)
{
    unsigned count = 0;
    char *to = line;
    if (limit)
        fields[count++] = line;
    for (char *from = line; *from; from++) {
        if (*from == '\t' && count < limit) {
            *to++ = 0;
            fields[count++] = to;
        } else if (*from == '\\' && from[1]) {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
    return count;
}

char *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    size_t used = 0, room = 1 << 16;
    char *bytes = malloc(room + 1);
    for (size_t got; bytes && (got = fread(bytes + used, 1, room - used, file));) {
        used += got;
        if (used == room)
            bytes = realloc(bytes, (room *= 2) + 1);
    }
    if (!bytes)
        die("out of memory");
    fclose(file);
    bytes[used] = 0;
    if (size)
        *size = used;
    return bytes;
}
