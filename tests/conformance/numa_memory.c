/* numa_memory.c - the memory of NUMA nodes, and memory partitions. */
#include "numa.h"

FAMILY(numa)

FUNCTION(BOOL, GetNumaAvailableMemoryNode, (UCHAR, PULONGLONG))
FUNCTION(BOOL, GetNumaAvailableMemoryNodeEx, (USHORT, PULONGLONG))
FUNCTION(BOOL, GetMemoryNumaClosestInitiatorNode, (ULONG, ULONG *))
FUNCTION(BOOL, GetMemoryNumaPerformanceInformation, (ULONG, UCHAR, WIN32_MEMORY_NUMA_PERFORMANCE_INFORMATION_OUTPUT **))
FUNCTION(HANDLE, OpenDedicatedMemoryPartition, (HANDLE, ULONG64, ACCESS_MASK, BOOL))
FUNCTION(BOOL, QueryPartitionInformation, (HANDLE, WIN32_MEMORY_PARTITION_INFORMATION_CLASS, PVOID, ULONG))

#define P_AVAILABLE "winbase/nf-winbase-getnumaavailablememorynode"
#define P_AVAILABLE_EX "winbase/nf-winbase-getnumaavailablememorynodeex"
#define P_CLOSEST "memoryapi/nf-memoryapi-getnumanodememoryclosestinitiatornode"
#define P_PERFORMANCE "memoryapi/ns-memoryapi-numa_node_memory_performance_latency"
#define P_OPEN "memoryapi/nf-memoryapi-opendedicatedmemorypartition"
#define P_QUERY "memoryapi/nf-memoryapi-querypartitioninformation"

TEST(GetNumaAvailableMemoryNode, nodes)
{
    NEED(GetNumaAvailableMemoryNode);
    MEMORYSTATUSEX status = { .dwLength = sizeof(status) };
    ULONGLONG bytes = 0;
    CHECK(P_AVAILABLE, "node 0");
    SET_SENTINEL();
    BOOL ok = pGetNumaAvailableMemoryNode(0, &bytes);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    GlobalMemoryStatusEx(&status);
    EXPECT_TRUE("not 0", bytes);
    EXPECT_TRUE("at most the physical memory", bytes <= status.ullTotalPhys);
    EXPECT_UINT("offset in page", bytes % 4096, 0);
    static const UCHAR nodes[] = { 64, 128, 255 };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_AVAILABLE, "node %u", nodes[i]);
        SET_SENTINEL();
        ok = pGetNumaAvailableMemoryNode(nodes[i], &bytes);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

TEST(GetNumaAvailableMemoryNodeEx, nodes)
{
    NEED(GetNumaAvailableMemoryNodeEx);
    NEED(GetNumaAvailableMemoryNode);
    ULONGLONG bytes = 0, narrow = 0;
    CHECK(P_AVAILABLE_EX, "node 0");
    SET_SENTINEL();
    BOOL ok = pGetNumaAvailableMemoryNodeEx(0, &bytes);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("not 0", bytes);
    CHECK(P_AVAILABLE_EX, "node 0 against GetNumaAvailableMemoryNode");
    pGetNumaAvailableMemoryNode(0, &narrow);
    EXPECT_TRUE("within a quarter of each other", narrow / 4 * 3 <= bytes && bytes / 4 * 3 <= narrow);
    static const USHORT nodes[] = { 64, 255, 256, 0x7fff, 0xffff };
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_AVAILABLE_EX, "node %u", nodes[i]);
        SET_SENTINEL();
        ok = pGetNumaAvailableMemoryNodeEx(nodes[i], &bytes);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

TEST(GetMemoryNumaClosestInitiatorNode, nodes)
{
    NEED(GetMemoryNumaClosestInitiatorNode);
    ULONG node = 0xcccccccc;
    CHECK(P_CLOSEST, "node 0");
    UNDECIDED("the page has no text");
    SET_SENTINEL();
    BOOL ok = pGetMemoryNumaClosestInitiatorNode(0, &node);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    NOTE_BOOL("at most the highest node", node <= highest());
    static const ULONG nodes[] = { 64, 255, 0xffff, 0xffffffff };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_CLOSEST, "node 0x%lx", nodes[i]);
        SET_SENTINEL();
        ok = pGetMemoryNumaClosestInitiatorNode(nodes[i], &node);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        NOTE_ERROR();
    }
}

