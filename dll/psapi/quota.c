/* quota.c - the working set sizes of a process.
 *
 * GLOSSARY
 *   limits   the smallest and largest working set that a process asks for, in bytes, and whether each is enforced.
 *   record   limits that k32mem keeps itself, because the system below keeps none (Wine). They bind nobody, which is
 *            allowed: unless enforced, limits are a hint. Records are this process's view: another process sees its
 *            own.
 */
#include "../core/handle.h"
#include "../core/probe.h"
#include "psapi.h"

#define LEAST_MINIMUM (20 * PAGE_BYTES)
#define LEAST_MAXIMUM (13 * PAGE_BYTES)
#define DEFAULT_MINIMUM (50 * PAGE_BYTES)
#define DEFAULT_MAXIMUM (345 * PAGE_BYTES)
#define RESERVED_PAGES 512 /* that the largest working set leaves to the rest of the system */

#define MINIMUM_FLAGS (QUOTA_LIMITS_HARDWS_MIN_ENABLE | QUOTA_LIMITS_HARDWS_MIN_DISABLE)
#define MAXIMUM_FLAGS (QUOTA_LIMITS_HARDWS_MAX_ENABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE)

#define RECORDS 64 /* when more processes are given limits, the oldest record goes */

struct limits {
    SIZE_T minimum, maximum;
    ULONG flags;
};

struct record {
    ULONG_PTR pid;
    LONGLONG created; /* tells a process from a later one with the same pid */
    struct limits limits;
};

static struct record records[RECORDS];
static ULONG record_next;

/* Who is it? Leaves *who zero where the system does not say. */
static void identify(HANDLE process, struct record *who)
{
    PROCESS_BASIC_INFORMATION basic;
    LONGLONG times[4]; /* creation, end, kernel, user */
    who->pid = 0;
    who->created = 0;
    if (process_query(process, ProcessBasicInformation, &basic, sizeof(basic)) >= 0) who->pid = basic.UniqueProcessId;
    if (process_query(process, ProcessTimes, times, sizeof(times)) >= 0) who->created = times[0];
}

/* The record of *who; under the PEB lock, which guards the table. NULL when there is none. */
static struct record *record_find(const struct record *who)
{
    for (ULONG i = 0; i < RECORDS; i++)
        if (records[i].limits.maximum && records[i].pid == who->pid && records[i].created == who->created)
            return &records[i];
    return NULL;
}

static void record_get(HANDLE process, struct limits *limits)
{
    struct record who;
    identify(process, &who);
    RtlAcquirePebLock();
    struct record *record = record_find(&who);
    if (record) {
        *limits = record->limits;
    } else {
        limits->minimum = DEFAULT_MINIMUM;
        limits->maximum = DEFAULT_MAXIMUM;
        limits->flags = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
    }
    RtlReleasePebLock();
}

static void record_set(HANDLE process, const struct limits *limits)
{
    struct record who;
    identify(process, &who);
    RtlAcquirePebLock();
    struct record *record = record_find(&who);
    if (!record) record = &records[record_next++ % RECORDS];
    *record = who;
    record->limits = *limits;
    RtlReleasePebLock();
}

/* Does the system keep no limits? One that keeps them knows the structure that has their flags. */
static BOOL unsupported(NTSTATUS status)
{
    return status == STATUS_NOT_IMPLEMENTED || status == STATUS_INVALID_INFO_CLASS || status == STATUS_NOT_SUPPORTED ||
           status == STATUS_INFO_LENGTH_MISMATCH;
}

static NTSTATUS limits_get(HANDLE process, struct limits *limits)
{
    QUOTA_LIMITS_EX quota; /* what the system takes and gives, where it does */
    NTSTATUS status = process_require(process, PROCESS_QUERY_INFORMATION | PROCESS_QUERY_LIMITED_INFORMATION, 0);
    if (status < 0) return status;
    status = process_query(process, ProcessQuotaLimits, &quota, sizeof(quota));
    if (status >= 0) {
        limits->minimum = quota.MinimumWorkingSetSize;
        limits->maximum = quota.MaximumWorkingSetSize;
        limits->flags = quota.Flags;
    } else if (unsupported(status)) {
        record_get(process, limits);
        status = STATUS_SUCCESS;
    }
    return status;
}

/* Tells the system; STATUS_NOT_SUPPORTED when it does not listen. */
static NTSTATUS limits_tell(HANDLE process, const struct limits *limits)
{
    QUOTA_LIMITS_EX quota = { .MinimumWorkingSetSize = limits->minimum, .MaximumWorkingSetSize = limits->maximum,
                              .Flags = limits->flags };
    NTSTATUS status = NtSetInformationProcess(process, ProcessQuotaLimits, &quota, sizeof(quota));
    return status < 0 && unsupported(status) ? STATUS_NOT_SUPPORTED : status;
}

/* Empties a process's working set as far as possible. */
static NTSTATUS working_set_trim(HANDLE process)
{
    struct limits trim = { (SIZE_T)-1, (SIZE_T)-1, 0 };
    NTSTATUS status = process_require(process, PROCESS_SET_QUOTA, 0);
    if (status < 0) return status;
    /* "As many pages as possible": where the system cannot be asked to, that is none. */
    status = limits_tell(process, &trim);
    return status == STATUS_NOT_SUPPORTED ? STATUS_SUCCESS : status;
}

