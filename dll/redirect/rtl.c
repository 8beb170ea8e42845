/* rtl.c - ntdll's names for the heap functions.
 *
 * HeapAlloc, HeapReAlloc and HeapSize are these very functions on Windows, the others thin layers over them: what a block
 * or a handle is (ours or ntdll's) is found out below, in heap/.
 */
#include "../heap/foreign.h"
#include "../heap/heap.h"
#include "hooks.h"
#include "stats.h"

/* Blocks with a value or flags of the caller's (kernel32 makes them for moveable memory of its own) stay with ntdll. */
#define USER_FLAGS 0x0f00

static BOOL block_is_ours(const void *p) { return slab_of(p) != &slab_nobody; }
static BOOL heap_is_ours(HANDLE heap) { return heap_of(heap) != NULL; }

PVOID NTAPI hook_RtlAllocateHeap(HANDLE heap, ULONG flags, SIZE_T bytes)
{
    if (flags & USER_FLAGS && foreign_is_heap(heap)) return hook_original.RtlAllocateHeap(heap, flags, bytes);
    return heap_calls.alloc(heap, flags, bytes);
}

PVOID NTAPI hook_RtlReAllocateHeap(HANDLE heap, ULONG flags, PVOID block, SIZE_T bytes)
{
    if (!block) return NULL;
    return heap_calls.realloc(heap, flags, block, bytes);
}

BOOLEAN NTAPI hook_RtlFreeHeap(HANDLE heap, ULONG flags, PVOID block) { return (BOOLEAN)heap_calls.free(heap, flags, block); }

SIZE_T NTAPI hook_RtlSizeHeap(HANDLE heap, ULONG flags, PVOID block) { return HeapSize(heap, flags, block); }

BOOLEAN NTAPI hook_RtlValidateHeap(HANDLE heap, ULONG flags, PVOID block)
{
    return (BOOLEAN)HeapValidate(heap, flags, block);
}

/* Calls back for each heap of the process, until the callback fails. */
NTSTATUS NTAPI hook_RtlEnumProcessHeaps(heap_enumerator each, PVOID context)
{
    HANDLE heaps[128];
    DWORD count = GetProcessHeaps(COUNT_OF(heaps), heaps);
    NTSTATUS status = STATUS_SUCCESS;
    for (DWORD i = 0; i < count && i < COUNT_OF(heaps) && status >= 0; i++) status = each(heaps[i], context);
    return status;
}

static NTSTATUS NTAPI validate_one(HANDLE heap, PVOID all_valid)
{
    if (!HeapValidate(heap, 0, NULL)) *(BOOLEAN *)all_valid = FALSE;
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI hook_RtlValidateProcessHeaps(void)
{
    BOOLEAN valid = TRUE;
    hook_RtlEnumProcessHeaps(validate_one, &valid);
    return valid;
}

/* A heap in memory of the caller's, with a lock of the caller's, or with parameters that HeapCreate lacks stays ntdll's. */
HANDLE NTAPI hook_RtlCreateHeap(ULONG flags, PVOID base, SIZE_T reserve, SIZE_T commit, PVOID lock, PVOID parameters)
{
    if (base || lock || parameters) return hook_original.RtlCreateHeap(flags, base, reserve, commit, lock, parameters);
    return HeapCreate(flags & HEAP_OPTIONS, commit, flags & HEAP_GROWABLE ? 0 : reserve);
}

HANDLE NTAPI hook_RtlDestroyHeap(HANDLE heap) { return HeapDestroy(heap) ? NULL : heap; }

SIZE_T NTAPI hook_RtlCompactHeap(HANDLE heap, ULONG flags) { return HeapCompact(heap, flags); }

BOOLEAN NTAPI hook_RtlLockHeap(HANDLE heap) { return (BOOLEAN)HeapLock(heap); }

BOOLEAN NTAPI hook_RtlUnlockHeap(HANDLE heap) { return (BOOLEAN)HeapUnlock(heap); }

ULONG NTAPI hook_RtlGetProcessHeaps(ULONG count, HANDLE *heaps) { return GetProcessHeaps(count, heaps); }

NTSTATUS NTAPI hook_RtlWalkHeap(HANDLE heap, struct walk_entry *walk)
{
    if (!heap_is_ours(heap)) return hook_original.RtlWalkHeap(heap, walk);
    PROCESS_HEAP_ENTRY entry = { .lpData = walk->data, .cbData = (DWORD)walk->bytes, .cbOverhead = walk->overhead,
                                 .iRegionIndex = walk->segment };
    if (walk->flags & WALK_BUSY) entry.wFlags = PROCESS_HEAP_ENTRY_BUSY;
    if (walk->flags & WALK_REGION) entry.wFlags = PROCESS_HEAP_REGION;
    if (walk->flags & WALK_UNCOMMITTED) entry.wFlags = PROCESS_HEAP_UNCOMMITTED_RANGE;
    DWORD before = last_error_get();
    if (!HeapWalk(heap, &entry)) {
        DWORD error = last_error_get();
        last_error_set(before);
        return error == ERROR_NO_MORE_ITEMS ? STATUS_NO_MORE_ENTRIES : STATUS_INVALID_PARAMETER;
    }
    memset(walk, 0, sizeof(*walk));
    walk->data = entry.lpData;
    walk->bytes = entry.cbData;
    walk->overhead = entry.cbOverhead;
    walk->segment = entry.iRegionIndex;
    if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY) walk->flags = WALK_BUSY;
    if (entry.wFlags & PROCESS_HEAP_UNCOMMITTED_RANGE) walk->flags = WALK_UNCOMMITTED;
    if (entry.wFlags & PROCESS_HEAP_REGION) {
        walk->flags = WALK_REGION;
        walk->region.committed = entry.Region.dwCommittedSize;
        walk->region.uncommitted = entry.Region.dwUnCommittedSize;
        walk->region.first = entry.Region.lpFirstBlock;
        walk->region.last = entry.Region.lpLastBlock;
    }
    return STATUS_SUCCESS;
}

