/* numa.c - NUMA nodes and their processors. Machines differ, so what is checked is how the answers fit together. */
#include "numa.h"

FAMILY(numa)

FUNCTION(BOOL, GetNumaProcessorNode, (UCHAR, PUCHAR))
FUNCTION(BOOL, GetNumaProcessorNodeEx, (PPROCESSOR_NUMBER, PUSHORT))
FUNCTION(BOOL, GetNumaNodeProcessorMask, (UCHAR, PULONGLONG))
FUNCTION(BOOL, GetNumaNodeProcessorMaskEx, (USHORT, PGROUP_AFFINITY))
FUNCTION(BOOL, GetNumaNodeProcessorMask2, (USHORT, PGROUP_AFFINITY, USHORT, PUSHORT))
FUNCTION(BOOL, GetNumaProximityNode, (ULONG, PUCHAR))
FUNCTION(BOOL, GetNumaProximityNodeEx, (ULONG, PUSHORT))
FUNCTION(BOOL, GetNumaNodeNumberFromHandle, (HANDLE, PUSHORT))

#define P_HIGHEST "systemtopologyapi/nf-systemtopologyapi-getnumahighestnodenumber"
#define P_NODE "winbase/nf-winbase-getnumaprocessornode"
#define P_NODE_EX "winbase/nf-winbase-getnumaprocessornodeex"
#define P_MASK "winbase/nf-winbase-getnumanodeprocessormask"
#define P_MASK_EX "systemtopologyapi/nf-systemtopologyapi-getnumanodeprocessormaskex"
#define P_MASK2 "systemtopologyapi/nf-systemtopologyapi-getnumanodeprocessormask2"
#define P_PROXIMITY "winbase/nf-winbase-getnumaproximitynode"
#define P_PROXIMITY_EX "systemtopologyapi/nf-systemtopologyapi-getnumaproximitynodeex"
#define P_HANDLE "winbase/nf-winbase-getnumanodenumberfromhandle"

TEST(GetNumaHighestNodeNumber, value)
{
    NEED(GetNumaHighestNodeNumber);
    ULONG node = 0xcccccccc, again = 0;
    CHECK(P_HIGHEST, "a variable");
    SET_SENTINEL();
    BOOL ok = pGetNumaHighestNodeNumber(&node);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("below 64", node < 64);
    CHECK(P_HIGHEST, "twice");
    pGetNumaHighestNodeNumber(&again);
    EXPECT_TRUE("the same", again == node);
}

TEST(GetNumaProcessorNode, first_processor)
{
    NEED(GetNumaProcessorNode);
    UCHAR node = 0xcc;
    CHECK(P_NODE, "processor 0");
    SET_SENTINEL();
    BOOL ok = pGetNumaProcessorNode(0, &node);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("at most the highest node", node <= highest());
}

TEST(GetNumaProcessorNode, every_processor)
{
    NEED(GetNumaProcessorNode);
    NEED(GetNumaNodeProcessorMask);
    SYSTEM_INFO info;
    BOOL all = TRUE, fits = TRUE;
    GetSystemInfo(&info);
    for (unsigned p = 0; p < info.dwNumberOfProcessors && p < 64; p++) {
        UCHAR node = 0xcc;
        ULONGLONG mask = 0;
        all = pGetNumaProcessorNode((UCHAR)p, &node) && all;
        fits = pGetNumaNodeProcessorMask(node, &mask) && (mask >> p & 1) && fits;
    }
    CHECK(P_NODE, "each processor of this group");
    EXPECT_TRUE("all succeed", all);
    EXPECT_TRUE("each is in its node's mask", fits);
}

TEST(GetNumaProcessorNode, no_such_processor)
{
    NEED(GetNumaProcessorNode);
    static const UCHAR numbers[] = { 64, 100, 254, 255 };
    for (unsigned i = 0; i < 4; i++) {
        UCHAR node = 0xcc;
        CHECK(P_NODE, "processor %u: the node", numbers[i]);
        SET_SENTINEL();
        BOOL ok = pGetNumaProcessorNode(numbers[i], &node);
        DWORD error = GetLastError();
        EXPECT_HEX("node", node, 0xff);
        CHECK(P_NODE, "processor %u: the return", numbers[i]);
        UNDECIDED("the page gives the value 0xff for it, and does not say whether that is a failure");
        NOTE_BOOL("return", ok);
        conform_observe(KIND_ERROR, "last error", error);
    }
}

