/* nt.h - the one seam between k32mem and the system.
 *
 * GLOSSARY
 *   call      a function exported by ntdll.dll. Calls every supported system has are declared here and
 *             imported statically; calls that some systems lack are listed in optional.h and resolved at
 *             run time, because a static import of a missing call still links and then aborts the process.
 *   status    an NTSTATUS, what calls return. Negative (bit 31 set) is failure.
 *   error     a Win32 error number, what GetLastError() gives. status.h turns the one into the other.
 *   granule   the 64 KB allocation granularity; reservations start on a multiple of it.
 *   page      4 KB, the unit of commitment and protection on x86 and x86_64.
 *
 * Nothing outside dll/nt/ declares an ntdll function. Declarations follow Microsoft's public driver and SDK
 * documentation and the public phnt headers. See dll/README.md for the order of the layers.
 */
#ifndef K32MEM_NT_H
#define K32MEM_NT_H

#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <winternl.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES ((SIZE_T)1 << PAGE_SHIFT)
#define GRANULE_SHIFT 16
#define GRANULE_BYTES ((SIZE_T)1 << GRANULE_SHIFT)

#define CURRENT_PROCESS ((HANDLE)(LONG_PTR)-1)
#define CURRENT_THREAD ((HANDLE)(LONG_PTR)-2)

#define ALIGN_DOWN(x, a) ((ULONG_PTR)(x) & ~((ULONG_PTR)(a)-1))
#define ALIGN_UP(x, a) (((ULONG_PTR)(x) + ((a)-1)) & ~((ULONG_PTR)(a)-1))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* Every exported function is marked K32MEM_API in its definition, so that `grep K32MEM_API` lists the surface. */
#define K32MEM_API

/* ---- virtual memory ------------------------------------------------------------------------------------ */
NTSYSAPI NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE process, PVOID *base, ULONG_PTR zero_bits, PSIZE_T size,
                                                ULONG type, ULONG protect);
NTSYSAPI NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE process, PVOID *base, PSIZE_T size, ULONG type);
NTSYSAPI NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE process, PVOID *base, PSIZE_T size, ULONG protect,
                                               PULONG old_protect);
/* info_class: a VM_* number below. returned may be NULL. */
NTSYSAPI NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE process, LPCVOID base, int info_class, PVOID info, SIZE_T size,
                                             PSIZE_T returned);
NTSYSAPI NTSTATUS NTAPI NtLockVirtualMemory(HANDLE process, PVOID *base, PSIZE_T size, ULONG map_type);
NTSYSAPI NTSTATUS NTAPI NtUnlockVirtualMemory(HANDLE process, PVOID *base, PSIZE_T size, ULONG map_type);
NTSYSAPI NTSTATUS NTAPI NtReadVirtualMemory(HANDLE process, LPCVOID base, PVOID buffer, SIZE_T size, PSIZE_T done);
NTSYSAPI NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE process, PVOID base, LPCVOID buffer, SIZE_T size, PSIZE_T done);
NTSYSAPI NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE process, LPCVOID *base, PSIZE_T size, IO_STATUS_BLOCK *iosb);
NTSYSAPI NTSTATUS NTAPI NtGetWriteWatch(HANDLE process, ULONG flags, PVOID base, SIZE_T size, PVOID *addresses,
                                        ULONG_PTR *count, ULONG *granularity);
NTSYSAPI NTSTATUS NTAPI NtResetWriteWatch(HANDLE process, PVOID base, SIZE_T size);
NTSYSAPI NTSTATUS NTAPI NtFlushInstructionCache(HANDLE process, LPCVOID base, SIZE_T size);

enum { VM_BASIC = 0, VM_WORKING_SET = 1, VM_SECTION_NAME = 2, VM_REGION = 3, VM_WORKING_SET_EX = 4 };

/* ---- sections and named objects ------------------------------------------------------------------------- */
NTSYSAPI NTSTATUS NTAPI NtCreateSection(PHANDLE section, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                                        const LARGE_INTEGER *size, ULONG protect, ULONG sec_flags, HANDLE file);
NTSYSAPI NTSTATUS NTAPI NtOpenSection(PHANDLE section, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
NTSYSAPI NTSTATUS NTAPI NtMapViewOfSection(HANDLE section, HANDLE process, PVOID *base, ULONG_PTR zero_bits,
                                           SIZE_T commit, const LARGE_INTEGER *offset, PSIZE_T size, int inherit,
                                           ULONG type, ULONG protect);
NTSYSAPI NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE process, PVOID base);
enum { SECTION_BASIC = 0 };
struct section_basic {
    PVOID base;
    ULONG attributes; /* SEC_* */
    LARGE_INTEGER bytes;
};
NTSYSAPI NTSTATUS NTAPI NtQuerySection(HANDLE section, int info_class, PVOID info, SIZE_T size, PSIZE_T returned);
NTSYSAPI NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE directory, ACCESS_MASK access,
                                              const OBJECT_ATTRIBUTES *attributes);
