/* attach.c - what happens when the DLL comes and goes. Runs under the loader lock: no waiting, no loading. */
#include "attach.h"
#include "../nt/nt.h"
#include "memory.h"

BOOL WINAPI DllMainCRTStartup(HINSTANCE module, DWORD reason, LPVOID reserved);

/* The entry point. reserved is non-NULL when the process itself starts or ends rather than LoadLibrary/FreeLibrary;
 * at process end the other threads are gone already, wherever they stood, so nothing is torn down then. */
BOOL WINAPI DllMainCRTStartup(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        memory_attach();
        nt_optional_resolve();
        mapping_attach();
        offer_attach();
        awe_attach();
        placeholder_attach();
        return heap_attach() && redirect_attach();
    case DLL_THREAD_DETACH:
        heap_thread_exit();
        break;
    case DLL_PROCESS_DETACH:
        if (!reserved) {
            global_detach();
            heap_detach();
            mapping_detach();
        } else {
            redirect_process_end();
        }
        break;
    }
    return TRUE;
}