TEST(GetNumaProcessorNodeEx, processors)
{
    NEED(GetNumaProcessorNodeEx);
    PROCESSOR_NUMBER number = { 0, 0, 0 };
    USHORT node = 0xcccc;
    CHECK(P_NODE_EX, "group 0, processor 0");
    SET_SENTINEL();
    BOOL ok = pGetNumaProcessorNodeEx(&number, &node);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("at most the highest node", node <= highest());
    static const struct {
        USHORT group;
        BYTE number;
    } missing[] = { { 0, 64 }, { 0, 255 }, { 100, 0 }, { 0xffff, 0 } };
    for (unsigned i = 0; i < 4; i++) {
        number.Group = missing[i].group;
        number.Number = missing[i].number;
        node = 0xcccc;
        CHECK(P_NODE_EX, "group %u, processor %u: the node", missing[i].group, missing[i].number);
        SET_SENTINEL();
        ok = pGetNumaProcessorNodeEx(&number, &node);
        DWORD error = GetLastError();
        EXPECT_HEX("node", node, 0xffff);
        CHECK(P_NODE_EX, "group %u, processor %u: the return", missing[i].group, missing[i].number);
        UNDECIDED("the page gives the value MAXUSHORT for it, and does not say whether that is a failure");
        NOTE_BOOL("return", ok);
        conform_observe(KIND_ERROR, "last error", error);
    }
}

TEST(GetNumaNodeProcessorMask, nodes)
{
    NEED(GetNumaNodeProcessorMask);
    SYSTEM_INFO info;
    ULONGLONG sum = 0, mask;
    BOOL all = TRUE, apart = TRUE;
    GetSystemInfo(&info);
    CHECK(P_MASK, "node 0");
    mask = 0xcccccccccccccccc;
    SET_SENTINEL();
    BOOL ok = pGetNumaNodeProcessorMask(0, &mask);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    for (ULONG node = 0; node <= highest(); node++) {
        mask = 0;
        all = pGetNumaNodeProcessorMask((UCHAR)node, &mask) && all;
        apart = apart && !(mask & sum);
        sum |= mask;
    }
    CHECK(P_MASK, "every node");
    EXPECT_TRUE("all succeed", all);
    EXPECT_TRUE("no processor is in two", apart);
    EXPECT_TRUE("together the active processors", sum == info.dwActiveProcessorMask);
}

TEST(GetNumaNodeProcessorMask, no_such_node)
{
    NEED(GetNumaNodeProcessorMask);
    static const UCHAR nodes[] = { 64, 128, 254, 255 };
    for (unsigned i = 0; i < 4; i++) {
        ULONGLONG mask = 0;
        CHECK(P_MASK, "node %u", nodes[i]);
        SET_SENTINEL();
        BOOL ok = pGetNumaNodeProcessorMask(nodes[i], &mask);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

TEST(GetNumaNodeProcessorMaskEx, nodes)
{
    NEED(GetNumaNodeProcessorMaskEx);
    NEED(GetNumaNodeProcessorMask);
    GROUP_AFFINITY affinity;
    ULONGLONG mask = 0;
    memset(&affinity, 0xcc, sizeof(affinity));
    CHECK(P_MASK_EX, "node 0");
    SET_SENTINEL();
    BOOL ok = pGetNumaNodeProcessorMaskEx(0, &affinity);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("mask is not 0", affinity.Mask);
    EXPECT_UINT("group", affinity.Group, 0);
    EXPECT_UINT("reserved fields", affinity.Reserved[0] | affinity.Reserved[1] | affinity.Reserved[2], 0);
    CHECK(P_MASK_EX, "node 0 against GetNumaNodeProcessorMask");
    pGetNumaNodeProcessorMask(0, &mask);
    EXPECT_TRUE("the same mask", affinity.Mask == mask);
    static const USHORT nodes[] = { 64, 255, 256, 0x7fff, 0xffff };
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_MASK_EX, "node %u", nodes[i]);
        EXPECT_BOOL("return", pGetNumaNodeProcessorMaskEx(nodes[i], &affinity), FALSE);
    }
}

