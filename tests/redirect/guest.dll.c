/* guest.dll.c - a DLL that comes while the process runs, and whose imports are those of API sets. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

__declspec(dllexport) void *guest_from_start;

__declspec(dllexport) void *guest_alloc(HANDLE heap, SIZE_T bytes) { return HeapAlloc(heap, 0, bytes); }
__declspec(dllexport) BOOL guest_free(HANDLE heap, void *p) { return HeapFree(heap, 0, p); }

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)module;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) guest_from_start = HeapAlloc(GetProcessHeap(), 0, 77);
    return TRUE;
}
