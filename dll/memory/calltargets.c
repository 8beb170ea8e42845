/* calltargets.c - telling Control Flow Guard which addresses in generated code may be called. */
#include "../core/touch.h"
#include "../nt/nt.h"

#define TARGET_ALIGNMENT 16
#define VM_CALL_TARGETS 2 /* NtSetInformationVirtualMemory's class */

struct memory_range {
    PVOID base;
    SIZE_T bytes;
};

struct call_targets {
    ULONG count, reserved;
    ULONG *processed;
    CFG_CALL_TARGET_INFO *targets;
    PVOID section;
    ULONG64 file_offset;
};

/* Offsets must ascend, be multiples of 16 and lie inside the range. */
static BOOL targets_valid(SIZE_T bytes, ULONG count, const CFG_CALL_TARGET_INFO *targets)
{
    for (ULONG i = 0; i < count; i++) {
        if (targets[i].Offset % TARGET_ALIGNMENT || targets[i].Offset >= bytes) return FALSE;
        if (i && targets[i].Offset <= targets[i - 1].Offset) return FALSE;
    }
    return TRUE;
}

static NTSTATUS range_committed(HANDLE process, const BYTE *base, SIZE_T bytes)
{
    MEMORY_BASIC_INFORMATION region;
    for (const BYTE *at = base, *end = base + bytes; at < end; at = (const BYTE *)region.BaseAddress + region.RegionSize) {
        NTSTATUS status = NtQueryVirtualMemory(process, at, VM_BASIC, &region, sizeof(region), NULL);
        if (status < 0) return status;
        if (region.State != MEM_COMMIT) return STATUS_CONFLICTING_ADDRESSES; /* ERROR_INVALID_ADDRESS */
    }
    return STATUS_SUCCESS;
}

static BOOL targets_set(HANDLE process, PVOID base, SIZE_T bytes, ULONG count, CFG_CALL_TARGET_INFO *targets,
                        HANDLE section, ULONG64 file_offset)
{
    ULONG processed = 0;
    struct memory_range range = { base, bytes };
    struct call_targets list = { count, 0, &processed, targets, section, file_offset };
    NTSTATUS status;
    if (!base || (ULONG_PTR)base % PAGE_BYTES || !bytes || !count || !targets || (ULONG_PTR)base + bytes < bytes)
        return error_fail(ERROR_INVALID_PARAMETER);
    if (count > (bytes + TARGET_ALIGNMENT - 1) / TARGET_ALIGNMENT) return error_fail(ERROR_INVALID_PARAMETER);
    /* The system writes into the list too: CFG_CALL_TARGET_PROCESSED. */
    if (touch_output(targets, count * sizeof(*targets))) return error_fail(ERROR_NOACCESS);
    if (!targets_valid(bytes, count, targets)) return error_fail(ERROR_INVALID_PARAMETER);
    status = range_committed(process, base, bytes);
    if (status < 0) return status_fail(status);

    status = STATUS_NOT_SUPPORTED;
    if (nt_optional.NtSetInformationVirtualMemory) {
        status = nt_optional.NtSetInformationVirtualMemory(process, VM_CALL_TARGETS, 1, &range, &list, sizeof(list));
        /* what a system that does not know the class answers */
        if (status == STATUS_INVALID_PARAMETER_2 || status == STATUS_INVALID_INFO_CLASS ||
            status == STATUS_NOT_IMPLEMENTED)
            status = STATUS_NOT_SUPPORTED;
    }
    return status_bool(status);
}

/* Marks addresses in VirtualAddress .. VirtualAddress+RegionSize (bytes) of hProcess as valid or invalid targets of
 * indirect calls. OffsetInformation holds NumberOfOffsets ascending multiples of 16 with CFG_CALL_TARGET_* flags; the
 * system sets CFG_CALL_TARGET_PROCESSED in those it has handled. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (base not page-aligned, nothing to do, offsets unaligned, not ascending or outside);
 * ERROR_INVALID_ADDRESS (the range is not committed); ERROR_NOACCESS (OffsetInformation); ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED; ERROR_NOT_SUPPORTED
 * (the system has no Control Flow Guard, as Wine: every address may be called, and none can be forbidden).
 * Page: memoryapi/nf-memoryapi-setprocessvalidcalltargets */
K32MEM_API BOOL WINAPI SetProcessValidCallTargets(HANDLE hProcess, PVOID VirtualAddress, SIZE_T RegionSize,
                                                  ULONG NumberOfOffsets, PCFG_CALL_TARGET_INFO OffsetInformation)
{
    return targets_set(hProcess, VirtualAddress, RegionSize, NumberOfOffsets, OffsetInformation, NULL, 0);
}

/* As SetProcessValidCallTargets, for a view of Section that was mapped with its targets invalid; ExpectedFileOffset is
 * the view's offset in bytes. Errors: also ERROR_INVALID_HANDLE (Section is none).
 * Page: memoryapi/nf-memoryapi-setprocessvalidcalltargetsformappedview */
K32MEM_API BOOL WINAPI SetProcessValidCallTargetsForMappedView(HANDLE Process, PVOID VirtualAddress, SIZE_T RegionSize,
                                                               ULONG NumberOfOffsets,
                                                               PCFG_CALL_TARGET_INFO OffsetInformation, HANDLE Section,
                                                               ULONG64 ExpectedFileOffset)
{
    struct section_basic section;
    NTSTATUS status = NtQuerySection(Section, SECTION_BASIC, &section, sizeof(section), NULL);
    /* That the handle may not ask says nothing against it. */
    if (status < 0 && status != STATUS_ACCESS_DENIED) return status_fail(status);
    return targets_set(Process, VirtualAddress, RegionSize, NumberOfOffsets, OffsetInformation, Section,
                       ExpectedFileOffset);
}
