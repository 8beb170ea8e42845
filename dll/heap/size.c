/* size.c - HeapSize. */
#include "alloc.h"
#include "foreign.h"

/* The exact size that a block was last given, in bytes; (SIZE_T)-1 when p is not a live block of the heap. flags:
 * HEAP_NO_SERIALIZE (no effect). Leaves the last error alone. Any thread. Page: heapapi/nf-heapapi-heapsize */
K32MEM_API SIZE_T WINAPI HeapSize(HANDLE handle, DWORD flags, LPCVOID p)
{
    struct slab *slab;
    uintptr_t index;
    if (LIKELY(block_find(handle, p, &slab, &index))) return slab_size(slab, index);
    if (slab == &slab_nobody && (handle == heap_main.handle || !heap_of(handle))) return foreign_size(handle, flags, p);
    DWORD error = last_error_get();
    heap_invalid_block();
    last_error_set(error);
    return (SIZE_T)-1;
}
