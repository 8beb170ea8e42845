/* careful.h - heaps that want every call looked at: of fixed size, or with tail or free checking. Their fast path stays
 * closed, so the others pay nothing. */
#ifndef K32MEM_HEAP_CAREFUL_H
#define K32MEM_HEAP_CAREFUL_H

#include "heap.h"

/* As theap_alloc. Under theap->lock. NULL also when the budget is used up. */
void *careful_alloc(struct theap *theap, SIZE_T bytes, BOOL *zero);
/* Frees a block that was live a moment ago, or lets it wait (helpers.h). FALSE when the bytes behind it were overwritten,
 * or it is not live any more. */
BOOL careful_free(struct slab *slab, uintptr_t index);
/* FALSE when the bytes behind the live block were overwritten. */
BOOL careful_check(const struct slab *slab, uintptr_t index);
/* Changes the size in place; FALSE when that cannot be. */
BOOL careful_resize(struct slab *slab, uintptr_t index, SIZE_T bytes);

#endif