NTSYSAPI NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE link, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
NTSYSAPI NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE link, PUNICODE_STRING target, PULONG returned);
#define SYMBOLIC_LINK_QUERY 1
#define DIRECTORY_TRAVERSE 2
#define DIRECTORY_CREATE_OBJECT 4
enum { VIEW_SHARE = 1, VIEW_UNMAP = 2 };

/* ---- objects, processes, threads ------------------------------------------------------------------------ */
NTSYSAPI NTSTATUS NTAPI NtOpenProcess(PHANDLE process, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                                      const CLIENT_ID *id);
NTSYSAPI NTSTATUS NTAPI NtOpenThread(PHANDLE thread, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                                     const CLIENT_ID *id);
NTSYSAPI NTSTATUS NTAPI NtDuplicateObject(HANDLE from_process, HANDLE from, HANDLE to_process, PHANDLE to,
                                          ACCESS_MASK access, ULONG attributes, ULONG options);
NTSYSAPI NTSTATUS NTAPI NtSetInformationProcess(HANDLE process, PROCESSINFOCLASS info_class, PVOID info, ULONG size);
NTSYSAPI NTSTATUS NTAPI NtTerminateProcess(HANDLE process, NTSTATUS code);
/* winternl.h declares NtQueryInformationProcess, NtCreateFile, NtClose, NtWaitForSingleObject. */
/* NtQueryInformationThread, as winternl.h leaves it out; see the public phnt headers (ntpsapi.h). */
enum { THREAD_BASIC = 0, THREAD_AM_I_LAST = 12 };
struct thread_basic {
    NTSTATUS exit_status;
    PVOID teb;
    CLIENT_ID id;
    ULONG_PTR affinity;
    LONG priority, base_priority;
};
NTSYSAPI NTSTATUS NTAPI NtResumeThread(HANDLE thread, PULONG previous);
NTSYSAPI NTSTATUS NTAPI NtTerminateThread(HANDLE thread, NTSTATUS code);
NTSYSAPI NTSTATUS NTAPI NtSetInformationThread(HANDLE thread, THREADINFOCLASS info_class, LPCVOID info, ULONG size);
NTSYSAPI NTSTATUS NTAPI NtOpenProcessToken(HANDLE process, ACCESS_MASK access, PHANDLE token);
NTSYSAPI NTSTATUS NTAPI NtOpenThreadTokenEx(HANDLE thread, ACCESS_MASK access, BOOLEAN as_self, ULONG attributes,
                                            PHANDLE token);
NTSYSAPI NTSTATUS NTAPI NtPrivilegeCheck(HANDLE token, PRIVILEGE_SET *privileges, PBOOLEAN held);
NTSYSAPI NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE token, BOOLEAN disable_all, const TOKEN_PRIVILEGES *wanted,
                                                ULONG size, PTOKEN_PRIVILEGES previous, PULONG returned);
NTSYSAPI NTSTATUS NTAPI NtOpenEvent(PHANDLE event, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes);
NTSYSAPI NTSTATUS NTAPI NtCreateEvent(PHANDLE event, ACCESS_MASK access, const OBJECT_ATTRIBUTES *attributes,
                                      int type, BOOLEAN initial);
enum { EVENT_MANUAL = 0, EVENT_AUTO = 1 };
#define EVENT_QUERY_STATE 1
NTSYSAPI NTSTATUS NTAPI NtSetEvent(HANDLE event, PLONG previous);
NTSYSAPI NTSTATUS NTAPI NtResetEvent(HANDLE event, PLONG previous);
NTSYSAPI NTSTATUS NTAPI NtQueryEvent(HANDLE event, int info_class, PVOID info, ULONG size, PULONG returned);
NTSYSAPI NTSTATUS NTAPI NtDelayExecution(BOOLEAN alertable, const LARGE_INTEGER *time);
NTSYSAPI NTSTATUS NTAPI NtYieldExecution(void);
NTSYSAPI NTSTATUS NTAPI NtReadFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, IO_STATUS_BLOCK *iosb,
                                   PVOID buffer, ULONG bytes, const LARGE_INTEGER *at, PULONG key);
