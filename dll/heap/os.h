/* os.h - every call by which the heap takes memory from the system or gives it back goes through here, so that tests
 * can make each of them fail in turn (builds with -DK32MEM_FAULT). Sizes in bytes; failures return NULL or FALSE. */
#ifndef K32MEM_HEAP_OS_H
#define K32MEM_HEAP_OS_H

#include "../nt/nt.h"

/* Reserves; at is the wanted base or NULL. */
void *os_reserve(void *at, SIZE_T bytes);
BOOL os_commit(void *at, SIZE_T bytes, BOOL execute);
void os_decommit(void *at, SIZE_T bytes);
void os_release(void *at);
/* Whether less than half of a committed range seems to be resident; FALSE when that cannot be told. */
BOOL os_is_sparse(const void *at, SIZE_T bytes);
/* As os_reserve and os_release, for what goes when the DLL does; and the end of all that is left of it. */
void *os_reserve_kept(void *at, SIZE_T bytes);
void os_release_kept(void *at);
void os_release_all(void);

#endif
