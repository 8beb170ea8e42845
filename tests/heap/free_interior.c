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

int main(void) { return attack_main(attack); }
