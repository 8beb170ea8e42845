/* system.h - what NtQuerySystemInformation and its relatives answer: classes and layouts, after the public phnt
 * headers. Sizes are those of the caller's architecture. */
#ifndef K32MEM_SYSTEM_H
#define K32MEM_SYSTEM_H

#include "nt.h"

enum {
    SYSTEM_BASIC = 0,
    SYSTEM_PROCESSOR = 1,
    SYSTEM_PERFORMANCE = 2,
    SYSTEM_FILE_CACHE = 21,
    SYSTEM_NUMA_AVAILABLE_MEMORY = 60,
    SYSTEM_FIRMWARE_TABLE = 76,
    SYSTEM_FILE_CACHE_EX = 81,
    SYSTEM_NUMA_PROXIMITY = 101,
    SYSTEM_LOGICAL_PROCESSOR = 107
};
enum { PROCESS_VM_COUNTERS = 3, PROCESS_WOW64 = 26, PROCESS_EXECUTE_FLAGS = 34 };
enum { FILE_MODE = 16, FILE_NUMA_NODE = 53 };
enum { EVENT_BASIC = 0 };
enum { THREAD_GROUP = 30 };

struct system_basic {
    ULONG reserved, timer_resolution, page_bytes, physical_pages, lowest_page, highest_page, granule_bytes;
    ULONG_PTR lowest_address, highest_address, processor_mask;
    CCHAR processors;
};

struct system_processor {
    USHORT architecture, level, revision, maximum;
    ULONG features;
};

struct system_performance {
    ULONG64 times[4];
    ULONG operations[3];
    ULONG available_pages, committed_pages, commit_limit_pages, peak_committed_pages;
    ULONG counters[71];
};

struct system_file_cache {
    SIZE_T current, peak;
    ULONG faults;
    SIZE_T minimum, maximum, current_all, peak_all;
    ULONG repurposed, flags;
};

struct firmware_table {
    ULONG provider, action, id, bytes;
    BYTE data[];
};
#define FIRMWARE_SMBIOS 0x52534d42 /* 'RSMB' */
#define FIRMWARE_GET 1

struct event_basic {
    ULONG type;
    LONG signalled;
};

struct numa_memory {
    ULONG highest, reserved;
    ULONG64 available[64];
    ULONG64 unused[64];
};

struct numa_proximity {
    ULONG proximity;
    USHORT node;
};

static inline NTSTATUS system_query(int info_class, PVOID info, ULONG bytes)
{
    return NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)info_class, info, bytes, NULL);
}

static inline NTSTATUS process_query(HANDLE process, int info_class, PVOID info, ULONG bytes)
{
    return NtQueryInformationProcess(process, (PROCESSINFOCLASS)info_class, info, bytes, NULL);
}

#endif
