/* region.c - the families of special regions, and asking them in turn. */
#include "region.h"

volatile LONG region_count;
static struct region_family *families;

void region_join(struct region_family *family)
{
    struct region_family **end = &families;
    while (*end) end = &(*end)->next;
    family->next = NULL;
    *end = family;
}

/* Asks every family that has the hook until one handles the call. */
#define ASK(hook, ...)                                                                                               \
    for (struct region_family *family = families; family; family = family->next) {                                  \
        NTSTATUS status = family->hook ? family->hook(__VA_ARGS__) : REGION_NOT_MINE;                                \
        if (status != REGION_NOT_MINE) return status;                                                                \
    }                                                                                                                \
    return REGION_NOT_MINE

NTSTATUS region_alloc(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type, ULONG protect)
{
    ASK(alloc, process, base, bytes, type, protect);
}

NTSTATUS region_free(HANDLE process, PVOID *base, SIZE_T *bytes, ULONG type) { ASK(free, process, base, bytes, type); }

NTSTATUS region_protect(PVOID *base, SIZE_T *bytes, ULONG protect, ULONG *old_protect)
{
    ASK(protect, base, bytes, protect, old_protect);
}

NTSTATUS region_lock(PVOID base, SIZE_T bytes) { ASK(lock, base, bytes); }
NTSTATUS region_unlock(PVOID base, SIZE_T bytes) { ASK(unlock, base, bytes); }
NTSTATUS region_unmap(PVOID base, ULONG flags) { ASK(unmap, base, flags); }

BOOL region_settled(PVOID base, SIZE_T bytes)
{
    for (struct region_family *family = families; family; family = family->next)
        if (family->settled && !family->settled(base, bytes)) return FALSE;
    return TRUE;
}

void region_query(LPCVOID address, MEMORY_BASIC_INFORMATION *info)
{
    for (struct region_family *family = families; family; family = family->next)
        if (family->query) family->query(address, info);
}
