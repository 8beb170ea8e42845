/* meta.h - memory for the allocator's own structures, away from all blocks. It never goes back to the system. */
#ifndef K32MEM_HEAP_META_H
#define K32MEM_HEAP_META_H

#include "../nt/nt.h"

#define META_MAX ((SIZE_T)32768)

/* bytes up to META_MAX; aligned to 64; contents undefined. NULL when out of memory. */
void *meta_alloc(SIZE_T bytes);
void meta_free(void *p, SIZE_T bytes);
/* Bytes committed for meta so far. */
SIZE_T meta_committed(void);

/* Structures to which stale pointers may exist for a moment: their memory is only ever used for the same type again, and
 * the words that a stale pointer's holder looks at (home, handle, lock) stay valid. */
struct slab *meta_slab(void); /* without a home; all else clear, but for pending */
void meta_slab_free(struct slab *slab);
struct thread *meta_thread(void);
void meta_thread_free(struct thread *thread);
struct theap *meta_theap(void);
void meta_theap_free(struct theap *theap);

#endif
