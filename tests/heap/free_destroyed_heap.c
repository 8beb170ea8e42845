/* free_destroyed_heap.c - blocks of a heap that was destroyed, and the handle of that heap, are refused. */
#include "heaptest.h"

static void attack(HANDLE heap)
{
    for (int round = 0; round < 4; round++) {
        HANDLE gone = HeapCreate(round & 1 ? HEAP_NO_SERIALIZE : 0, 0, 0);
        void *blocks[BLOCK_SIZES];
        expect(gone, "HeapCreate");
        for (int i = 0; i < BLOCK_SIZES; i++) expect(blocks[i] = HeapAlloc(gone, 0, block_sizes[i]), "block");
        expect(HeapDestroy(gone), "HeapDestroy");
        for (int i = 0; i < BLOCK_SIZES; i++) expect_refused(heap, blocks[i], "a block of a destroyed heap");
        SetLastError(SENTINEL);
        expect(!HeapDestroy(gone), "a heap destroyed twice");
        expect(GetLastError() == ERROR_INVALID_HANDLE, "error %lu", GetLastError());
        expect(!HeapAlloc(gone, 0, 16), "a block of a destroyed heap");
        expect(!HeapFree(gone, 0, blocks[0]), "free in a destroyed heap");
        expect(HeapSize(gone, 0, blocks[0]) == NO_SIZE, "size in a destroyed heap");
        expect(!HeapReAlloc(gone, 0, blocks[0], 50), "reallocation in a destroyed heap");
        expect(!HeapValidate(gone, 0, NULL), "a destroyed heap is not valid");
        expect(!HeapValidate(gone, 0, blocks[0]), "a block of a destroyed heap is not valid");
        expect(!HeapLock(gone), "lock of a destroyed heap");
        PROCESS_HEAP_ENTRY entry = { 0 };
        expect(!HeapWalk(gone, &entry), "walk of a destroyed heap");
    }
}

int main(void) { return attack_main(attack); }
