/* offer.c - offering memory to the system and reclaiming it, discarding its content, and taking MEM_RESET back.
 *
 * GLOSSARY
 *   offered range  pages that OfferVirtualMemory made inaccessible. We keep what protection they had; their content
 *                  stays, so reclaiming always finds it intact.
 *
 * The layers below tell no way to have offered pages taken when memory is short, or take them at once; so offering
 * gives the system nothing but the pages' locks, and costs the caller nothing but access, as documented.
 */
#include "../core/lock.h"
#include "../core/locked.h"
#include "../core/ranges.h"
#include "../core/region.h"
#include "request.h"
#include "k32mem.h"

static struct lock operation; /* around a whole offer or reclaim */
static struct lock table;     /* around uses of offered; never held during calls */
static struct ranges offered; /* protect: what to restore */

/* Page-aligned, not empty, not wrapping: what all three functions ask of their range. */
static BOOL range_valid(const void *base, SIZE_T bytes)
{
    return !(((ULONG_PTR)base | bytes) & (PAGE_BYTES - 1)) && bytes && (ULONG_PTR)base + bytes > (ULONG_PTR)base;
}

/* How many runs of one protection the range has. An error when a part is not committed memory that can be accessed. */
static DWORD runs_check(BYTE *base, BYTE *end, SIZE_T *count)
{
    MEMORY_BASIC_INFORMATION info;
    for (*count = 0; base < end; ++*count) {
        if (!VirtualQuery(base, &info, sizeof(info))) return ERROR_INVALID_PARAMETER;
        if (info.State != MEM_COMMIT) return ERROR_INVALID_ADDRESS;
        if (info.Type != MEM_PRIVATE || (info.Protect & (PAGE_NOACCESS | PAGE_GUARD))) return ERROR_INVALID_PARAMETER;
        base = (BYTE *)info.BaseAddress + info.RegionSize;
    }
    return ERROR_SUCCESS;
}

/* Takes base <= x < end out of the table, which has room for one more. */
static void offered_forget(BYTE *base, BYTE *end)
{
    SIZE_T index;
    while ((index = ranges_after(&offered, base)) < offered.count && offered.items[index].base < end) {
        struct range whole = offered.items[index];
        ranges_remove(&offered, index, 1);
        region_removed();
        if (whole.base < base) {
            ranges_insert(&offered, (struct range){ whole.base, base, NULL, 0, whole.protect });
            region_added();
        }
        if (whole.end > end) {
            ranges_insert(&offered, (struct range){ end, whole.end, NULL, 0, whole.protect });
            region_added();
        }
    }
}

/* Gives every offered page of the range its access back. */
static DWORD range_restore(BYTE *base, BYTE *end)
{
    DWORD error = ERROR_SUCCESS, old;
    for (;;) {
        lock_acquire(&table);
        SIZE_T index = ranges_after(&offered, base);
        BOOL found = index < offered.count && offered.items[index].base < end;
        struct range part = { 0 };
        if (found) {
            part = offered.items[index];
            if (part.base < base) part.base = base;
            if (part.end > end) part.end = end;
            if (ranges_reserve(&offered, 1)) offered_forget(part.base, part.end);
            else error = ERROR_NOT_ENOUGH_MEMORY;
        }
        lock_release(&table);
        if (!found || error) return error;
        if (!VirtualProtect(part.base, part.end - part.base, part.protect, &old)) return last_error_get();
        base = part.end;
    }
}

static BOOL offered_wholly(const BYTE *base, const BYTE *end)
{
    lock_acquire(&table);
    for (SIZE_T i = ranges_after(&offered, base); base < end && i < offered.count && offered.items[i].base <= base; i++)
        base = offered.items[i].end;
    lock_release(&table);
    return base >= end;
}

