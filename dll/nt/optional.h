/* optional.h - the ntdll calls that some supported systems lack.
 *
 * Each is resolved once, at process attach, into nt_optional.NAME (NULL when the system lacks it). The name being
 * there proves little (some layers export calls that do nothing): a family that needs a behaviour probes it.
 * Add a call by adding one line.
 */
#ifndef K32MEM_OPTIONAL_H
#define K32MEM_OPTIONAL_H

/* X(return type, name, parameters) */
#define NT_OPTIONAL(X)                                                                                               \
    X(NTSTATUS, NtAllocateVirtualMemoryEx, (HANDLE, PVOID *, PSIZE_T, ULONG, ULONG, PVOID, ULONG))                   \
    X(NTSTATUS, NtMapViewOfSectionEx,                                                                                \
      (HANDLE, HANDLE, PVOID *, const LARGE_INTEGER *, PSIZE_T, ULONG, ULONG, PVOID, ULONG))                         \
    X(NTSTATUS, NtUnmapViewOfSectionEx, (HANDLE, PVOID, ULONG))                                                      \
    X(NTSTATUS, NtCreateSectionEx,                                                                                   \
      (PHANDLE, ACCESS_MASK, const OBJECT_ATTRIBUTES *, const LARGE_INTEGER *, ULONG, ULONG, HANDLE, PVOID, ULONG))  \
    X(NTSTATUS, NtSetInformationVirtualMemory, (HANDLE, int, ULONG_PTR, PVOID, PVOID, ULONG))                        \
    X(NTSTATUS, NtAllocateUserPhysicalPages, (HANDLE, PULONG_PTR, PULONG_PTR))                                       \
    X(NTSTATUS, NtAllocateUserPhysicalPagesEx, (HANDLE, PULONG_PTR, PULONG_PTR, PVOID, ULONG))                       \
    X(NTSTATUS, NtFreeUserPhysicalPages, (HANDLE, PULONG_PTR, PULONG_PTR))                                           \
    X(NTSTATUS, NtMapUserPhysicalPages, (PVOID, ULONG_PTR, PULONG_PTR))                                              \
    X(NTSTATUS, NtMapUserPhysicalPagesScatter, (PVOID *, ULONG_PTR, PULONG_PTR))                                     \
    X(NTSTATUS, LdrAddRefDll, (ULONG, PVOID))                                                                        \
    X(NTSTATUS, LdrRegisterDllNotification, (ULONG, PVOID, PVOID, PVOID *))                                          \
    X(NTSTATUS, NtQuerySystemInformationEx, (int, PVOID, ULONG, PVOID, ULONG, PULONG))                               \
    X(NTSTATUS, RtlGetNativeSystemInformation, (int, PVOID, ULONG, PULONG))                                          \
    X(NTSTATUS, RtlRegisterSecureMemoryCacheCallback, (PSECURE_MEMORY_CACHE_CALLBACK))                               \
    X(NTSTATUS, RtlDeregisterSecureMemoryCacheCallback, (PSECURE_MEMORY_CACHE_CALLBACK))                             \
    X(BOOLEAN, RtlFlushSecureMemoryCache, (PVOID, SIZE_T))                                                           \
    X(NTSTATUS, RtlWaitOnAddress, (const void *, const void *, SIZE_T, const LARGE_INTEGER *))                       \
    X(void, RtlWakeAddressAll, (const void *))                                                                       \
    X(NTSTATUS, NtManagePartition, (HANDLE, HANDLE, int, PVOID, ULONG))                                              \
    X(NTSTATUS, NtCreateEnclave, (HANDLE, PVOID *, ULONG_PTR, SIZE_T, SIZE_T, ULONG, PVOID, ULONG, PULONG))          \
    X(NTSTATUS, NtLoadEnclaveData, (HANDLE, PVOID, PVOID, SIZE_T, ULONG, PVOID, ULONG, PSIZE_T, PULONG))             \
    X(NTSTATUS, NtTerminateEnclave, (PVOID, BOOLEAN))                                                                \
    X(NTSTATUS, LdrInitializeEnclave, (HANDLE, PVOID, PVOID, ULONG, PULONG))                                         \
    X(NTSTATUS, LdrLoadEnclaveModule, (PVOID, LPCWSTR, const UNICODE_STRING *))                                      \
    X(NTSTATUS, LdrCallEnclave, (LPENCLAVE_ROUTINE, ULONG, PVOID *))                                                 \
    X(NTSTATUS, LdrDeleteEnclave, (PVOID))                                                                           \
    X(void, wine_get_host_version, (const char **, const char **)) /* cdecl: host.c casts it */

struct nt_optional {
#define X(ret, name, params) ret(NTAPI *name) params;
    NT_OPTIONAL(X)
#undef X
};

extern struct nt_optional nt_optional;

/* A loaded module by its name, a function of a module by its name; NULL when there is none. */
PVOID nt_module_find(const WCHAR *name);
PVOID nt_function_find(PVOID module, const char *name);

/* Fills nt_optional. Called once, from process attach, under the loader lock. */
void nt_optional_resolve(void);

#endif
