/* report.h - the results of a run and how they are printed. */
#ifndef REPORT_H
#define REPORT_H
#include "heapbench.h"

enum { PEERS_MAX = 8, ROUNDS_MAX = 25, LINES_MAX = 160 };

/* One value of one row, of every peer and round. */
struct line {
    const struct row *row;
    char name[80];
    BOOL time; /* nanoseconds, else a plain number */
    struct cell {
        double samples[ROUNDS_MAX];
        double megabytes; /* the largest working set seen right after the row */
        int count, crashes, timeouts;
        DWORD code; /* exit code of the last crash */
    } cells[PEERS_MAX];
};
struct report {
    struct line lines[LINES_MAX];
    int line_count, peer_count, rounds;
    const char *peers[PEERS_MAX];
    const char *about; /* versions and flags, lines of text */
};
/* The line of the row's value number `value`, made when it is not there yet. */
struct line *report_line(struct report *report, const struct row *row, int value);
double cell_median(const struct cell *cell); /* 0: no sample */

void report_print(const struct report *report);
BOOL report_write_tsv(const struct report *report, const char *path);
#endif
