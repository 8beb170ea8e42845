/* refill.c - where the next block of a class comes from: slabs that fill, get some room again and are used once more, in
 * every size class, without an allocation that fails or a block that is handed out twice.
 */
#include "heaptest.h"

/* More blocks than two slabs of the class have. */
enum { BLOCKS_MAX = 2 * 65536 / 16 + 200, BEGUN = 100 };

static SIZE_T next_class(SIZE_T bytes) { return bytes < 1024 ? bytes + 16 : bytes + bytes / 8; }

static void class_refill(HANDLE heap, SIZE_T bytes, SIZE_T freed)
{
    static uint32_t *blocks[BLOCKS_MAX];
    SIZE_T count = 2 * 65536 / bytes + 200;
    for (SIZE_T i = 0; i < BEGUN; i++) {
        expect(blocks[i] = HeapAlloc(heap, 0, bytes), "block %u of %u bytes", (unsigned)i, (unsigned)bytes);
        *blocks[i] = (uint32_t)i;
    }
    for (SIZE_T i = 0; i < freed; i++) {
        SIZE_T which = i * 7 % BEGUN;
        expect(*blocks[which] == which, "%u bytes: block %u changed", (unsigned)bytes, (unsigned)which);
        expect(HeapFree(heap, 0, blocks[which]), "HeapFree");
        blocks[which] = NULL;
    }
    for (SIZE_T i = 0; i < count; i++) {
        if (blocks[i]) continue;
        blocks[i] = HeapAlloc(heap, 0, bytes);
        expect(blocks[i], "block %u of %u bytes, after %u frees", (unsigned)i, (unsigned)bytes, (unsigned)freed);
        *blocks[i] = (uint32_t)i;
    }
    for (SIZE_T i = 0; i < count; i++) {
        expect(*blocks[i] == i, "%u bytes: block %u changed", (unsigned)bytes, (unsigned)i);
        expect(HeapFree(heap, 0, blocks[i]), "HeapFree");
        blocks[i] = NULL;
    }
}

/* Where in a slab the first blocks lie is random: several heaps. */
static void every_class(void **state)
{
    static const SIZE_T freed[] = { 1, 10, 40, 64, 99 };
    (void)state;
    for (int round = 0; round < 10; round++) {
        HANDLE heap = HeapCreate(0, 0, 0);
        for (SIZE_T bytes = 16; bytes <= 65536; bytes = next_class(bytes)) class_refill(heap, bytes, freed[round % 5]);
        expect(HeapValidate(heap, 0, NULL), "HeapValidate");
        expect(walk_count(heap, NULL) == 0, "blocks are left");
        expect(HeapDestroy(heap), "HeapDestroy");
    }
}

/* Slabs that a thread leaves behind, its first blocks live, are used on by the others. */
enum { LEFT_MAX = 128 };
struct left {
    HANDLE heap;
    SIZE_T bytes, count;
    void *blocks[LEFT_MAX];
};
static DWORD WINAPI leaving_thread(void *context)
{
    struct left *left = context;
    for (SIZE_T i = 0; i < left->count; i++) left->blocks[i] = HeapAlloc(left->heap, 0, left->bytes);
    return 0;
}

static void slabs_of_ended_threads(void **state)
{
    static const SIZE_T counts[] = { 1, 31, 32, 64, 128 };
    (void)state;
    for (unsigned round = 0; round < 6 * sizeof counts / sizeof counts[0]; round++) {
        struct left left = { .heap = HeapCreate(0, 0, 0), .count = counts[round / 6] };
        for (left.bytes = 16; left.bytes <= 8192; left.bytes = next_class(left.bytes)) {
            void *more[LEFT_MAX];
            thread_run(leaving_thread, &left);
            for (SIZE_T i = 0; i < LEFT_MAX; i++)
                expect(more[i] = HeapAlloc(left.heap, 0, left.bytes), "block %u of %u bytes behind %u of another thread", (unsigned)i,
                       (unsigned)left.bytes, (unsigned)left.count);
            for (SIZE_T i = 0; i < LEFT_MAX; i++) expect(HeapFree(left.heap, 0, more[i]), "HeapFree");
            for (SIZE_T i = 0; i < left.count; i++)
                expect(left.blocks[i] && HeapFree(left.heap, 0, left.blocks[i]), "block %u of the other thread", (unsigned)i);
        }
        expect(HeapDestroy(left.heap), "HeapDestroy");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_class), cmocka_unit_test(slabs_of_ended_threads) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
