/* operation.c - one random heap operation, and what must be true of its outcome. */
#include "model.h"

/* In a worker: the first failure says where it was, so that the run can be repeated. */
#define sure(condition, ...)                                                                                         \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            expect_thread(condition, __VA_ARGS__);                                                                   \
            expect_thread(!"position", "worker %d, operation %lld", worker->number, (long long)worker->done);        \
        }                                                                                                            \
    } while (0)

static SIZE_T size_random(struct worker *worker)
{
    uint32_t kind = random_next(&worker->seed) % 1000;
    if (kind == 0) return random_next(&worker->seed) % (4 << 20);
    if (kind < 20) return random_size(&worker->seed, 300000);
    return random_size(&worker->seed, model.size_limit);
}

static struct model_heap *heap_random(struct worker *worker, BOOL shared)
{
    uint32_t pick = random_next(&worker->seed) % (COMMON_HEAPS + (shared ? 0 : OWN_HEAPS * 2));
    return pick < COMMON_HEAPS ? &model.heaps[pick] : &worker->heaps[pick % OWN_HEAPS];
}

static DWORD flags_random(struct worker *worker)
{
    return (random_next(&worker->seed) % 3 ? 0 : HEAP_ZERO_MEMORY);
}

/* May the heap say no to a request of this size? Only one that cannot grow. */
static BOOL may_refuse(const struct model_heap *heap) { return heap->maximum != 0; }

static void on_content(struct worker *worker, const struct slot *slot, SIZE_T kept, const char *when)
{
    SIZE_T at = pattern_differs(slot->block, slot->size, kept, slot->seed);
    sure(at == NO_SIZE, "%s: byte %u of a block of %u is not as it was written", when, (unsigned)at, (unsigned)slot->size);
}

static void slot_fill(struct worker *worker, struct slot *slot)
{
    slot->seed = random_next(&worker->seed);
    pattern_write(slot->block, slot->size, slot->seed);
}

static void do_allocate(struct worker *worker, struct slot *slot, BOOL shared)
{
    struct model_heap *heap = heap_random(worker, shared);
    SIZE_T size = size_random(worker);
    DWORD flags = flags_random(worker);
    SetLastError(SENTINEL);
    BYTE *block = HeapAlloc(heap->handle, flags, size);
    DWORD error = GetLastError();
    if (!block) {
        sure(may_refuse(heap) && error == ERROR_NOT_ENOUGH_MEMORY, "HeapAlloc of %u: error %lu", (unsigned)size, error);
        worker->failures_expected++;
        return;
    }
    sure(error == SENTINEL, "HeapAlloc succeeded and set the last error to %lu", error);
    sure((ULONG_PTR)block % BLOCK_ALIGNMENT == 0, "a block at %p", block);
    sure(HeapSize(heap->handle, 0, block) == size, "HeapSize of a new block of %u", (unsigned)size);
    if (flags & HEAP_ZERO_MEMORY) sure(is_zero(block, 0, size), "a zeroed block of %u", (unsigned)size);
    slot->heap = heap;
    slot->block = block;
    slot->size = size;
    slot_fill(worker, slot);
}

static void do_free(struct worker *worker, struct slot *slot, BOOL shared)
{
    on_content(worker, slot, NO_SIZE, "free");
    SetLastError(SENTINEL);
    sure(HeapFree(slot->heap->handle, 0, slot->block), "HeapFree of %u", (unsigned)slot->size);
    sure(GetLastError() == SENTINEL, "HeapFree succeeded and set the last error");
    /* In a heap of the worker's own nobody else can have been given the place meanwhile. */
    if (!shared && slot->heap >= worker->heaps && slot->heap < worker->heaps + OWN_HEAPS &&
        random_next(&worker->seed) % 8 == 0) {
        sure(!HeapValidate(slot->heap->handle, 0, slot->block), "a freed block is valid");
        sure(HeapSize(slot->heap->handle, 0, slot->block) == NO_SIZE, "a freed block has a size");
        sure(!HeapFree(slot->heap->handle, 0, slot->block), "a block was freed twice");
    }
    slot->block = NULL;
}

