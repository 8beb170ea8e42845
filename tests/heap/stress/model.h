/* model.h - a simple model of several heaps, and the random operations that are held against it.
 *
 * GLOSSARY
 *   slot     what the model knows of one live block: heap, address, size, and the seed of its content.
 *   worker   a thread that works on slots of its own and, under a slot's guard, on slots shared by all.
 *   parking  all workers stand still, so that HeapWalk can be compared with the model exactly.
 */
#ifndef MODEL_H
#define MODEL_H
#include "heap/heaptest.h"

enum { OWN_SLOTS = 300, SHARED_SLOTS = 200, WORKERS_MAX = 16, COMMON_HEAPS = 7, OWN_HEAPS = 2 };

struct model_heap {
    HANDLE handle;
    DWORD options;
    SIZE_T maximum; /* 0: growable */
    BOOL process;   /* others allocate from it too */
};
struct slot {
    volatile LONG guard;
    struct model_heap *heap;
    BYTE *block; /* NULL: free slot */
    SIZE_T size;
    uint32_t seed;
};
struct worker {
    int number;
    uint64_t seed;
    LONG64 operations, done;
    LONG64 failures_expected; /* allocations that the heap could refuse, and did */
    struct model_heap heaps[OWN_HEAPS];
    struct slot slots[OWN_SLOTS];
};
struct model {
    struct model_heap heaps[COMMON_HEAPS];
    struct slot shared[SHARED_SLOTS];
    struct worker *workers;
    int worker_count;
    SIZE_T size_limit; /* of most blocks */
};
extern struct model model;

void model_open(int workers, uint64_t seed, LONG64 operations, SIZE_T size_limit);
/* Everything that lives is freed; every heap must then be empty. */
void model_close(void);
/* The heaps' walks and answers against the model. The workers must be parked or ended. */
void model_compare(void);

/* One random operation of a worker. */
void operation_random(struct worker *worker);
#endif
