/* physical.c - the exported calls: over the NT layer's own, where it has them and they work, else over our frames. */
#include "awe.h"
#include "../core/handle.h"
#include "../core/memory.h"
#include "../core/probe.h"

#define SYSTEM_NUMA_PROCESSOR_MAP 55

BOOL awe_native(void)
{
    static volatile LONG answer; /* 0 not known yet, 1 no, 2 yes */
    if (answer) return answer == 2;
    BOOL works = FALSE;
    PVOID base = NULL;
    SIZE_T bytes = GRANULE_BYTES, none = 0;
    if (nt_optional.NtAllocateUserPhysicalPages && nt_optional.NtFreeUserPhysicalPages &&
        nt_optional.NtMapUserPhysicalPages && nt_optional.NtMapUserPhysicalPagesScatter &&
        NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE) >= 0) {
        ULONG_PTR count = 1, number;
        NTSTATUS status = nt_optional.NtAllocateUserPhysicalPages(CURRENT_PROCESS, &count, &number);
        works = status >= 0 || status == STATUS_PRIVILEGE_NOT_HELD;
        if (status >= 0) nt_optional.NtFreeUserPhysicalPages(CURRENT_PROCESS, &count, &number);
        NtFreeVirtualMemory(CURRENT_PROCESS, &base, &none, MEM_RELEASE);
    }
    answer = works ? 2 : 1;
    return works;
}

static BOOL counts_fit(ULONG_PTR count) { return count <= (ULONG_PTR)-1 / sizeof(ULONG_PTR); }

/* The emulation of NtAllocateUserPhysicalPages. */
static NTSTATUS physical_allocate(HANDLE process, ULONG_PTR *count, ULONG_PTR *numbers)
{
    if (!probe_write(count, sizeof(*count))) return STATUS_ACCESS_VIOLATION;
    ULONG_PTR wanted = *count;
    if (!counts_fit(wanted)) return STATUS_INVALID_PARAMETER;
    if (!probe_write(numbers, wanted * sizeof(*numbers))) return STATUS_ACCESS_VIOLATION;
    NTSTATUS status = process_require_own(process);
    if (status >= 0) status = lock_memory_check();
    if (status < 0) return status;
    lock_acquire(&awe_lock);
    status = frames_allocate(&wanted, numbers);
    lock_release(&awe_lock);
    if (status >= 0) *count = wanted;
    return status;
}

static ULONG node_highest(void)
{
    struct {
        ULONG highest, reserved;
        ULONG64 rest[128];
    } map;
    ULONG returned = 0;
    NTSTATUS status = NtQuerySystemInformation((SYSTEM_INFORMATION_CLASS)SYSTEM_NUMA_PROCESSOR_MAP, &map, sizeof(map),
                                               &returned);
    return status >= 0 && returned >= sizeof(ULONG) ? map.highest : 0;
}

/* Allocates physical pages to be mapped in AWE windows of process. *count: pages wanted; receives how many were
 * allocated, which may be fewer. numbers receives that many page frame numbers. New frames are all zeros. Any thread.
 * Errors: ERROR_PRIVILEGE_NOT_HELD (SeLockMemoryPrivilege must be enabled; where k32mem emulates AWE the setting
 * K32MEM_LOCK_MEMORY=1 in the environment stands for it), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED (no
 * PROCESS_VM_OPERATION), ERROR_NOACCESS, ERROR_NO_SYSTEM_RESOURCES, ERROR_NOT_SUPPORTED (another process, emulated).
 * Page: memoryapi/nf-memoryapi-allocateuserphysicalpages */
K32MEM_API BOOL WINAPI AllocateUserPhysicalPages(HANDLE process, PULONG_PTR count, PULONG_PTR numbers)
{
    if (awe_native()) return status_bool(nt_optional.NtAllocateUserPhysicalPages(process, count, numbers));
    return status_bool(physical_allocate(process, count, numbers));
}

/* As AllocateUserPhysicalPages, preferably from the memory of a NUMA node (NUMA_NO_PREFERRED_NODE: no preference).
 * Further errors: ERROR_INVALID_PARAMETER (no such node).
 * Page: memoryapi/nf-memoryapi-allocateuserphysicalpagesnuma */