static void do_reallocate(struct worker *worker, struct slot *slot)
{
    SIZE_T old = slot->size, size = size_random(worker);
    DWORD flags = flags_random(worker);
    uint32_t how = random_next(&worker->seed) % 8;
    if (how == 0) flags |= HEAP_REALLOC_IN_PLACE_ONLY;
    if (how >= 5) size = old + random_next(&worker->seed) % 64 - (old > 32 ? 32 : 0); /* by a little */
    SetLastError(SENTINEL);
    BYTE *block = HeapReAlloc(slot->heap->handle, flags, slot->block, size);
    DWORD error = GetLastError();
    if (!block) {
        sure(error == ERROR_NOT_ENOUGH_MEMORY && (may_refuse(slot->heap) || (flags & HEAP_REALLOC_IN_PLACE_ONLY)),
             "HeapReAlloc from %u to %u, flags %lx: error %lu", (unsigned)old, (unsigned)size, flags, error);
        sure(HeapSize(slot->heap->handle, 0, slot->block) == old, "the size after a refused HeapReAlloc");
        on_content(worker, slot, NO_SIZE, "refused HeapReAlloc");
        worker->failures_expected++;
        return;
    }
    sure(error == SENTINEL, "HeapReAlloc succeeded and set the last error to %lu", error);
    sure(!(flags & HEAP_REALLOC_IN_PLACE_ONLY) || block == slot->block, "HeapReAlloc in place moved the block");
    sure((ULONG_PTR)block % BLOCK_ALIGNMENT == 0, "a block at %p", block);
    slot->block = block;
    on_content(worker, slot, size < old ? size : old, "HeapReAlloc");
    if ((flags & HEAP_ZERO_MEMORY) && size > old)
        sure(is_zero(block, old, size), "the zeroed part of HeapReAlloc from %u to %u", (unsigned)old, (unsigned)size);
    sure(HeapSize(slot->heap->handle, 0, block) == size, "%u instead of %u after HeapReAlloc from %u, flags %lx", (unsigned)HeapSize(slot->heap->handle, 0, block),
         (unsigned)size, (unsigned)old, flags);
    slot->size = size;
    slot_fill(worker, slot);
}

static void do_ask(struct worker *worker, struct slot *slot)
{
    HANDLE heap = slot->heap->handle, other = model.heaps[slot->heap == &model.heaps[1] ? 2 : 1].handle;
    SetLastError(SENTINEL);
    sure(HeapSize(heap, 0, slot->block) == slot->size, "HeapSize of %u", (unsigned)slot->size);
    sure(HeapValidate(heap, 0, slot->block), "HeapValidate of a live block");
    sure(GetLastError() == SENTINEL, "a question set the last error");
    sure(!HeapValidate(other, 0, slot->block), "a block is valid in another heap");
    sure(!HeapFree(other, 0, slot->block), "a block was freed in another heap");
    sure(!HeapReAlloc(other, 0, slot->block, 8), "a block was reallocated in another heap");
    if (slot->size > 16) sure(!HeapFree(heap, 0, slot->block + 8), "an interior pointer was freed");
    sure(HeapFree(heap, 0, NULL), "HeapFree of NULL");
}

static void do_heap(struct worker *worker)
{
    HANDLE heap = HeapCreate(random_next(&worker->seed) % 2 ? HEAP_NO_SERIALIZE : 0, 0, 0);
    sure(heap, "HeapCreate");
    if (!heap) return;
    for (uint32_t i = random_next(&worker->seed) % 100; i; i--)
        sure(HeapAlloc(heap, 0, size_random(worker) % 20000), "HeapAlloc from a new heap");
    sure(HeapValidate(heap, 0, NULL), "HeapValidate of a new heap");
    sure(HeapDestroy(heap), "HeapDestroy");
}

static void do_locked(struct worker *worker)
{
    HANDLE heap = model.heaps[random_next(&worker->seed) % COMMON_HEAPS].handle;
    int depth = 1 + (int)(random_next(&worker->seed) % 3);
    for (int i = 0; i < depth; i++) sure(HeapLock(heap), "HeapLock");
    void *block = HeapAlloc(heap, 0, 50);
    if (block) sure(HeapFree(heap, 0, block), "HeapFree under the lock");
    for (int i = 0; i < depth; i++) sure(HeapUnlock(heap), "HeapUnlock");
}

static void do_maintenance(struct worker *worker)
{
    struct model_heap *heap = heap_random(worker, FALSE);
    ULONG information = 99;
    SIZE_T needed = 0;
    HeapCompact(heap->handle, 0);
    sure(HeapQueryInformation(heap->handle, HeapCompatibilityInformation, &information, sizeof information, &needed) &&
             information <= 2 && needed == sizeof information,
         "HeapQueryInformation");
    sure(HeapValidate(heap->handle, 0, NULL), "HeapValidate in the middle of things");
    sure(!HeapAlloc(heap->handle, 0, NO_SIZE - random_next(&worker->seed) % 100000), "an impossible size");
}

void operation_random(struct worker *worker)
{
    uint32_t kind = random_next(&worker->seed) % 10000;
    worker->done++;
    if (kind < 3) return do_heap(worker);
    if (kind < 10) return do_locked(worker);
    if (kind < 12) return do_maintenance(worker);
    BOOL shared = kind % 4 == 0;
    struct slot *slot = shared ? &model.shared[random_next(&worker->seed) % SHARED_SLOTS]
                               : &worker->slots[random_next(&worker->seed) % OWN_SLOTS];
    if (shared && InterlockedExchange(&slot->guard, 1)) return; /* another worker is at it */
    uint32_t what = random_next(&worker->seed) % 8;
    if (!slot->block) do_allocate(worker, slot, shared);
    else if (what < 4) do_free(worker, slot, shared);
    else if (what < 7) do_reallocate(worker, slot);
    else do_ask(worker, slot);
    if (shared) InterlockedExchange(&slot->guard, 0);
}
