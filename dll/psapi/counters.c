/* counters.c - what a process uses and what the system has, as the process status API tells it. */
#include "psapi.h"
#include "../core/handle.h"
#include "../core/probe.h"

/* The answer of PROCESS_VM_COUNTERS, with the private bytes that newer systems append. */
struct vm_counters {
    SIZE_T peak_virtual, virtual_bytes;
    ULONG faults;
    SIZE_T peak_working_set, working_set;
    SIZE_T peak_paged_pool, paged_pool, peak_nonpaged_pool, nonpaged_pool;
    SIZE_T pagefile, peak_pagefile;
    SIZE_T private_bytes;
};

/* Memory use of a process (handle with PROCESS_QUERY_INFORMATION or PROCESS_QUERY_LIMITED_INFORMATION), in bytes.
 * counters is a PROCESS_MEMORY_COUNTERS or, with the private bytes, a PROCESS_MEMORY_COUNTERS_EX; bytes is its size,
 * and its cb gets the size of what was filled in. Success leaves the last error alone. Any thread.
 * Errors: ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOACCESS (bad pointer).
 * Page: psapi/nf-psapi-getprocessmemoryinfo */
K32MEM_API BOOL WINAPI K32GetProcessMemoryInfo(HANDLE process, PPROCESS_MEMORY_COUNTERS counters, DWORD bytes)
{
    if (bytes < sizeof(PROCESS_MEMORY_COUNTERS)) return error_fail(ERROR_INSUFFICIENT_BUFFER);
    struct vm_counters vm;
    NTSTATUS status =
        process_require(process, PROCESS_QUERY_INFORMATION | PROCESS_QUERY_LIMITED_INFORMATION, 0);
    if (status >= 0) status = process_query(process, PROCESS_VM_COUNTERS, &vm, sizeof(vm));
    if (status < 0) return status_fail(status);
    BOOL extended = bytes >= sizeof(PROCESS_MEMORY_COUNTERS_EX);
    DWORD filled = extended ? sizeof(PROCESS_MEMORY_COUNTERS_EX) : sizeof(PROCESS_MEMORY_COUNTERS);
    if (!probe_write(counters, filled)) return error_fail(ERROR_NOACCESS);
    counters->cb = filled;
    counters->PageFaultCount = vm.faults;
    counters->PeakWorkingSetSize = vm.peak_working_set;
    counters->WorkingSetSize = vm.working_set;
    counters->QuotaPeakPagedPoolUsage = vm.peak_paged_pool;
    counters->QuotaPagedPoolUsage = vm.paged_pool;
    counters->QuotaPeakNonPagedPoolUsage = vm.peak_nonpaged_pool;
    counters->QuotaNonPagedPoolUsage = vm.nonpaged_pool;
    counters->PagefileUsage = vm.pagefile;
    counters->PeakPagefileUsage = vm.peak_pagefile;
    if (extended) ((PPROCESS_MEMORY_COUNTERS_EX)counters)->PrivateUsage = vm.private_bytes;
    return TRUE;
}

PSAPI_NAME(GetProcessMemoryInfo, (HANDLE process, PPROCESS_MEMORY_COUNTERS counters, DWORD bytes),
           (process, counters, bytes))

/* Places in struct system_performance's counters. */
enum { PAGED_POOL_PAGES = 13, NONPAGED_POOL_PAGES = 14, CACHE_PAGES = 26 };

/* Handles, processes and threads of the whole system. */
static NTSTATUS count_objects(DWORD *handles, DWORD *processes, DWORD *threads)
{
    PVOID list;
    NTSTATUS status = answer_get(SYSTEM_PROCESSES, &list);
    *handles = *processes = *threads = 0;
    if (status < 0) return status;
    for (SYSTEM_PROCESS_INFORMATION *entry = list;; entry = (PVOID)((BYTE *)entry + entry->NextEntryOffset)) {
        *handles += entry->HandleCount;
        *threads += entry->NumberOfThreads;
        ++*processes;
        if (!entry->NextEntryOffset) break;
    }
    answer_free(list);
    return STATUS_SUCCESS;
}

/* The system's memory, in pages, and its numbers of handles, processes and threads. bytes: the size of *information.
 * Success leaves the last error alone. Any thread. Errors: ERROR_BAD_LENGTH, ERROR_NOACCESS (bad pointer).
 * Page: psapi/nf-psapi-getperformanceinfo */
K32MEM_API BOOL WINAPI K32GetPerformanceInfo(PPERFORMACE_INFORMATION information, DWORD bytes)
{
    struct system_performance performance;
    struct system_basic basic;
    DWORD handles, processes, threads;
    if (bytes < sizeof(*information)) return error_fail(ERROR_BAD_LENGTH);
    if (!probe_write(information, sizeof(*information))) return error_fail(ERROR_NOACCESS);
    NTSTATUS status = system_query(SYSTEM_PERFORMANCE, &performance, sizeof(performance));
    if (status >= 0) status = system_query(SYSTEM_BASIC, &basic, sizeof(basic));
    if (status >= 0) status = count_objects(&handles, &processes, &threads);
    if (status < 0) return status_fail(status);
    information->cb = sizeof(*information);
    information->CommitTotal = performance.committed_pages;
    information->CommitLimit = performance.commit_limit_pages;
    information->CommitPeak = performance.peak_committed_pages;
    information->PhysicalTotal = basic.physical_pages;
    information->PhysicalAvailable = performance.available_pages;
    information->SystemCache = performance.counters[CACHE_PAGES];
    information->KernelPaged = performance.counters[PAGED_POOL_PAGES];
    information->KernelNonpaged = performance.counters[NONPAGED_POOL_PAGES];
    information->KernelTotal = information->KernelPaged + information->KernelNonpaged;
    information->PageSize = basic.page_bytes;
    information->HandleCount = handles;
    information->ProcessCount = processes;
    information->ThreadCount = threads;
    return TRUE;
}

PSAPI_NAME(GetPerformanceInfo, (PPERFORMACE_INFORMATION information, DWORD bytes), (information, bytes))
