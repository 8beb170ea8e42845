/* free_other_heap.c - a live block of one heap is refused by every other heap, and stays alive in its own. */
#include "heaptest.h"

static void attack(HANDLE heap)
{
    HANDLE others[] = { HeapCreate(0, 0, 0), HeapCreate(0, 0, 1 << 22), HeapCreate(HEAP_NO_SERIALIZE, 0, 0),
                        GetProcessHeap() };
    for (int h = 0; h < 4; h++) {
        if (others[h] == heap) continue;
        expect(others[h], "HeapCreate");
        for (int i = 0; i < BLOCK_SIZES; i++) {
            if (h == 1 && block_sizes[i] > 400000) continue; /* a fixed heap's blocks are small */
            void *theirs = HeapAlloc(others[h], 0, block_sizes[i]), *ours = HeapAlloc(heap, 0, block_sizes[i]);
            expect(theirs && ours, "blocks of %u in both heaps", (unsigned)block_sizes[i]);
            expect_refused(heap, theirs, "a block of another heap");
            expect_refused(others[h], ours, "a block of the attacked heap, in another");
            expect(HeapSize(others[h], 0, theirs) == block_sizes[i], "size in its own heap");
            expect(HeapSize(heap, 0, ours) == block_sizes[i], "size in its own heap");
            expect(HeapFree(others[h], 0, theirs), "free in its own heap");
            expect(HeapFree(heap, 0, ours), "free in its own heap");
        }
        expect(HeapValidate(others[h], 0, NULL), "the other heap is valid");
    }
    for (int h = 0; h < 3; h++) expect(HeapDestroy(others[h]), "HeapDestroy");
}

int main(void) { return attack_main(attack); }
