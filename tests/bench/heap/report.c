/* report.c - medians, ratios, geometric means, and which bars are met. */
#include "report.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line *report_line(struct report *report, const struct row *row, int value)
{
    char name[sizeof report->lines[0].name], part[40] = "";
    const char *at = row->value_names;
    for (int i = 0; at && i < value; i++) at = strchr(at, ' ') ? strchr(at, ' ') + 1 : "";
    if (at) snprintf(part, sizeof part, ": %.*s", (int)strcspn(at, " "), at);
    snprintf(name, sizeof name, "%s%s", row->name, part);
    for (int i = 0; i < report->line_count; i++)
        if (!strcmp(report->lines[i].name, name)) return &report->lines[i];
    if (report->line_count == LINES_MAX) abort();
    struct line *line = &report->lines[report->line_count++];
    memcpy(line->name, name, sizeof name);
    line->row = row;
    line->time = !(row->flags & ROW_COUNT);
    return line;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    double sorted[ROUNDS_MAX];
    if (!count) return 0;
    memcpy(sorted, values, sizeof(double) * (size_t)count);
    qsort(sorted, (size_t)count, sizeof(double), compare_doubles);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

double cell_median(const struct cell *cell) { return median(cell->samples, cell->count); }

static int peer_index(const struct report *report, const char *name)
{
    for (int i = 0; i < report->peer_count; i++)
        if (!strcmp(report->peers[i], name)) return i;
    return -1;
}

/* ours against other on a line; 0 when either has no value. The median of the rounds' ratios: within a round the peers are
 * measured a moment apart, while a machine that others use too may be half as fast in the next one. */
static double ratio(const struct line *line, int ours, int other)
{
    if (ours < 0 || other < 0) return 0;
    const struct cell *x = &line->cells[ours], *y = &line->cells[other];
    double ratios[ROUNDS_MAX];
    if (cell_median(x) <= 0 || cell_median(y) <= 0) return 0;
    if (x->count != y->count) return cell_median(x) / cell_median(y); /* one of them crashed */
    for (int i = 0; i < x->count; i++) ratios[i] = x->samples[i] / y->samples[i];
    return median(ratios, x->count);
}

/* Which of our peers is held against which: like against like, and both against mimalloc. */
static const struct {
    const char *ours, *other, *title;
} comparisons[] = {
    { "k32mem", "kernel32", "/k32" },
    { "k32mem", "mimalloc", "/mi" },
    { "k32mem", "mimalloc/secure", "/sec" },
    { "bare", "kernel32", "b/k32" },
    { "k32mem/private", "kernel32/private", "p/k32p" },
    { "k32mem/private", "mimalloc", "p/mi" },
    { "k32mem/private", "mimalloc/secure", "p/sec" },
};
enum { COMPARISONS = sizeof comparisons / sizeof comparisons[0] };

static void print_number(double value, int width)
{
    if (value >= 1e6) printf("%*.3g", width, value);
    else if (value >= 100) printf("%*.0f", width, value);
    else if (value >= 10) printf("%*.1f", width, value);
    else printf("%*.2f", width, value);
}

static void print_table(const struct report *report)
{
    printf("%-38s", "row (ns per operation, or a number)");
    for (int p = 0; p < report->peer_count; p++) printf(" %16s", report->peers[p]);
    for (int c = 0; c < COMPARISONS; c++)
        if (peer_index(report, comparisons[c].ours) >= 0 && peer_index(report, comparisons[c].other) >= 0)
            printf(" %7s", comparisons[c].title);
    printf("\n");
    for (int i = 0; i < report->line_count; i++) {
        const struct line *line = &report->lines[i];
        printf("%-38s", line->name);
        for (int p = 0; p < report->peer_count; p++) {
            const struct cell *cell = &line->cells[p];
            if (cell->crashes) printf("  CRASHED %08lx", (unsigned long)cell->code);
            else if (cell->timeouts) printf(" %16s", "TIMED OUT");
            else if (!cell->count) printf(" %16s", "-");
            else printf(" "), print_number(cell_median(cell), 16);
        }
        for (int c = 0; c < COMPARISONS; c++) {
            int ours = peer_index(report, comparisons[c].ours), other = peer_index(report, comparisons[c].other);
            double value = ratio(line, ours, other);
            if (ours < 0 || other < 0) continue;
            if (value > 0) printf(" %7.3f", value);
            else printf(" %7s", "-");
        }
        printf("\n");
    }
}

struct mean {
    double geometric, worst;
    const char *worst_line;
    int lines, crashed;
};

/* Over the time lines of one kind: flags must be in the row's, ROW_SCALE must not. */
static struct mean mean_of(const struct report *report, const char *ours_name, const char *other_name, unsigned flags)
{
    struct mean mean = { 0, 0, "", 0, 0 };
    int ours = peer_index(report, ours_name), other = peer_index(report, other_name);
    double sum = 0;
    for (int i = 0; i < report->line_count; i++) {
        const struct line *line = &report->lines[i];
        double value = ratio(line, ours, other);
        if ((line->row->flags & ROW_UNLIKE) && !strncmp(other_name, "mimalloc", 8)) continue;
        if (!line->time || (line->row->flags & ROW_SCALE) || (line->row->flags & flags) != flags) continue;
        if (ours >= 0) mean.crashed += line->cells[ours].crashes + line->cells[ours].timeouts > 0;
        if (value <= 0) continue;
        sum += log(value);
        mean.lines++;
        if (value > mean.worst) mean.worst = value, mean.worst_line = line->name;
    }
    mean.geometric = mean.lines ? exp(sum / mean.lines) : 0;
    return mean;
}

static void bar(BOOL met, const char *text) { printf("  %-6s %s\n", met ? "met" : "MISSED", text); }

static const struct line *line_named(const struct report *report, const char *name)
{
    for (int i = 0; i < report->line_count; i++)
        if (!strcmp(report->lines[i].name, name)) return &report->lines[i];
    return NULL;
}

static void print_bars_of(const struct report *report, const char *ours, const char *system)
{
    char text[300];
    int index = peer_index(report, ours);
    if (index < 0) return;
    struct mean all = mean_of(report, ours, system, 0), small = mean_of(report, ours, system, ROW_SMALL);
    if (all.lines) {
        snprintf(text, sizeof text, "%s: no row slower than %s (worst %.2f, %s; %d crashed)", ours, system, all.worst,
                 all.worst_line, all.crashed);
        bar(all.worst <= 1 && !all.crashed, text);
    }
    if (small.lines) {
        snprintf(text, sizeof text, "%s: small rows at least 12 times faster than %s (%.1f times)", ours, system,
                 1 / small.geometric);
        bar(small.geometric <= 1 / 12.0, text);
    }
    const struct {
        const char *name;
        double mean, worst;
    } limits[] = { { "mimalloc", 0.70, 1.20 }, { "mimalloc/secure", 0.45, 0 } };
    for (int i = 0; i < 2; i++) {
        struct mean mean = mean_of(report, ours, limits[i].name, 0);
        if (!mean.lines) continue;
        snprintf(text, sizeof text, "%s: geometric mean against %s at most %.2f (%.3f over %d rows)", ours,
                 limits[i].name, limits[i].mean, mean.geometric, mean.lines);
        bar(mean.geometric <= limits[i].mean, text);
        if (limits[i].worst == 0) continue;
        snprintf(text, sizeof text, "%s: no row above %.2f of %s (worst %.2f, %s)", ours, limits[i].worst,
                 limits[i].name, mean.worst, mean.worst_line);
        bar(mean.worst <= limits[i].worst, text);
    }
    const struct line *pair = line_named(report, "instructions 64: pair");
    const struct line *locked = line_named(report, "instructions 64: locked");
    if (pair && locked && pair->cells[index].count) {
        double count = cell_median(&pair->cells[index]), locks = cell_median(&locked->cells[index]);
        snprintf(text, sizeof text, "%s: pair of 64 B at most 60 instructions and none locked (%.0f, %.0f locked)", ours,
                 count, locks);
        bar(count <= 60 && locks == 0, text);
    }
    const struct line *one = line_named(report, "larson 1 thread"), *two = line_named(report, "larson 2 threads");
    if (one && two && one->cells[index].count && two->cells[index].count) {
        double gain = cell_median(&one->cells[index]) / cell_median(&two->cells[index]);
        snprintf(text, sizeof text, "%s: larson, two threads at least 1.5 times one thread's throughput (%.2f)", ours,
                 gain);
        bar(gain >= 1.5, text);
    }
}

static void print_means(const struct report *report)
{
    printf("\nGeometric means of time (below 1: faster), over the rows that both have, growth rows left out\n");
    for (int c = 0; c < COMPARISONS; c++) {
        struct mean all = mean_of(report, comparisons[c].ours, comparisons[c].other, 0);
        struct mean small = mean_of(report, comparisons[c].ours, comparisons[c].other, ROW_SMALL);
        if (!all.lines) continue;
        printf("  %-15s against %-17s %.3f over %d rows; small objects %.4f (%.1f times faster) over %d; worst %.2f (%s)\n",
               comparisons[c].ours, comparisons[c].other, all.geometric, all.lines, small.geometric,
               small.geometric > 0 ? 1 / small.geometric : 0, small.lines, all.worst, all.worst_line);
    }
}

void report_print(const struct report *report)
{
    printf("%s\nRatios are medians of the rounds' ratios.\n", report->about);
    print_table(report);
    print_means(report);
    printf("\nBars\n");
    print_bars_of(report, "k32mem", "kernel32");
    print_bars_of(report, "k32mem/private", "kernel32/private");
    fflush(stdout);
}

BOOL report_write_tsv(const struct report *report, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file) return FALSE;
    for (const char *at = report->about; *at;) {
        int length = (int)strcspn(at, "\n");
        fprintf(file, "# %.*s\n", length, at);
        at += length + (at[length] == '\n');
    }
    fprintf(file, "row\tpeer\tunit\tmedian\tlowest\thighest\trounds\tworking_set_mb\toutcome\n");
    for (int i = 0; i < report->line_count; i++)
        for (int p = 0; p < report->peer_count; p++) {
            const struct line *line = &report->lines[i];
            const struct cell *cell = &line->cells[p];
            double low = cell->count ? cell->samples[0] : 0, high = low;
            for (int s = 1; s < cell->count; s++) {
                if (cell->samples[s] < low) low = cell->samples[s];
                if (cell->samples[s] > high) high = cell->samples[s];
            }
            const char *outcome = cell->crashes ? "crashed" : cell->timeouts ? "timeout" : cell->count ? "ok" : "none";
            fprintf(file, "%s\t%s\t%s\t%.6g\t%.6g\t%.6g\t%d\t%.1f\t%s\n", line->name, report->peers[p],
                    line->time ? "ns" : "number", cell_median(cell), low, high, cell->count, cell->megabytes, outcome);
        }
    return fclose(file) == 0;
}
