/* error.c - a wrong DLL: VirtualFree fails with another last error than the documented one. */
#include "nt/nt.h"

BOOL WINAPI wrong_VirtualFree(LPVOID address, SIZE_T size, DWORD type);
BOOL WINAPI wrong_VirtualFree(LPVOID address, SIZE_T size, DWORD type)
{
    BOOL done = VirtualFree(address, size, type);
    if (!done)
        last_error_set(ERROR_GEN_FAILURE);
    return done;
}
