/* entry.h - what object.c and resize.c share about an object's entry. */
#ifndef K32MEM_ENTRY_H
#define K32MEM_ENTRY_H

#include "table.h"

/* Waits until no other thread is changing the object. FALSE when it is not, or no longer, the one of this identity. */
BOOL entry_settled(struct entry *entry, uint32_t identity, uint32_t *state);

/* The object is BUSY in state: ends that if the thread which made it so no longer runs. */
void entry_abandon(struct entry *entry, uint32_t state);

/* Makes a moveable object around a block of the process heap (NULL: discarded). NULL when there is no entry for it. */
HANDLE object_wrap(void *block, UINT flags);

#endif
