/* stats.h - counting, when the options ask for it. */
#ifndef K32MEM_REDIRECT_STATS_H
#define K32MEM_REDIRECT_STATS_H

#include "redirect.h"

/* Puts counting functions in the place of k32mem's own. Before table_build. */
void stats_attach(void);
/* Sends the statistics, once. Any time, even when other threads are gone. */
void stats_send(void);

/* The calls that ntdll's names lead to: counted or not. */
struct heap_calls {
    LPVOID(WINAPI *alloc)(HANDLE, DWORD, SIZE_T);
    LPVOID(WINAPI *realloc)(HANDLE, DWORD, LPVOID, SIZE_T);
    BOOL(WINAPI *free)(HANDLE, DWORD, LPVOID);
};
extern struct heap_calls heap_calls;

#endif
