/* rows_memory.c - resident memory, and the walks over a whole heap. */
#include "heapbench.h"
#include <string.h>

/* ---- one million live blocks of 16 to 512 bytes, every byte written ---- */
enum { MILLION = 1000000 };

/* What a program does while it waits: a little, so that an allocator that gives memory back only while it is being
 * called gets the chance. */
static void wait_a_little(void)
{
    for (int i = 0; i < 10; i++) {
        Sleep(50);
        for (int j = 0; j < 100; j++) block_delete(block_new(64));
    }
}

static int run_resident(const struct row *row, double *values)
{
    char **blocks = pages_new(MILLION * sizeof *blocks);
    uint32_t *sizes = pages_new(MILLION * sizeof *sizes);
    double payload = 0, kept = 0;
    (void)row;
    sizes_even(sizes, MILLION, 16, 512, 37);
    block_delete(block_new(64));
    double before = (double)working_set();
    for (SIZE_T i = 0; i < MILLION; i++) {
        blocks[i] = block_new(sizes[i]);
        memset(blocks[i], (int)i, sizes[i]);
        payload += sizes[i];
        if (i >= MILLION / 10 * 9) kept += sizes[i];
    }
    values[0] = ((double)working_set() - before) / payload;
    for (SIZE_T i = 0; i < MILLION / 10 * 9; i++) block_delete(blocks[i]);
    wait_a_little();
    values[1] = ((double)working_set() - before) / kept;
    for (SIZE_T i = MILLION / 10 * 9; i < MILLION; i++) block_delete(blocks[i]);
    wait_a_little();
    values[2] = ((double)working_set() - before) / (1 << 20);
    pages_delete(blocks);
    pages_delete(sizes);
    return 3;
}

/* ---- churn for long: does memory keep growing? ---- */
static int run_growth(const struct row *row, double *values)
{
    enum { LIVE = 50000, SIZES = 65536 };
    char **blocks = pages_new(LIVE * sizeof *blocks);
    uint32_t *sizes = pages_new(SIZES * sizeof *sizes);
    uint64_t seed = 41;
    (void)row;
    sizes_log(sizes, SIZES, 16, 4096, 43);
    block_delete(block_new(64));
    double before = (double)working_set(), early = 0, limit = now_ns() + (full_run ? 8e9 : 1.5e9);
    for (SIZE_T i = 0; i < LIVE; i++) blocks[i] = block_new(sizes[i % SIZES]);
    SIZE_T done = 0, last = full_run ? 20000000 : 4000000;
    for (; done < last && (done % 1024 || now_ns() < limit); done++) {
        uint32_t number = random_next(&seed);
        SIZE_T size = sizes[random_next(&seed) % SIZES];
        block_delete(blocks[number % LIVE]);
        char *block = blocks[number % LIVE] = block_new(size);
        for (SIZE_T at = 0; at < size; at += 64) ((volatile char *)block)[at] = 1;
        if (done == LIVE) early = (double)working_set() - before;
    }
    if (early == 0) return 0; /* too slow to reach a steady state in the time */
    values[0] = ((double)working_set() - before) / early;
    values[1] = (double)done / 1e6;
    for (SIZE_T i = 0; i < LIVE; i++) block_delete(blocks[i]);
    pages_delete(blocks);
    pages_delete(sizes);
    return 2;
}

/* ---- HeapWalk and HeapValidate of a whole heap, per block; a: blocks of 16 to 512; b: large ones besides ---- */
static SIZE_T walk_once(void)
{
    PROCESS_HEAP_ENTRY entry = { 0 };
    SIZE_T busy = 0;
    if (!peer.walk) return peer.visit();
    if (peer.lock) peer.lock(peer.heap);
    while (peer.walk(peer.heap, &entry)) busy += (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) != 0;
    if (peer.unlock) peer.unlock(peer.heap);
    return busy;
}

static void walks(void *state, SIZE_T n)
{
    SIZE_T *least = state;
    while (n--)
        if (walk_once() < *least) ExitProcess(4); /* a walk that misses blocks must not look fast */
}

static void validations(void *state, SIZE_T n)
{
    (void)state;
    while (n--)
        if (!peer.validate(peer.heap, 0, NULL)) ExitProcess(4);
}

static int run_walk(const struct row *row, double *values)
{
    SIZE_T count = row->a + row->b;
    if (!peer.walk && !peer.visit) return 0;
    void **blocks = pages_new(count * sizeof *blocks);
    uint32_t *sizes = pages_new(count * sizeof *sizes);
    int result = 1;
    sizes_even(sizes, count, 16, 512, 47);
    for (SIZE_T i = 0; i < count; i++) blocks[i] = block_new(i < row->a ? sizes[i] : 1 << 20);
    values[0] = measure(walks, &count) / (double)count;
    if (peer.validate) values[1] = measure(validations, NULL) / (double)count, result = 2;
    for (SIZE_T i = 0; i < count; i++) block_delete(blocks[i]);
    pages_delete(blocks);
    pages_delete(sizes);
    return result;
}

#define WALK_VALUES "walk/block validate/block"
const struct row rows_memory[] = {
    { "whole heap 1e5", ROW_OWN | ROW_UNLIKE, run_walk, 100000, 0, WALK_VALUES, 0, 0 },
    { "whole heap 1e5+200 large", ROW_OWN | ROW_UNLIKE, run_walk, 100000, 200, WALK_VALUES, 0, 0 },
    { "whole heap 1e6", ROW_OWN | ROW_UNLIKE | ROW_FULL, run_walk, 1000000, 0, WALK_VALUES, 0, 0 },
    { "whole heap 1e6+200 large", ROW_OWN | ROW_UNLIKE | ROW_FULL, run_walk, 1000000, 200, WALK_VALUES, 0, 0 },
    { "1e6 blocks", ROW_OWN | ROW_COUNT, run_resident, 0, 0,
      "resident/payload after-oldest-90%/payload MB-after-all", 1, 0 },
    { "long churn", ROW_OWN | ROW_COUNT, run_growth, 0, 0, "growth million-operations", 1, 0 },
    { 0 },
};