/* The largest working set, in bytes. */
static SIZE_T system_maximum(void)
{
    struct system_basic basic;
    struct system_performance performance;
    if (system_query(SYSTEM_PERFORMANCE, &performance, sizeof(performance)) < 0) return (SIZE_T)-1;
    if (system_query(SYSTEM_BASIC, &basic, sizeof(basic)) < 0) return (SIZE_T)-1;
    ULONG64 pages = performance.available_pages > RESERVED_PAGES ? performance.available_pages - RESERVED_PAGES : 0;
    ULONG64 bytes = pages << PAGE_SHIFT;
    return bytes > (SIZE_T)-1 ? (SIZE_T)-1 : (SIZE_T)bytes;
}

static BOOL flags_valid(ULONG flags)
{
    if (flags & ~(ULONG)(MINIMUM_FLAGS | MAXIMUM_FLAGS)) return FALSE;
    return (flags & MINIMUM_FLAGS) != MINIMUM_FLAGS && (flags & MAXIMUM_FLAGS) != MAXIMUM_FLAGS;
}

static NTSTATUS limits_set(HANDLE process, SIZE_T minimum, SIZE_T maximum, ULONG flags)
{
    struct limits limits;
    if (!flags_valid(flags) || !minimum || minimum > maximum) return STATUS_INVALID_PARAMETER;
    if (maximum < LEAST_MAXIMUM || maximum >= system_maximum()) return STATUS_INVALID_PARAMETER;
    NTSTATUS status = process_require(process, PROCESS_SET_QUOTA, 0);
    if (status < 0) return status;
    limits.minimum = ALIGN_DOWN(minimum < LEAST_MINIMUM ? LEAST_MINIMUM : minimum, PAGE_BYTES);
    limits.maximum = ALIGN_DOWN(maximum, PAGE_BYTES);
    if (limits.maximum < limits.minimum) limits.maximum = limits.minimum;
    limits.flags = flags;
    status = limits_tell(process, &limits);
    if (status != STATUS_NOT_SUPPORTED) return status;

    struct limits before;
    record_get(process, &before);
    if (!(flags & MINIMUM_FLAGS)) limits.flags |= before.flags & MINIMUM_FLAGS;
    if (!(flags & MAXIMUM_FLAGS)) limits.flags |= before.flags & MAXIMUM_FLAGS;
    record_set(process, &limits);
    return STATUS_SUCCESS;
}

/* Sets the smallest and largest working set of a process (handle with PROCESS_SET_QUOTA), in bytes, of which whole
 * pages count. minimum is above 0 (below 20 pages it becomes 20) and not above maximum; maximum is at least 13 pages
 * and below the system's available pages less 512. Both (SIZE_T)-1: empties the working set as far as possible. flags:
 * QUOTA_LIMITS_HARDWS_*, at most one for each limit, none leaves it as it is. Success leaves the last error alone.
 * Where the system keeps no limits they are recorded and bind nobody. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED.
 * Page: memoryapi/nf-memoryapi-setprocessworkingsetsizeex */
K32MEM_API BOOL WINAPI SetProcessWorkingSetSizeEx(HANDLE process, SIZE_T minimum, SIZE_T maximum, DWORD flags)
{
    BOOL trim = minimum == (SIZE_T)-1 && maximum == (SIZE_T)-1;
    if (trim && flags_valid(flags)) return status_bool(working_set_trim(process));
    return status_bool(limits_set(process, minimum, maximum, flags));
}

/* SetProcessWorkingSetSizeEx that leaves the enforcement as it is. Page: winbase/nf-winbase-setprocessworkingsetsize */
K32MEM_API BOOL WINAPI SetProcessWorkingSetSize(HANDLE process, SIZE_T minimum, SIZE_T maximum)
{
    return SetProcessWorkingSetSizeEx(process, minimum, maximum, 0);
}

/* Gets a process's working set limits (handle with PROCESS_QUERY_INFORMATION or PROCESS_QUERY_LIMITED_INFORMATION), in
 * bytes, and which are enforced (QUOTA_LIMITS_HARDWS_*). Success leaves the last error alone. Any thread.
 * Errors: ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOACCESS (bad pointer).
 * Page: memoryapi/nf-memoryapi-getprocessworkingsetsizeex */
K32MEM_API BOOL WINAPI GetProcessWorkingSetSizeEx(HANDLE process, PSIZE_T minimum, PSIZE_T maximum, PDWORD flags)
{
    struct limits limits;
    NTSTATUS status = limits_get(process, &limits);
    if (status < 0) return status_fail(status);
    if (!probe_write(minimum, sizeof(*minimum)) || !probe_write(maximum, sizeof(*maximum)) ||
        !probe_write(flags, sizeof(*flags)))
        return error_fail(ERROR_NOACCESS);
    *minimum = limits.minimum;
    *maximum = limits.maximum;
    *flags = limits.flags;
    return TRUE;
}

/* GetProcessWorkingSetSizeEx without the enforcement. Page: winbase/nf-winbase-getprocessworkingsetsize */
K32MEM_API BOOL WINAPI GetProcessWorkingSetSize(HANDLE process, PSIZE_T minimum, PSIZE_T maximum)
{
    DWORD flags;
    return GetProcessWorkingSetSizeEx(process, minimum, maximum, &flags);
}

/* Takes as many pages as possible from a process's working set (handle with PROCESS_SET_QUOTA). They stay committed and
 * keep their content. Success leaves the last error alone. Any thread. Errors: ERROR_INVALID_HANDLE,
 * ERROR_ACCESS_DENIED. Page: psapi/nf-psapi-emptyworkingset */
K32MEM_API BOOL WINAPI K32EmptyWorkingSet(HANDLE process) { return status_bool(working_set_trim(process)); }

PSAPI_NAME(EmptyWorkingSet, (HANDLE process), (process))
