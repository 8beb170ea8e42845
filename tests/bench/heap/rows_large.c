/* rows_large.c - large blocks, growth, and the rest of the API on one thread. */
#include "heapbench.h"

/* ---- pairs of large blocks; b: every page is written ---- */
static void big_pairs(void *state, SIZE_T n)
{
    const struct row *row = state;
    while (n--) {
        volatile char *block = peer.alloc(peer.heap, 0, row->a);
        if (row->b)
            for (SIZE_T i = 0; i < row->a; i += 4096) block[i] = 1;
        else block[0] = 1;
        peer.free(peer.heap, 0, (void *)block);
    }
}

static int run_big(const struct row *row, double *values)
{
    struct row copy = *row;
    values[0] = measure(big_pairs, &copy);
    return 1;
}

/* ---- growth by half from a bytes to b, the new part's first and last byte written; per reallocation ---- */
static void growth(void *state, SIZE_T n)
{
    const struct row *row = state;
    while (n--) {
        SIZE_T size = row->a, old = 0;
        char *block = NULL;
        while (size <= row->b) {
            block = old ? peer.realloc(peer.heap, 0, block, size) : peer.alloc(peer.heap, 0, size);
            ((volatile char *)block)[old] = 1;
            ((volatile char *)block)[size - 1] = 1;
            old = size;
            size += size / 2;
        }
        peer.free(peer.heap, 0, block);
    }
}

/* The same, every page of the new part written, as by a program that fills a growing array. */
static void growth_filled(void *state, SIZE_T n)
{
    const struct row *row = state;
    while (n--) {
        SIZE_T size = row->a, old = 0;
        char *block = NULL;
        while (size <= row->b) {
            block = old ? peer.realloc(peer.heap, 0, block, size) : peer.alloc(peer.heap, 0, size);
            for (SIZE_T i = old; i < size; i += 4096) ((volatile char *)block)[i] = 1;
            old = size;
            size += size / 2;
        }
        peer.free(peer.heap, 0, block);
    }
}

static int run_growth_with(const struct row *row, double *values, void (*work)(void *, SIZE_T))
{
    struct row copy = *row;
    int steps = 0;
    for (SIZE_T size = row->a; size <= row->b; size += size / 2) steps++;
    values[0] = measure(work, &copy) / steps;
    return 1;
}
static int run_growth(const struct row *row, double *values) { return run_growth_with(row, values, growth); }
static int run_growth_filled(const struct row *row, double *values)
{
    return run_growth_with(row, values, growth_filled);
}

/* ---- growth to b bytes by a at a time, as of a string that characters are added to; per reallocation ---- */
static void growth_by(void *state, SIZE_T n)
{
    const struct row *row = state;
    while (n--) {
        char *block = peer.alloc(peer.heap, 0, row->a);
        for (SIZE_T size = 2 * row->a; size <= row->b; size += row->a) {
            block = peer.realloc(peer.heap, 0, block, size);
            ((volatile char *)block)[size - 1] = 1;
        }
        peer.free(peer.heap, 0, block);
    }
}
static int run_growth_by(const struct row *row, double *values)
{
    struct row copy = *row;
    values[0] = measure(growth_by, &copy) / (double)(row->b / row->a);
    return 1;
}

/* ---- HeapSize, HeapValidate of one block ---- */
enum { BLOCKS = 1000 };
struct population {
    void *blocks[BLOCKS];
    uint32_t sizes[BLOCKS];
};

static void ask_sizes(void *state, SIZE_T n)
{
    struct population *p = state;
    volatile SIZE_T sum = 0;
    while (n--)
        for (SIZE_T i = 0; i < BLOCKS; i++) sum += peer.size(peer.heap, 0, p->blocks[i]);
}

static void ask_valid(void *state, SIZE_T n)
{
    struct population *p = state;
    volatile SIZE_T sum = 0;
    while (n--)
        for (SIZE_T i = 0; i < BLOCKS; i++) sum += (SIZE_T)peer.validate(peer.heap, 0, p->blocks[i]);
}

