/* slab.h - spans cut into blocks of one class, and their states. */
#ifndef K32MEM_HEAP_SLAB_H
#define K32MEM_HEAP_SLAB_H

#include "heap.h"

/* A new slab of a class for theap, in no list yet; first: theap has no other in use. NULL when out of memory. Under
 * theap->lock. */
struct slab *slab_create(struct theap *theap, unsigned class_index, BOOL first);
/* Takes the slab out of its heap and gives everything back. It must be in no list of a theap. Under its home's lock, if it
 * has a home. */
void slab_destroy(struct slab *slab);
/* Gives back what a slab's description holds beside its span. */
void slab_drop_meta(struct slab *slab);

/* Free blocks (state FREE) of the slab, and of one group as a mask. */
uint32_t slab_count_free(const struct slab *slab);
bits slab_group_mask(const struct slab *slab, uint32_t group);

/* Set bits of a group's mask. Every processor that we run on may lack the instruction. */
static inline unsigned slab_count_bits(bits mask)
{
    const bits ones = ~(bits)0;
    mask -= (mask >> 1) & ones / 3;
    mask = (mask & ones / 15 * 3) + ((mask >> 2) & ones / 15 * 3);
    mask = (mask + (mask >> 4)) & ones / 255 * 15;
    return (unsigned)((mask * (ones / 255)) >> (8 * (sizeof(bits) - 1)));
}

/* Index of the block that starts at p. FALSE when p is not the start of a block of this slab (inner addresses, the
 * padding behind the last block). Says nothing about whether the block is live. */
static inline BOOL slab_index(const struct slab *slab, const void *p, uintptr_t *index)
{
    return class_divide((uintptr_t)p - slab->base, slab->magic, slab->block_bytes, index) &&
           *index < slab->capacity;
}

static inline void *slab_block(const struct slab *slab, uintptr_t index)
{
    return (void *)(slab->base + index * slab->block_bytes);
}

/* The exact size of a live block. */
static inline SIZE_T slab_size(const struct slab *slab, uintptr_t index)
{
    uint8_t state = slab->state[index];
    if (LIKELY(state < STATE_SIDE)) return slab->block_bytes - state;
    /* Another thread may have freed the block meanwhile, which no pointer tells: its size does not matter then. */
    const uint32_t *sizes = slab->sizes;
    return slab->class_index == CLASS_LARGE ? slab->large_bytes : sizes ? sizes[index] : 0;
}

/* Makes the block live with this exact size (at most block_bytes). FALSE when there is no memory to note the size. */
BOOL slab_set_size(struct slab *slab, uintptr_t index, SIZE_T bytes);

/* Free blocks from which on a full slab is worth another round. */
static inline uint32_t slab_worth(const struct slab *slab)
{
    uint32_t worth = slab->capacity / 16;
    return worth ? worth : 1;
}

void slab_list_push(struct slab_list *list, struct slab *slab);   /* at the head */
void slab_list_append(struct slab_list *list, struct slab *slab); /* at the tail */
void slab_list_remove(struct slab_list *list, struct slab *slab);

#endif
