/* parameters.c - extended parameters, and whether the NT layer understands them. */
#include "placeholder.h"
#include "../core/probe.h"

BOOL placeholder_native(void)
{
    static volatile LONG answer; /* 0 not known yet, 1 no, 2 yes */
    if (answer) return answer == 2;
    BOOL works = FALSE;
    PVOID base = NULL;
    SIZE_T bytes = 2 * GRANULE_BYTES, none = 0;
    if (nt_optional.NtAllocateVirtualMemoryEx && nt_optional.NtMapViewOfSectionEx &&
        nt_optional.NtUnmapViewOfSectionEx &&
        nt_optional.NtAllocateVirtualMemoryEx(CURRENT_PROCESS, &base, &bytes, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER,
                                              PAGE_NOACCESS, NULL, 0) >= 0) {
        PVOID first = base, second = (BYTE *)base + GRANULE_BYTES;
        SIZE_T half = GRANULE_BYTES;
        works = NtFreeVirtualMemory(CURRENT_PROCESS, &first, &half, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER) >= 0;
        half = GRANULE_BYTES;
        if (works && nt_optional.NtAllocateVirtualMemoryEx(CURRENT_PROCESS, &second, &half,
                                                           MEM_RESERVE | MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL,
                                                           0) < 0)
            works = FALSE;
        NtFreeVirtualMemory(CURRENT_PROCESS, &base, &none, MEM_RELEASE);
        none = 0;
        if (works) NtFreeVirtualMemory(CURRENT_PROCESS, &second, &none, MEM_RELEASE);
    }
    if (works) {
        /* A lowest address is what some layers ignore. */
        MEM_ADDRESS_REQUIREMENTS wanted = { (PVOID)(ULONG_PTR)0x20000000, NULL, 0 };
        MEM_EXTENDED_PARAMETER parameter;
        parameter.Type = MemExtendedParameterAddressRequirements;
        parameter.Reserved = 0;
        parameter.ULong64 = 0;
        parameter.Pointer = &wanted;
        base = NULL;
        bytes = GRANULE_BYTES;
        works = nt_optional.NtAllocateVirtualMemoryEx(CURRENT_PROCESS, &base, &bytes, MEM_RESERVE, PAGE_NOACCESS,
                                                      &parameter, 1) >= 0;
        if (works) {
            if (base < wanted.LowestStartingAddress) works = FALSE;
            none = 0;
            NtFreeVirtualMemory(CURRENT_PROCESS, &base, &none, MEM_RELEASE);
        }
    }
    answer = works ? 2 : 1;
    return works;
}

static ULONG_PTR address_limit(void)
{
    static volatile ULONG_PTR limit;
    SYSTEM_BASIC_INFORMATION system;
    if (!limit && NtQuerySystemInformation(SystemBasicInformation, &system, sizeof(system), NULL) >= 0)
        limit = system.HighestUserAddress;
    return limit;
}

/* winnt/ns-winnt-mem_address_requirements */
static NTSTATUS requirements_read(struct parameters *out, const MEM_ADDRESS_REQUIREMENTS *given, const void *base)
{
    if (!probe_read(given, sizeof(*given))) return STATUS_ACCESS_VIOLATION;
    ULONG_PTR lowest = (ULONG_PTR)given->LowestStartingAddress, highest = (ULONG_PTR)given->HighestEndingAddress;
    ULONG_PTR alignment = given->Alignment;
    if (!lowest && !highest && !alignment) return STATUS_SUCCESS;
    if (base) return STATUS_INVALID_PARAMETER;
    if (alignment && (alignment < GRANULE_BYTES || (alignment & (alignment - 1)))) return STATUS_INVALID_PARAMETER;
    if (lowest & (GRANULE_BYTES - 1)) return STATUS_INVALID_PARAMETER;
    if (highest && ((highest + 1) & (PAGE_BYTES - 1))) return STATUS_INVALID_PARAMETER;
    if (highest > out->highest || lowest > out->highest || (highest && highest <= lowest))
        return STATUS_INVALID_PARAMETER;
    out->lowest = lowest;
    if (highest) out->highest = highest;
    if (alignment) out->alignment = alignment;
    out->placed = TRUE;
    return STATUS_SUCCESS;
}

NTSTATUS parameters_read(struct parameters *out, const MEM_EXTENDED_PARAMETER *given, ULONG count, const void *base)
{
    *out = (struct parameters){ 0, address_limit(), GRANULE_BYTES, FALSE, NUMA_NO_PREFERRED_NODE };
    if (!count) return STATUS_SUCCESS;
    if (!given || count > MemExtendedParameterMax) return STATUS_INVALID_PARAMETER;
    if (!probe_read(given, count * sizeof(*given))) return STATUS_ACCESS_VIOLATION;
    ULONG seen = 0;
    for (ULONG i = 0; i < count; i++) {
        ULONG type = (ULONG)given[i].Type;
        if (given[i].Reserved || type >= MemExtendedParameterMax || (seen >> type & 1)) return STATUS_INVALID_PARAMETER;
        seen |= 1u << type;
        NTSTATUS status = STATUS_SUCCESS;
        switch (type) {
        case MemExtendedParameterAddressRequirements:
            status = requirements_read(out, given[i].Pointer, base);
            break;
        case MemExtendedParameterNumaNode: out->node = given[i].ULong; break; /* a preference: nothing to fail for */
        case MemExtendedParameterAttributeFlags:
            /* Non-paged memory and graphics tiling are not for this layer; leaving zeroing out is never an error. */
            if (given[i].ULong64 & ~(DWORD64)MEM_EXTENDED_PARAMETER_ZERO_PAGES_OPTIONAL) status = STATUS_NOT_SUPPORTED;
            break;
        case MemExtendedParameterPartitionHandle:
        case MemExtendedParameterUserPhysicalHandle: status = STATUS_NOT_SUPPORTED; break;
        default: status = STATUS_INVALID_PARAMETER;
        }
        if (status < 0) return status;
    }
    return STATUS_SUCCESS;
}
