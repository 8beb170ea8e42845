/* foreign.c - passing calls on to ntdll's heap. */
#include "foreign.h"
#include "alloc.h"

#define SYSTEM_HEAPS 128
#define RECENT 4
static volatile HANDLE recent[RECENT]; /* handles seen among the system's heaps */

BOOL foreign_is_heap(HANDLE handle)
{
    HANDLE heaps[SYSTEM_HEAPS];
    if (!handle) return FALSE;
    for (unsigned i = 0; i < RECENT; i++)
        if (recent[i] == handle) return TRUE;
    ULONG count = RtlGetProcessHeaps(SYSTEM_HEAPS, heaps);
    for (ULONG i = 0; i < count && i < SYSTEM_HEAPS; i++) {
        if (heaps[i] != handle) continue;
        recent[((uintptr_t)handle >> UNIT_SHIFT) % RECENT] = handle;
        return TRUE;
    }
    return FALSE;
}

BOOL foreign_is_readable(const void *p, SIZE_T bytes)
{
    const BYTE *at = p, *end = at + bytes;
    while (at < end) {
        MEMORY_BASIC_INFORMATION info;
        if (NtQueryVirtualMemory(CURRENT_PROCESS, at, VM_BASIC, &info, sizeof(info), NULL) < 0) return FALSE;
        if (info.State != MEM_COMMIT || info.Protect & (PAGE_NOACCESS | PAGE_GUARD)) return FALSE;
        at = (const BYTE *)info.BaseAddress + info.RegionSize;
    }
    return TRUE;
}

/* Whether p is a live block of ntdll's heap. Looked at from outside first: its header must be readable private memory,
 * as a block's is and a stack's, an image's or a mapping's mostly is not. */
static BOOL is_block(HANDLE handle, const void *p)
{
    if ((uintptr_t)p % (2 * sizeof(void *)) || (uintptr_t)p < UNIT_BYTES) return FALSE;
    if (!foreign_is_readable((const BYTE *)p - 4 * sizeof(void *), 4 * sizeof(void *) + 1)) return FALSE;
    return RtlValidateHeap(handle, 0, p);
}

static BOOL known_block(HANDLE handle, const void *p)
{
    if (!foreign_is_heap(handle)) return error_fail(ERROR_INVALID_HANDLE);
    return is_block(handle, p) || heap_invalid_block();
}

void *foreign_alloc(HANDLE handle, DWORD flags, SIZE_T bytes)
{
    if (!foreign_is_heap(handle)) return error_null(ERROR_INVALID_HANDLE);
    void *p = RtlAllocateHeap(handle, flags, bytes);
    if (!p) last_error_set(ERROR_NOT_ENOUGH_MEMORY);
    return p;
}

BOOL foreign_free(HANDLE handle, DWORD flags, void *p)
{
    return known_block(handle, p) && (RtlFreeHeap(handle, flags, p) || error_fail(ERROR_INVALID_PARAMETER));
}

void *foreign_realloc(HANDLE handle, DWORD flags, void *p, SIZE_T bytes)
{
    if (!known_block(handle, p)) return NULL;
    void *result = RtlReAllocateHeap(handle, flags, p, bytes);
    if (!result) last_error_set(ERROR_NOT_ENOUGH_MEMORY);
    return result;
}

SIZE_T foreign_size(HANDLE handle, DWORD flags, const void *p)
{
    DWORD error = last_error_get();
    SIZE_T bytes = known_block(handle, p) ? RtlSizeHeap(handle, flags, p) : (SIZE_T)-1;
    last_error_set(error);
    return bytes;
}

BOOL foreign_validate(HANDLE handle, DWORD flags, const void *p)
{
    if (!foreign_is_heap(handle)) return FALSE;
    if (!p) return RtlValidateHeap(handle, flags, NULL);
    if (!foreign_is_readable(p, 1)) return error_fail(ERROR_NOACCESS);
    return is_block(handle, p);
}

BOOL foreign_destroy(HANDLE handle)
{
    if (!foreign_is_heap(handle)) return error_fail(ERROR_INVALID_HANDLE);
    for (unsigned i = 0; i < RECENT; i++)
        if (recent[i] == handle) recent[i] = NULL;
    return !RtlDestroyHeap(handle) || error_fail(ERROR_INVALID_HANDLE);
}

BOOL foreign_lock(HANDLE handle)
{
    return foreign_is_heap(handle) ? RtlLockHeap(handle) : error_fail(ERROR_INVALID_HANDLE);
}

BOOL foreign_unlock(HANDLE handle)
{
    return foreign_is_heap(handle) ? RtlUnlockHeap(handle) : error_fail(ERROR_INVALID_HANDLE);
}

BOOL foreign_query(HANDLE handle, int info_class, void *info, SIZE_T bytes, SIZE_T *returned)
{
    if (!foreign_is_heap(handle)) return error_fail(handle ? ERROR_INVALID_HANDLE : ERROR_NOACCESS);
    return status_bool((NTSTATUS)RtlQueryHeapInformation(handle, (HEAP_INFORMATION_CLASS)info_class, info, bytes, returned));
}

BOOL foreign_walk(HANDLE handle, PROCESS_HEAP_ENTRY *entry)
{
    struct walk_entry walk = { .data = entry->lpData, .bytes = entry->cbData, .overhead = entry->cbOverhead,
                               .segment = entry->iRegionIndex };
    if (entry->wFlags & PROCESS_HEAP_ENTRY_BUSY) walk.flags = WALK_BUSY;
    else if (entry->wFlags & PROCESS_HEAP_REGION) walk.flags = WALK_REGION;
    else if (entry->wFlags & PROCESS_HEAP_UNCOMMITTED_RANGE) walk.flags = WALK_UNCOMMITTED;
    if (walk.flags & WALK_REGION) {
        walk.region.committed = entry->Region.dwCommittedSize;
        walk.region.uncommitted = entry->Region.dwUnCommittedSize;
        walk.region.first = entry->Region.lpFirstBlock;
        walk.region.last = entry->Region.lpLastBlock;
    }
    NTSTATUS status = RtlWalkHeap(handle, &walk);
    if (status < 0) return status_fail(status);
    entry->lpData = walk.data;
    entry->cbData = (DWORD)walk.bytes;
    entry->cbOverhead = walk.overhead;
    entry->iRegionIndex = walk.segment;
    entry->wFlags = 0;
    if (walk.flags & WALK_BUSY) {
        entry->wFlags = PROCESS_HEAP_ENTRY_BUSY;
        memset(&entry->Block, 0, sizeof(entry->Block));
    } else if (walk.flags & WALK_REGION) {
        entry->wFlags = PROCESS_HEAP_REGION;
        entry->Region.dwCommittedSize = walk.region.committed;
        entry->Region.dwUnCommittedSize = walk.region.uncommitted;
        entry->Region.lpFirstBlock = walk.region.first;
        entry->Region.lpLastBlock = walk.region.last;
    } else if (walk.flags & WALK_UNCOMMITTED) {
        entry->wFlags = PROCESS_HEAP_UNCOMMITTED_RANGE;
    }
    return TRUE;
}