K32MEM_API BOOL WINAPI AllocateUserPhysicalPagesNuma(HANDLE process, PULONG_PTR count, PULONG_PTR numbers, DWORD node)
{
    if (node != NUMA_NO_PREFERRED_NODE && node > node_highest()) return error_fail(ERROR_INVALID_PARAMETER);
    if (awe_native() && nt_optional.NtAllocateUserPhysicalPagesEx && node != NUMA_NO_PREFERRED_NODE) {
        MEM_EXTENDED_PARAMETER preference;
        memset(&preference, 0, sizeof(preference));
        preference.Type = MemExtendedParameterNumaNode;
        preference.ULong = node;
        return status_bool(nt_optional.NtAllocateUserPhysicalPagesEx(process, count, numbers, &preference, 1));
    }
    return AllocateUserPhysicalPages(process, count, numbers);
}

/* The emulation takes a NUMA node (a preference) and attribute flags; it has neither partitions nor sections of
 * physical pages. */
static NTSTATUS parameters_check(const MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    if (!count != !parameters || count > MemExtendedParameterMax) return STATUS_INVALID_PARAMETER;
    if (!probe_read(parameters, count * sizeof(*parameters))) return STATUS_ACCESS_VIOLATION;
    ULONG seen = 0;
    for (ULONG i = 0; i < count; i++) {
        ULONG type = (ULONG)parameters[i].Type;
        if (parameters[i].Reserved || (seen >> type & 1)) return STATUS_INVALID_PARAMETER;
        switch (type) {
        case MemExtendedParameterNumaNode:
            if (parameters[i].ULong != NUMA_NO_PREFERRED_NODE && parameters[i].ULong > node_highest())
                return STATUS_INVALID_PARAMETER;
            break;
        case MemExtendedParameterAttributeFlags: break;
        case MemExtendedParameterPartitionHandle: return STATUS_NOT_SUPPORTED;
        default: return STATUS_INVALID_PARAMETER;
        }
        seen |= 1u << type;
    }
    return STATUS_SUCCESS;
}

/* As AllocateUserPhysicalPages, with extended parameters (a NUMA node, attribute flags).
 * Further errors: ERROR_INVALID_PARAMETER (an unknown or repeated parameter), ERROR_NOT_SUPPORTED.
 * Page: memoryapi/nf-memoryapi-allocateuserphysicalpages2 */
K32MEM_API BOOL WINAPI AllocateUserPhysicalPages2(HANDLE object, PULONG_PTR count, PULONG_PTR numbers,
                                                  PMEM_EXTENDED_PARAMETER parameters, ULONG parameter_count)
{
    if (awe_native()) {
        if (nt_optional.NtAllocateUserPhysicalPagesEx)
            return status_bool(
                nt_optional.NtAllocateUserPhysicalPagesEx(object, count, numbers, parameters, parameter_count));
        if (parameter_count) return error_fail(ERROR_NOT_SUPPORTED);
        return AllocateUserPhysicalPages(object, count, numbers);
    }
    NTSTATUS status = parameters_check(parameters, parameter_count);
    if (status >= 0) status = physical_allocate(object, count, numbers);
    return status_bool(status);
}