NTSYSAPI NTSTATUS NTAPI NtWriteFile(HANDLE file, HANDLE event, PVOID apc, PVOID apc_context, IO_STATUS_BLOCK *iosb,
                                    LPCVOID buffer, ULONG bytes, const LARGE_INTEGER *at, PULONG key);
NTSYSAPI NTSTATUS NTAPI NtSetSystemInformation(int info_class, PVOID info, ULONG size);

/* ---- runtime library ------------------------------------------------------------------------------------ */
NTSYSAPI PVOID NTAPI RtlAllocateHeap(HANDLE heap, ULONG flags, SIZE_T size);
NTSYSAPI PVOID NTAPI RtlReAllocateHeap(HANDLE heap, ULONG flags, PVOID block, SIZE_T size);
NTSYSAPI BOOLEAN NTAPI RtlFreeHeap(HANDLE heap, ULONG flags, PVOID block);
NTSYSAPI SIZE_T NTAPI RtlSizeHeap(HANDLE heap, ULONG flags, LPCVOID block);
NTSYSAPI BOOLEAN NTAPI RtlValidateHeap(HANDLE heap, ULONG flags, LPCVOID block);
/* ntdll's own form of PROCESS_HEAP_ENTRY (RTL_HEAP_WALK_ENTRY in the public phnt headers). */
struct walk_entry {
    PVOID data;
    SIZE_T bytes;
    BYTE overhead, segment;
    USHORT flags;
    union {
        struct {
            SIZE_T value;
            USHORT tag, trace;
            ULONG reserved[2];
        } block;
        struct {
            ULONG committed, uncommitted;
            PVOID first, last;
        } region;
    };
};
enum { WALK_BUSY = 1, WALK_REGION = 2, WALK_UNCOMMITTED = 0x100 };
NTSYSAPI NTSTATUS NTAPI RtlWalkHeap(HANDLE heap, struct walk_entry *entry);
NTSYSAPI BOOLEAN NTAPI RtlLockHeap(HANDLE heap);
NTSYSAPI BOOLEAN NTAPI RtlUnlockHeap(HANDLE heap);
NTSYSAPI ULONG NTAPI RtlGetProcessHeaps(ULONG count, HANDLE *heaps);
NTSYSAPI HANDLE NTAPI RtlDestroyHeap(HANDLE heap);
NTSYSAPI SIZE_T NTAPI RtlCompactHeap(HANDLE heap, ULONG flags);
/* RtlQueryHeapInformation and RtlSetHeapInformation are declared by winnt.h. */
NTSYSAPI void NTAPI RtlRaiseStatus(NTSTATUS status);
NTSYSAPI void NTAPI RtlRaiseException(PEXCEPTION_RECORD record);
NTSYSAPI void NTAPI RtlAcquireSRWLockExclusive(PRTL_SRWLOCK lock);
NTSYSAPI void NTAPI RtlReleaseSRWLockExclusive(PRTL_SRWLOCK lock);
NTSYSAPI void NTAPI RtlAcquirePebLock(void);
NTSYSAPI void NTAPI RtlReleasePebLock(void);
NTSYSAPI ULONG NTAPI RtlFindClearBitsAndSet(PVOID bitmap, ULONG count, ULONG hint);
NTSYSAPI void NTAPI RtlClearBits(PVOID bitmap, ULONG first, ULONG count);
NTSYSAPI NTSTATUS NTAPI RtlRegisterWait(PHANDLE wait, HANDLE object, WAITORTIMERCALLBACKFUNC callback, PVOID context,
                                        ULONG milliseconds, ULONG flags);
NTSYSAPI NTSTATUS NTAPI RtlDeregisterWaitEx(HANDLE wait, HANDLE done);
/* NULL environment: the process's own. */
NTSYSAPI NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(PVOID environment, const UNICODE_STRING *name,
                                                      PUNICODE_STRING value);
/* bytes: the buffer's. Returns the length in bytes; the size needed when it does not fit. */
NTSYSAPI ULONG NTAPI RtlGetFullPathName_U(PCWSTR name, ULONG bytes, PWSTR full, PWSTR *last);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR to, ULONG to_bytes, PULONG done, PCWCH from, ULONG from_bytes);
NTSYSAPI NTSTATUS NTAPI LdrLockLoaderLock(ULONG flags, PULONG disposition, PULONG_PTR cookie);
NTSYSAPI NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG flags, ULONG_PTR cookie);
NTSYSAPI NTSTATUS NTAPI LdrGetDllHandle(LPCWSTR path, PULONG flags, const UNICODE_STRING *name, PVOID *base);
NTSYSAPI NTSTATUS NTAPI LdrGetProcedureAddress(PVOID base, const ANSI_STRING *name, ULONG ordinal, PVOID *address);

