/* foreign.h - heaps and blocks that ntdll's heap made: before the DLL came, inside ntdll, or by RtlCreateHeap. Calls
 * that concern them are passed on, after the pointer was looked at: ntdll's heap may trust what it is given. */
#ifndef K32MEM_HEAP_FOREIGN_H
#define K32MEM_HEAP_FOREIGN_H

#include "heap.h"

/* Each as the Heap* function of that name, for a handle that is not one of our private heaps. */
void *foreign_alloc(HANDLE handle, DWORD flags, SIZE_T bytes);
BOOL foreign_free(HANDLE handle, DWORD flags, void *p);
void *foreign_realloc(HANDLE handle, DWORD flags, void *p, SIZE_T bytes);
SIZE_T foreign_size(HANDLE handle, DWORD flags, const void *p);
BOOL foreign_validate(HANDLE handle, DWORD flags, const void *p);
BOOL foreign_destroy(HANDLE handle);
BOOL foreign_lock(HANDLE handle);
BOOL foreign_unlock(HANDLE handle);
BOOL foreign_walk(HANDLE handle, PROCESS_HEAP_ENTRY *entry);
BOOL foreign_query(HANDLE handle, int info_class, void *info, SIZE_T bytes, SIZE_T *returned);
/* Whether the handle is one of ntdll's heaps. */
BOOL foreign_is_heap(HANDLE handle);
/* Whether every byte can be read; nothing is touched. */
BOOL foreign_is_readable(const void *p, SIZE_T bytes);

#endif
