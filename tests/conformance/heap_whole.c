/* heap_whole.c - heaps as a whole: creating and destroying, listing, locking, walking, validating, settings. */
#include "conform.h"
#include <stdlib.h>

FUNCTION(HANDLE, GetProcessHeap, (void))
FUNCTION(DWORD, GetProcessHeaps, (DWORD, PHANDLE))
FUNCTION(HANDLE, HeapCreate, (DWORD, SIZE_T, SIZE_T))
FUNCTION(BOOL, HeapDestroy, (HANDLE))
FUNCTION(LPVOID, HeapAlloc, (HANDLE, DWORD, SIZE_T))
FUNCTION(BOOL, HeapFree, (HANDLE, DWORD, LPVOID))
FUNCTION(BOOL, HeapValidate, (HANDLE, DWORD, LPCVOID))
FUNCTION(BOOL, HeapLock, (HANDLE))
FUNCTION(BOOL, HeapUnlock, (HANDLE))
FUNCTION(BOOL, HeapWalk, (HANDLE, LPPROCESS_HEAP_ENTRY))
FUNCTION(SIZE_T, HeapCompact, (HANDLE, DWORD))
FUNCTION(BOOL, HeapQueryInformation, (HANDLE, int, PVOID, SIZE_T, PSIZE_T))
FUNCTION(BOOL, HeapSetInformation, (HANDLE, int, PVOID, SIZE_T))
FUNCTION(BOOL, HeapSummary, (HANDLE, DWORD, PVOID))

#define HEAP_PAGE(name) "heapapi/nf-heapapi-" name

TEST(GetProcessHeap, is_the_process_heap)
{
    NEED(GetProcessHeap);
    CHECK(HEAP_PAGE("getprocessheap"), "called twice");
    SET_SENTINEL();
    HANDLE heap = pGetProcessHeap();
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("return", heap, TRUE);
    EXPECT_BOOL("the same every time", heap == pGetProcessHeap(), TRUE);
    EXPECT_BOOL("what the system's own function returns", heap == GetProcessHeap(), TRUE);
}

TEST(GetProcessHeaps, lists)
{
    NEED(GetProcessHeaps); NEED(GetProcessHeap); NEED(HeapCreate); NEED(HeapDestroy);
    HANDLE heaps[256] = { NULL };
    DWORD before = pGetProcessHeaps(0, NULL);
    HANDLE heap = pHeapCreate(0, 0, 0);
    CHECK(HEAP_PAGE("getprocessheaps"), "0, NULL after HeapCreate");
    EXPECT_UINT("more than before", pGetProcessHeaps(0, NULL) - before, 1);
    CHECK(HEAP_PAGE("getprocessheaps"), "256, buffer");
    SET_SENTINEL();
    DWORD count = pGetProcessHeaps(256, heaps);
    EXPECT_ERROR(SENTINEL);
    BOOL process = FALSE, own = FALSE;
    for (DWORD i = 0; i < count && i < 256; i++) {
        process |= heaps[i] == pGetProcessHeap();
        own |= heaps[i] == heap;
    }
    EXPECT_BOOL("holds the process heap", process, TRUE);
    EXPECT_BOOL("holds the new heap", own, TRUE);
    EXPECT_BOOL("the new heap is the last", count && heaps[count - 1] == heap, TRUE);
    EXPECT_BOOL("stores no more than there are", count < 256 && !heaps[count], TRUE);
    CHECK(HEAP_PAGE("getprocessheaps"), "1, buffer");
    heaps[1] = INVALID_HANDLE_VALUE;
    EXPECT_BOOL("returns the whole number", pGetProcessHeaps(1, heaps) == count, TRUE);
    EXPECT_BOOL("leaves the second entry alone", heaps[1] == INVALID_HANDLE_VALUE, TRUE);
    pHeapDestroy(heap);
    CHECK(HEAP_PAGE("getprocessheaps"), "0, NULL after HeapDestroy");
    EXPECT_UINT("more than before", pGetProcessHeaps(0, NULL) - before, 0);
}