/* ---- the process and thread blocks ---------------------------------------------------------------------- */
/* Fields at their published offsets; mingw's TEB and PEB leave most of them out. Read with our own instructions:
 * gcc 12 takes the header's intrinsics for accesses through a null array, and warns. */
#ifdef _WIN64
#define TEB_SEGMENT "gs"
#define TEB_STACK_BASE 0x08
#define TEB_STACK_LIMIT 0x10
#define TEB_PEB 0x60
#define TEB_LAST_ERROR 0x68
#define TEB_PROCESS_ID 0x40
#define TEB_THREAD_ID 0x48
#define TEB_TLS_SLOTS 0x1480
#define PEB_IMAGE_BASE 0x10
#define PEB_LOADER 0x18
#define PEB_PARAMETERS 0x20
#define PEB_PROCESS_HEAP 0x30
#define PEB_TLS_BITMAP 0x78
#define PEB_SESSION_ID 0x2c0
#define LOADER_LOAD_ORDER 0x10
#define PARAMETERS_STANDARD_ERROR 0x30
#define PARAMETERS_IMAGE 0x60
#else
#define TEB_SEGMENT "fs"
#define TEB_STACK_BASE 0x04
#define TEB_STACK_LIMIT 0x08
#define TEB_PEB 0x30
#define TEB_LAST_ERROR 0x34
#define TEB_PROCESS_ID 0x20
#define TEB_THREAD_ID 0x24
#define TEB_TLS_SLOTS 0xe10
#define PEB_IMAGE_BASE 0x08
#define PEB_LOADER 0x0c
#define PEB_PARAMETERS 0x10
#define PEB_PROCESS_HEAP 0x18
#define PEB_TLS_BITMAP 0x40
#define PEB_SESSION_ID 0x1d4
#define LOADER_LOAD_ORDER 0x0c
#define PARAMETERS_STANDARD_ERROR 0x20
#define PARAMETERS_IMAGE 0x38
#endif

/* The pointer-sized field of this thread's block at offset. */
static inline ULONG_PTR teb_read(ULONG_PTR offset)
{
    ULONG_PTR value;
    __asm__ volatile("mov %%" TEB_SEGMENT ":(%1), %0" : "=r"(value) : "r"(offset));
    return value;
}

static inline void teb_write(ULONG_PTR offset, ULONG_PTR value)
{
    __asm__ volatile("mov %0, %%" TEB_SEGMENT ":(%1)" : : "r"(value), "r"(offset) : "memory");
}

static inline DWORD last_error_get(void)
{
    DWORD error;
    __asm__ volatile("movl %%" TEB_SEGMENT ":%c1, %0" : "=r"(error) : "i"(TEB_LAST_ERROR));
    return error;
}

static inline void last_error_set(DWORD error)
{
    __asm__ volatile("movl %0, %%" TEB_SEGMENT ":%c1" : : "r"(error), "i"(TEB_LAST_ERROR) : "memory");
}

static inline BYTE *nt_peb(void) { return (BYTE *)teb_read(TEB_PEB); }
static inline HANDLE nt_process_heap(void) { return *(HANDLE *)(nt_peb() + PEB_PROCESS_HEAP); }
static inline ULONG nt_session_id(void) { return *(ULONG *)(nt_peb() + PEB_SESSION_ID); }
static inline ULONG nt_thread_id(void) { return (ULONG)teb_read(TEB_THREAD_ID); }
static inline ULONG nt_process_id(void) { return (ULONG)teb_read(TEB_PROCESS_ID); }

/* KUSER_SHARED_DATA, mapped read-only at the same address in every process. */
#define SHARED_DATA ((const volatile BYTE *)0x7ffe0000)
#define SHARED_INTERRUPT_TIME 0x008
#define SHARED_LARGE_PAGE_MINIMUM 0x244
#define SHARED_NX_POLICY 0x2d5
#define SHARED_ENCLAVE_FEATURES 0x36c

/* Bytes; 0: the system has no large pages. */
static inline ULONG large_page_minimum(void) { return *(const volatile ULONG *)(SHARED_DATA + SHARED_LARGE_PAGE_MINIMUM); }

#include "optional.h"
#include "status.h"

#endif
