/* nodes.h - the NUMA nodes of the system, as far as the layer below tells. */
#ifndef K32MEM_NODES_H
#define K32MEM_NODES_H

#include "../nt/nt.h"

#define NODE_GROUPS 32 /* processor groups; Windows has at most this many */

struct node {
    USHORT groups;                     /* entries of masks; 0: no processors, or no such node */
    GROUP_AFFINITY masks[NODE_GROUPS]; /* its processors */
};

/* The highest node number. 0 where the system knows nothing of NUMA: then all is on node 0. */
NTSTATUS node_highest(ULONG *highest);
/* The processors of a node; STATUS_INVALID_PARAMETER when its number is above the highest. */
NTSTATUS node_find(ULONG number, struct node *node);
/* The node of a processor; STATUS_INVALID_PARAMETER when there is no such processor. */
NTSTATUS node_of_processor(USHORT group, BYTE processor, USHORT *number);
/* The processor group that the calling thread runs in. */
USHORT group_current(void);

#endif
