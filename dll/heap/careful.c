/* careful.c - budgets, and patterns behind live blocks and in free ones. */
#include "careful.h"
#include "alloc.h"
#include "helpers.h"

#define TAIL_BYTES 16
#define TAIL_FILL 0xab
#define FREE_FILL 0xfeeefeeeu
/* What Windows keeps of a fixed-size heap for itself, about. */
#define FIXED_OVERHEAD (0x200 + 0x80 * sizeof(void *))
#define BLOCK_OVERHEAD 16
/* A fixed-size heap serves no larger block (page heapapi/nf-heapapi-heapcreate: slightly below 512 KB and 1 MB). */
#ifdef _WIN64
#define FIXED_BLOCK_MAX ((SIZE_T)0xff000)
#else
#define FIXED_BLOCK_MAX ((SIZE_T)0x7fff8)
#endif

void careful_enter(struct heap *heap)
{
    if (!(heap->flags & HEAP_IS_CAREFUL)) return;
    for (;;) {
        lock_acquire(&heap->careful);
        if (!heap_is_held(heap)) return;
        lock_release(&heap->careful);
        heap_wait(heap);
    }
}

static SIZE_T tail_bytes(const struct heap *heap) { return heap->flags & HEAP_TAIL_CHECKING_ENABLED ? TAIL_BYTES : 0; }

static SIZE_T cost_of(SIZE_T bytes) { return ALIGN_UP(bytes, GRAIN) + BLOCK_OVERHEAD; }

static BOOL budget_take(struct heap *heap, SIZE_T cost)
{
    if (!heap->max_bytes) return TRUE;
    for (;;) {
        SIZE_T used = heap->used_bytes;
        if (used + cost + FIXED_OVERHEAD > heap->max_bytes) return FALSE;
        if (__sync_bool_compare_and_swap(&heap->used_bytes, used, used + cost)) return TRUE;
    }
}

static void budget_give(struct heap *heap, SIZE_T cost)
{
    if (heap->max_bytes) __atomic_sub_fetch(&heap->used_bytes, cost, __ATOMIC_RELAXED);
}

/* ---- free checking: a freed block is filled, and looked at when the heap is validated and before it is handed out again.
 * Large blocks are filled only: what becomes of them is the system's. */

static void fill_free(struct slab *slab, uintptr_t index, SIZE_T bytes)
{
    uint32_t *p = slab_block(slab, index);
    SIZE_T words = bytes / sizeof(*p);
    for (SIZE_T i = 0; i < words; i++) p[i] = FREE_FILL;
    if (slab->class_index == CLASS_LARGE) return;
    SIZE_T room = slab->capacity * sizeof(*slab->filled);
    if (!slab->filled && (slab->filled = meta_alloc(room))) memset(slab->filled, 0, room);
    if (slab->filled) slab->filled[index] = (uint32_t)words;
}

BOOL careful_check_free(const struct slab *slab, uintptr_t index)
{
    const uint32_t *p = slab_block(slab, index);
    for (uint32_t i = 0; slab->filled && i < slab->filled[index]; i++)
        if (p[i] != FREE_FILL) return FALSE;
    return TRUE;
}

/* A block that was written to while it was free: as for any corruption; and it is not handed out, now or later. */
static BOOL was_left_alone(struct slab *slab, uintptr_t index)
{
    BOOL alone = careful_check_free(slab, index);
    if (slab->filled) slab->filled[index] = 0;
    if (alone) return TRUE;
    slab->state[index] = STATE_NONE;
    heap_corrupt();
    return FALSE;
}

BOOL careful_check(const struct slab *slab, uintptr_t index)
{
    if (slab->state[index] >= STATE_NONE) return FALSE;
    const uint8_t *tail = (const uint8_t *)slab_block(slab, index) + slab_size(slab, index);
    for (SIZE_T i = 0; i < tail_bytes(slab->heap); i++)
        if (tail[i] != TAIL_FILL) return FALSE;
    return TRUE;
}

void *careful_alloc(struct theap *theap, SIZE_T bytes, BOOL *zero)
{
    struct heap *heap = theap->heap;
    SIZE_T tail = tail_bytes(heap), cost = cost_of(bytes), extra = tail + helpers.pad;
    if (bytes + extra + UNIT_BYTES < bytes) return NULL;
    if (heap->max_bytes && bytes >= FIXED_BLOCK_MAX) return NULL;
    if (!budget_take(heap, cost)) return NULL;
    void *p;
    struct slab *slab;
    uintptr_t index;
    do {
        p = theap_alloc(theap, bytes + extra, FALSE, zero);
        if (!p) {
            budget_give(heap, cost);
            return NULL;
        }
        slab = slab_of(p);
        slab_index(slab, p, &index);
    } while (!was_left_alone(slab, index));
    slab_set_size(slab, index, bytes);
    memset((char *)p + bytes, TAIL_FILL, tail);
    return p;
}

/* What must be done before a live block is freed. FALSE when the bytes behind it were overwritten. */
static BOOL prepare_free(struct slab *slab, uintptr_t index)
{
    struct heap *heap = slab->heap;
    if (!careful_check(slab, index)) return FALSE;
    SIZE_T bytes = slab_size(slab, index);
    if (heap->flags & HEAP_FREE_CHECKING_ENABLED) fill_free(slab, index, bytes);
    budget_give(heap, cost_of(bytes));
    return TRUE;
}

BOOL careful_free(struct slab *slab, uintptr_t index)
{
    struct heap *heap = slab->heap;
    BOOL waits = FALSE;
    helpers_settle(slab->block_bytes);
    careful_enter(heap);
    BOOL freed = prepare_free(slab, index) && helpers_delay(slab, index, &waits) && (waits || block_free(heap, slab, index));
    careful_leave(heap);
    return freed;
}

BOOL careful_resize(struct slab *slab, uintptr_t index, SIZE_T bytes)
{
    struct heap *heap = slab->heap;
    SIZE_T tail = tail_bytes(heap), had = cost_of(slab_size(slab, index)), cost = cost_of(bytes);
    SIZE_T extra = tail + helpers.pad;
    if (bytes + extra < bytes || bytes + extra > slab->block_bytes) return FALSE;
    /* Of a huge block's reservation not all is committed. */
    if (slab_is_huge(slab) && bytes + extra > ALIGN_UP(slab->large_bytes + extra, PAGE_BYTES)) return FALSE;
    if (cost > had && !budget_take(heap, cost - had)) return FALSE;
    if (!slab_set_size(slab, index, bytes)) {
        if (cost > had) budget_give(heap, cost - had);
        return FALSE;
    }
    if (cost < had) budget_give(heap, had - cost);
    memset((char *)slab_block(slab, index) + bytes, TAIL_FILL, tail);
    return TRUE;
}
