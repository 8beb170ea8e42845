/* space.h - how this process's own calls change the amount of address space that is taken.
 *
 * Counting the address space afresh takes a walk over all its regions; GlobalMemoryStatusEx does that now and then,
 * and in between adds what the plain calls report here, so that a reservation shows in the very next answer.
 */
#ifndef K32MEM_SPACE_H
#define K32MEM_SPACE_H

#include "../nt/nt.h"

/* The balance of all reservations and releases reported so far, in bytes. Only its changes mean anything. */
extern volatile LONG_PTR space_balance;

/* Report bytes of this process's address space as reserved (positive) or released (negative), after the fact. */
static inline void space_changed(LONG_PTR bytes) { __atomic_fetch_add(&space_balance, bytes, __ATOMIC_RELAXED); }

#endif
