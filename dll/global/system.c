/* system.c - calling the system's functions for the handles that only they know. */
#include "system.h"
#include "table.h"

/* X(return type, name, parameters) */
#define SYSTEM_CALLS(X)                                                                                              \
    X(UINT, GlobalFlags, (HANDLE))                                                                                   \
    X(HANDLE, GlobalFree, (HANDLE))                                                                                  \
    X(HANDLE, GlobalReAlloc, (HANDLE, SIZE_T, UINT))                                                                 \
    X(LPVOID, GlobalLock, (HANDLE))                                                                                  \
    X(BOOL, GlobalUnlock, (HANDLE))                                                                                  \
    X(SIZE_T, GlobalSize, (HANDLE))                                                                                  \
    X(HANDLE, GlobalHandle, (LPCVOID))

static struct {
#define X(ret, name, params) ret(WINAPI *name) params;
    SYSTEM_CALLS(X)
#undef X
} calls;
enum { CALLS_UNKNOWN, CALLS_ABSENT, CALLS_PRESENT };
static uint32_t phase;

static BOOL calls_find(void)
{
    PVOID modules[] = { nt_module_find(L"kernelbase.dll"), nt_module_find(L"kernel32.dll") };
#define X(ret, call, params)                                                                                         \
    for (unsigned i = 0; i < COUNT_OF(modules) && !calls.call; i++) {                                                \
        PVOID address = modules[i] ? nt_function_find(modules[i], #call) : NULL;                                         \
        if (address && address != (PVOID)call) *(PVOID *)&calls.call = address;                                          \
    }                                                                                                                \
    if (!calls.call) return FALSE;
    SYSTEM_CALLS(X)
#undef X
    return TRUE;
}

static BOOL calls_present(void)
{
    uint32_t found = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
    if (found == CALLS_UNKNOWN) {
        /* Several threads may do this at once: each writes the same. */
        found = calls_find() ? CALLS_PRESENT : CALLS_ABSENT;
        __atomic_store_n(&phase, found, __ATOMIC_RELEASE);
    }
    return found == CALLS_PRESENT;
}

void system_resolve(void) { calls_present(); }

/* Does the system know this moveable handle? What cannot be one is not shown to it. */
static BOOL handle_is_known(HANDLE handle)
{
    ULONG_PTR value = (ULONG_PTR)handle;
    if (!handle_is_moveable(handle) || (value & (sizeof(void *) - 1)) || value < GRANULE_BYTES) return FALSE;
#ifdef _WIN64
    if (value >> GENERATION_SHIFT) return FALSE;
#endif
    DWORD error = last_error_get();
    BOOL known = calls_present() && calls.GlobalFlags(handle) != GMEM_INVALID_HANDLE;
    last_error_set(error);
    return known;
}

/* The error of a system call that has failed; what was the last error before it is set again. */
static DWORD error_take(DWORD before)
{
    DWORD error = last_error_get();
    last_error_set(before);
    return error;
}

DWORD system_free(HANDLE handle)
{
    if (!handle_is_known(handle)) return ERROR_INVALID_HANDLE;
    DWORD before = last_error_get();
    return calls.GlobalFree(handle) ? error_take(before) : NO_ERROR;
}

DWORD system_resize(HANDLE handle, SIZE_T bytes, UINT flags, HANDLE *result)
{
    if (!handle_is_known(handle)) return ERROR_INVALID_HANDLE;
    DWORD before = last_error_get();
    *result = calls.GlobalReAlloc(handle, bytes, flags);
    return *result ? NO_ERROR : error_take(before);
}

DWORD system_lock(HANDLE handle, void **address)
{
    if (!handle_is_known(handle)) return ERROR_INVALID_HANDLE;
    DWORD before = last_error_get();
    *address = calls.GlobalLock(handle);
    return *address ? NO_ERROR : error_take(before);
}

DWORD system_unlock(HANDLE handle, unsigned *left)
{
    if (!handle_is_known(handle)) return ERROR_INVALID_HANDLE;
    DWORD before = last_error_get();
    *left = !!calls.GlobalUnlock(handle);
    return *left ? NO_ERROR : error_take(before);
}

DWORD system_flags(HANDLE handle, UINT *flags)
{
    if (!handle_is_known(handle)) return ERROR_INVALID_HANDLE;
    *flags = calls.GlobalFlags(handle);
    return NO_ERROR;
}

DWORD system_size(HANDLE handle, SIZE_T *bytes)
{
    if (!handle_is_known(handle)) return ERROR_INVALID_HANDLE;
    *bytes = calls.GlobalSize(handle);
    return NO_ERROR;
}

HANDLE system_handle(LPCVOID address)
{
    DWORD before = last_error_get();
    HANDLE handle = calls_present() ? calls.GlobalHandle(address) : NULL;
    last_error_set(before);
    return handle ? handle : (HANDLE)address;
}
