/* pointers.c - no pointer that a program passes for a structure ends the process: k32mem says ERROR_NOACCESS, also
 * where the pages are silent and Windows's own functions would fault.
 *
 * Each row calls a function with everything right but for one pointer, which is in turn reserved memory, memory
 * without access, a guard page, an address of the system, the first page, and the last bytes before memory that is
 * not there; for what is to be written also read-only memory. NULL has rules of its own, told by the pages. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <psapi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <k32mem.h>
#include <cmocka.h>

#define PAGE 4096

static BYTE *memory; /* good, and more than any structure needs */
static HANDLE section;

/* p is the pointer under test; call returns what the function did. */
struct row {
    const char *name;
    SIZE_T bytes; /* of the structure */
    BOOL input;   /* it is only read */
    BOOL (*call)(void *p);
};

static BOOL call_targets(void *p) { return SetProcessValidCallTargets(GetCurrentProcess(), memory, PAGE, 1, p); }
static BOOL enclave_data(void *p)
{
    return LoadEnclaveData(GetCurrentProcess(), memory, memory, PAGE, PAGE_READWRITE, NULL, 0, p, NULL);
}
static BOOL enclave_image_a(void *p) { return LoadEnclaveImageA(memory, p); }
static BOOL enclave_image_w(void *p) { return LoadEnclaveImageW(memory, p); }
static BOOL capabilities(void *p) { return GetMemoryErrorHandlingCapabilities(p); }
static BOOL highest_node(void *p) { return GetNumaHighestNodeNumber(p); }
static BOOL processor_node(void *p) { return GetNumaProcessorNode(0, p); }
static BOOL processor_node_ex(void *p)
{
    PROCESSOR_NUMBER processor = { 0 };
    return GetNumaProcessorNodeEx(&processor, p);
}
static BOOL processor_of_node_ex(void *p)
{
    USHORT node;
    return GetNumaProcessorNodeEx(p, &node);
}
static BOOL node_mask(void *p) { return GetNumaNodeProcessorMask(0, p); }
static BOOL node_mask_ex(void *p) { return GetNumaNodeProcessorMaskEx(0, p); }
static BOOL node_masks(void *p)
{
    USHORT required;
    return GetNumaNodeProcessorMask2(0, p, 1, &required);
}
static BOOL node_masks_required(void *p)
{
    GROUP_AFFINITY masks[32];
    return GetNumaNodeProcessorMask2(0, masks, 32, p);
}
static BOOL node_available(void *p) { return GetNumaAvailableMemoryNode(0, p); }
static BOOL node_available_ex(void *p) { return GetNumaAvailableMemoryNodeEx(0, p); }
static BOOL proximity(void *p) { return GetNumaProximityNode(0, p); }
static BOOL proximity_ex(void *p) { return GetNumaProximityNodeEx(0, p); }
static BOOL node_of_handle(void *p) { return GetNumaNodeNumberFromHandle(section, p); }
static BOOL cache_minimum(void *p)
{
    SIZE_T maximum;
    DWORD flags;
    return GetSystemFileCacheSize(p, &maximum, &flags);
}
static BOOL cache_flags(void *p)
{
    SIZE_T minimum, maximum;
    return GetSystemFileCacheSize(&minimum, &maximum, p);
}
static BOOL installed(void *p) { return GetPhysicallyInstalledSystemMemory(p); }
static BOOL status_ex(void *p) { return GlobalMemoryStatusEx(p); }
static BOOL region_information(void *p)
{
    return QueryVirtualMemoryInformation(GetCurrentProcess(), memory, MemoryRegionInfo, p,
                                         sizeof(WIN32_MEMORY_REGION_INFORMATION), NULL);
}
static BOOL region_returned(void *p)
{
    WIN32_MEMORY_REGION_INFORMATION region;
    return QueryVirtualMemoryInformation(GetCurrentProcess(), memory, MemoryRegionInfo, &region, sizeof(region), p);
}
static BOOL working_set(void *p)
{
    DWORD flags;
    SIZE_T other;
    return GetProcessWorkingSetSizeEx(GetCurrentProcess(), p, &other, &flags);
}
static BOOL counters(void *p) { return GetProcessMemoryInfo(GetCurrentProcess(), p, sizeof(PROCESS_MEMORY_COUNTERS)); }
static BOOL performance(void *p) { return GetPerformanceInfo(p, sizeof(PERFORMANCE_INFORMATION)); }
static BOOL working_pages(void *p)
{
    return QueryWorkingSetEx(GetCurrentProcess(), p, sizeof(PSAPI_WORKING_SET_EX_INFORMATION));
}
static BOOL frames_count(void *p)
{
    ULONG_PTR number;
    return AllocateUserPhysicalPages(GetCurrentProcess(), p, &number);
}
static BOOL frames_numbers(void *p)
{
    ULONG_PTR count = 1;
    return FreeUserPhysicalPages(GetCurrentProcess(), &count, p);
}
static BOOL extended_parameters(void *p)
{
    return VirtualAlloc2(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, p, 1) != NULL;
}
static BOOL view_parameters(void *p) { return MapViewOfFile3(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, p, 1) != NULL; }
static BOOL section_parameters(void *p)
{
    return CreateFileMapping2(INVALID_HANDLE_VALUE, NULL, FILE_MAP_READ, PAGE_READWRITE, 0, PAGE, NULL, p, 1) != NULL;
}
static BOOL basic_information(void *p) { return VirtualQuery(memory, p, sizeof(MEMORY_BASIC_INFORMATION)) != 0; }
static BOOL old_protection(void *p) { return VirtualProtect(memory, PAGE, PAGE_READWRITE, p); }

