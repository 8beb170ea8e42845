/* hooks.h - stand-ins for functions of ntdll that are not part of k32mem's surface.
 *
 * Add one by adding a line here and a function hook_NAME with the same parameters. hook_original.NAME is the system's
 * own; NULL, and never looked for in a module, on systems that lack it.
 */
#ifndef K32MEM_REDIRECT_HOOKS_H
#define K32MEM_REDIRECT_HOOKS_H

#include "redirect.h"

typedef NTSTATUS(NTAPI *heap_enumerator)(HANDLE heap, PVOID context);

/* X(return type, name, parameters) */
#define HOOKS(X)                                                                                                     \
    /* rtl.c: the heap. Documentation: the functions of heapapi.h, which are these by other names; and the public     \
     * phnt headers (ntrtl.h). */                                                                                    \
    X(PVOID, RtlAllocateHeap, (HANDLE heap, ULONG flags, SIZE_T bytes))                                              \
    X(PVOID, RtlReAllocateHeap, (HANDLE heap, ULONG flags, PVOID block, SIZE_T bytes))                               \
    X(BOOLEAN, RtlFreeHeap, (HANDLE heap, ULONG flags, PVOID block))                                                 \
    X(SIZE_T, RtlSizeHeap, (HANDLE heap, ULONG flags, PVOID block))                                                  \
    X(BOOLEAN, RtlValidateHeap, (HANDLE heap, ULONG flags, PVOID block))                                             \
    X(BOOLEAN, RtlValidateProcessHeaps, (void))                                                                      \
    X(HANDLE, RtlCreateHeap, (ULONG flags, PVOID base, SIZE_T reserve, SIZE_T commit, PVOID lock, PVOID parameters)) \
    X(HANDLE, RtlDestroyHeap, (HANDLE heap))                                                                         \
    X(SIZE_T, RtlCompactHeap, (HANDLE heap, ULONG flags))                                                            \
    X(BOOLEAN, RtlLockHeap, (HANDLE heap))                                                                           \
    X(BOOLEAN, RtlUnlockHeap, (HANDLE heap))                                                                         \
    X(ULONG, RtlGetProcessHeaps, (ULONG count, HANDLE *heaps))                                                       \
    X(NTSTATUS, RtlEnumProcessHeaps, (heap_enumerator each, PVOID context))                                          \
    X(NTSTATUS, RtlWalkHeap, (HANDLE heap, struct walk_entry *entry))                                           \
    X(NTSTATUS, RtlQueryHeapInformation, (HANDLE heap, int info_class, PVOID info, SIZE_T bytes, PSIZE_T returned))  \
    X(NTSTATUS, RtlSetHeapInformation, (HANDLE heap, int info_class, PVOID info, SIZE_T bytes))                      \
    X(BOOLEAN, RtlGetUserInfoHeap, (HANDLE heap, ULONG flags, PVOID block, PVOID *value, PULONG user_flags))         \
    X(BOOLEAN, RtlSetUserValueHeap, (HANDLE heap, ULONG flags, PVOID block, PVOID value))                            \
    X(BOOLEAN, RtlSetUserFlagsHeap, (HANDLE heap, ULONG flags, PVOID block, ULONG reset, ULONG set))                 \
    X(ULONG, RtlMultipleAllocateHeap, (HANDLE heap, ULONG flags, SIZE_T bytes, ULONG count, PVOID *blocks))          \
    X(ULONG, RtlMultipleFreeHeap, (HANDLE heap, ULONG flags, ULONG count, PVOID *blocks))                            \
    X(NTSTATUS, RtlZeroHeap, (HANDLE heap, ULONG flags))                                                             \
    X(NTSTATUS, RtlExtendHeap, (HANDLE heap, ULONG flags, PVOID base, SIZE_T bytes))                                 \
    X(void, RtlProtectHeap, (HANDLE heap, BOOLEAN read_only))                                                        \
    X(ULONG, RtlCreateTagHeap, (HANDLE heap, ULONG flags, PWSTR prefix, PWSTR names))                                \
    X(PWSTR, RtlQueryTagHeap, (HANDLE heap, ULONG flags, USHORT tag, BOOLEAN reset, PVOID info))                     \
    X(NTSTATUS, RtlUsageHeap, (HANDLE heap, ULONG flags, PVOID usage))                                               \
    /* strings.c: ntdll frees what its caller may have allocated. */                                                 \
    X(void, RtlFreeUnicodeString, (PUNICODE_STRING string))                                                          \
    X(void, RtlFreeAnsiString, (PANSI_STRING string))                                                                \
    X(void, RtlFreeOemString, (POEM_STRING string))                                                                  \
    X(void, RtlFreeUTF8String, (PANSI_STRING string))                                                                \
    X(PVOID, RtlFreeSid, (PSID sid))                                                                                 \
    /* lookup.c: functions found at run time. */                                                                     \
    X(NTSTATUS, LdrGetProcedureAddress, (PVOID module, const ANSI_STRING *name, ULONG ordinal, PVOID *address))      \
    X(NTSTATUS, LdrGetProcedureAddressEx,                                                                            \
      (PVOID module, const ANSI_STRING *name, ULONG ordinal, PVOID *address, ULONG flags))                           \
    X(NTSTATUS, LdrGetProcedureAddressForCaller,                                                                     \
      (PVOID module, const ANSI_STRING *name, ULONG ordinal, PVOID *address, ULONG flags, PVOID caller))             \
    X(PVOID, LdrResolveDelayLoadedAPI,                                                                               \
      (PVOID module, const IMAGE_DELAYLOAD_DESCRIPTOR *delayed, PVOID on_failure, PVOID system_on_failure,           \
       IMAGE_THUNK_DATA *thunk, ULONG flags))                                                                        \
    /* children.c: the process starts others, or ends itself. */                                                     \
    X(NTSTATUS, NtCreateUserProcess,                                                                                 \
      (PHANDLE process, PHANDLE thread, ACCESS_MASK process_access, ACCESS_MASK thread_access,                       \
       const OBJECT_ATTRIBUTES *process_attributes, const OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags, \
       ULONG thread_flags, PVOID parameters, PVOID create_info, PVOID attributes))                                   \
    X(NTSTATUS, NtTerminateProcess, (HANDLE process, NTSTATUS code))

struct hook_original {
#define X(ret, name, params) ret(NTAPI *name) params;
    HOOKS(X)
#undef X
};
extern struct hook_original hook_original;

#define X(ret, name, params) ret NTAPI hook_##name params;
HOOKS(X)
#undef X

#endif
