/* zeroed.c - large zeroed blocks read as zero whatever their memory was used for, and zeroing does not make resident what
 * nobody touches.
 */
#include "heaptest.h"

static const SIZE_T sizes[] = { 3 << 20, (8 << 20) - 100, 12 << 20 };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void hardly_used_memory(void **state)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        /* Each round's memory is the last round's. */
        SIZE_T before = resident();
        for (int round = 0; round < 5; round++) {
            char *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, sizes[i]);
            expect(block, "a block of %u", (unsigned)sizes[i]);
            for (SIZE_T at = (SIZE_T)round * 100; at < sizes[i]; at += 300000) {
                expect(block[at] == 0, "byte %u of round %d", (unsigned)at, round);
                block[at] = 1;
            }
            expect(HeapFree(heap, 0, block), "HeapFree");
        }
        SIZE_T more = resident() - before;
        expect((SSIZE_T)more < (SSIZE_T)sizes[i] / 2, "%u KB of %u are resident", (unsigned)(more >> 10),
               (unsigned)(sizes[i] >> 10));
    }
    expect(HeapDestroy(heap), "HeapDestroy");
}

static void used_memory(void **state)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    (void)state;
    for (int i = 0; i < SIZES; i++)
        for (int round = 0; round < 4; round++) {
            char *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, sizes[i]);
            expect(block && is_zero(block, 0, sizes[i]), "a block of %u, round %d", (unsigned)sizes[i], round);
            /* All of it; then, so that little is resident, its last third. */
            SIZE_T from = round % 2 ? sizes[i] / 3 * 2 : 0;
            memset(block + from, 0x5a, sizes[i] - from);
            expect(HeapFree(heap, 0, block), "HeapFree");
        }
    expect(HeapDestroy(heap), "HeapDestroy");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(hardly_used_memory), cmocka_unit_test(used_memory) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
