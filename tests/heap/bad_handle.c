/* bad_handle.c - values that are no heap handles are refused by every function that takes one. */
#include "heaptest.h"

static void expect_no_heap(HANDLE handle, void *block, const char *what)
{
    PROCESS_HEAP_ENTRY entry = { 0 };
    ULONG information;
    expect(!HeapAlloc(handle, 0, 16), "HeapAlloc from %s", what);
    expect(!HeapReAlloc(handle, 0, block, 50), "HeapReAlloc in %s", what);
    expect(!HeapFree(handle, 0, block), "HeapFree in %s", what);
    expect(HeapSize(handle, 0, block) == NO_SIZE, "HeapSize in %s", what);
    expect(!HeapValidate(handle, 0, NULL), "HeapValidate of %s", what);
    expect(!HeapValidate(handle, 0, block), "HeapValidate in %s", what);
    expect(!HeapLock(handle), "HeapLock of %s", what);
    expect(!HeapUnlock(handle), "HeapUnlock of %s", what);
    expect(!HeapWalk(handle, &entry), "HeapWalk of %s", what);
    expect(!HeapQueryInformation(handle, HeapCompatibilityInformation, &information, sizeof information, NULL),
           "HeapQueryInformation of %s", what);
    SetLastError(SENTINEL);
    expect(!HeapDestroy(handle), "HeapDestroy of %s", what);
    expect(GetLastError() == ERROR_INVALID_HANDLE, "HeapDestroy of %s: error %lu", what, GetLastError());
}

/* Memory that belongs to no heap any more is not that of no heap. */
static void attack_remains(HANDLE heap)
{
    enum { COUNT = 40 };
    for (int i = 0; i < BLOCK_SIZES; i++) {
        HANDLE gone = HeapCreate(0, 0, 0);
        BYTE *blocks[COUNT];
        void *others[COUNT];
        int count = block_sizes[i] < 200000 ? COUNT : 2;
        for (int j = 0; j < count; j++) expect(blocks[j] = HeapAlloc(gone, 0, block_sizes[i]), "block");
        expect(HeapDestroy(gone), "HeapDestroy");
        for (int j = 0; j < count; j++) expect(others[j] = HeapAlloc(heap, 0, block_sizes[i]), "block");
        for (int j = 0; j < count; j++) {
            PROCESS_HEAP_ENTRY entry = { .lpData = blocks[j], .wFlags = j % 2 ? PROCESS_HEAP_ENTRY_BUSY : PROCESS_HEAP_REGION };
            expect(!HeapWalk(NULL, &entry), "HeapWalk from a block of a destroyed heap, NULL");
            expect_no_heap(NULL, blocks[j], "NULL, a block of a destroyed heap");
            expect_no_heap(NULL, blocks[j] - ((ULONG_PTR)blocks[j] & 65535), "NULL, where a region was");
        }
        for (int j = 0; j < count; j++) expect(HeapFree(heap, 0, others[j]), "free");
    }
}

static void attack(HANDLE heap)
{
    static ULONG_PTR zeroes[512];
    BYTE local[512] = { 0 };
    void *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, 4096);
    expect(block, "block");
    expect_no_heap(NULL, block, "NULL");
    expect_no_heap(INVALID_HANDLE_VALUE, block, "-1");
    expect_no_heap((HANDLE)8, block, "8");
    expect_no_heap(zeroes, block, "image data");
    expect_no_heap(local, block, "the stack");
    expect_no_heap(block, block, "a block");
    expect_no_heap(GetModuleHandleA(NULL), block, "a module");
    expect_no_heap(GetCurrentThread(), block, "another kind of handle");
    expect_no_heap((HANDLE)((ULONG_PTR)heap + 8), block, "a heap's handle and 8");
    expect_no_heap((HANDLE)((ULONG_PTR)heap + 1), block, "a heap's handle and 1");
    /* A copy of a heap's first page is not that heap. */
    BYTE *copy = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    MEMORY_BASIC_INFORMATION info;
    if (VirtualQuery(heap, &info, sizeof info) && info.State == MEM_COMMIT && info.Protect != PAGE_NOACCESS) {
        memcpy(copy, heap, info.RegionSize < 4096 ? info.RegionSize : 4096 - ((ULONG_PTR)heap & 4095));
        expect_no_heap(copy, block, "a copy of a heap");
    }
    VirtualFree(copy, 0, MEM_RELEASE);
    expect(HeapFree(heap, 0, block), "free");
    attack_remains(heap);
}

int main(void) { return attack_main(attack); }
