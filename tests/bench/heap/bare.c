/* bare.c - a bare free list per size, behind the heap API's signatures. It checks nothing, knows no size, and serves one
 * thread: what the calls themselves cost on this machine. Where it is not far enough ahead of kernel32, no heap that does
 * its work can be. (It hands blocks out in the order of their frees, near or far: churn is not its best.)
 */
#include "heapbench.h"
#include <string.h>

enum { GRAIN = 16, LISTS = 4096 / GRAIN + 1 };
#define AREA ((SIZE_T)1 << 20) /* of one size each, aligned to it; begins with the list's number */

struct block {
    struct block *next;
};
static struct block *lists[LISTS];

static __attribute__((noinline)) struct block *list_fill(SIZE_T list)
{
    static char *free_areas, *end;
    if (free_areas == end) {
        char *memory = VirtualAlloc(NULL, 64 * AREA, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!memory) return NULL;
        free_areas = (char *)(((ULONG_PTR)memory + AREA - 1) & ~(AREA - 1));
        end = free_areas + 63 * AREA;
    }
    char *area = free_areas;
    free_areas += AREA;
    *(SIZE_T *)area = list;
    SIZE_T bytes = list * GRAIN;
    for (SIZE_T at = (AREA - GRAIN) / bytes; at-- > 0;) {
        struct block *block = (struct block *)(area + GRAIN + at * bytes);
        block->next = lists[list];
        lists[list] = block;
    }
    return lists[list];
}

LPVOID WINAPI bare_alloc(HANDLE heap, DWORD flags, SIZE_T size)
{
    SIZE_T list = (size + GRAIN - 1) / GRAIN;
    (void)heap;
    if (list - 1 >= LISTS - 1) return NULL;
    struct block *block = lists[list];
    if (!block && !(block = list_fill(list))) return NULL;
    lists[list] = block->next;
    return flags & HEAP_ZERO_MEMORY ? memset(block, 0, size) : block;
}

BOOL WINAPI bare_free(HANDLE heap, DWORD flags, LPVOID p)
{
    SIZE_T list = *(SIZE_T *)((ULONG_PTR)p & ~(AREA - 1));
    struct block *block = p;
    (void)heap, (void)flags;
    block->next = lists[list];
    lists[list] = block;
    return TRUE;
}