TEST(HeapCreate, options)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc);
    static const struct {
        DWORD options;
        SIZE_T initial, maximum;
        DWORD protection;
    } cases[] = { { 0, 0, 0, PAGE_READWRITE },
                  { 0, 1, 0, PAGE_READWRITE },
                  { 0, 0x10000, 0, PAGE_READWRITE },
                  { 0, 0x100000, 0, PAGE_READWRITE },
                  { 0, 0, 0x10000, PAGE_READWRITE },
                  { 0, 0x1000, 0x10000, PAGE_READWRITE },
                  { 0, 0, 0x12345, PAGE_READWRITE },
                  { HEAP_NO_SERIALIZE, 0, 0, PAGE_READWRITE },
                  { HEAP_GENERATE_EXCEPTIONS, 0, 0, PAGE_READWRITE },
                  { HEAP_CREATE_ENABLE_EXECUTE, 0, 0, PAGE_EXECUTE_READWRITE },
                  { HEAP_CREATE_ENABLE_EXECUTE, 0, 0x10000, PAGE_EXECUTE_READWRITE },
                  { HEAP_CREATE_ENABLE_EXECUTE | HEAP_NO_SERIALIZE, 0, 0, PAGE_EXECUTE_READWRITE } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        MEMORY_BASIC_INFORMATION info = { 0 };
        CHECK(HEAP_PAGE("heapcreate"), "0x%lx, 0x%lx, 0x%lx", cases[i].options, (unsigned long)cases[i].initial,
              (unsigned long)cases[i].maximum);
        SET_SENTINEL();
        HANDLE heap = pHeapCreate(cases[i].options, cases[i].initial, cases[i].maximum);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("return", heap, TRUE);
        LPVOID block = heap ? pHeapAlloc(heap, 0, 1000) : NULL;
        EXPECT_BOOL("a block of 1000 bytes", block, TRUE);
        VirtualQuery(block, &info, sizeof(info));
        EXPECT_HEX("protection of the block", info.Protect, cases[i].protection);
        CHECK_OF(HeapDestroy, HEAP_PAGE("heapdestroy"), "heap of 0x%lx, 0x%lx, 0x%lx with a block", cases[i].options,
                 (unsigned long)cases[i].initial, (unsigned long)cases[i].maximum);
        SET_SENTINEL();
        BOOL destroyed = heap && pHeapDestroy(heap);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("return", destroyed, TRUE);
    }
}

TEST(HeapDestroy, gives_memory_back)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc);
    static const SIZE_T sizes[] = { 100, 1 << 20, 16 << 20 };
    for (unsigned i = 0; i < 3; i++) {
        MEMORY_BASIC_INFORMATION info = { 0 };
        HANDLE heap = pHeapCreate(0, 0, 0);
        LPVOID block = pHeapAlloc(heap, 0, sizes[i]);
        pHeapDestroy(heap);
        VirtualQuery(block, &info, sizeof(info));
        CHECK(HEAP_PAGE("heapdestroy"), "heap with a block of %lu bytes", (unsigned long)sizes[i]);
        EXPECT_BOOL("the block's pages are released", info.State == MEM_FREE, TRUE);
    }
}

TEST(HeapCreate, fails)
{
    NEED(HeapCreate); NEED(HeapDestroy);
    CHECK(HEAP_PAGE("heapcreate"), "0, half the address space, 0");
    EXPECT_BOOL("return", pHeapCreate(0, ~(SIZE_T)0 / 2, 0), FALSE);
    CHECK(HEAP_PAGE("heapcreate"), "0, 0, half the address space");
    EXPECT_BOOL("return", pHeapCreate(0, 0, ~(SIZE_T)0 / 2), FALSE);
    CHECK(HEAP_PAGE("heapcreate"), "0, 0x20000, 0x10000");
    UNDECIDED("the page wants the initial size below the maximum, and names no error");
    HANDLE heap = pHeapCreate(0, 0x20000, 0x10000);
    NOTE_BOOL("return", heap);
    if (heap)
        pHeapDestroy(heap);
    CHECK_OF(HeapDestroy, HEAP_PAGE("heapdestroy"), "the process heap");
    EXPECT_BOOL("return", pHeapDestroy(GetProcessHeap()), FALSE);
}

