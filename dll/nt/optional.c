/* optional.c - resolves the table of optional.h against the ntdll that is loaded. */
#include "nt.h"

struct nt_optional nt_optional;

static PVOID resolve(PVOID ntdll, const char *name, USHORT length)
{
    ANSI_STRING string = { length, (USHORT)(length + 1), (PCHAR)name };
    PVOID address = NULL;
    return LdrGetProcedureAddress(ntdll, &string, 0, &address) >= 0 ? address : NULL;
}

void nt_optional_resolve(void)
{
    static const WCHAR name[] = L"ntdll.dll";
    UNICODE_STRING string = { sizeof(name) - sizeof(WCHAR), sizeof(name), (PWSTR)name };
    PVOID ntdll;
    if (LdrGetDllHandle(NULL, NULL, &string, &ntdll) < 0) return;
#define X(ret, call, params) *(PVOID *)&nt_optional.call = resolve(ntdll, #call, sizeof(#call) - 1);
    NT_OPTIONAL(X)
#undef X
}
