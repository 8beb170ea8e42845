/* region.h - where the plain memory calls meet the regions that k32mem emulates.
 *
 * GLOSSARY
 *   special region  an address range of this process whose behaviour k32mem adds to what the system gives: an AWE
 *                   window, a placeholder, an allocation or view that replaced one, an offered range.
 *   family          the code behind one kind of special region. It joins once, at process attach, and is asked
 *                   about a call by its hooks.
 *   plain call      a call on memory that is no special region: everything else, at the system's own speed.
 *
 * How the plain calls (virtual/, watch/, mapping/) use it: `if (region_any()) ...` is one predictable branch, and
 * the only cost while this process has no special region. Only then, or when a call carries a flag that the system
 * below may lack (REGION_ALLOC_FLAGS, REGION_FREE_FLAGS), are the families asked, in the order of their joining; the
 * first that answers anything but REGION_NOT_MINE has handled the call, and its status is the outcome.
 *
 * How a family uses it: region_join at attach; region_added() before a region becomes visible to others and
 * region_removed() after it is gone. Hooks may be NULL. They are called without any lock held, from any thread, also
 * while the family itself is in a call, and may use NT calls and their own locks, but not the plain calls.
 *
 * A race to know: a thread may test region_any(), find nothing, and sleep; meanwhile the first placeholder is made
 * and another thread begins to replace it by releasing its range and allocating there anew. The sleeper's allocation
 * (at no given base) can then land in the hole. So an allocation is shown to the families again afterwards, by
 * settled(): a family that finds it inside a range it owns answers FALSE; the caller gives the memory back and
 * allocates again, and the family, finding its hole taken, retries until the hole is free.
 */
#ifndef K32MEM_REGION_H
#define K32MEM_REGION_H

#include "handle.h"

/* No status of the system: "not one of my regions, ask the next". */
#define REGION_NOT_MINE ((NTSTATUS)0x6b33326d)

/* VirtualAlloc's flags that go to the families even when no special region exists. */
#ifndef MEM_RESET_UNDO
#define MEM_RESET_UNDO 0x01000000
#endif
#define REGION_ALLOC_FLAGS (MEM_PHYSICAL | MEM_RESET | MEM_RESET_UNDO)
/* VirtualFree's: MEM_COALESCE_PLACEHOLDERS and MEM_PRESERVE_PLACEHOLDER. */
#define REGION_FREE_FLAGS 3u

struct region_family {
    /* Arguments as for NtAllocateVirtualMemory, validated as far as VirtualAlloc's page tells. With a flag of
     * REGION_ALLOC_FLAGS process may be another process, otherwise it is this one (CURRENT_PROCESS). *base may be
     * NULL (allocate anywhere: what is allocated must be settled, see below) and the range not yet rounded. */
    NTSTATUS (*alloc)(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect);
    /* An allocation that the system has made and the caller has not seen yet: FALSE to have it undone and retried. */
    BOOL (*settled)(PVOID base, SIZE_T bytes);
    /* As for NtFreeVirtualMemory; with a flag of REGION_FREE_FLAGS process may be another process. */
    NTSTATUS (*free)(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type);
    /* As for NtProtectVirtualMemory, on this process. */
    NTSTATUS (*protect)(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect);
    /* As for NtLockVirtualMemory and NtUnlockVirtualMemory, on this process. */
    NTSTATUS (*lock)(PVOID base, SIZE_T bytes);
    NTSTATUS (*unlock)(PVOID base, SIZE_T bytes);
    /* The system has answered VirtualQuery(address) with *info: change what a caller must see otherwise. */
    void (*query)(LPCVOID address, MEMORY_BASIC_INFORMATION *info);
    /* UnmapViewOfFile and its Ex and 2 forms: flags are MEM_UNMAP_WITH_TRANSIENT_BOOST, MEM_PRESERVE_PLACEHOLDER. */
    NTSTATUS (*unmap)(PVOID base, ULONG flags);
    struct region_family *next; /* region.c's */
};

extern volatile LONG region_count;

/* Does this process have any special region? */
static inline BOOL region_any(void) { return __builtin_expect(region_count != 0, 0); }

/* Adds a family, once, at process attach. The structure lives as long as the DLL. */
void region_join(struct region_family *family);

static inline void region_added(void) { __atomic_add_fetch(&region_count, 1, __ATOMIC_SEQ_CST); }
static inline void region_removed(void) { __atomic_sub_fetch(&region_count, 1, __ATOMIC_SEQ_CST); }

/* Ask the families. Each returns the outcome or REGION_NOT_MINE. */
NTSTATUS region_alloc(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect);
BOOL region_settled(PVOID base, SIZE_T bytes);
NTSTATUS region_free(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type);
NTSTATUS region_protect(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect);
NTSTATUS region_lock(PVOID base, SIZE_T bytes);
NTSTATUS region_unlock(PVOID base, SIZE_T bytes);
NTSTATUS region_unmap(PVOID base, ULONG flags);
void region_query(LPCVOID address, MEMORY_BASIC_INFORMATION *info);

#endif
