/* optional.c - resolves the table of optional.h against the ntdll that is loaded. */
#include "nt.h"

struct nt_optional nt_optional;

PVOID nt_module_find(const WCHAR *name)
{
    USHORT length = 0;
    while (name[length]) length++;
    UNICODE_STRING string = { (USHORT)(length * sizeof(WCHAR)), (USHORT)((length + 1) * sizeof(WCHAR)), (PWSTR)name };
    PVOID module = NULL;
    return LdrGetDllHandle(NULL, NULL, &string, &module) >= 0 ? module : NULL;
}

PVOID nt_function_find(PVOID module, const char *name)
{
    USHORT length = 0;
    while (name[length]) length++;
    ANSI_STRING string = { length, (USHORT)(length + 1), (PCHAR)name };
    PVOID address = NULL;
    return LdrGetProcedureAddress(module, &string, 0, &address) >= 0 ? address : NULL;
}

void nt_optional_resolve(void)
{
    PVOID ntdll = nt_module_find(L"ntdll.dll");
    if (!ntdll) return;
#define X(ret, call, params) *(PVOID *)&nt_optional.call = nt_function_find(ntdll, #call);
    NT_OPTIONAL(X)
#undef X
}
