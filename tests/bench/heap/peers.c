/* peers.c - finding the allocators. DLLs are looked for beside the program. */
#include "heapbench.h"
#include <stdio.h>
#include <string.h>

struct peer peer;
const char *const peer_names[] = { "kernel32", "kernel32/private", "mimalloc", "mimalloc/secure",
                                   "k32mem",   "k32mem/private",   "bare",     NULL };

static HMODULE load_beside(const char *file)
{
    char path[MAX_PATH];
    DWORD length = GetModuleFileNameA(NULL, path, sizeof path);
    char *slash;
    if (!length || length >= sizeof path || !(slash = strrchr(path, '\\'))) return NULL;
    if (snprintf(slash + 1, sizeof path - (size_t)(slash + 1 - path), "%s", file) < 0) return NULL;
    return LoadLibraryA(path);
}

#define FIND(slot, name) (peer.slot = (void *)(UINT_PTR)GetProcAddress(module, name))

static BOOL load_heap_api(HMODULE module, BOOL private)
{
    HANDLE(WINAPI *process_heap)(void) = (void *)(UINT_PTR)GetProcAddress(module, "GetProcessHeap");
    FIND(alloc, "HeapAlloc");
    FIND(free, "HeapFree");
    FIND(realloc, "HeapReAlloc");
    FIND(size, "HeapSize");
    FIND(create, "HeapCreate");
    FIND(destroy, "HeapDestroy");
    FIND(validate, "HeapValidate");
    FIND(walk, "HeapWalk");
    FIND(lock, "HeapLock");
    FIND(unlock, "HeapUnlock");
    peer.heap_alloc = peer.alloc;
    if (!process_heap || !peer.alloc || !peer.free || !peer.realloc || !peer.size || !peer.create || !peer.destroy)
        return FALSE;
    peer.heap = private ? peer.create(0, 0, 0) : process_heap();
    return peer.heap != NULL;
}

static BOOL load_mimalloc(HMODULE module)
{
    FIND(alloc, "peer_alloc");
    FIND(free, "peer_free");
    FIND(realloc, "peer_realloc");
    FIND(size, "peer_size");
    FIND(create, "peer_create");
    FIND(destroy, "peer_destroy");
    FIND(heap_alloc, "peer_heap_alloc");
    FIND(visit, "peer_visit");
    FIND(version, "peer_version");
    return peer.alloc && peer.free && peer.realloc && peer.size && peer.create && peer.destroy && peer.heap_alloc;
}

BOOL peer_load(const char *name, const char **why)
{
    const char *unused;
    if (!why) why = &unused;
    memset(&peer, 0, sizeof peer);
    peer.name = name;
    BOOL private = strstr(name, "/private") != NULL;
    *why = "it lacks some of the heap functions";
    if (!strncmp(name, "kernel32", 8)) return load_heap_api(GetModuleHandleA("kernel32.dll"), private);
    if (!strcmp(name, "bare")) {
        peer.alloc = bare_alloc;
        peer.free = bare_free;
        return TRUE;
    }
    BOOL ours = !strncmp(name, "k32mem", 6);
    HMODULE module = load_beside(ours                        ? "k32mem.dll"
                                 : strstr(name, "/secure") ? "mimalloc-secure.dll"
                                                           : "mimalloc-normal.dll");
    if (!module) {
        *why = "its DLL is not beside the program, or does not load";
        return FALSE;
    }
    return ours ? load_heap_api(module, private) : load_mimalloc(module);
}