/* What a Win32 function's result and error stand for. */
static NTSTATUS outcome(BOOL done, DWORD before)
{
    DWORD error = last_error_get();
    if (done) return STATUS_SUCCESS;
    last_error_set(before);
    if (error == ERROR_INSUFFICIENT_BUFFER) return STATUS_BUFFER_TOO_SMALL;
    return error == ERROR_NOT_SUPPORTED ? STATUS_NOT_SUPPORTED : STATUS_INVALID_PARAMETER;
}

NTSTATUS NTAPI hook_RtlQueryHeapInformation(HANDLE heap, int info_class, PVOID info, SIZE_T bytes, PSIZE_T returned)
{
    if (heap && !heap_is_ours(heap))
        return hook_original.RtlQueryHeapInformation(heap, info_class, info, bytes, returned);
    DWORD before = last_error_get();
    return outcome(HeapQueryInformation(heap, (HEAP_INFORMATION_CLASS)info_class, info, bytes, returned), before);
}

NTSTATUS NTAPI hook_RtlSetHeapInformation(HANDLE heap, int info_class, PVOID info, SIZE_T bytes)
{
    DWORD before = last_error_get();
    return outcome(HeapSetInformation(heap, (HEAP_INFORMATION_CLASS)info_class, info, bytes), before);
}

/* ---- what k32mem's blocks and heaps do not have ---- */
BOOLEAN NTAPI hook_RtlGetUserInfoHeap(HANDLE heap, ULONG flags, PVOID block, PVOID *value, PULONG user_flags)
{
    if (block_is_ours(block)) return FALSE;
    return hook_original.RtlGetUserInfoHeap(heap, flags, block, value, user_flags);
}

BOOLEAN NTAPI hook_RtlSetUserValueHeap(HANDLE heap, ULONG flags, PVOID block, PVOID value)
{
    if (block_is_ours(block)) return FALSE;
    return hook_original.RtlSetUserValueHeap(heap, flags, block, value);
}

BOOLEAN NTAPI hook_RtlSetUserFlagsHeap(HANDLE heap, ULONG flags, PVOID block, ULONG reset, ULONG set)
{
    if (block_is_ours(block)) return FALSE;
    return hook_original.RtlSetUserFlagsHeap(heap, flags, block, reset, set);
}

/* Allocates count blocks of equal size; returns how many it could. */
ULONG NTAPI hook_RtlMultipleAllocateHeap(HANDLE heap, ULONG flags, SIZE_T bytes, ULONG count, PVOID *blocks)
{
    ULONG done = 0;
    while (done < count && (blocks[done] = heap_calls.alloc(heap, flags, bytes))) done++;
    return done;
}

ULONG NTAPI hook_RtlMultipleFreeHeap(HANDLE heap, ULONG flags, ULONG count, PVOID *blocks)
{
    ULONG done = 0;
    while (done < count && heap_calls.free(heap, flags, blocks[done])) done++;
    return done;
}

NTSTATUS NTAPI hook_RtlZeroHeap(HANDLE heap, ULONG flags)
{
    return heap_is_ours(heap) ? STATUS_NOT_SUPPORTED : hook_original.RtlZeroHeap(heap, flags);
}

NTSTATUS NTAPI hook_RtlExtendHeap(HANDLE heap, ULONG flags, PVOID base, SIZE_T bytes)
{
    return heap_is_ours(heap) ? STATUS_NOT_SUPPORTED : hook_original.RtlExtendHeap(heap, flags, base, bytes);
}

void NTAPI hook_RtlProtectHeap(HANDLE heap, BOOLEAN read_only)
{
    if (!heap_is_ours(heap)) hook_original.RtlProtectHeap(heap, read_only);
}

ULONG NTAPI hook_RtlCreateTagHeap(HANDLE heap, ULONG flags, PWSTR prefix, PWSTR tags)
{
    return heap_is_ours(heap) ? 0 : hook_original.RtlCreateTagHeap(heap, flags, prefix, tags);
}

PWSTR NTAPI hook_RtlQueryTagHeap(HANDLE heap, ULONG flags, USHORT tag, BOOLEAN reset, PVOID info)
{
    return heap_is_ours(heap) ? NULL : hook_original.RtlQueryTagHeap(heap, flags, tag, reset, info);
}

NTSTATUS NTAPI hook_RtlUsageHeap(HANDLE heap, ULONG flags, PVOID usage)
{
    return heap_is_ours(heap) ? STATUS_NOT_SUPPORTED : hook_original.RtlUsageHeap(heap, flags, usage);
}
