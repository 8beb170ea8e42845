/* secure.h - memory that a driver holds against freeing and protecting.
 *
 * A driver may secure a range of user memory (MmSecureVirtualMemory); freeing it or changing its protection then fails
 * with SECURED. Callbacks that the process added with AddSecureMemoryCacheCallback are told of the range, and when one
 * of them has let go of it, the call is tried once more. Only calls that failed pay for this.
 */
#ifndef K32MEM_SECURE_H
#define K32MEM_SECURE_H

#include "../nt/nt.h"

/* The status of calls on a secured range. Also that of protections that do not fit. */
#define SECURED STATUS_INVALID_PAGE_PROTECTION

/* Set by the family that keeps the callbacks: calls them for the range, returns TRUE when one has released it. NULL
 * while no callback was ever added. */
extern BOOL (*volatile secure_release)(PVOID base, SIZE_T bytes);

/* After the system's call on the range ended with status: is it worth trying again, once? */
static inline BOOL secure_retry(NTSTATUS status, PVOID base, SIZE_T bytes)
{
    if (status != SECURED) return FALSE;
    BOOL (*release)(PVOID, SIZE_T) = secure_release;
    return release && release(base, bytes);
}

#endif
