/* notification.c - the two system-wide events that tell of low and of plenty of memory. */
#include "../nt/system.h"

/* Opens the event that is signalled while physical memory is low (LowMemoryResourceNotification) or plenty
 * (HighMemoryResourceNotification). Both may be unsignalled at once; under Wine they always are. The handle can be
 * waited for and queried, and is closed with CloseHandle. Returns NULL on failure. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (another type); what the system says.
 * Page: memoryapi/nf-memoryapi-creatememoryresourcenotification */
K32MEM_API HANDLE WINAPI CreateMemoryResourceNotification(MEMORY_RESOURCE_NOTIFICATION_TYPE NotificationType)
{
    static const WCHAR low[] = L"\\KernelObjects\\LowMemoryCondition";
    static const WCHAR high[] = L"\\KernelObjects\\HighMemoryCondition";
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    HANDLE event;
    NTSTATUS status;
    switch (NotificationType) {
    case LowMemoryResourceNotification:
        name = (UNICODE_STRING){ sizeof(low) - sizeof(WCHAR), sizeof(low), (PWSTR)low };
        break;
    case HighMemoryResourceNotification:
        name = (UNICODE_STRING){ sizeof(high) - sizeof(WCHAR), sizeof(high), (PWSTR)high };
        break;
    default: return error_null(ERROR_INVALID_PARAMETER);
    }
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    status = NtOpenEvent(&event, SYNCHRONIZE | EVENT_QUERY_STATE | READ_CONTROL, &attributes);
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    return event;
}

/* Writes TRUE to *ResourceState when the condition of the notification exists now, else FALSE. Never waits. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (NULL ResourceState); ERROR_INVALID_HANDLE (no handle, or of another kind);
 * ERROR_ACCESS_DENIED (the handle lacks EVENT_QUERY_STATE).
 * Page: memoryapi/nf-memoryapi-querymemoryresourcenotification */
K32MEM_API BOOL WINAPI QueryMemoryResourceNotification(HANDLE ResourceNotificationHandle, PBOOL ResourceState)
{
    struct event_basic state;
    NTSTATUS status;
    if (!ResourceState) return error_fail(ERROR_INVALID_PARAMETER);
    status = NtQueryEvent(ResourceNotificationHandle, EVENT_BASIC, &state, sizeof(state), NULL);
    if (status < 0) return status_fail(status);
    *ResourceState = state.signalled != 0;
    return TRUE;
}
