/* coverage.c - which checks a record holds for each function that the DLL exports. */
#include "diff.h"

struct covered {
    const char *function, *family;
    unsigned checks, agree, differ, undecided;
};

static struct covered *functions;
static unsigned function_count;

static struct covered *find(const char *function)
{
    for (unsigned i = 0; i < function_count; i++)
        if (!strcmp(functions[i].function, function))
            return &functions[i];
    return NULL;
}

/* The names in a module definition file, with the family that the comment "; ---- FAMILY" above them gives. Those that
 * begin with K32mem are no functions of Windows: no page documents them, and they have tests of their own. */
static void read_exports(const char *path)
{
    char *text = file_read(path, NULL), *family = "";
    bool exports = false;
    if (!text)
        die("cannot read %s", path);
    for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
        char *name = line + strspn(line, " \t");
        if (!strncmp(name, "; ----", 6)) {
            family = name + 6 + strspn(name + 6, " -");
        } else if (!strncmp(name, "EXPORTS", 7)) {
            exports = true;
        } else if (exports && *name && *name != ';' && strncmp(name, "K32mem", 6)) {
            name[strcspn(name, " \t=@;")] = 0;
            functions = realloc(functions, (function_count + 1) * sizeof(*functions));
            functions[function_count++] = (struct covered){ .function = name, .family = family };
        }
    }
}

static int text_order(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Checks of one function with the same inputs on the same page are counted once. */
static unsigned count_distinct(const struct record *record, unsigned *total)
{
    unsigned room = 0, distinct = 0;
    for (unsigned i = 0; i < record->result_count; i++)
        room += record->results[i].check_count;
    char **keys = calloc(room + 1, sizeof(*keys));
    *total = 0;
    for (unsigned i = 0; i < record->result_count; i++) {
        for (unsigned j = 0; j < record->results[i].check_count; j++) {
            const struct check *check = &record->results[i].checks[j];
            if (check->value_count)
                keys[(*total)++] = text_format("%s(%s) %s", check->function, check->inputs, check->page);
        }
    }
    qsort(keys, *total, sizeof(*keys), text_order);
    for (unsigned i = 0; i < *total; i++)
        distinct += !i || strcmp(keys[i], keys[i - 1]);
    return distinct;
}

static void print_undecided(const struct record *record)
{
    bool any = false;
    for (unsigned i = 0; i < record->result_count; i++) {
        for (unsigned j = 0; j < record->results[i].check_count; j++) {
            const struct check *check = &record->results[i].checks[j];
            if (!check->undecided)
                continue;
            printf("%s%s: %s(%s): %s\n", any ? "" : "\nNot decided until a record from real Windows settles it:\n",
                   check->id, check->function, check->inputs, check->undecided);
            any = true;
        }
    }
}

int coverage_main(const char *exports, const char *path, unsigned least)
{
    struct record *record = record_read(path);
    unsigned total, distinct, bare = 0;
    const char *family = "";
    read_exports(exports);
    for (unsigned i = 0; i < record->result_count; i++) {
        for (unsigned j = 0; j < record->results[i].check_count; j++) {
            const struct check *check = &record->results[i].checks[j];
            struct covered *covered = check->value_count ? find(check->function) : NULL;
            if (!covered)
                continue;
            covered->checks++;
            covered->agree += check->verdict == AGREE;
            covered->differ += check->verdict == DIFFER;
            covered->undecided += check->undecided != NULL;
        }
    }
    distinct = count_distinct(record, &total);
    printf("%s\n\n%-42s %7s %7s %7s %9s\n", record_title(record), "function", "checks", "agree", "differ", "undecided");
    for (unsigned i = 0; i < function_count; i++) {
        const struct covered *covered = &functions[i];
        if (strcmp(family, covered->family))
            printf("%s\n", family = covered->family);
        printf("  %-40s %7u %7u %7u %9u%s\n", covered->function, covered->checks, covered->agree, covered->differ,
               covered->undecided, covered->checks ? "" : "   no check");
        bare += !covered->checks;
    }
    print_undecided(record);
    printf("\n%u exported functions, %u without a check; %u checks, %u of them distinct (at least %u wanted)\n",
           function_count, bare, total, distinct, least);
    return bare || distinct < least ? 1 : 0;
}
