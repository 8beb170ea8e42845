/* free_interior.c - a pointer into a live block, or just before or behind it, is refused. */
#include "heaptest.h"

static BOOL starts_a_block(void *const *blocks, int count, const BYTE *pointer)
{
    for (int i = 0; i < count; i++)
        if (blocks[i] == pointer) return TRUE;
    return FALSE;
}

static void attack(HANDLE heap)
{
    for (int i = 0; i < BLOCK_SIZES; i++) {
        enum { COUNT = 3 };
        SIZE_T size = block_sizes[i];
        void *blocks[COUNT];
        for (int j = 0; j < COUNT; j++) {
            expect(blocks[j] = HeapAlloc(heap, 0, size), "block");
            pattern_write(blocks[j], size, 77);
        }
        BYTE *block = blocks[1];
        for (SIZE_T at = 1; at < size; at += at < 300 ? 1 : at / 7) expect_refused(heap, block + at, "an interior pointer");
        for (SIZE_T at = 16; at < size; at *= 2) expect_refused(heap, block + at, "an aligned interior pointer");
        for (SIZE_T at = 4096 - ((SIZE_T)block & 4095); at < size; at += 4096 * 37)
            expect_refused(heap, block + at, "the start of a page inside a block");
        if (size > 16) expect_refused(heap, block + size - 1, "a block's last byte");
        for (int at = 1; at < 8; at++) expect_refused(heap, block - at, "a pointer just before a block");
        if (!starts_a_block(blocks, COUNT, block - 16)) {
            SIZE_T valid = HeapSize(heap, 0, block - 16); /* may be a block of the herd, 16 bytes long */
            if (valid == NO_SIZE) expect_refused(heap, block - 16, "16 bytes before a block");
        }
        for (int j = 0; j < COUNT; j++) {
            expect(pattern_differs(blocks[j], size, NO_SIZE, 77) == NO_SIZE, "content after the attack");
            expect(HeapSize(heap, 0, blocks[j]) == size, "size after the attack");
            expect(HeapFree(heap, 0, blocks[j]), "free after the attack");
        }
    }
}

/* What lies in a region before its first block and behind its last one is no block either. */
static void attack_edges(HANDLE heap)
{
    static const SIZE_T sizes[] = { 2500, 5000, 20000, 45000 };
    enum { COUNT = 60, REGIONS = 64 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        PROCESS_HEAP_ENTRY regions[REGIONS], entry = { 0 };
        void *blocks[COUNT];
        int count = 0;
        for (int j = 0; j < COUNT; j++) expect(blocks[j] = HeapAlloc(heap, 0, sizes[i]), "block");
        expect(HeapLock(heap), "HeapLock");
        while (HeapWalk(heap, &entry)) {
            BOOL mine = FALSE;
            BYTE *first = entry.lpData, *end = first + entry.cbData;
            for (int j = 0; j < COUNT && entry.wFlags & PROCESS_HEAP_REGION; j++)
                mine |= (BYTE *)blocks[j] >= first && (BYTE *)blocks[j] < end;
            if (mine && count < REGIONS) regions[count++] = entry;
        }
        expect(GetLastError() == ERROR_NO_MORE_ITEMS && count > 0, "%d regions", count);
        expect(HeapUnlock(heap), "HeapUnlock");
        for (int r = 0; r < count; r++) {
            BYTE *first = regions[r].lpData, *end = first + regions[r].cbData;
            for (BYTE *at = first; at < (BYTE *)regions[r].Region.lpFirstBlock; at += 16)
                expect_refused(heap, at, "a pointer before a region's first block");
            for (BYTE *at = regions[r].Region.lpLastBlock; at < end; at += 1024)
                expect_refused(heap, at, "a pointer behind a region's last block");
        }
        for (int j = 0; j < COUNT; j++) expect(HeapFree(heap, 0, blocks[j]), "free after the attack");
    }
}

static void attack_all(HANDLE heap)
{
    attack(heap);
    attack_edges(heap);
}

int main(void) { return attack_main(attack_all); }
