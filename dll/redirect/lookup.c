/* lookup.c - functions found at run time: GetProcAddress, and the loading of DLLs at first use. */
#include "hooks.h"
#include "module.h"
#include "table.h"

/* The name, or NULL when it is not one that a stand-in could have. */
static const char *name_of(const ANSI_STRING *name, char copy[64])
{
    if (!name || !name->Buffer || name->Length >= 64) return NULL;
    memcpy(copy, name->Buffer, name->Length);
    copy[name->Length] = 0;
    return copy;
}

static NTSTATUS found(NTSTATUS status, PVOID module, const ANSI_STRING *name, PVOID *address)
{
    char copy[64];
    const char *known = name_of(name, copy);
    void *stand_in = NULL;
    if (status >= 0) stand_in = table_find(*address, known);
    else if (known) stand_in = table_find_missing_in(module, known);
    if (!stand_in) return status;
    *address = stand_in;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI hook_LdrGetProcedureAddress(PVOID module, const ANSI_STRING *name, ULONG ordinal, PVOID *address)
{
    return found(hook_original.LdrGetProcedureAddress(module, name, ordinal, address), module, name, address);
}

NTSTATUS NTAPI hook_LdrGetProcedureAddressEx(PVOID module, const ANSI_STRING *name, ULONG ordinal, PVOID *address,
                                             ULONG flags)
{
    return found(hook_original.LdrGetProcedureAddressEx(module, name, ordinal, address, flags), module, name, address);
}

NTSTATUS NTAPI hook_LdrGetProcedureAddressForCaller(PVOID module, const ANSI_STRING *name, ULONG ordinal, PVOID *address,
                                                    ULONG flags, PVOID caller)
{
    return found(hook_original.LdrGetProcedureAddressForCaller(module, name, ordinal, address, flags, caller), module,
                 name, address);
}

/* The system fills the slot with the original; the stand-in follows at once. */
PVOID NTAPI hook_LdrResolveDelayLoadedAPI(PVOID module, const IMAGE_DELAYLOAD_DESCRIPTOR *delayed, PVOID on_failure,
                                          PVOID system_on_failure, IMAGE_THUNK_DATA *thunk, ULONG flags)
{
    PVOID address =
        hook_original.LdrResolveDelayLoadedAPI(module, delayed, on_failure, system_on_failure, thunk, flags);
    const char *name = NULL;
    if (!address) return NULL;
    ULONG_PTR index = (ULONG_PTR)thunk - ((ULONG_PTR)module + delayed->ImportAddressTableRVA);
    const ULONG_PTR *entry = (const ULONG_PTR *)((BYTE *)module + delayed->ImportNameTableRVA + index);
    if (!IMAGE_SNAP_BY_ORDINAL(*entry)) name = ((const IMAGE_IMPORT_BY_NAME *)((BYTE *)module + *entry))->Name;
    void *stand_in = table_find(address, name);
    if (!stand_in) return address;
    slot_write((void **)thunk, stand_in);
    return stand_in;
}