static DWORD range_offer(BYTE *base, BYTE *end)
{
    SIZE_T count;
    if (offered_wholly(base, end)) return ERROR_SUCCESS;
    DWORD error = runs_check(base, end, &count);
    if (error) return error;
    lock_acquire(&table);
    BOOL room = ranges_reserve(&offered, count + 1);
    lock_release(&table);
    if (!room) return ERROR_NOT_ENOUGH_MEMORY;
    for (BYTE *at = base; at < end;) {
        MEMORY_BASIC_INFORMATION info;
        DWORD old;
        if (!VirtualQuery(at, &info, sizeof(info))) error = last_error_get();
        BYTE *next = error ? end : (BYTE *)info.BaseAddress + info.RegionSize;
        if (next > end) next = end;
        PVOID part = at;
        SIZE_T bytes = next - at;
        if (!error) {
            NtUnlockVirtualMemory(CURRENT_PROCESS, &part, &bytes, 1 /* working set */);
            locked_forget(at, next - at);
            if (!VirtualProtect(at, next - at, PAGE_NOACCESS, &old)) error = last_error_get();
        }
        if (error) {
            range_restore(base, at); /* all or nothing */
            return error;
        }
        lock_acquire(&table);
        ranges_insert(&offered, (struct range){ at, next, NULL, 0, old });
        region_added();
        lock_release(&table);
        at = next;
    }
    return ERROR_SUCCESS;
}

/* Offers pages that the program does not need for now: they become inaccessible and unlocked until reclaimed. base and
 * bytes: whole pages of committed private memory. priority: 1 (VmOfferPriorityVeryLow) to 4 (Normal). All or nothing.
 * Returns an error code, 0 for success; the last error is left alone. Any thread.
 * Errors: ERROR_INVALID_PARAMETER, ERROR_INVALID_ADDRESS (not committed), ERROR_NOT_ENOUGH_MEMORY.
 * Page: memoryapi/nf-memoryapi-offervirtualmemory */
K32MEM_API DWORD WINAPI OfferVirtualMemory(PVOID base, SIZE_T bytes, OFFER_PRIORITY priority)
{
    if (!range_valid(base, bytes) || priority < VmOfferPriorityVeryLow || priority > VmOfferPriorityNormal)
        return ERROR_INVALID_PARAMETER;
    DWORD before = last_error_get();
    lock_acquire(&operation);
    DWORD error = range_offer(base, (BYTE *)base + bytes);
    lock_release(&operation);
    last_error_set(before);
    return error;
}

/* Takes offered pages back, with the protection that they had. Returns ERROR_SUCCESS: their content is intact (ours
 * always is; ERROR_BUSY would mean that it is lost). The last error is left alone. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (also when a page was not offered).
 * Page: memoryapi/nf-memoryapi-reclaimvirtualmemory */
K32MEM_API DWORD WINAPI ReclaimVirtualMemory(PVOID base, SIZE_T bytes)
{
    if (!range_valid(base, bytes)) return ERROR_INVALID_PARAMETER;
    DWORD before = last_error_get(), error = ERROR_INVALID_PARAMETER;
    BYTE *from = base;
    lock_acquire(&operation);
    if (offered_wholly(from, from + bytes)) error = range_restore(from, from + bytes);
    lock_release(&operation);
    last_error_set(before);
    return error;
}

/* Lets the content of pages go, which stay committed: afterwards it is undefined. base and bytes: whole pages of
 * committed PAGE_READWRITE memory, or else nothing is altered. Returns an error code, 0 for success; the last error is
 * left alone. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (also for any other protection), ERROR_INVALID_ADDRESS (not committed).
 * Page: memoryapi/nf-memoryapi-discardvirtualmemory */
