/* rows_threads.c - several threads. Times are wall time over all operations of all threads. */
#include "heapbench.h"

static volatile LONG stopping;
static HANDLE all_done;
static volatile LONG running;
static volatile LONG64 operations;

static void thread_start(LPTHREAD_START_ROUTINE routine, void *context)
{
    HANDLE thread = CreateThread(NULL, 0, routine, context, 0, NULL);
    if (!thread) ExitProcess(3);
    CloseHandle(thread);
}

static void thread_finished(void)
{
    if (!InterlockedDecrement(&running)) SetEvent(all_done);
}

/* Starts count threads, lets them work for the sample time, returns nanoseconds per operation. */
static double run_threads(LPTHREAD_START_ROUTINE routine, void *contexts, SIZE_T context_bytes, LONG count)
{
    all_done = CreateEventA(NULL, TRUE, FALSE, NULL);
    stopping = 0;
    operations = 0;
    running = count;
    double start = now_ns();
    for (LONG i = 0; i < count; i++) thread_start(routine, (char *)contexts + (SIZE_T)i * context_bytes);
    Sleep((DWORD)(sample_ms * 4) + 1);
    stopping = 1;
    WaitForSingleObject(all_done, INFINITE);
    double spent = now_ns() - start;
    CloseHandle(all_done);
    return spent / (double)operations;
}

/* ---- larson: a thread replaces random blocks, then hands its blocks to a new thread and ends. Sizes, slots and the length
 * of a life (100 rounds) are those that the program is commonly called with: larson 5 8 1000 5000 100. ---- */
enum { SLOTS = 5000, LIFE = 100 * SLOTS, SIZES = 4096 };
struct worker {
    void *blocks[SLOTS];
    uint64_t seed;
    uint32_t slots, life; /* life 0: never hands over */
};
static uint32_t thread_sizes[SIZES];

static DWORD WINAPI worker_run(void *context)
{
    struct worker *w = context;
    uint64_t seed = w->seed;
    uint32_t done = 0, slots = w->slots;
    while (!stopping && (!w->life || done < w->life)) {
        for (int i = 0; i < 250; i++) {
            uint32_t number = random_next(&seed);
            void **slot = &w->blocks[number % slots];
            if (*slot) peer.free(peer.heap, 0, *slot);
            *slot = peer.alloc(peer.heap, 0, thread_sizes[(number >> 10) % SIZES]);
            **(volatile char **)slot = 1;
        }
        done += 250;
    }
    w->seed = seed;
    InterlockedExchangeAdd64(&operations, done);
    if (!stopping && w->life) thread_start(worker_run, w);
    else thread_finished();
    return 0;
}

static double workers_run(LONG threads, uint32_t slots, uint32_t life)
{
    struct worker *workers = pages_new(sizeof *workers * (SIZE_T)threads);
    for (LONG t = 0; t < threads; t++) {
        workers[t].seed = (uint64_t)t * 977 + 1;
        workers[t].slots = slots;
        workers[t].life = life;
        for (uint32_t i = 0; i < slots; i++) workers[t].blocks[i] = block_new(thread_sizes[i % SIZES]);
    }
    double result = run_threads(worker_run, workers, sizeof *workers, threads);
    for (LONG t = 0; t < threads; t++)
        for (uint32_t i = 0; i < slots; i++) block_delete(workers[t].blocks[i]);
    pages_delete(workers);
    return result;
}

static int run_larson(const struct row *row, double *values)
{
    sizes_even(thread_sizes, SIZES, 8, 1000, 23);
    values[0] = workers_run((LONG)row->a, SLOTS, LIFE);
    return 1;
}

/* Threads that live through the row, churning 16 B to 512 B in 200 slots each. */
static int run_thread_count(const struct row *row, double *values)
{
    sizes_log(thread_sizes, SIZES, 16, 512, 29);
    values[0] = workers_run((LONG)row->a, 200, 0);
    return 1;
}

/* ---- producer and consumer over a ring ---- */
enum { RING = 4096 };
struct ring {
    void *volatile blocks[RING];
    volatile LONG64 put __attribute__((aligned(128)));
    volatile LONG64 taken __attribute__((aligned(128)));
};
struct end {
    struct ring *ring;
    BOOL producer;
};

