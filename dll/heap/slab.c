/* slab.c - making slabs and reading their states, sixteen at a time. */
#include "heap.h"
#include "random.h"
#include <emmintrin.h>

/* A bin takes at most so much of a group at a time: then what came back is used again while the cache still has it, and
 * a program that uses one block after the other does not touch them all. */
#define BIN_BYTES ((SIZE_T)32 << 10)

#define STAGGER_MAX ((SIZE_T)1024)

#define STATE_SLOTS(capacity) (((capacity) + GROUP_BLOCKS) & ~(GROUP_BLOCKS - 1)) /* at least one STATE_NONE */

void slab_list_push(struct slab_list *list, struct slab *slab)
{
    slab->prev = NULL;
    slab->next = list->head;
    if (list->head) list->head->prev = slab;
    else list->tail = slab;
    list->head = slab;
}

void slab_list_append(struct slab_list *list, struct slab *slab)
{
    slab->next = NULL;
    slab->prev = list->tail;
    if (list->tail) list->tail->next = slab;
    else list->head = slab;
    list->tail = slab;
}

void slab_list_remove(struct slab_list *list, struct slab *slab)
{
    if (slab->prev) slab->prev->next = slab->next;
    else list->head = slab->next;
    if (slab->next) slab->next->prev = slab->prev;
    else list->tail = slab->prev;
}

static inline __attribute__((always_inline)) unsigned free_mask16(const uint8_t *state)
{
    __m128i v = _mm_load_si128((const __m128i *)state);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8((char)STATE_FREE)));
}

LOCK_FREE bits slab_group_mask(const struct slab *slab, uint32_t group)
{
    const uint8_t *state = slab->state + group;
    bits mask = free_mask16(state);
    if (slab->capacity <= 16) return mask;
    mask |= (bits)free_mask16(state + 16) << 16;
#ifdef _WIN64
    mask |= ((bits)free_mask16(state + 32) | (bits)free_mask16(state + 48) << 16) << 32;
#endif
    return mask;
}

LOCK_FREE uint32_t slab_count_free(const struct slab *slab)
{
    /* A free state compares as -1 in its byte: subtracting counts, for up to 255 rows before a byte could overflow. */
    const __m128i free = _mm_set1_epi8((char)STATE_FREE);
    __m128i total = _mm_setzero_si128();
    for (uint32_t i = 0; i < slab->capacity;) {
        __m128i rows = _mm_setzero_si128();
        uint32_t end = i + 255 * 16 < slab->capacity ? i + 255 * 16 : slab->capacity;
        for (; i < end; i += 16) rows = _mm_sub_epi8(rows, _mm_cmpeq_epi8(_mm_load_si128((const __m128i *)(slab->state + i)), free));
        total = _mm_add_epi64(total, _mm_sad_epu8(rows, _mm_setzero_si128()));
    }
    return (uint32_t)(_mm_cvtsi128_si32(total) + _mm_cvtsi128_si32(_mm_srli_si128(total, 8)));
}

static bits slab_share(SIZE_T block_bytes)
{
    SIZE_T blocks = BIN_BYTES / block_bytes;
    return blocks >= GROUP_BLOCKS ? ~(bits)0 : blocks ? ((bits)1 << blocks) - 1 : 1;
}

/* state and sizes share one allocation; medium classes have both from the start. */
static BOOL make_states(struct slab *slab)
{
    uint32_t slots = (uint32_t)STATE_SLOTS(slab->capacity), bytes = slots;
    BOOL with_sizes = slab->class_index >= SMALL_CLASSES;
    if (with_sizes) bytes += slab->capacity * (uint32_t)sizeof(uint32_t);
    if (!(slab->state = meta_alloc(bytes))) return FALSE;
    slab->meta_bytes = bytes;
    memset(slab->state, STATE_FREE, slab->capacity);
    memset(slab->state + slab->capacity, STATE_NONE, slots - slab->capacity);
    slab->sizes = with_sizes ? (uint32_t *)(slab->state + slots) : NULL;
    return TRUE;
}

static BOOL sizes_are_apart(const struct slab *slab)
{
    return slab->sizes && slab->class_index < SMALL_CLASSES;
}