static int run_questions(double *values, void (*work)(void *, SIZE_T))
{
    struct population *p = pages_new(sizeof *p);
    sizes_log(p->sizes, BLOCKS, 16, 16384, 21);
    for (SIZE_T i = 0; i < BLOCKS; i++) p->blocks[i] = block_new(p->sizes[i]);
    values[0] = measure(work, p) / BLOCKS;
    for (SIZE_T i = 0; i < BLOCKS; i++) block_delete(p->blocks[i]);
    pages_delete(p);
    return 1;
}
static int run_size(const struct row *row, double *values) { return (void)row, run_questions(values, ask_sizes); }
static int run_valid(const struct row *row, double *values)
{
    (void)row;
    return peer.validate ? run_questions(values, ask_valid) : 0;
}

/* ---- zeroed pairs ---- */
static void zeroed(void *state, SIZE_T n)
{
    SIZE_T size = *(SIZE_T *)state;
    while (n--) {
        void *block = peer.alloc(peer.heap, HEAP_ZERO_MEMORY, size);
        *(volatile char *)block = 1;
        peer.free(peer.heap, 0, block);
    }
}
static int run_zeroed(const struct row *row, double *values)
{
    SIZE_T size = row->a;
    values[0] = measure(zeroed, &size);
    return 1;
}

/* ---- a heap's whole life ---- */
static void heap_lives(void *state, SIZE_T n)
{
    const uint32_t *sizes = state;
    while (n--) {
        HANDLE heap = peer.create(0, 0, 0);
        for (int i = 0; i < 64; i++) *(volatile char *)peer.heap_alloc(heap, 0, sizes[i]) = 1;
        peer.destroy(heap);
    }
}
static int run_heap_lives(const struct row *row, double *values)
{
    uint32_t sizes[64];
    (void)row;
    sizes_log(sizes, 64, 16, 1024, 17);
    values[0] = measure(heap_lives, sizes);
    return 1;
}

static void locks(void *state, SIZE_T n)
{
    (void)state;
    while (n--) peer.lock(peer.heap), peer.unlock(peer.heap);
}
static int run_lock(const struct row *row, double *values)
{
    (void)row;
    if (!peer.lock || !peer.unlock) return 0;
    values[0] = measure(locks, NULL);
    return 1;
}

const struct row rows_large[] = {
    { "block 64K", 0, run_big, 64 << 10, 0, 0, 0, 0 },
    { "block 64K touched", 0, run_big, 64 << 10, 1, 0, 0, 0 },
    { "block 256K", 0, run_big, 256 << 10, 0, 0, 0, 0 },
    { "block 256K touched", 0, run_big, 256 << 10, 1, 0, 0, 0 },
    { "block 1M", 0, run_big, 1 << 20, 0, 0, 0, 0 },
    { "block 1M touched", 0, run_big, 1 << 20, 1, 0, 0, 0 },
    { "block 4M", 0, run_big, 4 << 20, 0, 0, 0, 0 },
    { "block 4M touched", 0, run_big, 4 << 20, 1, 0, 0, 0 },
    { "realloc 16-1M", 0, run_growth, 16, 1 << 20, 0, 0, 0 },
    { "realloc 1M-64M", 0, run_growth, 1 << 20, 64 << 20, 0, 0, 0 },
    { "realloc 1M-64M filled", 0, run_growth_filled, 1 << 20, 64 << 20, 0, 0, 0 },
    { "realloc to 4K by 16", 0, run_growth_by, 16, 4096, 0, 0, 0 },
    { "realloc to 256K by 1K", 0, run_growth_by, 1024, 256 << 10, 0, 0, 0 },
    { "size", 0, run_size, 0, 0, 0, 0, 0 },
    { "zeroed 64", ROW_SMALL, run_zeroed, 64, 0, 0, 0, 0 },
    { "zeroed 1K", ROW_SMALL, run_zeroed, 1024, 0, 0, 0, 0 },
    { "zeroed 16K", 0, run_zeroed, 16 << 10, 0, 0, 0, 0 },
    { "zeroed 256K", 0, run_zeroed, 256 << 10, 0, 0, 0, 0 },
    { "zeroed 1M", 0, run_zeroed, 1 << 20, 0, 0, 0, 0 },
    { "heap create+64+destroy", 0, run_heap_lives, 0, 0, 0, 0, 0 },
    { "validate one block", ROW_SYSTEM, run_valid, 0, 0, 0, 0, 0 },
    { "lock+unlock", ROW_SYSTEM, run_lock, 0, 0, 0, 0, 0 },
    { 0 },
};
