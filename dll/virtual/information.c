/* information.c - asking about a whole allocation. */
#include "../core/region.h"
#include "../core/touch.h"
#include "request.h"

/* What kind of allocation it is: the bits of WIN32_MEMORY_REGION_INFORMATION.Flags. */
#define REGION_PRIVATE 1u
#define REGION_DATA_FILE 2u
#define REGION_IMAGE 4u
#define REGION_PAGE_FILE 8u

static ULONG region_kind(HANDLE process, const MEMORY_BASIC_INFORMATION *info)
{
    if (info->Type == MEM_PRIVATE) return REGION_PRIVATE;
    if (info->Type == MEM_IMAGE) return REGION_IMAGE;
    /* A section over the paging file has no name here; any other answer, also one that finds no room, has. */
    BYTE name[sizeof(UNICODE_STRING)];
    NTSTATUS status = NtQueryVirtualMemory(process, info->AllocationBase, VM_SECTION_NAME, name, sizeof(name), NULL);
    return status == STATUS_FILE_INVALID || status == STATUS_INVALID_ADDRESS ? REGION_PAGE_FILE : REGION_DATA_FILE;
}

/* As VirtualQuery sees the pages: with the special regions of this process. */
static NTSTATUS run_query(HANDLE process, LPCVOID address, MEMORY_BASIC_INFORMATION *info)
{
    NTSTATUS status = NtQueryVirtualMemory(process, address, VM_BASIC, info, sizeof(*info), NULL);
    if (status >= 0 && region_any() && process_is_own(process)) region_query(address, info);
    return status;
}

/* Adds up the runs of the allocation around address. */
static NTSTATUS region_walk(HANDLE process, LPCVOID address, WIN32_MEMORY_REGION_INFORMATION *region)
{
    MEMORY_BASIC_INFORMATION info;
    NTSTATUS status = run_query(process, address, &info);
    if (status < 0) return status;
    if (info.State == MEM_FREE) return STATUS_INVALID_ADDRESS;
    region->AllocationBase = info.AllocationBase;
    region->AllocationProtect = info.AllocationProtect;
    region->Flags = region_kind(process, &info);
    region->RegionSize = region->CommitSize = 0;
    for (const BYTE *at = region->AllocationBase;; at = (const BYTE *)info.BaseAddress + info.RegionSize) {
        status = run_query(process, at, &info);
        if (status < 0 || info.State == MEM_FREE || info.AllocationBase != region->AllocationBase) return STATUS_SUCCESS;
        region->RegionSize += info.RegionSize;
        /* Private pages cost commitment when committed, those of views when they are or may become copies. */
        BOOL counts = region->Flags == REGION_PRIVATE || (info.Protect & PROTECT_COPY);
        if (info.State == MEM_COMMIT && counts) region->CommitSize += info.RegionSize;
    }
}

/* Describes the allocation around address: base, first protection, kind, size and commitment in bytes. The only class
 * is MemoryRegionInfo (0), with a WIN32_MEMORY_REGION_INFORMATION. *returned (may be NULL) becomes the bytes written.
 * process: a handle with PROCESS_QUERY_INFORMATION. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (class), ERROR_BAD_LENGTH, ERROR_UNEXP_NET_ERR (nothing is allocated there),
 * ERROR_NOACCESS (information), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED.
 * Page: memoryapi/nf-memoryapi-queryvirtualmemoryinformation */
K32MEM_API BOOL WINAPI QueryVirtualMemoryInformation(HANDLE process, const VOID *address,
                                                     WIN32_MEMORY_INFORMATION_CLASS info_class, PVOID information,
                                                     SIZE_T bytes, PSIZE_T returned)
{
    WIN32_MEMORY_REGION_INFORMATION region = { .Flags = 0 };
    if (info_class != MemoryRegionInfo) return error_fail(ERROR_INVALID_PARAMETER);
    if (bytes < sizeof(region)) return error_fail(ERROR_BAD_LENGTH);
    if (touch_output(information, sizeof(region)) || (returned && touch_output(returned, sizeof(*returned))))
        return error_fail(ERROR_NOACCESS);
    NTSTATUS status = NtQueryVirtualMemory(process, address, VM_REGION, &region, sizeof(region), NULL);
    /* An answer without a kind comes from a layer that describes a run of pages instead, or nothing at all; one that
     * refuses the size knows another structure, as Wine 10 does for 32-bit programs. */
    if (status == STATUS_NOT_IMPLEMENTED || status == STATUS_INVALID_INFO_CLASS ||
        status == STATUS_INFO_LENGTH_MISMATCH || (status >= 0 && (!region.Flags || region_any())))
        status = region_walk(process, address, &region);
    if (status < 0) return status_fail(status);
    *(WIN32_MEMORY_REGION_INFORMATION *)information = region;
    if (returned) *returned = sizeof(region);
    return TRUE;
}
