/* overrun.c - writing past the end of a small block, or before its start, or into freed blocks, damages other blocks'
 * content at most: every size, every decision of the heap, and all further allocations stay right.
 */
#include "heaptest.h"

enum { COUNT = 400 };
static void *blocks[COUNT];
static SIZE_T sizes[COUNT];

/* Every block's size is known, the heap is well, and frees and new blocks work: no two live blocks overlap. */
static void expect_sound(HANDLE heap, const char *what)
{
    for (int i = 0; i < COUNT; i++) {
        if (!blocks[i]) continue;
        expect(HeapSize(heap, 0, blocks[i]) == sizes[i], "%s: size of block %d", what, i);
        expect(HeapValidate(heap, 0, blocks[i]), "%s: block %d", what, i);
    }
    expect(HeapValidate(heap, 0, NULL), "%s: the heap", what);
    for (int round = 0; round < 3; round++) {
        for (int i = round; i < COUNT; i += 3) {
            if (blocks[i]) expect(HeapFree(heap, 0, blocks[i]), "%s: free of block %d", what, i);
            expect(blocks[i] = HeapAlloc(heap, 0, sizes[i]), "%s: a new block %d", what, i);
        }
        for (int i = 0; i < COUNT; i++)
            if (blocks[i]) pattern_write(blocks[i], sizes[i], (uint32_t)i);
        for (int i = 0; i < COUNT; i++)
            expect(!blocks[i] || pattern_differs(blocks[i], sizes[i], NO_SIZE, (uint32_t)i) == NO_SIZE,
                   "%s: block %d overlaps another", what, i);
    }
    expect(HeapValidate(heap, 0, NULL), "%s: the heap, after new blocks", what);
}

/* The writable bytes from pointer on, at most `wanted`: the damage stays inside memory that the program may write. */
static SIZE_T writable(const BYTE *pointer, SIZE_T wanted)
{
    MEMORY_BASIC_INFORMATION info;
    if (!VirtualQuery(pointer, &info, sizeof info) || info.State != MEM_COMMIT ||
        !(info.Protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)))
        return 0;
    SIZE_T left = (SIZE_T)((BYTE *)info.BaseAddress + info.RegionSize - pointer);
    return left < wanted ? left : wanted;
}

static void blocks_new(HANDLE heap, SIZE_T size)
{
    for (int i = 0; i < COUNT; i++) {
        sizes[i] = size;
        expect(blocks[i] = HeapAlloc(heap, 0, size), "block");
    }
}

static void damage_is_content_only(void **state)
{
    (void)state;
    static const SIZE_T small[] = { 1, 16, 40, 64, 200, 512, 1000 };
    static const BYTE values[] = { 0x00, 0xff, 0x41 };
    for (unsigned s = 0; s < sizeof small / sizeof small[0]; s++) {
        for (unsigned v = 0; v < sizeof values; v++) {
            HANDLE own = HeapCreate(0, 0, 0);
            blocks_new(own, small[s]);
            for (int i = 0; i < COUNT; i += 4)
                memset((BYTE *)blocks[i] + small[s], values[v], writable((BYTE *)blocks[i] + small[s], 64));
            expect_sound(own, "overrun by 64 bytes");
            for (int i = 0; i < COUNT; i += 4) {
                BYTE *start = (BYTE *)blocks[i] - 32;
                if (writable(start, 32) == 32) memset(start, values[v], 32);
            }
            expect_sound(own, "underrun by 32 bytes");
            /* Dangling pointers: freed blocks are written over, as far as their memory is still there. */
            for (int i = 1; i < COUNT; i += 2) expect(HeapFree(own, 0, blocks[i]), "free");
            for (int i = 1; i < COUNT; i += 2) {
                memset(blocks[i], values[v], writable(blocks[i], small[s]));
                blocks[i] = NULL;
            }
            expect_sound(own, "written after the free");
            /* Freed blocks hold a forged list: each points at a target that must never be handed out. */
            static void *target[64];
            for (int i = 0; i < COUNT; i++) {
                expect(HeapFree(own, 0, blocks[i]), "free");
                for (SIZE_T at = 0; at + sizeof(void *) <= writable(blocks[i], small[s]); at += sizeof(void *))
                    *(void **)((BYTE *)blocks[i] + at) = target;
            }
            for (int i = 0; i < COUNT; i++) {
                expect(blocks[i] = HeapAlloc(own, 0, small[s]), "block after the forgery");
                expect((ULONG_PTR)blocks[i] - (ULONG_PTR)target >= sizeof target, "the forged list was believed");
            }
            expect_sound(own, "forged lists");
            for (int i = 0; i < COUNT; i++) expect(HeapFree(own, 0, blocks[i]), "the last free");
            expect(HeapDestroy(own), "HeapDestroy");
        }
    }
    expect(HeapValidate(GetProcessHeap(), 0, NULL), "the process heap");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(damage_is_content_only) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
