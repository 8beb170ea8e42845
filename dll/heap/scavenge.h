/* scavenge.h - giving idle memory back without stalling anybody. */
#ifndef K32MEM_HEAP_SCAVENGE_H
#define K32MEM_HEAP_SCAVENGE_H

#include "heap.h"

/* Milliseconds, coarse; wraps. */
static inline uint32_t scavenge_clock(void)
{
    return (uint32_t)(*(const volatile uint64_t *)(SHARED_DATA + SHARED_INTERRUPT_TIME) / 10000);
}

/* Half milliseconds or less, fine: the clock above moves every 10 to 16 ms. */
static inline uint32_t scavenge_ticks(void) { return (uint32_t)(__builtin_ia32_rdtsc() >> 20); }

/* Something became idle; much: more than may stay so. Cheap when the scavenger is up already or there is little to do. */
void scavenge_wake(BOOL much);
/* Gives back all that is idle now. */
void scavenge_now(void);
/* The calling thread ends. */
void scavenge_thread_exit(void);
/* Ends the scavenger, for unloading. Under the loader lock. */
void scavenge_stop(void);

#endif
