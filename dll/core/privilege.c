/* privilege.c - asks the effective token. */
#include "privilege.h"

BOOL privilege_held(ULONG privilege)
{
    HANDLE token;
    NTSTATUS status = NtOpenThreadTokenEx(CURRENT_THREAD, TOKEN_QUERY, TRUE, 0, &token);
    if (status < 0) status = NtOpenProcessToken(CURRENT_PROCESS, TOKEN_QUERY, &token);
    if (status < 0) return FALSE;
    PRIVILEGE_SET set = { .PrivilegeCount = 1,
                          .Control = PRIVILEGE_SET_ALL_NECESSARY,
                          .Privilege = { { .Luid = { .LowPart = privilege, .HighPart = 0 } } } };
    BOOLEAN held = FALSE;
    status = NtPrivilegeCheck(token, &set, &held);
    NtClose(token);
    return status >= 0 && held;
}