void slab_drop_meta(struct slab *slab)
{
    if (sizes_are_apart(slab)) meta_free(slab->sizes, slab->capacity * sizeof(uint32_t));
    if (slab->filled) meta_free(slab->filled, slab->capacity * sizeof(uint32_t));
    if (slab->class_index != CLASS_LARGE) meta_free(slab->state, slab->meta_bytes);
    slab->sizes = slab->filled = NULL;
}

/* Large classes' blocks begin on whole pages or near, all of them in the same few lines of the processor's cache. So what a
 * span has more than its blocks take is partly left before the first one. (Partly: a block that is filled should not need
 * another page.) An address in there is no block: its distance to block 0 is negative and shorter than a block, for which
 * class_divide on x86_64 finds that something is left over. On x86 there is no such proof. */
static void slab_stagger(struct slab *slab)
{
#ifdef _WIN64
    SIZE_T spare = span_bytes(slab) - slab->capacity * slab->block_bytes;
    if (spare < LINE || slab->block_bytes < 2 * STAGGER_MAX) return;
    slab->base += random_next() % ((spare < STAGGER_MAX ? spare : STAGGER_MAX) / LINE + 1) * LINE;
#else
    (void)slab;
#endif
}

struct slab *slab_create(struct theap *theap, unsigned class_index, BOOL first)
{
    struct heap *heap = theap->heap;
    struct slab *slab = meta_slab();
    if (!slab) return NULL;
    slab->class_index = (uint8_t)class_index;
    slab->block_bytes = class_bytes(class_index);
    slab->magic = class_magic(slab->block_bytes);
    uint32_t units = class_units(class_index, first);
    slab->share = slab_share(slab->block_bytes);
    slab->capacity = (uint32_t)(((SIZE_T)units << UNIT_SHIFT) / slab->block_bytes);
    if (!make_states(slab)) {
        meta_slab_free(slab);
        return NULL;
    }
    slab->handle = heap->handle;
    slab->heap = heap;
    slab->home = theap;
    BOOL zero;
    enum span_want want = heap->flags & HEAP_CREATE_ENABLE_EXECUTE ? SPAN_EXECUTE : SPAN_ANY;
    if (!span_take(slab, units, want, TRUE, &zero)) {
        slab_drop_meta(slab);
        meta_slab_free(slab);
        return NULL;
    }
    slab->touched = zero ? 0 : ~(uint64_t)0;
    slab_stagger(slab);
    /* Where in the slab the first blocks lie is anybody's guess. */
    uint32_t groups = (slab->capacity + GROUP_BLOCKS - 1) / GROUP_BLOCKS;
    slab->start = slab->group = groups > 1 ? (uint32_t)(random_next() % groups * GROUP_BLOCKS) : 0;
    heap_add_slab(heap, slab);
    return slab;
}

void slab_destroy(struct slab *slab)
{
    struct heap *heap = slab->heap;
    theap_forget(slab);
    heap_remove_slab(heap, slab);
    slab_drop_meta(slab);
    span_give(slab, (heap->flags & HEAP_CREATE_ENABLE_EXECUTE) != 0);
}

/* Threads may resize blocks of one slab at once. */
static BOOL make_sizes(struct slab *slab)
{
    struct heap *heap = slab->heap;
    lock_acquire(&heap->lock);
    uint32_t *sizes = slab->sizes;
    if (!sizes && (sizes = meta_alloc(slab->capacity * sizeof(*sizes)))) slab->sizes = sizes;
    lock_release(&heap->lock);
    return sizes != NULL;
}

BOOL slab_set_size(struct slab *slab, uintptr_t index, SIZE_T bytes)
{
    SIZE_T slack = slab->block_bytes - bytes;
    if (slab->class_index == CLASS_LARGE) {
        slab->large_bytes = bytes;
        slab->state[index] = STATE_SIDE;
    } else if (slack < STATE_SIDE) {
        slab->state[index] = (uint8_t)slack;
    } else {
        if (!slab->sizes && !make_sizes(slab)) return FALSE;
        slab->sizes[index] = (uint32_t)bytes;
        slab->state[index] = STATE_SIDE;
    }
    return TRUE;
}
