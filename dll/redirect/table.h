/* table.h - which functions are redirected, and to what. */
#ifndef K32MEM_REDIRECT_TABLE_H
#define K32MEM_REDIRECT_TABLE_H

#include "redirect.h"

/* Finds all originals, in the modules that are loaded now. FALSE: out of memory, or no ntdll. Called again when one more of
 * the system's modules was loaded. */
BOOL table_build(void);
/* The stand-in for an original at address that is called by name (NULL: not known); NULL when it has none. */
void *table_find(const void *address, const char *name);
/* k32mem's function of that name, for a DLL or module of the system that has none; NULL when there is no such name, or the
 * DLL is not one where programs look for memory functions. */
void *table_find_missing(const char *dll, const char *name);
void *table_find_missing_in(const void *module, const char *name);
/* Is this kernel32 or kernelbase? Is this one of their functions for moveable memory, Global* or Local*? */
BOOL table_is_home(const void *module);
BOOL table_is_moveable(const char *name);
/* Makes stand_in take the place of k32mem's own function of that name: statistics. Before table_build. */
void table_replace(const char *name, void *stand_in);

#endif
