/* model.c - the heaps of the model, and the comparison of their walks with it. */
#include "model.h"

struct model model;

/* Heaps of every kind that HeapCreate makes. */
static const struct {
    DWORD options;
    SIZE_T initial, maximum;
} common_kinds[COMMON_HEAPS - 1] = {
    { 0, 0, 0 },
    { 0, 1 << 20, 0 },
    { HEAP_CREATE_ENABLE_EXECUTE, 0, 0 },
    { HEAP_TAIL_CHECKING_ENABLED | HEAP_FREE_CHECKING_ENABLED, 0, 0 },
    { 0, 4096, 3 << 20 },
    { 0, 0, 200000 },
};

static struct model_heap heap_new(DWORD options, SIZE_T initial, SIZE_T maximum)
{
    struct model_heap heap = { HeapCreate(options, initial, maximum), options, maximum, FALSE };
    expect(heap.handle, "HeapCreate(%lx, %u, %u)", options, (unsigned)initial, (unsigned)maximum);
    return heap;
}

void model_open(int workers, uint64_t seed, LONG64 operations, SIZE_T size_limit)
{
    memset(&model, 0, sizeof model);
    model.worker_count = workers;
    model.size_limit = size_limit;
    model.workers = VirtualAlloc(NULL, sizeof *model.workers * WORKERS_MAX, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    expect(model.workers, "memory for the model");
    model.heaps[0] = (struct model_heap){ GetProcessHeap(), 0, 0, TRUE };
    for (int i = 1; i < COMMON_HEAPS; i++)
        model.heaps[i] = heap_new(common_kinds[i - 1].options, common_kinds[i - 1].initial, common_kinds[i - 1].maximum);
    for (int i = 0; i < workers; i++) {
        struct worker *w = &model.workers[i];
        w->number = i;
        w->seed = seed * 1000003 + (uint64_t)i * 7919;
        w->operations = operations / workers;
        w->heaps[0] = heap_new(HEAP_NO_SERIALIZE, 0, 0);
        w->heaps[1] = heap_new(0, 0, 0);
    }
}

/* ---- comparison ---- */
struct known {
    BYTE *block;
    SIZE_T size;
};
static struct known *known;
static SIZE_T known_count;

static int compare_known(const void *a, const void *b)
{
    const BYTE *x = ((const struct known *)a)->block, *y = ((const struct known *)b)->block;
    return (x > y) - (x < y);
}

static void known_add(const struct slot *slots, int count, const struct model_heap *heap)
{
    for (int i = 0; i < count; i++)
        if (slots[i].block && slots[i].heap == heap) known[known_count++] = (struct known){ slots[i].block, slots[i].size };
}

static void known_collect(const struct model_heap *heap)
{
    known_count = 0;
    known_add(model.shared, SHARED_SLOTS, heap);
    for (int i = 0; i < model.worker_count; i++) known_add(model.workers[i].slots, OWN_SLOTS, heap);
    qsort(known, known_count, sizeof *known, compare_known);
    for (SIZE_T i = 1; i < known_count; i++)
        expect(known[i - 1].block + known[i - 1].size <= known[i].block, "two live blocks overlap");
}

static void heap_compare(const struct model_heap *heap)
{
    PROCESS_HEAP_ENTRY entry = { 0 };
    SIZE_T found = 0, others = 0;
    known_collect(heap);
    BOOL lockable = !(heap->options & HEAP_NO_SERIALIZE);
    if (lockable) expect(HeapLock(heap->handle), "HeapLock");
    while (HeapWalk(heap->handle, &entry)) {
        if (!(entry.wFlags & PROCESS_HEAP_ENTRY_BUSY)) continue;
        struct known key = { entry.lpData, 0 };
        struct known *match = bsearch(&key, known, known_count, sizeof key, compare_known);
        if (!match) {
            others++;
            continue;
        }
        expect(match->size == entry.cbData, "the walk says %u of a block of %u", (unsigned)entry.cbData,
               (unsigned)match->size);
        expect(match->block != NULL, "the walk lists a block");
        match->size = NO_SIZE; /* a second entry for it fails */
        found++;
    }
    DWORD error = GetLastError();
    BOOL valid = HeapValidate(heap->handle, 0, NULL);
    if (lockable) expect(HeapUnlock(heap->handle), "HeapUnlock");
    expect(error == ERROR_NO_MORE_ITEMS, "the walk ended with error %lu", error);
    expect(found == known_count, "the walk found %u of %u blocks", (unsigned)found, (unsigned)known_count);
    expect(heap->process || !others, "the walk found %u blocks that nobody has", (unsigned)others);
    expect(valid, "HeapValidate of a heap");
}

void model_compare(void)
{
    if (!known)
        known = VirtualAlloc(NULL, sizeof *known * (SHARED_SLOTS + (SIZE_T)WORKERS_MAX * OWN_SLOTS),
                             MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    for (int i = 0; i < COMMON_HEAPS; i++) heap_compare(&model.heaps[i]);
    for (int i = 0; i < model.worker_count; i++)
        for (int j = 0; j < OWN_HEAPS; j++) heap_compare(&model.workers[i].heaps[j]);
}

/* ---- the end ---- */
static void slots_free(struct slot *slots, int count)
{
    for (int i = 0; i < count; i++) {
        if (!slots[i].block) continue;
        expect(pattern_differs(slots[i].block, slots[i].size, NO_SIZE, slots[i].seed) == NO_SIZE, "content at the end");
        expect(HeapFree(slots[i].heap->handle, 0, slots[i].block), "the last free");
        slots[i].block = NULL;
    }
}

void model_close(void)
{
    slots_free(model.shared, SHARED_SLOTS);
    for (int i = 0; i < model.worker_count; i++) slots_free(model.workers[i].slots, OWN_SLOTS);
    model_compare();
    for (int i = 1; i < COMMON_HEAPS; i++) expect(HeapDestroy(model.heaps[i].handle), "HeapDestroy");
    for (int i = 0; i < model.worker_count; i++)
        for (int j = 0; j < OWN_HEAPS; j++) expect(HeapDestroy(model.workers[i].heaps[j].handle), "HeapDestroy");
    VirtualFree(model.workers, 0, MEM_RELEASE);
}
