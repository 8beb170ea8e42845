/* handle.c - asks the system about a handle. */
#include "handle.h"

NTSTATUS process_require(HANDLE process, ACCESS_MASK one_of, ACCESS_MASK and_one_of)
{
    if (process == CURRENT_PROCESS) return STATUS_SUCCESS;
    PROCESS_BASIC_INFORMATION info;
    NTSTATUS status = NtQueryInformationProcess(process, ProcessBasicInformation, &info, sizeof(info), NULL);
    if (status < 0 && status != STATUS_ACCESS_DENIED) return status;
    OBJECT_BASIC_INFORMATION object;
    status = NtQueryObject(process, ObjectBasicInformation, &object, sizeof(object), NULL);
    if (status < 0) return status;
    if (one_of && !(object.GrantedAccess & one_of)) return STATUS_ACCESS_DENIED;
    if (and_one_of && !(object.GrantedAccess & and_one_of)) return STATUS_ACCESS_DENIED;
    return STATUS_SUCCESS;
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

BOOL process_is_own(HANDLE process)
{
    ULONG id;
    return process == CURRENT_PROCESS || (process_id(process, &id) >= 0 && id == nt_process_id());
}

NTSTATUS process_require_own(HANDLE process)
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

NTSTATUS process_settle(HANDLE *process)
{
    if (*process == CURRENT_PROCESS || !process_is_own(*process)) return STATUS_SUCCESS;
    NTSTATUS status = process_require_own(*process);
    if (status >= 0) *process = CURRENT_PROCESS;
    return status;
}
