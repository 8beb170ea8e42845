/* k32mem.h - declarations that MinGW-w64's headers lack, and k32mem's own extensions. For C and C++, with -lk32mem.
 *
 * Include it instead of, or after, <windows.h>. Define _WIN32_WINNT as 0x0A00 and NTDDI_VERSION as 0x0A00000C (or
 * newer) before the first include, or the system's headers hide what they have of the newer functions. Whatever a
 * newer set of headers declares is left to it.
 */
#ifndef K32MEM_H
#define K32MEM_H

#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- virtual memory and mapping ------------------------------------------------------------------------- */
/* Pages: memoryapi/nf-memoryapi-allocateuserphysicalpages2, memoryapi/nf-memoryapi-mapviewoffile2 */
#ifdef MEM_EXTENDED_PARAMETER_TYPE_BITS
WINBASEAPI BOOL WINAPI AllocateUserPhysicalPages2(HANDLE ObjectHandle, PULONG_PTR NumberOfPages, PULONG_PTR PageArray,
                                                  PMEM_EXTENDED_PARAMETER ExtendedParameters,
                                                  ULONG ExtendedParameterCount);
#endif

/* Pages: memoryapi/nf-memoryapi-virtualalloc2, memoryapi/nf-memoryapi-virtualfree */
#ifndef MEM_REPLACE_PLACEHOLDER
#define MEM_REPLACE_PLACEHOLDER 0x00004000
#endif
#ifndef MEM_RESERVE_PLACEHOLDER
#define MEM_RESERVE_PLACEHOLDER 0x00040000
#endif
#ifndef MEM_COALESCE_PLACEHOLDERS
#define MEM_COALESCE_PLACEHOLDERS 0x00000001
#endif
#ifndef MEM_PRESERVE_PLACEHOLDER
#define MEM_PRESERVE_PLACEHOLDER 0x00000002
#endif

#ifndef NUMA_NO_PREFERRED_NODE
#define NUMA_NO_PREFERRED_NODE ((DWORD)-1)
#endif
/* MinGW-w64 10 declares MapViewOfFile2 with C's calling convention; the function has WINAPI's, like all others. */
#if defined(__MINGW64_VERSION_MAJOR) && __MINGW64_VERSION_MAJOR < 12 && defined(NTDDI_VERSION) &&                     \
    NTDDI_VERSION >= 0x0A000003
#define MapViewOfFile2(file, process, offset, base, bytes, type, protect)                                            \
    MapViewOfFileNuma2(file, process, offset, base, bytes, type, protect, NUMA_NO_PREFERRED_NODE)
#endif

/* ---- NUMA ------------------------------------------------------------------------------------------------ */
#ifndef MAXUSHORT
#define MAXUSHORT 0xffff /* "no such processor" of GetNumaProcessorNodeEx */
#endif

/* Page: systemtopologyapi/nf-systemtopologyapi-getnumanodeprocessormask2 */
WINBASEAPI BOOL WINAPI GetNumaNodeProcessorMask2(USHORT NodeNumber, PGROUP_AFFINITY ProcessorMasks,
                                                 USHORT ProcessorMaskCount, PUSHORT RequiredMaskCount);

WINBASEAPI BOOL WINAPI GetMemoryNumaClosestInitiatorNode(ULONG TargetNodeNumber, ULONG *InitiatorNodeNumber);

#ifndef WIN32_MEMORY_NUMA_PERFORMANCE_ALL_TARGET_NODE
#define WIN32_MEMORY_NUMA_PERFORMANCE_ALL_TARGET_NODE 0xffffffff
#define WIN32_MEMORY_NUMA_PERFORMANCE_READ_LATENCY 0x1
#define WIN32_MEMORY_NUMA_PERFORMANCE_READ_BANDWIDTH 0x2
#define WIN32_MEMORY_NUMA_PERFORMANCE_WRITE_LATENCY 0x4
#define WIN32_MEMORY_NUMA_PERFORMANCE_WRITE_BANDWIDTH 0x8

typedef struct _WIN32_MEMORY_NUMA_PERFORMANCE_ENTRY {
    ULONG InitiatorNodeNumber;
    ULONG TargetNodeNumber;
    UCHAR DataType;
    struct {
        UCHAR MinTransferSizeToAchieveValues : 1;
        UCHAR NonSequentialTransfers : 1;
        UCHAR Reserved : 6;
    } Flags;
    ULONGLONG MinTransferSizeInBytes;
    ULONGLONG EntryValue;
} WIN32_MEMORY_NUMA_PERFORMANCE_ENTRY;

typedef struct _WIN32_MEMORY_NUMA_PERFORMANCE_INFORMATION_OUTPUT {
    ULONG EntryCount;
    WIN32_MEMORY_NUMA_PERFORMANCE_ENTRY PerformanceEntries[1];
} WIN32_MEMORY_NUMA_PERFORMANCE_INFORMATION_OUTPUT;

WINBASEAPI BOOL WINAPI GetMemoryNumaPerformanceInformation(ULONG NodeNumber, UCHAR DataType,
                                                           WIN32_MEMORY_NUMA_PERFORMANCE_INFORMATION_OUTPUT **PerfInfo);

/* ---- memory partitions ----------------------------------------------------------------------------------- */
typedef enum WIN32_MEMORY_PARTITION_INFORMATION_CLASS {
    MemoryPartitionInfo,
    MemoryPartitionDedicatedMemoryInfo
} WIN32_MEMORY_PARTITION_INFORMATION_CLASS;