TEST(HeapValidate, blocks)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(HeapFree); NEED(HeapValidate);
    static const SIZE_T sizes[] = { 1, 100, 5000, 70000, 4 << 20 };
    HANDLE heap = pHeapCreate(0, 0, 0), other = pHeapCreate(0, 0, 0);
    for (unsigned i = 0; i < 5; i++) {
        unsigned long size = (unsigned long)sizes[i];
        BYTE *block = pHeapAlloc(heap, 0, sizes[i]);
        CHECK(HEAP_PAGE("heapvalidate"), "block of %lu bytes", size);
        SET_SENTINEL();
        BOOL valid = pHeapValidate(heap, 0, block);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("return", valid, TRUE);
        EXPECT_BOOL("with HEAP_NO_SERIALIZE", pHeapValidate(heap, HEAP_NO_SERIALIZE, block), TRUE);
        CHECK(HEAP_PAGE("heapvalidate"), "whole heap with a block of %lu bytes", size);
        EXPECT_BOOL("return", pHeapValidate(heap, 0, NULL), TRUE);
        CHECK(HEAP_PAGE("heapvalidate"), "8 bytes into a block of %lu bytes", size);
        EXPECT_BOOL("return", pHeapValidate(heap, 0, block + 8), FALSE);
        CHECK(HEAP_PAGE("heapvalidate"), "block of %lu bytes of another heap", size);
        EXPECT_BOOL("return", pHeapValidate(other, 0, block), FALSE);
        pHeapFree(heap, 0, block);
        CHECK(HEAP_PAGE("heapvalidate"), "freed block of %lu bytes", size);
        EXPECT_BOOL("return", pHeapValidate(heap, 0, block), FALSE);
    }
    int local = 0;
    CHECK(HEAP_PAGE("heapvalidate"), "a variable on the stack");
    EXPECT_BOOL("return", pHeapValidate(heap, 0, &local), FALSE);
    pHeapDestroy(other);
    pHeapDestroy(heap);
}

static HANDLE shared_heap;
static volatile LONG allocated;
static DWORD WINAPI allocate(__attribute__((unused)) void *context)
{
    LPVOID block = pHeapAlloc(shared_heap, 0, 100);
    InterlockedExchange(&allocated, 1);
    return block != NULL;
}

TEST(HeapLock, holds_others_back)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(HeapLock); NEED(HeapUnlock);
    DWORD code = 0;
    shared_heap = pHeapCreate(0, 0, 0);
    CHECK(HEAP_PAGE("heaplock"), "twice by one thread");
    SET_SENTINEL();
    BOOL locked = pHeapLock(shared_heap);
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("return", locked, TRUE);
    EXPECT_BOOL("second return", pHeapLock(shared_heap), TRUE);
    HANDLE thread = CreateThread(NULL, 0, allocate, NULL, 0, NULL);
    EXPECT_UINT("wait for another thread's HeapAlloc", WaitForSingleObject(thread, 200), WAIT_TIMEOUT);
    EXPECT_BOOL("the owner may allocate", pHeapAlloc(shared_heap, 0, 100), TRUE);
    CHECK_OF(HeapUnlock, HEAP_PAGE("heapunlock"), "first of two");
    SET_SENTINEL();
    BOOL unlocked = pHeapUnlock(shared_heap);
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("return", unlocked, TRUE);
    EXPECT_UINT("wait for another thread's HeapAlloc", WaitForSingleObject(thread, 200), WAIT_TIMEOUT);
    CHECK_OF(HeapUnlock, HEAP_PAGE("heapunlock"), "second of two");
    EXPECT_BOOL("return", pHeapUnlock(shared_heap), TRUE);
    EXPECT_UINT("wait for another thread's HeapAlloc", WaitForSingleObject(thread, 20000), WAIT_OBJECT_0);
    GetExitCodeThread(thread, &code);
    EXPECT_UINT("its HeapAlloc succeeded", code, 1);
    CloseHandle(thread);
    pHeapDestroy(shared_heap);
}

