/* cache.c - the limits on the working set of the system's file cache.
 *
 * Where the system below takes the limits and forgets them (Wine: its host keeps the file cache, and shrinks it
 * whenever memory is wanted), they are kept here, so that this process reads back what it set.
 */
#include "../core/memory.h"
#include "../core/privilege.h"
#include "../core/touch.h"
#include "../nt/system.h"

#define LIMIT_FLAGS                                                                                                  \
    (FILE_CACHE_MAX_HARD_ENABLE | FILE_CACHE_MAX_HARD_DISABLE | FILE_CACHE_MIN_HARD_ENABLE |                         \
     FILE_CACHE_MIN_HARD_DISABLE)
#define FLUSH (~(SIZE_T)0)

/* The limits last set by this process. */
static struct {
    volatile LONG lock;
    BOOL set;
    SIZE_T minimum, maximum; /* bytes */
    ULONG flags;             /* the two ENABLE flags */
} limits;

static void limits_lock(void)
{
    while (__atomic_exchange_n(&limits.lock, 1, __ATOMIC_ACQUIRE)) NtYieldExecution();
}

static void limits_unlock(void) { __atomic_store_n(&limits.lock, 0, __ATOMIC_RELEASE); }

/* The system's own idea, sizes in pages as the system answers them. Flags are known only from the newer class. */
static NTSTATUS cache_query(struct system_file_cache *cache)
{
    NTSTATUS status;
    memset(cache, 0, sizeof(*cache));
    status = system_query(SYSTEM_FILE_CACHE_EX, cache, sizeof(*cache));
    if (status >= 0) return status;
    status = system_query(SYSTEM_FILE_CACHE, cache, sizeof(*cache));
    cache->flags = 0;
    return status;
}

/* Writes the limits in bytes and the flags FILE_CACHE_MAX_HARD_ENABLE, FILE_CACHE_MIN_HARD_ENABLE. A maximum that the
 * system does not know is the size of physical memory. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (a NULL pointer); ERROR_NOACCESS (another bad one); what the system says.
 * Page: memoryapi/nf-memoryapi-getsystemfilecachesize */
K32MEM_API BOOL WINAPI GetSystemFileCacheSize(PSIZE_T lpMinimumFileCacheSize, PSIZE_T lpMaximumFileCacheSize,
                                              PDWORD lpFlags)
{
    struct system_file_cache cache;
    struct system_basic basic;
    SIZE_T minimum, maximum;
    ULONG flags;
    NTSTATUS status;
    if (!lpMinimumFileCacheSize || !lpMaximumFileCacheSize || !lpFlags) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(lpMinimumFileCacheSize, sizeof(SIZE_T)) || touch_output(lpMaximumFileCacheSize, sizeof(SIZE_T)) ||
        touch_output(lpFlags, sizeof(DWORD)))
        return error_fail(ERROR_NOACCESS);
    status = cache_query(&cache);
    if (status < 0) return status_fail(status);
    limits_lock();
    if (limits.set) {
        minimum = limits.minimum;
        maximum = limits.maximum;
        flags = limits.flags;
        limits_unlock();
    } else {
        limits_unlock();
        if (!cache.maximum) {
            status = system_query(SYSTEM_BASIC, &basic, sizeof(basic));
            if (status < 0) return status_fail(status);
            cache.maximum = basic.physical_pages;
        }
        minimum = cache.minimum << PAGE_SHIFT;
        maximum = cache.maximum > ~(SIZE_T)0 >> PAGE_SHIFT ? ~(SIZE_T)0 & ~(PAGE_BYTES - 1)
                                                           : cache.maximum << PAGE_SHIFT;
        flags = cache.flags & (FILE_CACHE_MAX_HARD_ENABLE | FILE_CACHE_MIN_HARD_ENABLE);
    }
    *lpMinimumFileCacheSize = minimum;
    *lpMaximumFileCacheSize = maximum;
    *lpFlags = flags;
    return TRUE;
}

/* Sets the limits, in bytes; both (SIZE_T)-1 flushes the cache instead. Flags 0 leaves enabled what is enabled. Under
 * Wine the limits are remembered for this process and nothing is limited or flushed: the host owns its cache. Any
 * thread.
 * Errors: ERROR_INVALID_PARAMETER (an unknown flag, ENABLE with DISABLE of the same limit, minimum above maximum);
 * ERROR_PRIVILEGE_NOT_HELD (SE_INCREASE_QUOTA_NAME is not enabled).
 * Page: memoryapi/nf-memoryapi-setsystemfilecachesize */
K32MEM_API BOOL WINAPI SetSystemFileCacheSize(SIZE_T MinimumFileCacheSize, SIZE_T MaximumFileCacheSize, DWORD Flags)
{
    struct system_file_cache cache, after;
    BOOL flush = MinimumFileCacheSize == FLUSH && MaximumFileCacheSize == FLUSH;
    NTSTATUS status;
    if ((Flags & ~(DWORD)LIMIT_FLAGS) ||
        (Flags & FILE_CACHE_MAX_HARD_ENABLE && Flags & FILE_CACHE_MAX_HARD_DISABLE) ||
        (Flags & FILE_CACHE_MIN_HARD_ENABLE && Flags & FILE_CACHE_MIN_HARD_DISABLE) ||
        (!flush && MinimumFileCacheSize > MaximumFileCacheSize))
        return error_fail(ERROR_INVALID_PARAMETER);
    if (!privilege_held(SE_INCREASE_QUOTA)) return error_fail(ERROR_PRIVILEGE_NOT_HELD);

    memset(&cache, 0, sizeof(cache));
    cache.minimum = MinimumFileCacheSize;
    cache.maximum = MaximumFileCacheSize;
    cache.flags = Flags;
    status = NtSetSystemInformation(SYSTEM_FILE_CACHE_EX, &cache, sizeof(cache));
    if (status == STATUS_INVALID_INFO_CLASS || status == STATUS_NOT_IMPLEMENTED)
        status = NtSetSystemInformation(SYSTEM_FILE_CACHE, &cache, sizeof(cache));
    if (status < 0) return status_fail(status);
    if (flush) return TRUE;

    /* Did the system keep it? */
    if (cache_query(&after) >= 0 && after.maximum == MaximumFileCacheSize >> PAGE_SHIFT) return TRUE;
    limits_lock();
    limits.set = TRUE;
    limits.minimum = MinimumFileCacheSize;
    limits.maximum = MaximumFileCacheSize;
    if (Flags & FILE_CACHE_MAX_HARD_ENABLE) limits.flags |= FILE_CACHE_MAX_HARD_ENABLE;
    if (Flags & FILE_CACHE_MAX_HARD_DISABLE) limits.flags &= ~(ULONG)FILE_CACHE_MAX_HARD_ENABLE;
    if (Flags & FILE_CACHE_MIN_HARD_ENABLE) limits.flags |= FILE_CACHE_MIN_HARD_ENABLE;
    if (Flags & FILE_CACHE_MIN_HARD_DISABLE) limits.flags &= ~(ULONG)FILE_CACHE_MIN_HARD_ENABLE;
    limits_unlock();
    return TRUE;
}