static NTSTATUS physical_free(HANDLE process, ULONG_PTR *count, const ULONG_PTR *numbers)
{
    if (!probe_write(count, sizeof(*count))) return STATUS_ACCESS_VIOLATION;
    ULONG_PTR wanted = *count;
    if (!counts_fit(wanted)) return STATUS_INVALID_PARAMETER;
    if (!probe_read(numbers, wanted * sizeof(*numbers))) return STATUS_ACCESS_VIOLATION;
    NTSTATUS status = process_require_own(process);
    if (status < 0) return status;
    lock_acquire(&awe_lock);
    ULONG_PTR done = targets_free(numbers, wanted);
    lock_release(&awe_lock);
    *count = done;
    return done == wanted ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

/* Frees physical pages; those that are mapped are unmapped first. *count: how many; receives how many were freed,
 * fewer when a number is not that of an allocated frame, which is where it stops. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED, ERROR_NOACCESS.
 * Page: memoryapi/nf-memoryapi-freeuserphysicalpages */
K32MEM_API BOOL WINAPI FreeUserPhysicalPages(HANDLE process, PULONG_PTR count, PULONG_PTR numbers)
{
    if (awe_native()) return status_bool(nt_optional.NtFreeUserPhysicalPages(process, count, numbers));
    return status_bool(physical_free(process, count, numbers));
}

/* Maps (or, addresses being NULL, lists from address on) count pages. Exactly one of the two is given. */
static NTSTATUS physical_map(PVOID address, PVOID const *addresses, ULONG_PTR count, const ULONG_PTR *numbers)
{
    if (!count) return STATUS_SUCCESS;
    if (!counts_fit(count)) return STATUS_INVALID_PARAMETER;
    if (addresses && !probe_read(addresses, count * sizeof(*addresses))) return STATUS_ACCESS_VIOLATION;
    if (numbers && !probe_read(numbers, count * sizeof(*numbers))) return STATUS_ACCESS_VIOLATION;
    NTSTATUS status = STATUS_SUCCESS;
    lock_acquire(&awe_lock);
    struct window *window = addresses ? NULL : window_find(address);
    SIZE_T page = window ? ((BYTE *)address - window->base) >> PAGE_SHIFT : 0;
    if (!addresses && (!window || count > window->pages - page)) {
        status = STATUS_INVALID_PARAMETER;
    } else {
        struct target *targets = targets_room(count);
        if (!targets) status = STATUS_NO_MEMORY;
        for (ULONG_PTR i = 0; i < count && status >= 0; i++) {
            if (addresses) {
                if (!window || (SIZE_T)((BYTE *)addresses[i] - window->base) >= window->pages * PAGE_BYTES)
                    window = window_find(addresses[i]);
                if (!window) {
                    status = STATUS_INVALID_PARAMETER;
                    break;
                }
                page = ((BYTE *)addresses[i] - window->base) >> PAGE_SHIFT;
            }
            targets[i].window = window;
            targets[i].page = (ULONG)page++;
            targets[i].frame = FRAME_NONE;
            if (!numbers || (addresses && !numbers[i])) continue;
            struct frame *frame = frame_find(numbers[i]);
            if (frame) targets[i].frame = frame_index(frame);
            else status = STATUS_INVALID_PARAMETER;
        }
        if (status >= 0) status = targets_apply(targets, count);
    }
    lock_release(&awe_lock);
    return status;
}

/* Maps count frames side by side from address on, inside one AWE window; what was mapped there before is unmapped.
 * numbers NULL: only unmaps. All or nothing. A frame that is mapped already may be named only when this call
 * overwrites the page where it is. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (outside a window, not a frame, mapped elsewhere, named twice), ERROR_NOACCESS,
 * ERROR_NOT_ENOUGH_MEMORY.
 * Page: memoryapi/nf-memoryapi-mapuserphysicalpages */
K32MEM_API BOOL WINAPI MapUserPhysicalPages(PVOID address, ULONG_PTR count, PULONG_PTR numbers)
{
    if (awe_native()) return status_bool(nt_optional.NtMapUserPhysicalPages(address, count, numbers));
    return status_bool(physical_map(address, NULL, count, numbers));
}

/* As MapUserPhysicalPages, each frame at an address of its own, which may be of different windows. A number 0 unmaps
 * the page at its address; numbers NULL unmaps all of them.
 * Page: winbase/nf-winbase-mapuserphysicalpagesscatter */
K32MEM_API BOOL WINAPI MapUserPhysicalPagesScatter(PVOID *addresses, ULONG_PTR count, PULONG_PTR numbers)
{
    if (awe_native()) return status_bool(nt_optional.NtMapUserPhysicalPagesScatter(addresses, count, numbers));
    if (count && !addresses) return error_fail(ERROR_NOACCESS);
    return status_bool(physical_map(NULL, addresses, count, numbers));
}
