/* class.h - size classes: from a request to the block size that serves it, and from an address to a block's index.
 *
 * Small: every multiple of 16 up to 1 KB. Medium: eight classes per doubling up to 64 KB. Above that a block has a span
 * of its own, in whole units.
 */
#ifndef K32MEM_HEAP_CLASS_H
#define K32MEM_HEAP_CLASS_H

#include "heap.h"

static inline unsigned class_of(SIZE_T bytes)
{
    if (bytes <= SMALL_MAX) return bytes ? (unsigned)((bytes + GRAIN - 1) / GRAIN) : 1;
    unsigned last = (unsigned)bytes - 1, top = 31 ^ (unsigned)__builtin_clz(last), shift = top - 3;
    return (unsigned)SMALL_CLASSES + ((top - 10) << 3) + ((last >> shift) & 7);
}

static inline SIZE_T class_bytes(unsigned index)
{
    if (index < SMALL_CLASSES) return index * GRAIN;
    index -= SMALL_CLASSES;
    return (SIZE_T)(9 + (index & 7)) << (7 + (index >> 3));
}

/* Enough units for at least sixteen blocks; the first slab of a class has no more than two, for two blocks or more: many
 * programs never need another, and come by every class as a string or an array of theirs grows. */
static inline uint32_t class_units(unsigned index, BOOL first)
{
    SIZE_T bytes = class_bytes(index);
    if (bytes <= 4096) return 1;
    if (first) return bytes <= 16384 ? 1 : 2;
    return bytes <= 8192 ? 2 : bytes <= 16384 ? 4 : bytes <= 32768 ? 8 : 16;
}

/* Division of an offset by the block size, with a proof that nothing is left over, in one multiplication:
 * with magic = ceil(2^64 / d), the high half of n * magic is n / d, and the low half is below magic exactly when d
 * divides n (Lemire, Kaser, Kurz: "Faster remainder by direct computation", 2019; n and d below 2^32). */
#ifdef _WIN64
static inline uintptr_t class_magic(SIZE_T block_bytes) { return ~(uintptr_t)0 / block_bytes + 1; }

static inline BOOL class_divide(uintptr_t offset, uintptr_t magic, SIZE_T block_bytes, uintptr_t *index)
{
    (void)block_bytes;
    uintptr_t low;
    /* By hand: the compiler keeps a 128-bit product in registers that it must save first. */
    __asm__("mulq %3" : "=a"(low), "=d"(*index) : "a"(offset), "r"(magic) : "cc");
    return low < magic;
}
#else
/* 32 bits are too few for the remainder's proof with large blocks: multiply back instead. */
static inline uintptr_t class_magic(SIZE_T block_bytes) { return ~(uintptr_t)0 / block_bytes + 1; }

static inline BOOL class_divide(uintptr_t offset, uintptr_t magic, SIZE_T block_bytes, uintptr_t *index)
{
    *index = (uintptr_t)(((uint64_t)offset * magic) >> 32);
    return *index * block_bytes == offset;
}
#endif

#endif