K32MEM_API DWORD WINAPI DiscardVirtualMemory(PVOID base, SIZE_T bytes)
{
    if (!range_valid(base, bytes)) return ERROR_INVALID_PARAMETER;
    DWORD before = last_error_get(), error = ERROR_SUCCESS;
    MEMORY_BASIC_INFORMATION info;
    for (BYTE *at = base, *end = at + bytes; at < end && !error; at = (BYTE *)info.BaseAddress + info.RegionSize) {
        if (!VirtualQuery(at, &info, sizeof(info))) error = ERROR_INVALID_PARAMETER;
        else if (info.State != MEM_COMMIT) error = ERROR_INVALID_ADDRESS;
        else if (info.Protect != PAGE_READWRITE || info.Type != MEM_PRIVATE) error = ERROR_INVALID_PARAMETER;
    }
    if (!error && !VirtualAlloc(base, bytes, MEM_RESET, PAGE_READWRITE)) error = last_error_get();
    last_error_set(before);
    return error;
}

/* ---- the plain memory calls ---- */

static NTSTATUS hook_alloc(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect)
{
    if (type != MEM_RESET_UNDO) return REGION_NOT_MINE;
    NTSTATUS status = NtAllocateVirtualMemory(process, base, 0, bytes, type, protect);
    if (status != STATUS_INVALID_PARAMETER) return status;
    /* The layer does not know it. Its MEM_RESET has thrown the content away, which a failure tells. */
    MEMORY_BASIC_INFORMATION info;
    status = NtQueryVirtualMemory(process, *base, VM_BASIC, &info, sizeof(info), NULL);
    if (status < 0) return status;
    return info.State == MEM_COMMIT ? STATUS_UNSUCCESSFUL : STATUS_CONFLICTING_ADDRESSES;
}

/* The pages that this free takes. FALSE: it is one that fails, for its flags or for what is there. */
static BOOL free_takes(BYTE **from, BYTE **end, SIZE_T bytes, ULONG type)
{
    MEMORY_BASIC_INFORMATION info;
    BOOL release = type == MEM_RELEASE, cut = type == (MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER);
    if ((!release && !cut && type != MEM_DECOMMIT) || (release && bytes) || (cut && !bytes)) return FALSE;
    *end = (BYTE *)ALIGN_UP(*from + bytes, PAGE_BYTES);
    *from = (BYTE *)ALIGN_DOWN(*from, PAGE_BYTES);
    if (!VirtualQuery(*from, &info, sizeof(info)) || info.State == MEM_FREE) return FALSE;
    BYTE *allocation = info.AllocationBase, *at = *from;
    if (!bytes && *from != allocation) return FALSE;
    do at = (BYTE *)info.BaseAddress + info.RegionSize;
    while ((!bytes || at < *end) && VirtualQuery(at, &info, sizeof(info)) && info.State != MEM_FREE &&
           info.AllocationBase == allocation);
    if (bytes) return at >= *end; /* all in one allocation */
    *end = at;
    return TRUE;
}

/* Memory that goes away is offered no more. That is noted before it goes, since afterwards its addresses may be
 * somebody else's; so this must know which frees fail. */
static NTSTATUS hook_free(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type)
{
    BYTE *from = *base, *end;
    if (!offered.count || process != CURRENT_PROCESS || !free_takes(&from, &end, *bytes, type)) return REGION_NOT_MINE;
    lock_acquire(&table);
    if (ranges_reserve(&offered, 1)) offered_forget(from, end);
    lock_release(&table);
    return REGION_NOT_MINE;
}

/* Access comes back by reclaiming only. */
static NTSTATUS hook_protect(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect)
{
    (void)protect;
    (void)old_protect;
    lock_acquire(&table);
    BOOL mine = ranges_overlap(&offered, (BYTE *)ALIGN_DOWN(*base, PAGE_BYTES), (BYTE *)*base + (*bytes ? *bytes : 1));
    lock_release(&table);
    return mine ? STATUS_INVALID_PARAMETER : REGION_NOT_MINE;
}

static struct region_family family = { .alloc = hook_alloc, .free = hook_free, .protect = hook_protect };

void offer_attach(void) { region_join(&family); }