/* Entries are published in runs, so that the row measures the allocator rather than the ring's shared counters. */
enum { RUN = 64 };
static DWORD WINAPI end_run(void *context)
{
    struct end *end = context;
    struct ring *ring = end->ring;
    LONG64 at = 0;
    for (unsigned spins = 0;;) {
        if (end->producer ? at - ring->taken > RING - RUN : ring->put == at) {
            if (stopping && (end->producer || ring->put == at)) break;
            if (++spins % 64) YieldProcessor();
            else SwitchToThread();
            continue;
        }
        for (int i = 0; i < RUN; i++, at++) {
            if (end->producer) {
                char *block = peer.alloc(peer.heap, 0, thread_sizes[at % SIZES]);
                *(volatile char *)block = 1;
                ring->blocks[at % RING] = block;
            } else {
                peer.free(peer.heap, 0, ring->blocks[at % RING]);
            }
        }
        if (end->producer) ring->put = at;
        else ring->taken = at;
        if (stopping && end->producer) break;
    }
    if (!end->producer) InterlockedExchangeAdd64(&operations, at);
    thread_finished();
    return 0;
}

static int run_ring(const struct row *row, double *values)
{
    struct ring *ring = pages_new(sizeof *ring);
    struct end ends[2] = { { ring, TRUE }, { ring, FALSE } };
    (void)row;
    sizes_log(thread_sizes, SIZES, 16, 512, 31);
    values[0] = run_threads(end_run, ends, sizeof ends[0], 2);
    while (ring->taken < ring->put) block_delete(ring->blocks[ring->taken++ % RING]);
    pages_delete(ring);
    return 1;
}

/* ---- exchange: two threads that fill a table each, and then free what is in the other's ---- */
enum { TABLE = 1000 };
static void *tables[2][TABLE];
static volatile LONG arrived __attribute__((aligned(128)));
static volatile LONG meetings, ending;

static void meet(void)
{
    LONG before = meetings;
    if (InterlockedIncrement(&arrived) == 2) {
        arrived = 0;
        meetings = before + 1;
        return;
    }
    for (unsigned spins = 1; meetings == before; spins++) {
        if (spins % 256) YieldProcessor();
        else SwitchToThread();
    }
}

struct side {
    int number, count;
};

static DWORD WINAPI side_run(void *context)
{
    const struct side *side = context;
    void **mine = tables[side->number], **other = tables[!side->number];
    LONG64 at = 0;
    do {
        for (int i = 0; i < side->count; i++, at++) {
            mine[i] = peer.alloc(peer.heap, 0, thread_sizes[at % SIZES]);
            *(volatile char *)mine[i] = 1;
        }
        meet();
        for (int i = 0; i < side->count; i++) peer.free(peer.heap, 0, other[i]);
        if (!side->number) ending = stopping;
        meet();
    } while (!ending);
    InterlockedExchangeAdd64(&operations, at);
    thread_finished();
    return 0;
}

/* a, b: the sizes; c: blocks in a table. */
static int run_exchange(const struct row *row, double *values)
{
    struct side sides[2] = { { 0, (int)row->c }, { 1, (int)row->c } };
    sizes_even(thread_sizes, SIZES, (uint32_t)row->a, (uint32_t)row->b, 37);
    ending = 0;
    values[0] = run_threads(side_run, sides, sizeof sides[0], 2);
    return 1;
}

const struct row rows_threads[] = {
    { "larson 1 thread", ROW_SMALL, run_larson, 1, 0, 0, 0, 0 },
    { "larson 2 threads", ROW_SMALL | ROW_THREADS, run_larson, 2, 0, 0, 0, 0 },
    { "producer/consumer", ROW_SMALL | ROW_THREADS, run_ring, 0, 0, 0, 0, 0 },
    { "exchange 64", ROW_SMALL | ROW_THREADS, run_exchange, 64, 64, 0, 0, TABLE },
    { "exchange 16-512", ROW_SMALL | ROW_THREADS, run_exchange, 16, 512, 0, 0, TABLE },
    { "exchange 64K-1M", ROW_THREADS, run_exchange, 65537, 1 << 20, 0, 0, 20 },
    { "threads 1", ROW_SCALE, run_thread_count, 1, 0, 0, 0, 0 },
    { "threads 2", ROW_SCALE, run_thread_count, 2, 0, 0, 0, 0 },
    { "threads 4", ROW_SCALE | ROW_FULL, run_thread_count, 4, 0, 0, 0, 0 },
    { "threads 16", ROW_SCALE, run_thread_count, 16, 0, 0, 0, 0 },
    { "threads 64", ROW_SCALE, run_thread_count, 64, 0, 0, 0, 0 },
    { 0 },
};
