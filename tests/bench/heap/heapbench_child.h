/* heapbench_child.h - a child process that runs rows of one peer, as its parent sees it. */
#ifndef HEAPBENCH_CHILD_H
#define HEAPBENCH_CHILD_H
#include "heapbench.h"

struct child {
    HANDLE process, to, from;
};
enum { ASK_CRASHED = -1, ASK_TIMEOUT = -2 };

/* Runs this program as a child for peer_name. */
BOOL child_start(struct child *child, const char *peer_name);
/* Has the child run row number `row` of the list; returns how many values it gave, or ASK_*, and then the child is
 * gone and *code is its exit code. */
int child_ask(struct child *child, int row, double *values, double *megabytes, DWORD *code);
void child_stop(struct child *child);
/* In the child: answers the parent until it closes the pipe. */
int child_serve(const char *peer_name);

/* The rows of all tables in order. */
const struct row *row_at(int number);
#endif
