/* rows_small.c - small objects on one thread: pairs, batches, churn (of large ones too). An operation is one allocation and
 * one free. */
#include "heapbench.h"

/* ---- pairs of one size ---- */
static void pairs(void *state, SIZE_T n)
{
    SIZE_T size = *(SIZE_T *)state;
    while (n--) {
        void *block = peer.alloc(peer.heap, 0, size);
        *(volatile char *)block = 1;
        peer.free(peer.heap, 0, block);
    }
}

static int run_pairs(const struct row *row, double *values)
{
    SIZE_T size = row->a;
    values[0] = measure(pairs, &size);
    return 1;
}

/* The same among 5,000 live blocks of 16 B to 1 KB with as many holes between them. */
static int run_pairs_background(const struct row *row, double *values)
{
    enum { COUNT = 10000 };
    void **blocks = pages_new(COUNT * sizeof *blocks);
    uint32_t *sizes = pages_new(COUNT * sizeof *sizes);
    uint64_t seed = 7;
    SIZE_T size = row->a;
    sizes_log(sizes, COUNT, 16, 1024, 11);
    for (SIZE_T i = 0; i < COUNT; i++) blocks[i] = block_new(sizes[i]);
    for (SIZE_T i = 0; i < COUNT; i++)
        if (random_next(&seed) & 1) block_delete(blocks[i]), blocks[i] = NULL;
    values[0] = measure(pairs, &size);
    for (SIZE_T i = 0; i < COUNT; i++)
        if (blocks[i]) block_delete(blocks[i]);
    pages_delete(blocks);
    pages_delete(sizes);
    return 1;
}

/* ---- batches: count blocks allocated, then freed in a given order ---- */
enum { LIFO, FIFO, SHUFFLED };
struct batch {
    SIZE_T count;
    void **blocks;
    uint32_t *sizes, *order;
};

static void batches(void *state, SIZE_T n)
{
    struct batch *batch = state;
    while (n--) {
        for (SIZE_T i = 0; i < batch->count; i++) {
            void *block = peer.alloc(peer.heap, 0, batch->sizes[i]);
            *(volatile char *)block = 1;
            batch->blocks[i] = block;
        }
        for (SIZE_T i = 0; i < batch->count; i++) peer.free(peer.heap, 0, batch->blocks[batch->order[i]]);
    }
}

/* a: the order; b: bytes of each block, or 0 for a mix of 16 to 512. */
static int run_batches(const struct row *row, double *values)
{
    struct batch batch = { .count = row->b ? 1000 : 10000 };
    batch.blocks = pages_new(batch.count * sizeof *batch.blocks);
    batch.sizes = pages_new(batch.count * sizeof *batch.sizes);
    batch.order = pages_new(batch.count * sizeof *batch.order);
    if (row->b) sizes_even(batch.sizes, batch.count, (uint32_t)row->b, (uint32_t)row->b, 1);
    else sizes_even(batch.sizes, batch.count, 16, 512, 3);
    for (SIZE_T i = 0; i < batch.count; i++) batch.order[i] = (uint32_t)(row->a == LIFO ? batch.count - 1 - i : i);
    uint64_t seed = 5;
    for (SIZE_T i = batch.count - 1; row->a == SHUFFLED && i; i--) {
        SIZE_T other = random_next(&seed) % (i + 1);
        uint32_t kept = batch.order[i];
        batch.order[i] = batch.order[other];
        batch.order[other] = kept;
    }
    values[0] = measure(batches, &batch) / (double)batch.count;
    pages_delete(batch.blocks);
    pages_delete(batch.sizes);
    pages_delete(batch.order);
    return 1;
}

/* ---- churn: a random live block is replaced by one of another size ---- */
enum { SIZES = 4096 };
struct churn {
    void **blocks;
    uint32_t count, next_size;
    uint64_t seed;
    uint32_t sizes[SIZES];
};

static void churn(void *state, SIZE_T n)
{
    struct churn *c = state;
    while (n--) {
        void **slot = &c->blocks[random_next(&c->seed) % c->count];
        peer.free(peer.heap, 0, *slot);
        *slot = peer.alloc(peer.heap, 0, c->sizes[c->next_size++ % SIZES]);
        **(volatile char **)slot = 1;
    }
}

