/* nodes.c - reads the system's list of NUMA nodes (NtQuerySystemInformationEx, RelationNumaNode).
 *
 * Each call asks afresh, since processors can be added while the system runs. Where the list is missing there is one
 * node with all active processors, which is how Windows describes a machine without NUMA.
 */
#include "nodes.h"
#include "../core/memory.h"
#include "../nt/system.h"

#define LIST_BYTES 16384

/* One entry of the list; the layout of NUMA_NODE_RELATIONSHIP with the group count that newer systems fill in (older
 * ones leave 0, and one mask). */
struct relation {
    ULONG relation, bytes;
    ULONG number;
    BYTE reserved[18];
    USHORT groups;
    GROUP_AFFINITY masks[];
};

struct list {
    ULONG bytes;
    union {
        struct relation first;
        BYTE data[LIST_BYTES];
    };
};

/* One node with everything. */
static NTSTATUS list_invent(struct list *list)
{
    struct system_basic basic;
    NTSTATUS status = system_query(SYSTEM_BASIC, &basic, sizeof(basic));
    if (status < 0) return status;
    list->bytes = sizeof(struct relation) + sizeof(GROUP_AFFINITY);
    memset(list->data, 0, list->bytes);
    list->first.bytes = list->bytes;
    list->first.groups = 1;
    list->first.masks[0].Mask = basic.processor_mask;
    return STATUS_SUCCESS;
}

static NTSTATUS list_read(struct list *list)
{
    ULONG wanted = RelationNumaNode;
    NTSTATUS status = STATUS_NOT_IMPLEMENTED;
    if (nt_optional.NtQuerySystemInformationEx)
        status = nt_optional.NtQuerySystemInformationEx(SYSTEM_LOGICAL_PROCESSOR, &wanted, sizeof(wanted), list->data,
                                                        sizeof(list->data), &list->bytes);
    if (status >= 0 && list->bytes >= sizeof(struct relation) + sizeof(GROUP_AFFINITY)) return STATUS_SUCCESS;
    return list_invent(list);
}

/* The entry after the given one (NULL: the first), or NULL at the end. */
static const struct relation *list_next(const struct list *list, const struct relation *entry)
{
    const BYTE *at = entry ? (const BYTE *)entry + entry->bytes : list->data;
    ULONG left = list->bytes - (ULONG)(at - list->data);
    const struct relation *next = (const struct relation *)at;
    if (left < sizeof(*next) + sizeof(GROUP_AFFINITY)) return NULL;
    return next->bytes < sizeof(*next) + sizeof(GROUP_AFFINITY) || next->bytes > left ? NULL : next;
}

static USHORT relation_groups(const struct relation *entry)
{
    ULONG room = (entry->bytes - (ULONG)sizeof(*entry)) / sizeof(GROUP_AFFINITY);
    USHORT groups = entry->groups ? entry->groups : 1;
    if (groups > room) groups = (USHORT)room;
    return groups > NODE_GROUPS ? NODE_GROUPS : groups;
}

NTSTATUS node_highest(ULONG *highest)
{
    struct list list;
    NTSTATUS status = list_read(&list);
    *highest = 0;
    if (status < 0) return status;
    for (const struct relation *entry = list_next(&list, NULL); entry; entry = list_next(&list, entry))
        if (entry->number > *highest) *highest = entry->number;
    return STATUS_SUCCESS;
}

NTSTATUS node_find(ULONG number, struct node *node)
{
    struct list list;
    ULONG highest = 0;
    NTSTATUS status = list_read(&list);
    memset(node, 0, sizeof(*node));
    if (status < 0) return status;
    for (const struct relation *entry = list_next(&list, NULL); entry; entry = list_next(&list, entry)) {
        if (entry->number > highest) highest = entry->number;
        if (entry->number != number) continue;
        for (USHORT i = 0; i < relation_groups(entry); i++)
            if (entry->masks[i].Mask) {
                node->masks[node->groups].Mask = entry->masks[i].Mask;
                node->masks[node->groups++].Group = entry->masks[i].Group;
            }
    }
    return number > highest ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

NTSTATUS node_of_processor(USHORT group, BYTE processor, USHORT *number)
{
    struct list list;
    NTSTATUS status = list_read(&list);
    if (status < 0) return status;
    if (processor >= sizeof(KAFFINITY) * 8) return STATUS_INVALID_PARAMETER;
    for (const struct relation *entry = list_next(&list, NULL); entry; entry = list_next(&list, entry))
        for (USHORT i = 0; i < relation_groups(entry); i++)
            if (entry->masks[i].Group == group && entry->masks[i].Mask >> processor & 1) {
                *number = (USHORT)entry->number;
                return STATUS_SUCCESS;
            }
    return STATUS_INVALID_PARAMETER;
}

USHORT group_current(void)
{
    GROUP_AFFINITY affinity;
    memset(&affinity, 0, sizeof(affinity));
    if (NtQueryInformationThread(CURRENT_THREAD, (THREADINFOCLASS)THREAD_GROUP, &affinity, sizeof(affinity), NULL) < 0)
        return 0;
    return affinity.Group;
}
