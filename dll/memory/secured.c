/* secured.c - the program's callbacks for memory that it has secured with a driver.
 *
 * On Windows ntdll keeps the list, shared with the system's own DLLs. Where it does not (Wine exports one of the three
 * calls, and that one raises an exception) the list is here, and core/secure.h's hook leads to it.
 */
#include "../core/secure.h"

#define CALLBACKS 64 /* how many can be registered at once */

static volatile PSECURE_MEMORY_CACHE_CALLBACK callbacks[CALLBACKS];

static BOOL system_keeps_list(void)
{
    return nt_optional.RtlRegisterSecureMemoryCacheCallback && nt_optional.RtlDeregisterSecureMemoryCacheCallback &&
           nt_optional.RtlFlushSecureMemoryCache;
}

/* Calls the callbacks in the order of the list until one has let go of the range. No lock is held meanwhile. */
static BOOL callbacks_run(PVOID base, SIZE_T bytes)
{
    if (system_keeps_list()) return nt_optional.RtlFlushSecureMemoryCache(base, bytes);
    for (unsigned i = 0; i < CALLBACKS; i++) {
        PSECURE_MEMORY_CACHE_CALLBACK callback = callbacks[i];
        if (callback && callback(base, bytes)) return TRUE;
    }
    return FALSE;
}

/* Puts to in the place of the first entry that is from. */
static BOOL callbacks_exchange(PSECURE_MEMORY_CACHE_CALLBACK from, PSECURE_MEMORY_CACHE_CALLBACK to)
{
    for (unsigned i = 0; i < CALLBACKS; i++) {
        PSECURE_MEMORY_CACHE_CALLBACK found = from;
        if (__atomic_compare_exchange_n(&callbacks[i], &found, to, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return TRUE;
    }
    return FALSE;
}

/* Registers pfnCallBack, to be called when a range is freed, unmapped or protected that a driver has secured. The same
 * function may be registered more than once, and at most 64 at a time where the system has no list of its own. Any
 * thread. Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_NOT_ENOUGH_MEMORY.
 * Page: winbase/nf-winbase-addsecurememorycachecallback */
K32MEM_API BOOL WINAPI AddSecureMemoryCacheCallback(PSECURE_MEMORY_CACHE_CALLBACK pfnCallBack)
{
    if (!pfnCallBack) return error_fail(ERROR_INVALID_PARAMETER);
    if (system_keeps_list()) {
        NTSTATUS status = nt_optional.RtlRegisterSecureMemoryCacheCallback(pfnCallBack);
        if (status < 0) return status_fail(status);
    } else if (!callbacks_exchange(NULL, pfnCallBack)) {
        return error_fail(ERROR_NOT_ENOUGH_MEMORY);
    }
    secure_release = callbacks_run;
    return TRUE;
}

/* Takes back one registration of pfnCallBack. A call of it that is under way in another thread is not waited for. Any
 * thread. Errors: ERROR_INVALID_PARAMETER (it is not registered).
 * Page: winbase/nf-winbase-removesecurememorycachecallback */
K32MEM_API BOOL WINAPI RemoveSecureMemoryCacheCallback(PSECURE_MEMORY_CACHE_CALLBACK pfnCallBack)
{
    if (!pfnCallBack) return error_fail(ERROR_INVALID_PARAMETER);
    if (system_keeps_list()) return status_bool(nt_optional.RtlDeregisterSecureMemoryCacheCallback(pfnCallBack));
    return callbacks_exchange(pfnCallBack, NULL) ? TRUE : error_fail(ERROR_INVALID_PARAMETER);
}
