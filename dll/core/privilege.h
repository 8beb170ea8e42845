/* privilege.h - does the calling thread hold a privilege? */
#ifndef K32MEM_PRIVILEGE_H
#define K32MEM_PRIVILEGE_H

#include "../nt/nt.h"

/* Privileges by their fixed numbers (the public headers' SE_*_PRIVILEGE). */
enum { SE_LOCK_MEMORY = 4, SE_INCREASE_QUOTA = 5, SE_PROFILE_SINGLE_PROCESS = 13 };

/* Is the privilege held and enabled in the calling thread's token (the process's, unless it impersonates)? */
BOOL privilege_held(ULONG privilege);

#endif
