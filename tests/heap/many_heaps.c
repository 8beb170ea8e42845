/* many_heaps.c - 64 threads, each with ten heaps of its own and a share in ten common ones, do random work; every heap
 * stays valid, knows exactly the blocks that live, and nothing is left behind when all are destroyed.
 */
#include "heaptest.h"
#include <psapi.h>

enum { THREADS = 64, HEAPS = 10, LIVE = 60, STEPS = 1500 };
static HANDLE common[HEAPS];

struct block {
    HANDLE heap;
    void *at;
    SIZE_T size;
    uint32_t seed;
};

static void block_check(const struct block *b)
{
    expect_thread(HeapSize(b->heap, 0, b->at) == b->size, "size %u", (unsigned)b->size);
    expect_thread(pattern_differs(b->at, b->size, NO_SIZE, b->seed) == NO_SIZE, "content of %u bytes", (unsigned)b->size);
}

static DWORD WINAPI worker(void *context)
{
    HANDLE own[HEAPS];
    struct block blocks[LIVE] = { { 0 } };
    uint64_t seed = (ULONG_PTR)context * 7919 + 1;
    for (int i = 0; i < HEAPS; i++) expect_thread(own[i] = HeapCreate(0, i * 5000, 0), "HeapCreate");
    for (int step = 0; step < STEPS && !thread_failures; step++) {
        struct block *b = &blocks[random_next(&seed) % LIVE];
        if (b->at) {
            block_check(b);
            expect_thread(HeapFree(b->heap, 0, b->at), "HeapFree");
            b->at = NULL;
        } else {
            b->heap = random_next(&seed) % 3 ? own[random_next(&seed) % HEAPS] : common[random_next(&seed) % HEAPS];
            b->size = random_size(&seed, random_next(&seed) % 100 ? 8000 : 300000);
            b->seed = random_next(&seed);
            b->at = HeapAlloc(b->heap, 0, b->size);
            expect_thread(b->at, "HeapAlloc of %u", (unsigned)b->size);
            if (b->at) pattern_write(b->at, b->size, b->seed);
        }
        if (step % 500 == 499) expect_thread(HeapValidate(own[step / 500 % HEAPS], 0, NULL), "a heap of one's own");
    }
    for (int h = 0; h < HEAPS; h++) { /* the walk of a heap that only this thread uses is exact */
        PROCESS_HEAP_ENTRY entry = { 0 };
        SIZE_T busy = 0, bytes = 0;
        while (HeapWalk(own[h], &entry))
            if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) busy++, bytes += entry.cbData;
        for (int i = 0; i < LIVE; i++)
            if (blocks[i].at && blocks[i].heap == own[h]) busy--, bytes -= blocks[i].size;
        expect_thread(busy == 0 && bytes == 0, "the walk disagrees by %d blocks", (int)busy);
        expect_thread(HeapValidate(own[h], 0, NULL), "a heap of one's own");
    }
    for (int i = 0; i < LIVE; i++) {
        if (!blocks[i].at) continue;
        block_check(&blocks[i]);
        BOOL is_own = TRUE;
        for (int h = 0; h < HEAPS; h++) is_own = is_own && blocks[i].heap != common[h];
        if (!is_own || i % 2) expect_thread(HeapFree(blocks[i].heap, 0, blocks[i].at), "the last free");
    }
    for (int i = 0; i < HEAPS; i++) expect_thread(HeapDestroy(own[i]), "HeapDestroy, some blocks live");
    return 0;
}

static void one_round(void)
{
    HANDLE threads[THREADS];
    for (int i = 0; i < HEAPS; i++) expect(common[i] = HeapCreate(0, 0, 0), "HeapCreate");
    for (ULONG_PTR i = 0; i < THREADS; i++) threads[i] = thread_start(worker, (void *)i);
    for (int i = 0; i < THREADS; i++) thread_join(threads[i]);
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    for (int i = 0; i < HEAPS; i++) {
        expect(HeapValidate(common[i], 0, NULL), "a common heap");
        expect(walk_count(common[i], NULL) == 0, "nothing is left in a common heap");
        expect(HeapDestroy(common[i]), "HeapDestroy");
    }
}

/* All address space in use, reserved or committed, in bytes. What lies idle is given back first: how much does depends on
 * how many of a round's threads happened to run at once. */
static SIZE_T space_used(void)
{
    struct { DWORD version, flags; } all = { 1, 0 }; /* HEAP_OPTIMIZE_RESOURCES_INFORMATION */
    expect(HeapSetInformation(NULL, (HEAP_INFORMATION_CLASS)3, &all, sizeof all), "HeapOptimizeResources: %lu", GetLastError());
    MEMORY_BASIC_INFORMATION info;
    SIZE_T sum = 0;
    for (BYTE *at = NULL; VirtualQuery(at, &info, sizeof info); at = (BYTE *)info.BaseAddress + info.RegionSize) {
        if (info.State != MEM_FREE && info.Type == MEM_PRIVATE) sum += info.RegionSize;
        if ((BYTE *)info.BaseAddress + info.RegionSize < at) break;
    }
    return sum;
}

static void many(void **state)
{
    (void)state;
    one_round(); /* what the first round leaves (caches, tables) is no leak */
    ULONG heaps = GetProcessHeaps(0, NULL);
    SIZE_T before = space_used();
    for (int i = 0; i < 3; i++) one_round();
    SIZE_T after = space_used();
    expect(GetProcessHeaps(0, NULL) == heaps, "heaps are left over");
    /* One unit of 64 KB lost with each heap would be 120 MB. Stacks of threads that ended come and go by the dozen. */
    expect(after < before + (32 << 20), "%u KB of address space are left over", (unsigned)((after - before) >> 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(many) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
