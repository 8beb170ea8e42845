/* random.c - an xorshift generator seeded from the time-stamp counter and address-space randomisation. */
#include "random.h"
#include "../nt/nt.h"

static uint64_t state;

/* Races between threads only lose numbers. */
uint64_t random_next(void)
{
    uint64_t x = state;
    if (!x) x = __builtin_ia32_rdtsc() ^ ((uint64_t)(uintptr_t)&x << 20) ^ ((uint64_t)(uintptr_t)nt_peb() << 7);
    if (!x) x = 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    state = x;
    return x * 0x2545f4914f6cdd1du;
}