TEST(GetMemoryNumaPerformanceInformation, arguments)
{
    NEED(GetMemoryNumaPerformanceInformation);
    static const struct {
        ULONG node;
        UCHAR kind;
    } wrong[] = { { 0, 0 }, { 0, 3 }, { 0, 15 }, { 0, 16 }, { 0, 255 }, { 64, 1 }, { 0xfffffffe, 1 } };
    WIN32_MEMORY_NUMA_PERFORMANCE_INFORMATION_OUTPUT *info;
    for (unsigned i = 0; i < 7; i++) {
        info = NULL;
        CHECK(P_PERFORMANCE, "node 0x%lx, kind %u", wrong[i].node, wrong[i].kind);
        SET_SENTINEL();
        BOOL ok = pGetMemoryNumaPerformanceInformation(wrong[i].node, wrong[i].kind, &info);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        NOTE_ERROR();
    }
    for (UCHAR kind = 1; kind <= 8; kind *= 2) {
        info = (void *)1;
        CHECK(P_PERFORMANCE, "all nodes, kind %u", kind);
        UNDECIDED("whether the firmware tells performance is the machine's affair");
        SET_SENTINEL();
        BOOL ok = pGetMemoryNumaPerformanceInformation(WIN32_MEMORY_NUMA_PERFORMANCE_ALL_TARGET_NODE, kind, &info);
        NOTE_ERROR();
        NOTE_BOOL("return", ok);
        NOTE_BOOL("success gives a list", !ok || (info && info != (void *)1));
    }
}

TEST(OpenDedicatedMemoryPartition, arguments)
{
    NEED(OpenDedicatedMemoryPartition);
    static const ULONG64 types[] = { 0, 1, 0xffffffffffffffff };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_OPEN, "partition NULL, type %u", i);
        UNDECIDED("the page is not published");
        SET_SENTINEL();
        HANDLE partition = pOpenDedicatedMemoryPartition(NULL, types[i], GENERIC_READ, FALSE);
        NOTE_ERROR();
        NOTE_BOOL("return", partition);
        if (partition) CloseHandle(partition);
    }
    CHECK(P_OPEN, "partition 0x7ffffff4");
    SET_SENTINEL();
    HANDLE partition = pOpenDedicatedMemoryPartition((HANDLE)0x7ffffff4, 1, GENERIC_READ, FALSE);
    EXPECT_BOOL("return", partition, FALSE);
    EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
    NOTE_ERROR();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    CHECK(P_OPEN, "partition an event");
    SET_SENTINEL();
    partition = pOpenDedicatedMemoryPartition(event, 1, GENERIC_READ, FALSE);
    EXPECT_BOOL("return", partition, FALSE);
    EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
    NOTE_ERROR();
    CloseHandle(event);
}

TEST(QueryPartitionInformation, arguments)
{
    NEED(QueryPartitionInformation);
    WIN32_MEMORY_PARTITION_INFORMATION info;
    const struct {
        const char *name;
        int info_class;
        void *buffer;
        ULONG bytes;
    } wrong[] = { { "class 2", 2, &info, sizeof(info) },
                  { "class -1", -1, &info, sizeof(info) },
                  { "class 100", 100, &info, sizeof(info) },
                  { "MemoryPartitionInfo, 0 bytes", 0, &info, 0 },
                  { "MemoryPartitionInfo, 8 bytes", 0, &info, 8 },
                  { "MemoryPartitionInfo, NULL", 0, NULL, sizeof(info) } };
    for (unsigned i = 0; i < 6; i++) {
        CHECK(P_QUERY, "%s", wrong[i].name);
        SET_SENTINEL();
        WIN32_MEMORY_PARTITION_INFORMATION_CLASS info_class = wrong[i].info_class;
        BOOL ok = pQueryPartitionInformation((HANDLE)0x7ffffff4, info_class, wrong[i].buffer, wrong[i].bytes);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        NOTE_ERROR();
    }
    memset(&info, 0, sizeof(info));
    CHECK(P_QUERY, "partition NULL, MemoryPartitionInfo");
    UNDECIDED("the page is not published");
    SET_SENTINEL();
    BOOL ok = pQueryPartitionInformation(NULL, MemoryPartitionInfo, &info, sizeof(info));
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    NOTE_BOOL("success tells of pages", !ok || info.TotalNumberOfPages);
    CHECK(P_QUERY, "partition 0x7ffffff4, MemoryPartitionInfo");
    SET_SENTINEL();
    ok = pQueryPartitionInformation((HANDLE)0x7ffffff4, MemoryPartitionInfo, &info, sizeof(info));
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
    NOTE_ERROR();
}
