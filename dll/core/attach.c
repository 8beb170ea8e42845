/* attach.c - what happens when the DLL comes and goes. Runs under the loader lock: no waiting, no loading. */
#include "../nt/nt.h"
#include "attach.h"

BOOL WINAPI DllMainCRTStartup(HINSTANCE module, DWORD reason, LPVOID reserved);

/* The entry point. reserved is non-NULL when the process itself starts or ends rather than LoadLibrary/FreeLibrary;
 * at process end the other threads are gone already, wherever they stood, so nothing is torn down then. */
BOOL WINAPI DllMainCRTStartup(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) nt_optional_resolve();
    return TRUE;
}
