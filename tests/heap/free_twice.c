/* free_twice.c - a block that was freed already is refused, at once and after other allocations and frees. */
#include "heaptest.h"

static void attack(HANDLE heap)
{
    for (int i = 0; i < BLOCK_SIZES; i++) {
        void *neighbour = HeapAlloc(heap, 0, block_sizes[i]), *block = HeapAlloc(heap, 0, block_sizes[i]);
        expect(neighbour && block, "two blocks");
        expect(HeapFree(heap, 0, block), "the first free");
        expect_refused(heap, block, "a block freed just now");
        expect(HeapFree(heap, 0, neighbour), "free of the neighbour");
        expect_refused(heap, block, "a block freed before its neighbour");
        expect_refused(heap, neighbour, "the neighbour, freed");
    }
    /* Many freed blocks of each size, each of them refused; some of them lie in memory that was given back. */
    for (int i = 0; i < BLOCK_SIZES; i++) {
        enum { MANY = 300 };
        static void *blocks[MANY];
        int many = block_sizes[i] > 100000 ? 20 : MANY;
        for (int j = 0; j < many; j++) expect(blocks[j] = HeapAlloc(heap, 0, block_sizes[i]), "block %d", j);
        for (int j = 0; j < many; j += 2) expect(HeapFree(heap, 0, blocks[j]), "free of block %d", j);
        for (int j = 0; j < many; j += 2) expect_refused(heap, blocks[j], "one of many freed blocks");
        for (int j = 1; j < many; j += 2) expect(HeapFree(heap, 0, blocks[j]), "free of block %d", j);
        for (int j = 0; j < many; j++) expect_refused(heap, blocks[j], "one of many freed blocks, all free");
    }
    /* Moved by HeapReAlloc: the old place is free. */
    for (int i = 0; i < BLOCK_SIZES; i++) {
        void *block = HeapAlloc(heap, 0, block_sizes[i]), *moved = HeapReAlloc(heap, 0, block, block_sizes[i] * 9 + 9000);
        expect(moved, "a grown block");
        if (moved != block) expect_refused(heap, block, "a block that was moved");
        expect(HeapFree(heap, 0, moved), "free of the grown block");
        expect_refused(heap, moved, "the grown block, freed");
    }
}

int main(void) { return attack_main(attack); }
