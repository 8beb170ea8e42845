/* privilege.c - may the caller lock memory, and for which process? */
#include "awe.h"
#include "../core/privilege.h"

/* The setting K32MEM_LOCK_MEMORY=1: systems that have no such calls often have no way either to give the privilege. */
static BOOL lock_memory_granted(void)
{
    static const WCHAR name[] = L"K32MEM_LOCK_MEMORY";
    UNICODE_STRING variable = { sizeof(name) - sizeof(WCHAR), sizeof(name), (PWSTR)name };
    WCHAR buffer[2];
    UNICODE_STRING value = { 0, sizeof(buffer), buffer };
    if (RtlQueryEnvironmentVariable_U(NULL, &variable, &value) < 0) return FALSE;
    return value.Length == sizeof(WCHAR) && buffer[0] == L'1';
}

NTSTATUS lock_memory_check(void)
{
    return privilege_held(SE_LOCK_MEMORY) || lock_memory_granted() ? STATUS_SUCCESS : STATUS_PRIVILEGE_NOT_HELD;
}

/* The process's id; needs no access right of the caller's handle beyond its being a process. */
static NTSTATUS process_id(HANDLE process, ULONG *id)
{
    PROCESS_BASIC_INFORMATION info;
    NTSTATUS status = NtQueryInformationProcess(process, ProcessBasicInformation, &info, sizeof(info), NULL);
    if (status == STATUS_ACCESS_DENIED) {
        HANDLE better;
        status = NtDuplicateObject(CURRENT_PROCESS, process, CURRENT_PROCESS, &better,
                                   PROCESS_QUERY_LIMITED_INFORMATION, 0, 0);
        if (status < 0) return status;
        status = NtQueryInformationProcess(better, ProcessBasicInformation, &info, sizeof(info), NULL);
        NtClose(better);
    }
    if (status >= 0) *id = (ULONG)info.UniqueProcessId;
    return status;
}

NTSTATUS process_check(HANDLE process)
{
    if (process == CURRENT_PROCESS) return STATUS_SUCCESS;
    PUBLIC_OBJECT_BASIC_INFORMATION object;
    ULONG id = 0;
    NTSTATUS status = NtQueryObject(process, ObjectBasicInformation, &object, sizeof(object), NULL);
    if (status < 0) return status;
    status = process_id(process, &id);
    if (status < 0) return status;
    if (!(object.GrantedAccess & PROCESS_VM_OPERATION)) return STATUS_ACCESS_DENIED;
    return id == nt_process_id() ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED;
}
