/* exception.c - a wrong DLL: IsBadStringPtrA reads the string without catching what that may raise. */
#include "nt/nt.h"

BOOL WINAPI wrong_IsBadStringPtrA(LPCSTR text, UINT_PTR limit);
BOOL WINAPI wrong_IsBadStringPtrA(LPCSTR text, UINT_PTR limit)
{
    for (const volatile char *at = text; limit && *at; at++)
        limit--;
    return FALSE;
}