TEST(HeapWalk, lists_blocks)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(HeapFree); NEED(HeapWalk); NEED(HeapLock);
    NEED(HeapUnlock);
    static const SIZE_T sizes[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 4 << 20 };
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    BYTE *blocks[COUNT];
    unsigned seen[COUNT] = { 0 }, found = 0, regions = 0;
    SIZE_T size_of[COUNT] = { 0 };
    HANDLE heap = pHeapCreate(0, 0, 0);
    for (unsigned i = 0; i < COUNT; i++)
        blocks[i] = pHeapAlloc(heap, 0, sizes[i]);
    LPVOID freed = pHeapAlloc(heap, 0, 77);
    pHeapFree(heap, 0, freed);
    PROCESS_HEAP_ENTRY entry = { .lpData = NULL };
    BOOL freed_is_busy = FALSE;
    pHeapLock(heap);
    SET_SENTINEL();
    while (found < 100000 && pHeapWalk(heap, &entry)) {
        found++;
        regions += (entry.wFlags & PROCESS_HEAP_REGION) != 0;
        if (!(entry.wFlags & PROCESS_HEAP_ENTRY_BUSY))
            continue;
        freed_is_busy |= entry.lpData == freed;
        for (unsigned i = 0; i < COUNT; i++) {
            if (entry.lpData == blocks[i]) {
                seen[i]++;
                size_of[i] = entry.cbData;
            }
        }
    }
    DWORD error = GetLastError();
    pHeapUnlock(heap);
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK(HEAP_PAGE("heapwalk"), "heap with a block of %lu bytes", (unsigned long)sizes[i]);
        EXPECT_UINT("times it is listed", seen[i], 1);
        EXPECT_UINT("its size", size_of[i], sizes[i]);
    }
    CHECK(HEAP_PAGE("heapwalk"), "until the end");
    conform_expect(KIND_ERROR, "last error", error, ERROR_NO_MORE_ITEMS);
    EXPECT_BOOL("lists at least one region", regions, TRUE);
    EXPECT_BOOL("lists a freed block as busy", freed_is_busy, FALSE);
    pHeapDestroy(heap);
}

TEST(HeapCompact, largest_free)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(HeapFree); NEED(HeapCompact); NEED(HeapValidate);
    HANDLE heap = pHeapCreate(0, 0, 0);
    LPVOID block = pHeapAlloc(heap, 0, 50000), wall = pHeapAlloc(heap, 0, 100);
    pHeapFree(heap, 0, block);
    CHECK(HEAP_PAGE("heapcompact"), "heap with a freed block of 50000 bytes");
    SET_SENTINEL();
    SIZE_T largest = pHeapCompact(heap, 0);
    DWORD error = GetLastError();
    EXPECT_BOOL("is a size, or 0 with NO_ERROR", largest || error == NO_ERROR, TRUE);
    EXPECT_BOOL("heap valid", pHeapValidate(heap, 0, NULL), TRUE);
    EXPECT_BOOL("other block valid", pHeapValidate(heap, 0, wall), TRUE);
    pHeapDestroy(heap);
}

enum { COMPATIBILITY = 0, TERMINATION = 1, OPTIMIZE = 3 };

TEST(HeapQueryInformation, compatibility)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapQueryInformation);
    HANDLE heap = pHeapCreate(0, 0, 0);
    ULONG value = 77;
    SIZE_T length = 0;
    CHECK(HEAP_PAGE("heapqueryinformation"), "HeapCompatibilityInformation, ULONG");
    SET_SENTINEL();
    BOOL done = pHeapQueryInformation(heap, COMPATIBILITY, &value, sizeof(value), &length);
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("return", done, TRUE);
    EXPECT_UINT("length", length, 4);
    EXPECT_BOOL("is 0, 1 or 2", value <= 2, TRUE);
    CHECK(HEAP_PAGE("heapqueryinformation"), "HeapCompatibilityInformation of a new heap");
    UNDECIDED("the page says 2 is the default, and what a new heap reports differs between versions");
    EXPECT_UINT("value", value, 2);
    CHECK(HEAP_PAGE("heapqueryinformation"), "HeapCompatibilityInformation, 1 byte");
    length = 0;
    SET_SENTINEL();
    done = pHeapQueryInformation(heap, COMPATIBILITY, &value, 1, &length);
    EXPECT_ERROR(ERROR_INSUFFICIENT_BUFFER);
    EXPECT_BOOL("return", done, FALSE);
    EXPECT_UINT("length", length, 4);
    CHECK(HEAP_PAGE("heapqueryinformation"), "HeapCompatibilityInformation, no length wanted");
    EXPECT_BOOL("return", pHeapQueryInformation(heap, COMPATIBILITY, &value, sizeof(value), NULL), TRUE);
    CHECK(HEAP_PAGE("heapqueryinformation"), "class 1000");
    EXPECT_BOOL("return", pHeapQueryInformation(heap, 1000, &value, sizeof(value), &length), FALSE);
    pHeapDestroy(heap);
}

