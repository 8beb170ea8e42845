/* measure.c - time, memory and the helpers of the rows. */
#include "heapbench.h"
#include <math.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>

double sample_ms = 12;
BOOL full_run;

double now_ns(void)
{
    static double tick;
    LARGE_INTEGER value;
    if (tick == 0) {
        QueryPerformanceFrequency(&value);
        tick = 1e9 / (double)value.QuadPart;
    }
    QueryPerformanceCounter(&value);
    return (double)value.QuadPart * tick;
}

double measure(void (*work)(void *state, SIZE_T n), void *state)
{
    enum { SAMPLES = 5 };
    double target = sample_ms * 1e6 / SAMPLES, spent, best = 0;
    SIZE_T n = 1;
    work(state, 1); /* first touch of code and memory */
    for (;;) {
        double start = now_ns();
        work(state, n);
        spent = now_ns() - start;
        if (spent >= target / 2) break;
        n *= spent < target / 20 ? 8 : 2;
    }
    if (spent > 10 * target) return spent / (double)n; /* one call is long enough to be a sample */
    int count = spent > 2 * target ? 3 : SAMPLES;
    if (spent < target) n = (SIZE_T)((double)n * target / spent) + 1;
    for (int i = 0; i < count; i++) {
        double start = now_ns();
        work(state, n);
        double each = (now_ns() - start) / (double)n;
        if (i == 0 || each < best) best = each;
    }
    return best;
}

void settle(void (*work)(void *state, SIZE_T n), void *state, SIZE_T n)
{
    enum { SLICES = 64, SAMPLES = 10 };
    double end = now_ns() + SAMPLES * sample_ms * 1e6;
    for (SIZE_T left = n, slice = n / SLICES + 1; left && now_ns() < end; left -= slice) {
        if (slice > left) slice = left;
        work(state, slice);
    }
}

SIZE_T working_set(void)
{
    PROCESS_MEMORY_COUNTERS counters = { .cb = sizeof counters };
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? counters.WorkingSetSize : 0;
}

void *pages_new(SIZE_T bytes)
{
    volatile char *pages = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!pages) {
        fprintf(stderr, "out of memory (%llu bytes)\n", (unsigned long long)bytes);
        ExitProcess(3);
    }
    for (SIZE_T i = 0; i < bytes; i += 4096) pages[i] = 0;
    return (void *)pages;
}

void pages_delete(void *pages) { VirtualFree(pages, 0, MEM_RELEASE); }

void *block_new(SIZE_T size)
{
    char *block = peer.alloc(peer.heap, 0, size);
    if (!block) {
        fprintf(stderr, "%s: no block of %llu bytes\n", peer.name, (unsigned long long)size);
        ExitProcess(3);
    }
    *(volatile char *)block = 1;
    return block;
}

void sizes_log(uint32_t *sizes, SIZE_T count, uint32_t low, uint32_t high, uint64_t seed)
{
    double first = log(low), range = log((double)high + 1) - first;
    for (SIZE_T i = 0; i < count; i++) {
        double size = exp(first + range * (random_next(&seed) % 65536 / 65536.0));
        sizes[i] = size > high ? high : (uint32_t)size;
    }
}

void sizes_even(uint32_t *sizes, SIZE_T count, uint32_t low, uint32_t high, uint64_t seed)
{
    for (SIZE_T i = 0; i < count; i++) sizes[i] = low + random_next(&seed) % (high - low + 1);
}
