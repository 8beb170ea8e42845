/* system.c - fixed facts about the machine: processors, addresses, page sizes. */
#include "../nt/system.h"

static DWORD processor_type(const struct system_processor *cpu)
{
    switch (cpu->architecture) {
    case PROCESSOR_ARCHITECTURE_AMD64: return PROCESSOR_AMD_X8664;
    case PROCESSOR_ARCHITECTURE_INTEL:
        return cpu->level == 3 ? PROCESSOR_INTEL_386 : cpu->level == 4 ? PROCESSOR_INTEL_486 : PROCESSOR_INTEL_PENTIUM;
    case PROCESSOR_ARCHITECTURE_IA64: return PROCESSOR_INTEL_IA64;
    default: return 0;
    }
}

static void system_info_fill(SYSTEM_INFO *info, const struct system_basic *basic, const struct system_processor *cpu)
{
    info->wProcessorArchitecture = cpu->architecture;
    info->wReserved = 0;
    info->dwPageSize = basic->page_bytes;
    info->lpMinimumApplicationAddress = (PVOID)basic->lowest_address;
    info->lpMaximumApplicationAddress = (PVOID)basic->highest_address;
    info->dwActiveProcessorMask = basic->processor_mask;
    info->dwNumberOfProcessors = (BYTE)basic->processors;
    info->dwProcessorType = processor_type(cpu);
    info->dwAllocationGranularity = basic->granule_bytes;
    info->wProcessorLevel = cpu->level;
    info->wProcessorRevision = cpu->revision;
}

/* Fills *lpSystemInfo: addresses, page size and granularity in bytes, processors, as this process's architecture sees
 * them. The last error is left alone. Any thread. Page: sysinfoapi/nf-sysinfoapi-getsysteminfo */
K32MEM_API void WINAPI GetSystemInfo(LPSYSTEM_INFO lpSystemInfo)
{
    struct system_basic basic;
    struct system_processor cpu;
    if (!lpSystemInfo || system_query(SYSTEM_BASIC, &basic, sizeof(basic)) < 0 ||
        system_query(SYSTEM_PROCESSOR, &cpu, sizeof(cpu)) < 0)
        return;
    system_info_fill(lpSystemInfo, &basic, &cpu);
}

/* As GetSystemInfo, but in a 32-bit process on a 64-bit system it tells what the system's own programs see.
 * Page: sysinfoapi/nf-sysinfoapi-getnativesysteminfo */
K32MEM_API void WINAPI GetNativeSystemInfo(LPSYSTEM_INFO lpSystemInfo)
{
    struct system_basic basic;
    struct system_processor cpu;
    NTSTATUS(NTAPI * query)(int, PVOID, ULONG, PULONG) = nt_optional.RtlGetNativeSystemInformation;
    if (!query) {
        GetSystemInfo(lpSystemInfo);
        return;
    }
    if (!lpSystemInfo || query(SYSTEM_BASIC, &basic, sizeof(basic), NULL) < 0 ||
        query(SYSTEM_PROCESSOR, &cpu, sizeof(cpu), NULL) < 0)
        return;
    system_info_fill(lpSystemInfo, &basic, &cpu);
}

/* The smallest large page in bytes, or 0 if the processor has none. Does not say that this process may use them. Any
 * thread. Page: memoryapi/nf-memoryapi-getlargepageminimum */
K32MEM_API SIZE_T WINAPI GetLargePageMinimum(void)
{
    return large_page_minimum();
}
