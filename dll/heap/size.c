/* size.c - HeapSize. */
#include "alloc.h"
#include "foreign.h"

__attribute__((noinline)) static SIZE_T size_slow(HANDLE handle, LPCVOID p)
{
    struct slab *slab;
    uintptr_t index;
    if (block_find(handle, p, &slab, &index)) return slab_size(slab, index);
    if (slab == &slab_nobody && (handle == heap_main.handle || !heap_of(handle))) return foreign_size(handle, 0, p);
    DWORD error = last_error_get();
    heap_invalid_block();
    last_error_set(error);
    return (SIZE_T)-1;
}

/* The exact size that a block was last given, in bytes; (SIZE_T)-1 when p is not a live block of the heap. flags:
 * HEAP_NO_SERIALIZE (no effect). Leaves the last error alone. Any thread. Page: heapapi/nf-heapapi-heapsize */
K32MEM_API SIZE_T WINAPI HeapSize(HANDLE handle, DWORD flags, LPCVOID p)
{
    uintptr_t index;
    (void)flags;
    if (LIKELY(arena_holds(p))) {
        const struct slab *slab = arena_entry(p);
        if (LIKELY(slab->handle == handle) &&
            LIKELY(class_divide((uintptr_t)p - slab->base, slab->magic, slab->block_bytes, &index))) {
            /* As in HeapFree, what lies behind the last block is STATE_NONE. */
            SIZE_T state = slab->state[index];
            if (LIKELY(state < STATE_SIDE)) return slab->block_bytes - state;
            const uint32_t *sizes = slab->sizes; /* a large block has none */
            if (LIKELY(state == STATE_SIDE && sizes)) return sizes[index];
        }
    }
    return size_slow(handle, p);
}
