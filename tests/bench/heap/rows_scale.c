/* rows_scale.c - how the cost of an operation grows with the number of live blocks and of heaps. */
#include "heapbench.h"

enum { SIZES = 4096 };
struct scale {
    void **blocks;
    HANDLE *heaps;
    SIZE_T count, heap_count;
    uint64_t seed;
    uint32_t sizes[SIZES];
};

static void replace_random(void *state, SIZE_T n)
{
    struct scale *s = state;
    while (n--) {
        SIZE_T at = (((SIZE_T)random_next(&s->seed) << 16) ^ random_next(&s->seed)) % s->count;
        HANDLE heap = s->heap_count ? s->heaps[at % s->heap_count] : peer.heap;
        peer.free(heap, 0, s->blocks[at]);
        SIZE_T size = s->sizes[random_next(&s->seed) % SIZES];
        s->blocks[at] = s->heap_count ? peer.heap_alloc(heap, 0, size) : peer.alloc(heap, 0, size);
        *(volatile char *)s->blocks[at] = 1;
    }
}

/* a: live blocks (16 to 512 bytes; ten million: 16 to 64); b: heaps of one's own that share them, or 0. */
static int run_scale(const struct row *row, double *values)
{
    struct scale *s = pages_new(sizeof *s);
    s->count = row->a;
    s->heap_count = row->b;
    s->seed = 53;
    s->blocks = pages_new(s->count * sizeof *s->blocks);
    s->heaps = pages_new(4096);
    sizes_even(s->sizes, SIZES, 16, row->a > 1000000 ? 64 : 512, 59);
    for (SIZE_T i = 0; i < s->heap_count; i++) s->heaps[i] = peer.create(0, 0, 0);
    for (SIZE_T i = 0; i < s->count; i++) {
        SIZE_T size = s->sizes[i % SIZES];
        s->blocks[i] = s->heap_count ? peer.heap_alloc(s->heaps[i % s->heap_count], 0, size)
                                     : peer.alloc(peer.heap, 0, size);
        if (!s->blocks[i]) ExitProcess(3);
        *(volatile char *)s->blocks[i] = 1;
    }
    settle(replace_random, s, 10 * s->count);
    values[0] = measure(replace_random, s);
    for (SIZE_T i = 0; i < s->heap_count; i++) peer.destroy(s->heaps[i]);
    return 1; /* the process ends: the rest need not be freed one by one */
}

#define LIVE(name, count, flags, rounds) { "live " name, ROW_OWN | ROW_SCALE | (flags), run_scale, count, 0, 0, rounds, 0 }
#define HEAPS(name, count) \
    { "heaps " name, ROW_OWN | ROW_SCALE | ROW_PRIVATE, run_scale, 64000, count, 0, 0, 0 }
const struct row rows_scale[] = {
    LIVE("1e3", 1000, 0, 0),
    LIVE("1e4", 10000, ROW_FULL, 0),
    LIVE("1e5", 100000, 0, 0),
    LIVE("1e6", 1000000, ROW_FULL, 3),
    LIVE("1e7", 10000000, ROW_FULL, 1),
    HEAPS("1", 1),
    HEAPS("8", 8),
    HEAPS("64", 64),
    { 0 },
};
