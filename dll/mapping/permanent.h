/* permanent.h - views that cannot be unmapped or protected anew: those of objects made with SEC_NO_CHANGE. */
#ifndef K32MEM_PERMANENT_H
#define K32MEM_PERMANENT_H

#include "../nt/nt.h"

#ifndef SEC_NO_CHANGE
#define SEC_NO_CHANGE 0x00400000
#endif

/* Has this process made or opened an object with SEC_NO_CHANGE? Views are looked at only then. */
extern volatile LONG permanent_objects;

static inline BOOL permanent_any(void) { return __builtin_expect(permanent_objects != 0, 0); }

/* An object with SEC_NO_CHANGE has been made. */
void permanent_made(void);

/* A handle to an existing object has come: notes whether it has SEC_NO_CHANGE. */
void permanent_note(HANDLE section);

/* A view has been mapped into this process. FALSE: it ought to be permanent, and too many are; the caller undoes it. */
BOOL permanent_view(HANDLE section, PVOID base, SIZE_T bytes);

/* Once, at process attach. */
void permanent_attach(void);

#endif
