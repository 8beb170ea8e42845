/* loaded.h - the heap API of a DLL that a test loads itself: heap.alloc(...) and so on. */
#ifndef LOADED_H
#define LOADED_H
#include "heaptest.h"

struct heap_api {
    HMODULE module;
    HANDLE(WINAPI *process_heap)(void);
    HANDLE(WINAPI *create)(DWORD, SIZE_T, SIZE_T);
    BOOL(WINAPI *destroy)(HANDLE);
    LPVOID(WINAPI *alloc)(HANDLE, DWORD, SIZE_T);
    LPVOID(WINAPI *realloc)(HANDLE, DWORD, LPVOID, SIZE_T);
    BOOL(WINAPI *free)(HANDLE, DWORD, LPVOID);
    SIZE_T(WINAPI *size)(HANDLE, DWORD, LPCVOID);
    BOOL(WINAPI *validate)(HANDLE, DWORD, LPCVOID);
};

#define LOADED_FIND(slot, name) (api.slot = (void *)(ULONG_PTR)GetProcAddress(api.module, name))
/* Loads a DLL that lies beside the program. */
HELPER struct heap_api heap_load(const char *file)
{
    struct heap_api api = { 0 };
    char path[MAX_PATH];
    GetModuleFileNameA(NULL, path, sizeof path);
    snprintf(strrchr(path, '\\') + 1, 40, "%s", file);
    api.module = LoadLibraryA(path);
    expect(api.module, "%s does not load: error %lu", path, GetLastError());
    LOADED_FIND(process_heap, "GetProcessHeap");
    LOADED_FIND(create, "HeapCreate");
    LOADED_FIND(destroy, "HeapDestroy");
    LOADED_FIND(alloc, "HeapAlloc");
    LOADED_FIND(realloc, "HeapReAlloc");
    LOADED_FIND(free, "HeapFree");
    LOADED_FIND(size, "HeapSize");
    LOADED_FIND(validate, "HeapValidate");
    expect(api.process_heap && api.create && api.destroy && api.alloc && api.realloc && api.free && api.size && api.validate,
           "%s lacks heap functions", file);
    return api;
}
#endif
