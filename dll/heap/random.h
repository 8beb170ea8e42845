/* random.h - cheap unpredictability for placement. Not for secrets. */
#ifndef K32MEM_HEAP_RANDOM_H
#define K32MEM_HEAP_RANDOM_H

#include <stdint.h>

uint64_t random_next(void);

#endif
