/* options.c - taking option words apart, and matching function names. */
#include "options.h"

struct options options;

static BOOL is_gap(WCHAR c) { return c == ',' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Does the word begin with key? *value then is what follows. */
static BOOL key_is(const WCHAR *word, SIZE_T length, const char *key, const WCHAR **value, SIZE_T *value_length)
{
    SIZE_T i = 0;
    for (; key[i]; i++)
        if (i >= length || word[i] != (WCHAR)key[i]) return FALSE;
    *value = word + i;
    *value_length = length - i;
    return TRUE;
}

static BOOL is_word(const WCHAR *word, SIZE_T length, const char *key)
{
    const WCHAR *value;
    SIZE_T rest;
    return key_is(word, length, key, &value, &rest) && !rest;
}

static BOOL number_parse(const WCHAR *text, SIZE_T length, ULONG most, ULONG *number)
{
    ULONG result = 0;
    if (!length || length > 6) return FALSE;
    for (SIZE_T i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return FALSE;
        result = result * 10 + (text[i] - '0');
    }
    if (result > most) return FALSE;
    *number = result;
    return TRUE;
}

static BOOL list_parse(const WCHAR *text, SIZE_T length, char *list)
{
    if (!length || length >= OPTIONS_LIST) return FALSE;
    for (SIZE_T i = 0; i < length; i++) {
        WCHAR c = text[i];
        BOOL letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '*' && c != '+' && c != '_') return FALSE;
        list[i] = (char)c;
    }
    list[length] = 0;
    return TRUE;
}

static BOOL word_parse(const WCHAR *word, SIZE_T length)
{
    const WCHAR *value;
    SIZE_T rest;
    if (is_word(word, length, "off")) return options.off = TRUE;
    if (is_word(word, length, "zero")) return options.zero = TRUE;
    if (is_word(word, length, "stats")) {
        options.stats_path[0] = 0;
        return options.stats = TRUE;
    }
    if (is_word(word, length, "children=no")) return options.no_children = TRUE;
    if (is_word(word, length, "children=yes")) return !(options.no_children = FALSE);
    if (key_is(word, length, "delay=", &value, &rest)) return number_parse(value, rest, DELAY_MAX, &options.delay);
    if (key_is(word, length, "pad=", &value, &rest)) return number_parse(value, rest, PAD_MAX, &options.pad);
    if (key_is(word, length, "only=", &value, &rest)) return list_parse(value, rest, options.only);
    if (key_is(word, length, "except=", &value, &rest)) return list_parse(value, rest, options.except);
    if (key_is(word, length, "stats=", &value, &rest) && rest && rest < OPTIONS_PATH) {
        memcpy(options.stats_path, value, rest * sizeof(WCHAR));
        options.stats_path[rest] = 0;
        return options.stats = TRUE;
    }
    return FALSE;
}

const WCHAR *options_parse(const WCHAR *text, SIZE_T length, SIZE_T *bad_length)
{
    WCHAR word[OPTIONS_WORD];
    for (SIZE_T at = 0; at < length; at++) {
        SIZE_T start = at, taken = 0;
        BOOL quoted = FALSE;
        for (; at < length && (quoted || !is_gap(text[at])); at++) {
            if (text[at] == '"') quoted = !quoted;
            else if (taken++ < OPTIONS_WORD) word[taken - 1] = text[at];
        }
        if (at == start || (taken <= OPTIONS_WORD && !quoted && word_parse(word, taken))) continue;
        *bad_length = at - start;
        return text + start;
    }
    return NULL;
}

/* ---- names ---- */
/* Families that are more than one prefix. */
static const struct {
    const char *family, *list;
} families[] = {
    { "heap", "Heap*+GetProcessHeap*+Rtl*Heap*+RtlFree*" },
    { "global", "Global*+Local*" },
    { "virtual", "Virtual*+*VirtualMemory*+*WriteWatch+*UserPhysicalPages*" },
    { "mapping", "*FileMapping*+*ViewOfFile*" },
    { "isbad", "IsBad*" },
};

/* Does name match pattern, up to its + or end? A * stands for any letters. */
static BOOL pattern_matches(const char *pattern, const char *name)
{
    for (;; pattern++, name++) {
        if (*pattern == '*') {
            for (;; name++) {
                if (pattern_matches(pattern + 1, name)) return TRUE;
                if (!*name) return FALSE;
            }
        }
        if (!*pattern || *pattern == '+') return !*name;
        if (*pattern != *name) return FALSE;
    }
}

static BOOL list_holds(const char *list, const char *name, BOOL with_families)
{
    while (*list) {
        if (pattern_matches(list, name)) return TRUE;
        for (unsigned i = 0; with_families && i < COUNT_OF(families); i++)
            if (pattern_matches(list, families[i].family) && list_holds(families[i].list, name, FALSE)) return TRUE;
        while (*list && *list != '+') list++;
        if (*list) list++;
    }
    return FALSE;
}

BOOL options_redirects(const char *name)
{
    /* Not memory functions: without them the others would be missed, or children. */
    if (name[0] == 'L' && name[1] == 'd' && name[2] == 'r') return TRUE;
    if (name[0] == 'N' && name[1] == 't') return TRUE;
    if (options.off) return FALSE;
    if (options.only[0] && !list_holds(options.only, name, TRUE)) return FALSE;
    return !options.except[0] || !list_holds(options.except, name, TRUE);
}
