/* isbad.h - what the tests of the IsBad functions share. */
#ifndef ISBAD_H
#define ISBAD_H

#include "conform.h"

#define PAGE ((SIZE_T)4096)

FUNCTION(BOOL, IsBadReadPtr, (const void *, UINT_PTR))
FUNCTION(BOOL, IsBadWritePtr, (void *, UINT_PTR))
FUNCTION(BOOL, IsBadHugeReadPtr, (const void *, UINT_PTR))
FUNCTION(BOOL, IsBadHugeWritePtr, (void *, UINT_PTR))
FUNCTION(BOOL, IsBadCodePtr, (FARPROC))
FUNCTION(BOOL, IsBadStringPtrA, (LPCSTR, UINT_PTR))
FUNCTION(BOOL, IsBadStringPtrW, (LPCWSTR, UINT_PTR))

#define P_READ "winbase/nf-winbase-isbadreadptr"
#define P_WRITE "winbase/nf-winbase-isbadwriteptr"
#define P_HUGE_READ "winbase/nf-winbase-isbadhugereadptr"
#define P_HUGE_WRITE "winbase/nf-winbase-isbadhugewriteptr"
#define P_CODE "winbase/nf-winbase-isbadcodeptr"
#define P_STRING "winbase/nf-winbase-isbadstringptra"
#define P_STRING_W "winbase/nf-winbase-isbadstringptrw"

/* Four pages in the middle of a reservation, the two in the middle with the protection given, those around them with
 * the other (0: only reserved). Returns the second page. */
static inline char *pages_make(DWORD inner, DWORD outer)
{
    char *base = VirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_NOACCESS);
    if (outer) VirtualAlloc(base, 4 * PAGE, MEM_COMMIT, outer);
    VirtualAlloc(base + PAGE, 2 * PAGE, MEM_COMMIT, inner);
    return base + PAGE;
}

static inline void pages_free(char *second) { VirtualFree(second - PAGE, 0, MEM_RELEASE); }

static inline DWORD page_protection(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(address, &info, sizeof(info)) && info.State == MEM_COMMIT ? info.Protect : 0;
}

/* One of the functions, called so that an exception that leaves it is an observation. The pages promise answers,
 * not exceptions. */
struct probe {
    BOOL(WINAPI *function)(const void *, UINT_PTR);
    const void *address;
    UINT_PTR size;
    BOOL answer;
};

static inline void probe_call(void *context)
{
    struct probe *probe = context;
    if ((void *)probe->function == (void *)pIsBadCodePtr) probe->answer = pIsBadCodePtr((FARPROC)probe->address);
    else probe->answer = probe->function(probe->address, probe->size);
}

/* The answer as 0 or 1, or the exception. */
static inline DWORD probe_ask(void *function, const void *address, UINT_PTR size)
{
    struct probe probe = { (BOOL(WINAPI *)(const void *, UINT_PTR))function, address, size, 7 };
    DWORD code = conform_catch(probe_call, &probe);
    return code ? code : probe.answer != 0;
}

#endif
