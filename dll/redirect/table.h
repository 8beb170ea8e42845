/* table.h - which functions are redirected, and to what. */
#ifndef K32MEM_REDIRECT_TABLE_H
#define K32MEM_REDIRECT_TABLE_H

#include "redirect.h"

/* Finds all originals, in the modules that are loaded now. FALSE: out of memory, or no ntdll. Called again when one more of
 * the system's modules was loaded. */
BOOL table_build(void);
/* The stand-in for an original at address that is called by name (NULL: not known); NULL when it has none. */
void *table_find(const void *address, const char *name);
/* Makes stand_in take the place of k32mem's own function of that name: statistics. Before table_build. */
void table_replace(const char *name, void *stand_in);

#endif