TEST(HeapSetInformation, compatibility)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapSetInformation); NEED(HeapQueryInformation);
    HANDLE heap = pHeapCreate(0, 0, 0), fixed = pHeapCreate(0, 0, 0x10000), bare = pHeapCreate(HEAP_NO_SERIALIZE, 0, 0);
    ULONG value = 2, read = 77;
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapCompatibilityInformation, 2");
    EXPECT_BOOL("return", pHeapSetInformation(heap, COMPATIBILITY, &value, sizeof(value)), TRUE);
    pHeapQueryInformation(heap, COMPATIBILITY, &read, sizeof(read), NULL);
    EXPECT_UINT("reads back", read, 2);
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapCompatibilityInformation, 2, of a fixed heap");
    UNDECIDED("the page says that it cannot be enabled; not that the call fails");
    NOTE_BOOL("return", pHeapSetInformation(fixed, COMPATIBILITY, &value, sizeof(value)));
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapCompatibilityInformation, 2, of a heap without locks");
    UNDECIDED("the page says that it cannot be enabled; not that the call fails");
    NOTE_BOOL("return", pHeapSetInformation(bare, COMPATIBILITY, &value, sizeof(value)));
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapCompatibilityInformation, 1 byte");
    EXPECT_BOOL("return", pHeapSetInformation(heap, COMPATIBILITY, &value, 1), FALSE);
    struct {
        DWORD version, flags;
    } optimize = { 1, 0 };
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapOptimizeResources of all heaps");
    EXPECT_BOOL("return", pHeapSetInformation(NULL, OPTIMIZE, &optimize, sizeof(optimize)), TRUE);
    pHeapDestroy(bare);
    pHeapDestroy(fixed);
    pHeapDestroy(heap);
}

CHILD(heap_termination)
{
    HANDLE heap = pHeapCreate(0, 0, 0);
    if (!pHeapSetInformation(NULL, TERMINATION, NULL, 0))
        return 1;
    LPVOID block = pHeapAlloc(heap, 0, 100);
    pHeapFree(heap, 0, block);
    if (atoi(argument))
        pHeapFree(heap, 0, block);
    return 2;
}

TEST(HeapSetInformation, termination_on_corruption)
{
    NEED(HeapSetInformation); NEED(HeapCreate); NEED(HeapAlloc); NEED(HeapFree);
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapEnableTerminationOnCorruption, then correct calls");
    EXPECT_UINT("exit code of the process", conform_in_child("heap_termination", "0"), 2);
    CHECK(HEAP_PAGE("heapsetinformation"), "HeapEnableTerminationOnCorruption, then a block freed twice");
    EXPECT_BOOL("the process ends", conform_in_child("heap_termination", "1") != 2, TRUE);
}

struct summary {
    DWORD size;
    SIZE_T allocated, committed, reserved, maximum_reserve;
};

TEST(HeapSummary, counts)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(HeapSummary);
    HANDLE heap = pHeapCreate(0, 0, 0);
    struct summary before = { .size = sizeof(before) }, after = before;
    CHECK(HEAP_PAGE("heapsummary"), "new heap, 0, HEAP_SUMMARY");
    SET_SENTINEL();
    BOOL done = pHeapSummary(heap, 0, &before);
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("return", done, TRUE);
    EXPECT_BOOL("committed is at most reserved", before.committed <= before.reserved, TRUE);
    for (unsigned i = 0; i < 100; i++)
        pHeapAlloc(heap, 0, 1000);
    CHECK(HEAP_PAGE("heapsummary"), "with 100 blocks of 1000 bytes");
    EXPECT_BOOL("return", pHeapSummary(heap, 0, &after), TRUE);
    EXPECT_BOOL("allocated grew by 100000 at least", after.allocated >= before.allocated + 100000, TRUE);
    EXPECT_BOOL("allocated is at most committed", after.allocated <= after.committed, TRUE);
    CHECK(HEAP_PAGE("heapsummary"), "size field 1");
    after.size = 1;
    EXPECT_BOOL("return", pHeapSummary(heap, 0, &after), FALSE);
    pHeapDestroy(heap);
}

FAMILY(heap)
