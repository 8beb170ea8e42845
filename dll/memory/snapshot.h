/* snapshot.h - the state of physical memory, commit and address space, at most one clock tick old.
 *
 * The queries behind it cost 100 microseconds and more under Wine, and programs ask in loops. Within one tick of the
 * system's clock (about 16 ms) everybody gets the same snapshot; what this process reserves or releases meanwhile
 * (core/space.h) is counted in with each answer.
 */
#ifndef K32MEM_SNAPSHOT_H
#define K32MEM_SNAPSHOT_H

#include "../core/space.h"
#include <emmintrin.h>

/* The snapshot that all share. sequence is odd while it is being written, and 0 before the first: a reader that sees
 * it odd or changed has read nothing. */
struct snapshot {
    /* ullAvailVirtual is what would be free if the balance of core/space.h were 0. */
    MEMORYSTATUSEX status;
    ULONG64 time;     /* of the clock, when it was made */
    ULONG64 walk_due; /* when the address space is to be counted again */
    volatile LONG sequence;
};
extern struct snapshot snapshot_shared;

/* The system's clock in 100 ns, equal in two readings only if it has not moved. On i686 its two halves may be from both
 * sides of a carry. */
static inline ULONG64 clock_glance(void)
{
    return *(const volatile ULONG64 *)(SHARED_DATA + SHARED_INTERRUPT_TIME);
}

static inline void status_copy(MEMORYSTATUSEX *to, const MEMORYSTATUSEX *from)
{
    const __m128i *f = (const __m128i *)from;
    __m128i *t = (__m128i *)to;
    __m128i a = _mm_loadu_si128(f), b = _mm_loadu_si128(f + 1), c = _mm_loadu_si128(f + 2), d = _mm_loadu_si128(f + 3);
    _Static_assert(sizeof(*to) == 64, "four moves");
    _mm_storeu_si128(t, a);
    _mm_storeu_si128(t + 1, b);
    _mm_storeu_si128(t + 2, c);
    _mm_storeu_si128(t + 3, d);
}

/* Makes a snapshot and shares it, unless another thread is just doing so. Never waits. */
NTSTATUS snapshot_make(MEMORYSTATUSEX *status);

/* The current snapshot. Any thread, never waits; a few loads while the clock stands still. */
static inline NTSTATUS snapshot_take(MEMORYSTATUSEX *status)
{
    LONG before = snapshot_shared.sequence;
    if (__builtin_expect(snapshot_shared.time == clock_glance() && !(before & 1), 1)) {
        __asm__ volatile("" : : : "memory"); /* x86 keeps the order of loads; the compiler has to be told */
        status_copy(status, &snapshot_shared.status);
        __asm__ volatile("" : : : "memory");
        if (__builtin_expect(before == snapshot_shared.sequence && before, 1)) return STATUS_SUCCESS;
    }
    return snapshot_make(status);
}

#endif