typedef struct DECLSPEC_ALIGN(8) WIN32_MEMORY_PARTITION_INFORMATION {
    ULONG Flags;
    ULONG NumaNode;
    ULONG Channel;
    ULONG NumberOfNumaNodes;
    ULONG64 ResidentAvailablePages;
    ULONG64 CommittedPages;
    ULONG64 CommitLimit;
    ULONG64 PeakCommitment;
    ULONG64 TotalNumberOfPages;
    ULONG64 AvailablePages;
    ULONG64 ZeroPages;
    ULONG64 FreePages;
    ULONG64 StandbyPages;
    ULONG64 Reserved[16];
    ULONG64 MaximumCommitLimit;
    ULONG64 Reserved2;
    ULONG PartitionId;
} WIN32_MEMORY_PARTITION_INFORMATION;
#endif

WINBASEAPI HANDLE WINAPI OpenDedicatedMemoryPartition(HANDLE Partition, ULONG64 DedicatedMemoryTypeId,
                                                      ACCESS_MASK DesiredAccess, BOOL InheritHandle);
WINBASEAPI BOOL WINAPI QueryPartitionInformation(HANDLE Partition,
                                                 WIN32_MEMORY_PARTITION_INFORMATION_CLASS PartitionInformationClass,
                                                 PVOID PartitionInformation, ULONG PartitionInformationLength);

/* ---- enclaves -------------------------------------------------------------------------------------------- */
/* Pages: enclaveapi/nf-enclaveapi-createenclave and its neighbours; winnt/ns-winnt-enclave_create_info_sgx, ... */
#ifndef ENCLAVE_TYPE_SGX
#define ENCLAVE_TYPE_SGX 0x00000001
#define ENCLAVE_TYPE_SGX2 0x00000002
#define ENCLAVE_TYPE_VBS 0x00000010
#define ENCLAVE_TYPE_VBS_BASIC 0x00000011
#define ENCLAVE_VBS_FLAG_DEBUG 0x00000001

typedef struct _ENCLAVE_CREATE_INFO_SGX {
    BYTE Secs[4096];
} ENCLAVE_CREATE_INFO_SGX, *PENCLAVE_CREATE_INFO_SGX;

typedef struct _ENCLAVE_INIT_INFO_SGX {
    BYTE SigStruct[1808];
    BYTE Reserved1[240];
    BYTE EInitToken[304];
    BYTE Reserved2[1744];
} ENCLAVE_INIT_INFO_SGX, *PENCLAVE_INIT_INFO_SGX;

typedef struct _ENCLAVE_CREATE_INFO_VBS {
    DWORD Flags;
    BYTE OwnerID[32];
} ENCLAVE_CREATE_INFO_VBS, *PENCLAVE_CREATE_INFO_VBS;

typedef struct _ENCLAVE_INIT_INFO_VBS {
    DWORD Length;
    DWORD ThreadCount;
} ENCLAVE_INIT_INFO_VBS, *PENCLAVE_INIT_INFO_VBS;
#endif

WINBASEAPI BOOL WINAPI IsEnclaveTypeSupported(DWORD flEnclaveType);
WINBASEAPI LPVOID WINAPI CreateEnclave(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize, SIZE_T dwInitialCommitment,
                                       DWORD flEnclaveType, LPCVOID lpEnclaveInformation, DWORD dwInfoLength,
                                       LPDWORD lpEnclaveError);
WINBASEAPI BOOL WINAPI LoadEnclaveData(HANDLE hProcess, LPVOID lpAddress, LPCVOID lpBuffer, SIZE_T nSize,
                                       DWORD flProtect, LPCVOID lpPageInformation, DWORD dwInfoLength,
                                       PSIZE_T lpNumberOfBytesWritten, LPDWORD lpEnclaveError);
WINBASEAPI BOOL WINAPI InitializeEnclave(HANDLE hProcess, LPVOID lpAddress, LPCVOID lpEnclaveInformation,
                                         DWORD dwInfoLength, LPDWORD lpEnclaveError);
WINBASEAPI BOOL WINAPI LoadEnclaveImageA(LPVOID lpEnclaveAddress, LPCSTR lpImageName);
WINBASEAPI BOOL WINAPI LoadEnclaveImageW(LPVOID lpEnclaveAddress, LPCWSTR lpImageName);
WINBASEAPI BOOL WINAPI CallEnclave(LPENCLAVE_ROUTINE lpRoutine, LPVOID lpParameter, BOOL fWaitForThread,
                                   LPVOID *lpReturnValue);
WINBASEAPI BOOL WINAPI TerminateEnclave(LPVOID lpAddress, BOOL fWait);
WINBASEAPI BOOL WINAPI DeleteEnclave(LPVOID lpAddress);
#ifndef LoadEnclaveImage
#ifdef UNICODE
#define LoadEnclaveImage LoadEnclaveImageW
#else
#define LoadEnclaveImage LoadEnclaveImageA
#endif
#endif

/* ---- k32mem's own ---------------------------------------------------------------------------------------- */
/* Redirects this process, for programs not started by k32run.exe: every memory function that its modules import, or look
 * up from now on, is k32mem's. options: NULL, or words separated by commas, as for k32run.exe: only=LIST, except=LIST,
 * children=no, stats, stats=FILE, delay=N, zero, pad=N. Not from DllMain. FALSE with ERROR_INVALID_PARAMETER (an unknown
 * option) or ERROR_NOT_SUPPORTED. */
WINBASEAPI BOOL WINAPI K32memRedirect(LPCWSTR options);
/* Makes a process that was created suspended, and has not run yet, load k32mem before all else and be redirected. */
WINBASEAPI BOOL WINAPI K32memInject(HANDLE process, LPCWSTR options);

#ifdef __cplusplus
}
#endif

#include "k32mem_volatile.h"

#endif
