/* main.c - the heap bench: rounds of rows over peers. See heapbench.h.
 *
 *   bench-heap [--quick] [--filter TEXT[,TEXT…]] [--peers NAME[,NAME…]] [--rounds N] [--ms N] [--list] [FILE.tsv]
 *
 * --filter keeps the rows whose name contains one of the texts; --ms is the length of one sample.
 */
#include "heapbench_child.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct row *const row_tables[] = { rows_small,  rows_large,  rows_threads, rows_memory,
                                         rows_scale, rows_steps, NULL };

struct options {
    const char *filter, *peers, *tsv;
    int rounds;
    BOOL list;
};

/* Does any of the comma-separated parts satisfy: contained in name, or (exact) equal to it? */
static BOOL list_has(const char *list, const char *name, BOOL exact)
{
    char part[100];
    while (list && *list) {
        size_t length = strcspn(list, ",");
        snprintf(part, sizeof part, "%.*s", (int)length, list);
        if (exact ? !strcmp(part, name) : strstr(name, part) != NULL) return TRUE;
        list += length + (list[length] == ',');
    }
    return FALSE;
}

static BOOL row_wanted(const struct row *row, const struct options *options)
{
    if (options->filter) return list_has(options->filter, row->name, FALSE);
    return full_run || !(row->flags & ROW_FULL);
}

static BOOL peer_has_row(const char *name, const struct row *row)
{
    BOOL mimalloc = !strncmp(name, "mimalloc", 8), private = strstr(name, "/private") != NULL;
    if ((row->flags & ROW_PRIVATE) && !mimalloc && !private) return FALSE;
    if (!strcmp(name, "bare")) return (row->flags & (ROW_SMALL | ROW_THREADS)) == ROW_SMALL;
    return !(mimalloc && (row->flags & ROW_SYSTEM));
}

/* ---- what was measured ---- */
static void about_add(char *about, size_t size, const char *text)
{
    size_t length = strlen(about);
    snprintf(about + length, size - length, "%s", text);
}

static char *about_text(const struct report *report)
{
    static char about[8192];
    char text[4096], path[MAX_PATH];
    const char *(*wine)(void) =
        (void *)(UINT_PTR)GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
    SYSTEM_INFO system;
    SYSTEMTIME time;
    GetSystemInfo(&system);
    GetSystemTime(&time);
    snprintf(text, sizeof text, "heap bench, %s run, median of %d rounds of the best of five samples (%.0f ms together), %04d-%02d-%02d, %lu processors, %s %s\n",
             full_run ? "full" : "quick", report->rounds, sample_ms, time.wYear, time.wMonth, time.wDay,
             (unsigned long)system.dwNumberOfProcessors, wine ? "Wine" : "Windows", wine ? wine() : "");
    about_add(about, sizeof about, text);
    /* The file that the build of the peers leaves beside them: versions and flags. */
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(strrchr(path, '\\') + 1, 20, "mimalloc.txt");
    FILE *file = fopen(path, "rb");
    if (file) {
        size_t length = fread(text, 1, sizeof text - 1, file);
        text[length] = 0;
        about_add(about, sizeof about, text);
        fclose(file);
    }
    return about;
}

/* ---- the run ---- */
static void run_one(struct report *report, int number, int p, struct child *resident)
{
    const struct row *row = row_at(number);
    struct child own = { 0 };
    struct child *child = row->flags & ROW_OWN ? &own : resident;
    double values[VALUES_MAX], megabytes = 0;
    DWORD code = 0;
    if (!child->process && !child_start(child, report->peers[p])) {
        fprintf(stderr, "cannot start a child process: error %lu\n", (unsigned long)GetLastError());
        exit(2);
    }
    int count = child_ask(child, number, values, &megabytes, &code);
    if (child == &own) child_stop(child);
    if (count < 0) {
        struct cell *cell = &report_line(report, row, 0)->cells[p];
        if (count == ASK_TIMEOUT) cell->timeouts++;
        else cell->crashes++;
        cell->code = code;
        fprintf(stderr, "%s: %s %s (exit code %08lx)\n", report->peers[p], row->name,
                count == ASK_TIMEOUT ? "timed out" : "crashed", (unsigned long)code);
        return;
    }
    for (int i = 0; i < count; i++) {
        struct cell *cell = &report_line(report, row, i)->cells[p];
        cell->samples[cell->count++] = values[i];
        if (megabytes > cell->megabytes) cell->megabytes = megabytes;
    }
}

