/* resource.h - the other thing that is called an HGLOBAL: what LoadResource returns. */
#ifndef K32MEM_RESOURCE_H
#define K32MEM_RESOURCE_H

#include "../nt/nt.h"

/* Does address lie in the resources of a module that is loaded in this process? Several system calls long; for
 * addresses that are nothing else. */
BOOL resource_contains(LPCVOID address);

#endif
