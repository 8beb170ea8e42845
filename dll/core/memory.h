/* memory.h - the four functions that a freestanding compiler may call on its own. */
#ifndef K32MEM_MEMORY_H
#define K32MEM_MEMORY_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* Looks what the processor has; until then they do with less. At the DLL's load. */
void memory_attach(void);

#endif
