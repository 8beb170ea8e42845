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
