/* large.h - blocks of more than 64 KB: a slab of one block each; and huge blocks, outside of the arena. */
#ifndef K32MEM_HEAP_LARGE_H
#define K32MEM_HEAP_LARGE_H

#include "heap.h"

/* A large or huge block of the theap's heap. *zero: should it read as zero; does it. roomy: leave room to grow. Under
 * theap->lock. */
void *large_alloc(struct theap *theap, SIZE_T bytes, BOOL roomy, BOOL *zero);
/* The home's live large block was freed (its state is FREE): caches it or gives it back. Under theap->lock. */
void large_freed(struct theap *theap, struct slab *slab);
/* Changes the size in place. FALSE when that cannot be. *zero: the bytes from *zero_from on read as zero.
 * By a thread that owns the live block. */
BOOL large_resize(struct slab *slab, SIZE_T bytes, SIZE_T *zero_from);
/* Gives cached blocks back, as dirty memory, that lay idle for age milliseconds; 0: all. Under theap->lock, any thread. */
void large_trim(struct theap *theap, uint32_t now, uint32_t age);

/* The slab of a huge block that begins at p, or &slab_nobody. */
struct slab *huge_slab(const void *p);
/* Gives a huge block back, or all of a heap. */
void huge_free(struct slab *slab);

/* The slab that p may be a block of: arena or huge. */
static inline struct slab *slab_of(const void *p)
{
    struct slab *slab = arena_slab(p);
#ifdef _WIN64
    if (UNLIKELY(slab == &slab_nobody)) slab = huge_slab(p);
#endif
    return slab;
}

static inline BOOL slab_is_huge(const struct slab *slab) { return slab->class_index == CLASS_LARGE && !slab->units; }

#endif
