/* heapbench.h - the heap bench: what its files share.
 *
 * GLOSSARY
 *   peer     an allocator under measurement, called through function pointers of the heap API's shape.
 *   row      one workload. It is run in a child process of its peer and gives one or more values.
 *   value    a named number of a row: mostly nanoseconds per operation, for some rows a ratio or a count.
 *   round    every row of every peer once, row by row, the peers in turn; each peer has a fresh child in each round.
 *   own row  a row that needs a process of its own, because it measures the process's memory or leaves much behind.
 *
 * The parent (main.c) starts the children, asks them for rows over a pipe, and takes the median over the rounds. A
 * child that dies costs the row's value of that round and is reported as crashed.
 */
#ifndef HEAPBENCH_H
#define HEAPBENCH_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdint.h>

struct peer {
    const char *name;
    HANDLE heap;
    LPVOID(WINAPI *alloc)(HANDLE, DWORD, SIZE_T);
    BOOL(WINAPI *free)(HANDLE, DWORD, LPVOID);
    LPVOID(WINAPI *realloc)(HANDLE, DWORD, LPVOID, SIZE_T);
    SIZE_T(WINAPI *size)(HANDLE, DWORD, LPCVOID);
    HANDLE(WINAPI *create)(DWORD, SIZE_T, SIZE_T);
    BOOL(WINAPI *destroy)(HANDLE);
    LPVOID(WINAPI *heap_alloc)(HANDLE, DWORD, SIZE_T); /* from a heap that create made */
    /* NULL where the peer has no such thing. */
    BOOL(WINAPI *validate)(HANDLE, DWORD, LPCVOID);
    BOOL(WINAPI *walk)(HANDLE, LPPROCESS_HEAP_ENTRY);
    BOOL(WINAPI *lock)(HANDLE);
    BOOL(WINAPI *unlock)(HANDLE);
    SIZE_T(WINAPI *visit)(void); /* walks the thread's default heap, returns the number of blocks */
    int (WINAPI *version)(void);
};
extern struct peer peer;

extern const char *const peer_names[];
/* Fills peer. FALSE: there is no such peer here (reason in why, if not NULL). */
BOOL peer_load(const char *name, const char **why);

enum { VALUES_MAX = 6 };
enum {
    ROW_OWN = 1,     /* in a child of its own */
    ROW_FULL = 2,    /* not in a quick run */
    ROW_PRIVATE = 4, /* about heaps of one's own: the process-heap peers skip it */
    ROW_COUNT = 8,   /* the values are no times: no geometric means */
    ROW_SCALE = 16,  /* shows how cost grows; no geometric means */
    ROW_SMALL = 32,  /* counted among the small-object rows */
    ROW_SYSTEM = 64, /* only the heap API has it (HeapValidate, HeapLock) */
    ROW_UNLIKE = 128, /* what mimalloc does here is another thing (a visitor instead of HeapWalk): shown, not counted */
    ROW_THREADS = 256 /* allocates in several threads at once */
};
struct row {
    const char *name;
    unsigned flags;
    /* Writes its values and returns how many, 0 if the peer has no such operation. */
    int (*run)(const struct row *row, double *values);
    SIZE_T a, b; /* the workload's sizes and counts, said beside it; c too */
    const char *value_names; /* space-separated, for rows with more than one value; NULL: one value, in ns */
    int rounds;              /* at most so many rounds; 0: all */
    SIZE_T c;
};
extern const struct row *const row_tables[]; /* each ends with a row without a name; NULL ends the list */
extern const struct row rows_small[], rows_large[], rows_threads[], rows_memory[], rows_scale[], rows_steps[];

/* ---- measuring ---- */
extern double sample_ms; /* how long one sample of a measurement should last, in milliseconds */
extern BOOL full_run;

/* Calls work(state, n) with a suitable n, several times; returns the nanoseconds per n of the quickest call, which other
 * programs disturbed least. (The report then takes the median over the rounds.) */
double measure(void (*work)(void *state, SIZE_T n), void *state);
/* Calls work for n altogether, or for as long as ten rows take, beforehand: what is touched for the first time, and the order
 * in which blocks were first had, are then behind. */
void settle(void (*work)(void *state, SIZE_T n), void *state, SIZE_T n);
double now_ns(void);
SIZE_T working_set(void);

/* ---- the floor: see bare.c ---- */
LPVOID WINAPI bare_alloc(HANDLE heap, DWORD flags, SIZE_T size);
BOOL WINAPI bare_free(HANDLE heap, DWORD flags, LPVOID p);

/* ---- helpers for rows ---- */
void *pages_new(SIZE_T bytes); /* zeroed and touched; from VirtualAlloc, so that no peer's heap is used */
void pages_delete(void *pages);
void *block_new(SIZE_T size); /* of peer.heap; ends the process when there is none */
static inline void block_delete(void *block) { peer.free(peer.heap, 0, block); }

static inline uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}
/* Fills sizes with count sizes between low and high, spread evenly over their logarithm. */
void sizes_log(uint32_t *sizes, SIZE_T count, uint32_t low, uint32_t high, uint64_t seed);
/* The same, spread evenly. */
void sizes_even(uint32_t *sizes, SIZE_T count, uint32_t low, uint32_t high, uint64_t seed);

#endif
