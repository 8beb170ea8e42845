/* numa.h - what the tests of NUMA share. */
#ifndef CONFORM_NUMA_H
#define CONFORM_NUMA_H

#include "conform.h"
#include "k32mem.h"

FUNCTION(BOOL, GetNumaHighestNodeNumber, (PULONG))

static inline ULONG highest(void)
{
    ULONG node = 0;
    if (pGetNumaHighestNodeNumber) pGetNumaHighestNodeNumber(&node);
    return node;
}

#endif
