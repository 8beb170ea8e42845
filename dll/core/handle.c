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