static void run_rounds(struct report *report, const struct options *options)
{
    struct child children[PEERS_MAX] = { { 0 } };
    double start = now_ns();
    for (int round = 0; round < report->rounds; round++) {
        const struct row *row;
        for (int number = 0; (row = row_at(number)) != NULL; number++) {
            if (!row_wanted(row, options) || (row->rounds && round >= row->rounds)) continue;
            fprintf(stderr, "\r[%4.0f s] round %d of %d: %-40s", (now_ns() - start) / 1e9, round + 1, report->rounds,
                    row->name);
            for (int i = 0; i < report->peer_count; i++) {
                int p = (i + round) % report->peer_count; /* no peer is always first */
                if (peer_has_row(report->peers[p], row)) run_one(report, number, p, &children[p]);
            }
        }
        for (int p = 0; p < report->peer_count; p++) child_stop(&children[p]);
    }
    fprintf(stderr, "\r[%4.0f s] %d rounds done%-40s\n", (now_ns() - start) / 1e9, report->rounds, "");
}

static int list_rows(void)
{
    const struct row *row;
    for (int i = 0; (row = row_at(i)) != NULL; i++)
        printf("%-32s %s%s%s\n", row->name, row->flags & ROW_FULL ? "full runs only; " : "",
               row->flags & ROW_SMALL ? "small objects; " : "", row->value_names ? row->value_names : "ns");
    return 0;
}

static const char *option_value(int argc, char **argv, int *i)
{
    if (*i + 1 < argc) return argv[++*i];
    fprintf(stderr, "%s needs a value\n", argv[*i]);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct report report;
    struct options options = { .rounds = 5 };
    if (argc == 5 && !strcmp(argv[1], "--child")) {
        sample_ms = atof(argv[3]);
        full_run = atoi(argv[4]);
        return child_serve(argv[2]);
    }
    full_run = TRUE;
    sample_ms = 40;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) full_run = FALSE, sample_ms = 10;
        else if (!strcmp(argv[i], "--list")) return list_rows();
        else if (!strcmp(argv[i], "--filter")) options.filter = option_value(argc, argv, &i);
        else if (!strcmp(argv[i], "--peers")) options.peers = option_value(argc, argv, &i);
        else if (!strcmp(argv[i], "--rounds")) options.rounds = atoi(option_value(argc, argv, &i));
        else if (!strcmp(argv[i], "--ms")) sample_ms = atof(option_value(argc, argv, &i));
        else if (argv[i][0] != '-') options.tsv = argv[i];
        else {
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    report.rounds = options.rounds < 1 ? 1 : options.rounds > ROUNDS_MAX ? ROUNDS_MAX : options.rounds;
    for (int i = 0; peer_names[i]; i++) {
        const char *why;
        if (options.peers && !list_has(options.peers, peer_names[i], TRUE)) continue;
        if (peer_load(peer_names[i], &why)) report.peers[report.peer_count++] = peer_names[i];
        else fprintf(stderr, "%s is left out: %s\n", peer_names[i], why);
    }
    if (!report.peer_count) return 2;
    report.about = about_text(&report);
    run_rounds(&report, &options);
    report_print(&report);
    if (options.tsv && !report_write_tsv(&report, options.tsv)) {
        fprintf(stderr, "cannot write %s\n", options.tsv);
        return 1;
    }
    return 0;
}
