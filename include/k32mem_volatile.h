/* k32mem_volatile.h - copying and filling memory with calls that no compiler removes, merges or repeats outside of the
 * call: CopyVolatileMemory and its family, which Windows gives as a static library. Included by k32mem.h.
 *
 * Pages: Microsoft's "Memory Management Functions", CopyVolatileMemory, CopyDeviceMemory, SecureZeroMemory2, ...
 * Sizes are in bytes; every function returns Destination. Overlapping blocks end the process in the Copy functions
 * (fast fail, FAST_FAIL_INVALID_ARG), as documented; the Move functions allow them. x86 processors take unaligned
 * accesses to device memory, so the Device functions need no care of their own.
 */
#ifndef K32MEM_VOLATILE_H
#define K32MEM_VOLATILE_H

#include <windows.h>

/* A header that has them (winbase.h of a newer SDK) may define this to keep ours away. */
#ifndef K32MEM_NO_VOLATILE

#ifdef __cplusplus
extern "C" {
#endif

static __inline void k32mem_copy_forward(volatile void *to, volatile const void *from, SIZE_T bytes)
{
    __asm__ __volatile__("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory", "cc");
}

static __inline void k32mem_copy_backward(volatile void *to, volatile const void *from, SIZE_T bytes)
{
    volatile UCHAR *t = (volatile UCHAR *)to;
    volatile const UCHAR *f = (volatile const UCHAR *)from;
    while (bytes) {
        bytes--;
        t[bytes] = f[bytes];
    }
    __asm__ __volatile__("" : : : "memory");
}

static __inline volatile void *CopyVolatileMemory(volatile void *Destination, volatile const void *Source,
                                                  SIZE_T Length)
{
    ULONG_PTR to = (ULONG_PTR)Destination, from = (ULONG_PTR)Source;
    if (to - from < Length || from - to < Length) {
        if (Length) __asm__ __volatile__("int $0x29" : : "c"(5)); /* FAST_FAIL_INVALID_ARG; does not return */
    }
    k32mem_copy_forward(Destination, Source, Length);
    return Destination;
}

static __inline volatile void *MoveVolatileMemory(volatile void *Destination, volatile const void *Source,
                                                  SIZE_T Length)
{
    if ((ULONG_PTR)Destination - (ULONG_PTR)Source < Length) k32mem_copy_backward(Destination, Source, Length);
    else k32mem_copy_forward(Destination, Source, Length);
    return Destination;
}

static __inline volatile void *FillVolatileMemory(volatile void *Destination, SIZE_T Length, INT Fill)
{
    volatile void *to = Destination;
    __asm__ __volatile__("rep stosb" : "+D"(to), "+c"(Length) : "a"(Fill) : "memory", "cc");
    return Destination;
}

static __inline volatile void *ZeroVolatileMemory(volatile void *Destination, SIZE_T Length)
{
    return FillVolatileMemory(Destination, Length, 0);
}

static __inline volatile void *SecureZeroMemory2(volatile void *Destination, SIZE_T Length)
{
    return FillVolatileMemory(Destination, Length, 0);
}

static __inline volatile void *CopyDeviceMemory(volatile void *Destination, volatile const void *Source, SIZE_T Length)
{
    return CopyVolatileMemory(Destination, Source, Length);
}

static __inline volatile void *FillDeviceMemory(volatile void *Destination, SIZE_T Length, INT Fill)
{
    return FillVolatileMemory(Destination, Length, Fill);
}

static __inline volatile void *ZeroDeviceMemory(volatile void *Destination, SIZE_T Length)
{
    return FillVolatileMemory(Destination, Length, 0);
}

#ifdef __cplusplus
}
#endif

#endif
#endif