static const struct row rows[] = {
    { "SetProcessValidCallTargets", sizeof(CFG_CALL_TARGET_INFO), FALSE, call_targets },
    { "LoadEnclaveData", sizeof(SIZE_T), FALSE, enclave_data },
    { "LoadEnclaveImageA", 4, TRUE, enclave_image_a },
    { "LoadEnclaveImageW", 4, TRUE, enclave_image_w },
    { "GetMemoryErrorHandlingCapabilities", sizeof(ULONG), FALSE, capabilities },
    { "GetNumaHighestNodeNumber", sizeof(ULONG), FALSE, highest_node },
    { "GetNumaProcessorNode", sizeof(UCHAR), FALSE, processor_node },
    { "GetNumaProcessorNodeEx, result", sizeof(USHORT), FALSE, processor_node_ex },
    { "GetNumaProcessorNodeEx, processor", sizeof(PROCESSOR_NUMBER), TRUE, processor_of_node_ex },
    { "GetNumaNodeProcessorMask", sizeof(ULONGLONG), FALSE, node_mask },
    { "GetNumaNodeProcessorMaskEx", sizeof(GROUP_AFFINITY), FALSE, node_mask_ex },
    { "GetNumaNodeProcessorMask2, masks", sizeof(GROUP_AFFINITY), FALSE, node_masks },
    { "GetNumaNodeProcessorMask2, count", sizeof(USHORT), FALSE, node_masks_required },
    { "GetNumaAvailableMemoryNode", sizeof(ULONGLONG), FALSE, node_available },
    { "GetNumaAvailableMemoryNodeEx", sizeof(ULONGLONG), FALSE, node_available_ex },
    { "GetNumaProximityNode", sizeof(UCHAR), FALSE, proximity },
    { "GetNumaProximityNodeEx", sizeof(USHORT), FALSE, proximity_ex },
    { "GetNumaNodeNumberFromHandle", sizeof(USHORT), FALSE, node_of_handle },
    { "GetSystemFileCacheSize, minimum", sizeof(SIZE_T), FALSE, cache_minimum },
    { "GetSystemFileCacheSize, flags", sizeof(DWORD), FALSE, cache_flags },
    { "GetPhysicallyInstalledSystemMemory", sizeof(ULONGLONG), FALSE, installed },
    { "GlobalMemoryStatusEx", sizeof(MEMORYSTATUSEX), FALSE, status_ex },
    { "QueryVirtualMemoryInformation, result", sizeof(WIN32_MEMORY_REGION_INFORMATION), FALSE, region_information },
    { "QueryVirtualMemoryInformation, size", sizeof(SIZE_T), FALSE, region_returned },
    { "GetProcessWorkingSetSizeEx", sizeof(SIZE_T), FALSE, working_set },
    { "GetProcessMemoryInfo", sizeof(PROCESS_MEMORY_COUNTERS), FALSE, counters },
    { "GetPerformanceInfo", sizeof(PERFORMANCE_INFORMATION), FALSE, performance },
    { "QueryWorkingSetEx", sizeof(PSAPI_WORKING_SET_EX_INFORMATION), FALSE, working_pages },
    { "AllocateUserPhysicalPages", sizeof(ULONG_PTR), FALSE, frames_count },
    { "FreeUserPhysicalPages", sizeof(ULONG_PTR), TRUE, frames_numbers },
    { "VirtualAlloc2", sizeof(MEM_EXTENDED_PARAMETER), TRUE, extended_parameters },
    { "MapViewOfFile3", sizeof(MEM_EXTENDED_PARAMETER), TRUE, view_parameters },
    { "CreateFileMapping2", sizeof(MEM_EXTENDED_PARAMETER), TRUE, section_parameters },
    { "VirtualQuery", sizeof(MEMORY_BASIC_INFORMATION), FALSE, basic_information },
    { "VirtualProtect", sizeof(DWORD), FALSE, old_protection },
};

static BYTE *pages(DWORD type, DWORD protect) { return VirtualAlloc(NULL, 16 * PAGE, type, protect); }

static void pointers(void **state)
{
    BYTE *edge = pages(MEM_RESERVE, PAGE_READWRITE), *guard = pages(MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    BYTE *read_only = pages(MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    (void)state;
    memory = pages(MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
    VirtualAlloc(edge, PAGE, MEM_COMMIT, PAGE_READWRITE);
    memset(edge, 'x', PAGE); /* a string without an end */
    const struct {
        const char *name;
        BYTE *address;
    } kinds[] = {
        { "reserved", pages(MEM_RESERVE, PAGE_READWRITE) },
        { "without access", pages(MEM_RESERVE | MEM_COMMIT, PAGE_NOACCESS) },
        { "a guard page", guard },
        { "an address of the system", (BYTE *)(LONG_PTR)-65536 },
        { "the last address", (BYTE *)-1 },
        { "the first page", (BYTE *)16 },
        { "before memory that is not there", edge + PAGE },
        { "read-only", read_only },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (unsigned kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
            BYTE *p = kinds[kind].address;
            if (p == read_only && rows[i].input) continue;
            if (p == edge + PAGE) p -= rows[i].bytes - 1;
            SetLastError(0);
            BOOL ok = rows[i].call(p);
            DWORD error = GetLastError();
            if (ok || error != ERROR_NOACCESS)
                fail_msg("%s, %s: returned %d, last error %lu", rows[i].name, kinds[kind].name, ok, error);
        }
    for (unsigned i = 0; i < PAGE; i++) assert_int_equal(read_only[i], 0);
    MEMORY_BASIC_INFORMATION info;
    assert_true(VirtualQuery(guard, &info, sizeof(info)));
    assert_int_equal(info.Protect, PAGE_READWRITE | PAGE_GUARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(pointers) };
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", L"1");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
