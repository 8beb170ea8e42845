/* psapi.h - the process status API: names in kernel32 (K32...) and, without the prefix, in psapi. */
#ifndef K32MEM_PSAPI_H
#define K32MEM_PSAPI_H

#include "../nt/nt.h"
#include "../nt/system.h"
#define PSAPI_VERSION 1 /* otherwise the header renames the names without the prefix */
/* The compiler's header gives this one a size where Microsoft's gives a pointer to one. */
#define GetWsChangesEx GetWsChangesEx_of_header
#include <psapi.h>
#undef GetWsChangesEx

/* The same function under psapi's own name. */
#define PSAPI_NAME_OF(ret, name, params, arguments)                                                                  \
    K32MEM_API ret WINAPI name params { return K32##name arguments; }
#define PSAPI_NAME(name, params, arguments) PSAPI_NAME_OF(BOOL, name, params, arguments)

enum { SYSTEM_PROCESSES = 5, SYSTEM_PAGE_FILES = 18 };

/* A system query whose answer has no fixed size: *answer gets memory of its own, to be given to answer_free. */
NTSTATUS answer_get(int info_class, PVOID *answer);
void answer_free(PVOID answer);

/* Pages of memory for the length of a call. Needs no heap, so that these functions work while the heap does not. */
PVOID pages_get(SIZE_T bytes);
void pages_free(PVOID pages);

#endif