/* The same, every page of the block written. */
static void churn_touched(void *state, SIZE_T n)
{
    struct churn *c = state;
    while (n--) {
        void **slot = &c->blocks[random_next(&c->seed) % c->count];
        uint32_t size = c->sizes[c->next_size++ % SIZES];
        peer.free(peer.heap, 0, *slot);
        *slot = peer.alloc(peer.heap, 0, size);
        for (uint32_t at = 0; at < size; at += 4096) ((volatile char *)*slot)[at] = 1;
    }
}

typedef void (*sizes_fn)(uint32_t *sizes, SIZE_T count, uint32_t low, uint32_t high, uint64_t seed);
typedef void (*work_fn)(void *state, SIZE_T n);

/* a: the largest size; b: the number of live blocks; c: the smallest size, 16 if 0. */
static int run_churn_of(const struct row *row, sizes_fn sizes, work_fn work, double *values)
{
    struct churn *c = pages_new(sizeof *c);
    c->count = (uint32_t)row->b;
    c->seed = 9;
    c->blocks = pages_new(c->count * sizeof *c->blocks);
    sizes(c->sizes, SIZES, row->c ? (uint32_t)row->c : 16, (uint32_t)row->a, 13);
    for (uint32_t i = 0; i < c->count; i++) c->blocks[i] = block_new(c->sizes[c->next_size++ % SIZES]);
    settle(work, c, 10 * c->count);
    values[0] = measure(work, c);
    for (uint32_t i = 0; i < c->count; i++) block_delete(c->blocks[i]);
    pages_delete(c->blocks);
    pages_delete(c);
    return 1;
}

/* All sizes equally often: most bytes and most blocks are in the upper half, and no two sizes come in a row. */
static int run_churn(const struct row *row, double *values) { return run_churn_of(row, sizes_even, churn, values); }
static int run_churn_touched(const struct row *row, double *values)
{
    return run_churn_of(row, sizes_even, churn_touched, values);
}
/* Small sizes more often, as programs have them. */
static int run_churn_log(const struct row *row, double *values) { return run_churn_of(row, sizes_log, churn, values); }

#define PAIRS(size) { "pair " #size, ROW_SMALL, run_pairs, size, 0, 0, 0, 0 }
#define PAIRS_BACKGROUND(size) { "pair+background " #size, ROW_SMALL, run_pairs_background, size, 0, 0, 0, 0 }
const struct row rows_small[] = {
    PAIRS(16), PAIRS(32), PAIRS(64), PAIRS(128), PAIRS(256), PAIRS(512), PAIRS(1024), PAIRS(2048), PAIRS(4096),
    PAIRS_BACKGROUND(16), PAIRS_BACKGROUND(64), PAIRS_BACKGROUND(256), PAIRS_BACKGROUND(1024), PAIRS_BACKGROUND(4096),
    { "batch lifo 64", ROW_SMALL, run_batches, LIFO, 64, 0, 0, 0 },
    { "batch fifo 64", ROW_SMALL, run_batches, FIFO, 64, 0, 0, 0 },
    { "batch random 64", ROW_SMALL, run_batches, SHUFFLED, 64, 0, 0, 0 },
    { "batch lifo 16-512", ROW_SMALL, run_batches, LIFO, 0, 0, 0, 0 },
    { "batch fifo 16-512", ROW_SMALL, run_batches, FIFO, 0, 0, 0, 0 },
    { "batch random 16-512", ROW_SMALL, run_batches, SHUFFLED, 0, 0, 0, 0 },
    { "churn to 512", ROW_SMALL, run_churn, 512, 10000, 0, 0, 0 },
    { "churn to 4K", ROW_SMALL, run_churn, 4096, 10000, 0, 0, 0 },
    { "churn log to 512", ROW_SMALL, run_churn_log, 512, 10000, 0, 0, 0 },
    { "churn log to 4K", ROW_SMALL, run_churn_log, 4096, 10000, 0, 0, 0 },
    { "mix to 64K", 0, run_churn, 65536, 1000, 0, 0, 0 },
    { "mix log to 64K", 0, run_churn_log, 65536, 1000, 0, 0, 0 },
    { "churn 64K-1M", 0, run_churn, 1 << 20, 100, 0, 0, 65537 },
    { "churn 64K-1M touched", 0, run_churn_touched, 1 << 20, 100, 0, 0, 65537 },
    { 0 },
};
