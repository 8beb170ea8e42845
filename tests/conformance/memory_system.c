/* memory_system.c - fixed facts: processors, addresses, page sizes, installed memory. */
#include "conform.h"

FAMILY(memory)

FUNCTION(void, GetSystemInfo, (LPSYSTEM_INFO))
FUNCTION(void, GetNativeSystemInfo, (LPSYSTEM_INFO))
FUNCTION(SIZE_T, GetLargePageMinimum, (void))
FUNCTION(BOOL, GetPhysicallyInstalledSystemMemory, (PULONGLONG))
FUNCTION(BOOL, GlobalMemoryStatusEx, (LPMEMORYSTATUSEX))

#define P_INFO "sysinfoapi/ns-sysinfoapi-system_info"
#define P_GET "sysinfoapi/nf-sysinfoapi-getsysteminfo"
#define P_NATIVE "sysinfoapi/nf-sysinfoapi-getnativesysteminfo"
#define P_LARGE "memoryapi/nf-memoryapi-getlargepageminimum"
#define P_INSTALLED "sysinfoapi/nf-sysinfoapi-getphysicallyinstalledsystemmemory"

static unsigned bits(DWORD_PTR mask)
{
    unsigned count = 0;
    for (; mask; mask &= mask - 1) count++;
    return count;
}

static void check_info(const char *function, const SYSTEM_INFO *info, BOOL native_64)
{
    conform_check(function, P_INFO, "wProcessorArchitecture");
    EXPECT_UINT("value", info->wProcessorArchitecture,
                native_64 ? PROCESSOR_ARCHITECTURE_AMD64 : PROCESSOR_ARCHITECTURE_INTEL);
    conform_check(function, P_INFO, "dwProcessorType");
    if (native_64) EXPECT_UINT("value", info->dwProcessorType, PROCESSOR_AMD_X8664);
    else EXPECT_UINT("value", info->dwProcessorType, PROCESSOR_INTEL_PENTIUM);
    conform_check(function, P_INFO, "wReserved");
    NOTE_UINT("value", info->wReserved);
    conform_check(function, P_INFO, "dwPageSize");
    EXPECT_UINT("value", info->dwPageSize, 4096);
    conform_check(function, P_INFO, "dwAllocationGranularity");
    EXPECT_UINT("value", info->dwAllocationGranularity, 65536);
    conform_check(function, P_INFO, "lpMinimumApplicationAddress");
    EXPECT_HEX("value", (uintptr_t)info->lpMinimumApplicationAddress, 0x10000);
    conform_check(function, P_INFO, "lpMaximumApplicationAddress");
    EXPECT_HEX("offset in granule", (uintptr_t)info->lpMaximumApplicationAddress % 65536, 0xffff);
    NOTE_HEX("value", (uintptr_t)info->lpMaximumApplicationAddress);
    conform_check(function, P_INFO, "dwNumberOfProcessors and dwActiveProcessorMask");
    EXPECT_TRUE("1 or more", info->dwNumberOfProcessors >= 1);
    EXPECT_TRUE("as many bits in the mask", bits(info->dwActiveProcessorMask) == info->dwNumberOfProcessors);
}

static BOOL system_is_64_bit(void)
{
#ifdef _WIN64
    return TRUE;
#else
    BOOL wow64 = FALSE;
    IsWow64Process(GetCurrentProcess(), &wow64);
    return wow64;
#endif
}

TEST(GetSystemInfo, fields)
{
    NEED(GetSystemInfo);
    SYSTEM_INFO info;
    memset(&info, 0xcc, sizeof(info));
    CHECK(P_GET, "a structure of 0xcc bytes");
    SET_SENTINEL();
    pGetSystemInfo(&info);
    EXPECT_ERROR(SENTINEL);
    check_info("GetSystemInfo", &info, sizeof(void *) == 8);
    CHECK(P_INFO, "lpMaximumApplicationAddress against VirtualQuery");
    MEMORY_BASIC_INFORMATION region;
    EXPECT_TRUE("inside user space", VirtualQuery(info.lpMaximumApplicationAddress, &region, sizeof(region)));
    CHECK(P_INFO, "twice");
    SYSTEM_INFO again;
    memset(&again, 0xcc, sizeof(again));
    pGetSystemInfo(&again);
    EXPECT_TRUE("the same", !memcmp(&info, &again, sizeof(info)));
}

TEST(GetNativeSystemInfo, fields)
{
    NEED(GetNativeSystemInfo);
    NEED(GetSystemInfo);
    SYSTEM_INFO info, plain;
    memset(&info, 0xcc, sizeof(info));
    memset(&plain, 0xcc, sizeof(plain));
    CHECK(P_NATIVE, "a structure of 0xcc bytes");
    SET_SENTINEL();
    pGetNativeSystemInfo(&info);
    EXPECT_ERROR(SENTINEL);
    check_info("GetNativeSystemInfo", &info, system_is_64_bit());
    pGetSystemInfo(&plain);
    CHECK(P_NATIVE, "against GetSystemInfo");
    EXPECT_UINT("equal in a 64-bit program", sizeof(void *) == 8 ? !memcmp(&info, &plain, sizeof(info)) : 1, 1);
    EXPECT_TRUE("as many processors", info.dwNumberOfProcessors == plain.dwNumberOfProcessors);
    EXPECT_TRUE("same level and revision", info.wProcessorLevel == plain.wProcessorLevel &&
                                               info.wProcessorRevision == plain.wProcessorRevision);
}

TEST(GetLargePageMinimum, value)
{
    NEED(GetLargePageMinimum);
    CHECK(P_LARGE, "none");
    SET_SENTINEL();
    SIZE_T bytes = pGetLargePageMinimum();
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("0 or a power of two", !(bytes & (bytes - 1)));
    EXPECT_TRUE("0 or a multiple of the page", bytes % 4096 == 0 && bytes != 4096);
    NOTE_UINT("bytes", bytes);
    CHECK(P_LARGE, "twice");
    EXPECT_TRUE("the same", pGetLargePageMinimum() == bytes);
}

TEST(GetPhysicallyInstalledSystemMemory, value)
{
    NEED(GetPhysicallyInstalledSystemMemory);
    NEED(GlobalMemoryStatusEx);
    MEMORYSTATUSEX status = { .dwLength = sizeof(status) };
    ULONGLONG kilobytes = 0, again = 0;
    pGlobalMemoryStatusEx(&status);
    CHECK(P_INSTALLED, "a variable");
    SET_SENTINEL();
    BOOL ok = pGetPhysicallyInstalledSystemMemory(&kilobytes);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("not 0", kilobytes);
    CHECK(P_INSTALLED, "against GlobalMemoryStatusEx's ullTotalPhys");
    EXPECT_TRUE("at least as much", kilobytes >= status.ullTotalPhys / 1024);
    CHECK(P_INSTALLED, "twice");
    pGetPhysicallyInstalledSystemMemory(&again);
    EXPECT_TRUE("the same", again == kilobytes);
}

TEST(GetPhysicallyInstalledSystemMemory, null)
{
    NEED(GetPhysicallyInstalledSystemMemory);
    CHECK(P_INSTALLED, "NULL");
    SET_SENTINEL();
    BOOL ok = pGetPhysicallyInstalledSystemMemory(NULL);
    EXPECT_ERROR(ERROR_INVALID_PARAMETER);
    EXPECT_BOOL("return", ok, FALSE);
}
