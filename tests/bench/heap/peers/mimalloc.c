/* mimalloc.c - mimalloc behind the heap API's signatures, so that the bench calls every peer in the same way: one call
 * through the DLL boundary. Compiled as one translation unit with mimalloc itself, so that the compiler may inline all
 * of it; the flags are in rules.mk.
 */
#include "static.c" /* mimalloc's own single-file build, found by -I */

#define PEER __declspec(dllexport)

/* The default heap of each thread: heap is ignored. */
PEER void *WINAPI peer_alloc(HANDLE heap, DWORD flags, SIZE_T size)
{
    (void)heap;
    return flags & HEAP_ZERO_MEMORY ? mi_zalloc(size) : mi_malloc(size);
}

PEER void *WINAPI peer_realloc(HANDLE heap, DWORD flags, void *block, SIZE_T size)
{
    (void)heap;
    return flags & HEAP_ZERO_MEMORY ? mi_rezalloc(block, size) : mi_realloc(block, size);
}

PEER BOOL WINAPI peer_free(HANDLE heap, DWORD flags, void *block)
{
    (void)heap, (void)flags;
    mi_free(block);
    return TRUE;
}

PEER SIZE_T WINAPI peer_size(HANDLE heap, DWORD flags, const void *block)
{
    (void)heap, (void)flags;
    return mi_usable_size(block);
}

/* Heaps of the caller's own. */
PEER HANDLE WINAPI peer_create(DWORD options, SIZE_T initial, SIZE_T maximum)
{
    (void)options, (void)initial, (void)maximum;
    return mi_heap_new();
}

PEER BOOL WINAPI peer_destroy(HANDLE heap)
{
    mi_heap_destroy(heap);
    return TRUE;
}

PEER void *WINAPI peer_heap_alloc(HANDLE heap, DWORD flags, SIZE_T size)
{
    return flags & HEAP_ZERO_MEMORY ? mi_heap_zalloc(heap, size) : mi_heap_malloc(heap, size);
}

static bool count_block(const mi_heap_t *heap, const mi_heap_area_t *area, void *block, size_t size, void *count)
{
    (void)heap, (void)area, (void)size;
    *(SIZE_T *)count += block != NULL;
    return true;
}

/* Visits every block of the calling thread's default heap and returns how many there are. */
PEER SIZE_T WINAPI peer_visit(void)
{
    SIZE_T count = 0;
    mi_heap_visit_blocks(mi_heap_get_default(), true, count_block, &count);
    return count;
}

PEER int WINAPI peer_version(void) { return mi_version(); }