TEST(GetNumaNodeProcessorMask2, nodes)
{
    NEED(GetNumaNodeProcessorMask2);
    NEED(GetNumaNodeProcessorMaskEx);
    GROUP_AFFINITY list[64], one;
    USHORT count = 0xcccc;
    memset(list, 0xcc, sizeof(list));
    memset(&one, 0, sizeof(one));
    CHECK(P_MASK2, "node 0, room for 64");
    SET_SENTINEL();
    BOOL ok = pGetNumaNodeProcessorMask2(0, list, 64, &count);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("1 or more", count >= 1 && count <= 64);
    EXPECT_HEX("byte behind the last", ((BYTE *)&list[count < 64 ? count : 0])[0], 0xcc);
    CHECK(P_MASK2, "node 0 against GetNumaNodeProcessorMaskEx");
    pGetNumaNodeProcessorMaskEx(0, &one);
    EXPECT_TRUE("the same first mask", list[0].Mask == one.Mask && list[0].Group == one.Group);
    USHORT needed = 0xcccc;
    CHECK(P_MASK2, "node 0, room for 0");
    SET_SENTINEL();
    ok = pGetNumaNodeProcessorMask2(0, list, 0, &needed);
    EXPECT_ERROR(ERROR_INSUFFICIENT_BUFFER);
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_TRUE("required as before", needed == count);
    needed = 0xcccc;
    CHECK(P_MASK2, "node 0, NULL and room for 0");
    SET_SENTINEL();
    ok = pGetNumaNodeProcessorMask2(0, NULL, 0, &needed);
    EXPECT_ERROR(ERROR_INSUFFICIENT_BUFFER);
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_TRUE("required as before", needed == count);
    CHECK(P_MASK2, "node 0, exactly the room needed");
    SET_SENTINEL();
    ok = pGetNumaNodeProcessorMask2(0, list, count, &needed);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    static const USHORT nodes[] = { 64, 255, 256, 0xffff };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_MASK2, "node %u", nodes[i]);
        SET_SENTINEL();
        ok = pGetNumaNodeProcessorMask2(nodes[i], list, 64, &count);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

TEST(GetNumaProximityNode, domains)
{
    NEED(GetNumaProximityNode);
    static const ULONG ids[] = { 0, 1, 0xffffffff };
    for (unsigned i = 0; i < 3; i++) {
        UCHAR node = 0xcc;
        SET_SENTINEL();
        BOOL ok = pGetNumaProximityNode(ids[i], &node);
        DWORD error = GetLastError();
        CHECK(P_PROXIMITY, "domain 0x%lx", ids[i]);
        EXPECT_TRUE("a node, or 0xff and a failure", ok ? node <= highest() && error == SENTINEL : node == 0xff);
        EXPECT_TRUE("a failure tells an error", ok || (error != SENTINEL && error));
        CHECK(P_PROXIMITY, "domain 0x%lx: this machine's answer", ids[i]);
        UNDECIDED("which domains there are is the firmware's affair");
        NOTE_BOOL("return", ok);
        conform_observe(KIND_ERROR, "last error", error);
    }
}

TEST(GetNumaProximityNodeEx, domains)
{
    NEED(GetNumaProximityNodeEx);
    NEED(GetNumaProximityNode);
    static const ULONG ids[] = { 0, 1, 0xffffffff };
    for (unsigned i = 0; i < 3; i++) {
        USHORT node = 0xcccc;
        UCHAR narrow = 0xcc;
        BOOL ok = pGetNumaProximityNodeEx(ids[i], &node), narrow_ok = pGetNumaProximityNode(ids[i], &narrow);
        CHECK(P_PROXIMITY_EX, "domain 0x%lx against GetNumaProximityNode", ids[i]);
        EXPECT_TRUE("the same outcome", ok == narrow_ok && (!ok || node == narrow));
    }
}

TEST(GetNumaNodeNumberFromHandle, handles)
{
    NEED(GetNumaNodeNumberFromHandle);
    HANDLE file = CreateFileW(conform_temp_file(), GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL);
    USHORT node = 0xcccc;
    SET_SENTINEL();
    BOOL ok = pGetNumaNodeNumberFromHandle(file, &node);
    DWORD error = GetLastError();
    CHECK(P_HANDLE, "a file");
    EXPECT_TRUE("a node, or a failure with an error", ok ? node <= highest() : error != SENTINEL && error);
    CHECK(P_HANDLE, "a file: this machine's answer");
    UNDECIDED("whether a file's device has a node is the machine's affair");
    NOTE_BOOL("return", ok);
    conform_observe(KIND_ERROR, "last error", error);
    const struct {
        const char *name;
        HANDLE handle;
    } cases[] = { { "NULL", NULL }, { "0x7ffffff4", (HANDLE)0x7ffffff4 }, { "a mutex", mutex } };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_HANDLE, "%s", cases[i].name);
        SET_SENTINEL();
        ok = pGetNumaNodeNumberFromHandle(cases[i].handle, &node);
        EXPECT_ERROR(ERROR_INVALID_HANDLE);
        EXPECT_BOOL("return", ok, FALSE);
    }
    CloseHandle(file);
    CloseHandle(mutex);
}
