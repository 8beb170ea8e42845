/* kinds.c - the kinds of heaps that HeapCreate makes keep their promises: fixed size, executable, tail and free
 * checking; and GetProcessHeaps lists all of them in order of creation.
 */
#include "heaptest.h"

static void fixed_heap_is_a_budget(void **state)
{
    enum { MAXIMUM = 1 << 20, MANY = 20000 };
    static void *blocks[MANY];
    (void)state;
    for (SIZE_T size = 16; size <= 100000; size *= 5) {
        HANDLE heap = HeapCreate(0, 0, MAXIMUM);
        SIZE_T first = 0;
        expect(heap, "HeapCreate");
        for (int round = 0; round < 3; round++) { /* what was freed can be had again, no less and no more */
            SIZE_T count = 0;
            SetLastError(SENTINEL);
            while (count < MANY && (blocks[count] = HeapAlloc(heap, 0, size))) pattern_write(blocks[count++], size, 5);
            if (count < MANY) expect(GetLastError() == ERROR_NOT_ENOUGH_MEMORY, "error %lu", GetLastError());
            expect(count * size <= MAXIMUM, "%u blocks of %u in a heap of 1 MB", (unsigned)count, (unsigned)size);
            if (size >= 80) expect(count * size >= MAXIMUM / 2, "only %u of %u", (unsigned)count, (unsigned)size);
            if (round) expect(count == first, "%u blocks, at first %u", (unsigned)count, (unsigned)first);
            first = count;
            expect(walk_count(heap, NULL) == count, "the walk of a full heap");
            for (SIZE_T i = 0; i < count; i++) {
                expect(pattern_differs(blocks[i], size, NO_SIZE, 5) == NO_SIZE, "content of block %u", (unsigned)i);
                expect(HeapFree(heap, 0, blocks[i]), "free");
            }
        }
        /* Growing and shrinking count too. */
        void *block = HeapAlloc(heap, 0, 100000);
        expect(block && !HeapReAlloc(heap, 0, block, MAXIMUM), "growth beyond the heap");
        expect(HeapSize(heap, 0, block) == 100000, "the size after refused growth");
        for (int i = 0; i < 1000; i++) {
            void *other = HeapReAlloc(heap, 0, block, i % 2 ? 200000 : 50000);
            expect(other, "round %d of growing and shrinking", i);
            block = other;
        }
        expect(HeapFree(heap, 0, block), "free");
        expect(HeapDestroy(heap), "HeapDestroy");
    }
    HANDLE small = HeapCreate(0, 0, 65536);
    expect(small && !HeapAlloc(small, 0, 65536), "all of a fixed heap in one block");
    expect(!HeapAlloc(small, 0, 65536 - 64), "nearly all of it");
    expect(HeapAlloc(small, 0, 40000), "most of it");
    expect(HeapDestroy(small), "HeapDestroy");
    HANDLE large = HeapCreate(0, 0, 64 << 20);
    expect(large && HeapAlloc(large, 0, 0x70000), "a block below the limit of fixed heaps");
    expect(!HeapAlloc(large, 0, 1 << 20), "a block above the limit of fixed heaps");
    expect(HeapDestroy(large), "HeapDestroy");
}

static void executable_heap_runs_code(void **state)
{
    static const BYTE code[] = { 0xb8, 0x2a, 0, 0, 0, 0xc3 }; /* mov eax, 42; ret */
    static const SIZE_T sizes[] = { sizeof code, 500, 20000, 200000, 3 << 20 };
    HANDLE heap = HeapCreate(HEAP_CREATE_ENABLE_EXECUTE, 0, 0), plain = HeapCreate(0, 0, 0);
    (void)state;
    expect(heap && plain, "HeapCreate");
    for (int round = 0; round < 3; round++)
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            MEMORY_BASIC_INFORMATION info;
            void *block = HeapAlloc(heap, 0, sizes[i]), *other = HeapAlloc(plain, 0, sizes[i]);
            expect(block && other, "blocks of %u", (unsigned)sizes[i]);
            expect(VirtualQuery(block, &info, sizeof info) && info.Protect == PAGE_EXECUTE_READWRITE,
                   "protection %lx of %u executable bytes", info.Protect, (unsigned)sizes[i]);
            memcpy(block, code, sizeof code);
            expect(((int (*)(void))(ULONG_PTR)block)() == 42, "the code in the block");
            expect(VirtualQuery(other, &info, sizeof info) && info.Protect == PAGE_READWRITE,
                   "protection %lx of %u plain bytes", info.Protect, (unsigned)sizes[i]);
            expect(HeapFree(plain, 0, other), "free");
            block = HeapReAlloc(heap, 0, block, sizes[i] * 2);
            expect(block && VirtualQuery(block, &info, sizeof info) && info.Protect == PAGE_EXECUTE_READWRITE,
                   "protection after growth");
            expect(((int (*)(void))(ULONG_PTR)block)() == 42, "the code after growth");
            expect(HeapFree(heap, 0, block), "free");
        }
    expect(HeapDestroy(heap) && HeapDestroy(plain), "HeapDestroy");
}

/* With tail checking, a write just behind a block is found when the block is validated, freed or reallocated. */
static void tail_checking_finds_overruns(void **state)
{
    static const SIZE_T sizes[] = { 1, 15, 16, 24, 100, 1000, 5000, 100000 };
    HANDLE heap = HeapCreate(HEAP_TAIL_CHECKING_ENABLED, 0, 0);
    (void)state;
    expect(heap, "HeapCreate");
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        BYTE *block = HeapAlloc(heap, 0, sizes[i]);
        expect(block && HeapSize(heap, 0, block) == sizes[i], "a block of %u", (unsigned)sizes[i]);
        BYTE kept = block[sizes[i]];
        block[sizes[i]] = (BYTE)~kept;
        expect(!HeapValidate(heap, 0, block), "one byte behind %u is not noticed", (unsigned)sizes[i]);
        expect(!HeapValidate(heap, 0, NULL), "one byte behind %u is not noticed in the whole heap", (unsigned)sizes[i]);
        SetLastError(SENTINEL);
        expect(!HeapReAlloc(heap, 0, block, sizes[i] * 2), "HeapReAlloc of an overrun block of %u", (unsigned)sizes[i]);
        expect(!HeapFree(heap, 0, block), "HeapFree of an overrun block of %u", (unsigned)sizes[i]);
        expect(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
        block[sizes[i]] = kept;
        expect(HeapValidate(heap, 0, block) && HeapFree(heap, 0, block), "the mended block of %u", (unsigned)sizes[i]);
        block = HeapReAlloc(heap, 0, HeapAlloc(heap, 0, sizes[i]), sizes[i] + 7);
        block[sizes[i] + 7] ^= 0xff;
        expect(!HeapValidate(heap, 0, block), "one byte behind a reallocated block of %u", (unsigned)sizes[i]);
        block[sizes[i] + 7] ^= 0xff;
        expect(HeapFree(heap, 0, block), "the mended reallocated block");
    }
    expect(HeapDestroy(heap), "HeapDestroy");
}

/* With free checking, a write to a freed block is found when the heap is validated, and the block is not handed out again. */
static void free_checking_finds_late_writes(void **state)
{
    static const SIZE_T sizes[] = { 4, 24, 100, 1000, 5000, 60000 };
    enum { MORE = 5000 };
    static void *more[MORE];
    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        HANDLE heap = HeapCreate(HEAP_FREE_CHECKING_ENABLED, 0, 0);
        unsigned size = (unsigned)sizes[i], count = size > 1000 ? 200 : MORE;
        BYTE *block = HeapAlloc(heap, 0, size), *kept = HeapAlloc(heap, 0, size);
        expect(block && kept && HeapFree(heap, 0, block), "blocks of %u", size);
        expect(HeapValidate(heap, 0, NULL), "before the write to a block of %u", size);
        BYTE old = block[size - 1];
        block[size - 1] = (BYTE)~old;
        expect(!HeapValidate(heap, 0, NULL), "a write to a freed block of %u is not noticed", size);
        block[size - 1] = old;
        expect(HeapValidate(heap, 0, NULL), "the mended block of %u", size);
        block[0] = 1;
        for (unsigned n = 0; n < count; n++) {
            expect(more[n] = HeapAlloc(heap, HEAP_ZERO_MEMORY, size), "block %u of %u", n, size);
            expect(more[n] != block, "the block of %u that was written to is handed out again", size);
            expect(!*(BYTE *)more[n] && !((BYTE *)more[n])[size - 1], "zeroed");
        }
        expect(block[0] == 1, "the block of %u is left as it was", size);
        expect(!HeapValidate(heap, 0, NULL), "the loss of a block of %u is not told", size);
        for (unsigned n = 0; n < count; n++) expect(HeapFree(heap, 0, more[n]), "block %u of %u", n, size);
        expect(HeapFree(heap, 0, kept) && HeapDestroy(heap), "the end");
    }
}

/* Growing in place by a few pages at a time, block sizes that have a reservation of their own among them. */
static void checked_blocks_grow(void **state)
{
    static const SIZE_T sizes[] = { 5000, 100000, (17 << 20) + 100, sizeof(void *) == 8 ? (257 << 20) + 100 : 0 };
    HANDLE heap = HeapCreate(HEAP_TAIL_CHECKING_ENABLED, 0, 0);
    (void)state;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0] && sizes[i]; i++) {
        BYTE *block = HeapAlloc(heap, 0, sizes[i]);
        for (SIZE_T more = 0; more < 70000; more += 7000) {
            expect(block = HeapReAlloc(heap, 0, block, sizes[i] + more), "growth of %u by %u", (unsigned)sizes[i], (unsigned)more);
            memset(block + sizes[i], 1, more);
            expect(HeapValidate(heap, 0, block), "the block of %u and %u", (unsigned)sizes[i], (unsigned)more);
        }
        expect(HeapFree(heap, 0, block), "free");
    }
    expect(HeapDestroy(heap), "HeapDestroy");
}

/* A checked heap is right at every moment, also while another thread changes it. */
static HANDLE busy_heap;
static volatile LONG busy_end, busy_operations;
static DWORD WINAPI busy_run(void *context)
{
    static void *blocks[500];
    (void)context;
    for (LONG i = 0; !busy_end; busy_operations = ++i) {
        void **block = &blocks[i % 500];
        if (*block && i % 3) *block = HeapReAlloc(busy_heap, 0, *block, 1 + i % 97);
        else if (*block) HeapFree(busy_heap, 0, *block), *block = NULL;
        else *block = HeapAlloc(busy_heap, 0, 1 + i % 101);
    }
    return 0;
}

static void checked_heap_is_right_while_used(void **state)
{
    (void)state;
    busy_heap = HeapCreate(HEAP_TAIL_CHECKING_ENABLED | HEAP_FREE_CHECKING_ENABLED, 0, 0);
    HANDLE thread = CreateThread(NULL, 0, busy_run, NULL, 0, NULL);
    expect(busy_heap && thread, "a heap and a thread");
    for (int look = 0; look < 300 || busy_operations < 100000; look++) {
        expect(HeapValidate(busy_heap, 0, NULL), "after %ld operations", busy_operations);
        for (int pause = 0; pause < 5000; pause++) YieldProcessor(); /* the other one's turn */
    }
    busy_end = TRUE;
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    expect(HeapValidate(busy_heap, 0, NULL) && HeapDestroy(busy_heap), "the heap at the end");
}

/* A block so large that it has a reservation of its own, not all of it committed, between others. */
static void walk_goes_on_behind_huge_blocks(void **state)
{
    const SIZE_T huge = (sizeof(void *) == 8 ? (SIZE_T)256 << 20 : (SIZE_T)16 << 20) + 4097;
    HANDLE heaps[] = { HeapCreate(0, 0, 0), GetProcessHeap() };
    (void)state;
    for (int i = 0; i < 2; i++) {
        SIZE_T before = walk_count(heaps[i], NULL), found = 0, bytes = 0, uncommitted = 0;
        void *blocks[] = { HeapAlloc(heaps[i], 0, 40), HeapAlloc(heaps[i], 0, huge), HeapAlloc(heaps[i], 0, 2000000),
                           HeapAlloc(heaps[i], 0, huge + 5), HeapAlloc(heaps[i], 0, 3000) };
        PROCESS_HEAP_ENTRY entry = { 0 };
        expect(walk_count(heaps[i], NULL) >= before + 5, "the walk's number of blocks");
        while (HeapWalk(heaps[i], &entry)) {
            if (entry.wFlags & PROCESS_HEAP_UNCOMMITTED_RANGE) uncommitted++;
            for (int b = 0; b < 5; b++)
                if (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY && entry.lpData == blocks[b]) found++, bytes += entry.cbData;
        }
        expect(found == 5 && bytes == 2 * huge + 5 + 2000000 + 3000 + 40, "%u blocks of %u bytes in all", (unsigned)found, (unsigned)bytes);
        expect(uncommitted, "no uncommitted range: this test tests nothing");
        for (int b = 0; b < 5; b++) expect(HeapFree(heaps[i], 0, blocks[b]), "free");
    }
    expect(HeapDestroy(heaps[0]), "HeapDestroy");
}

static void process_heaps_in_order(void **state)
{
    enum { NEW = 150 };
    static HANDLE made[NEW], before[1000], after[1000];
    (void)state;
    DWORD count = GetProcessHeaps(1000, before), found = 0;
    expect(count >= 1 && count < 500, "%lu heaps", count);
    for (DWORD i = 0; i < count; i++) found += before[i] == GetProcessHeap();
    expect(found == 1, "the process heap is listed %lu times", found);
    for (int i = 0; i < NEW; i++) expect(made[i] = HeapCreate(i % 3 ? 0 : HEAP_NO_SERIALIZE, 0, i % 5 ? 0 : 100000), "HeapCreate");
    expect(GetProcessHeaps(0, NULL) == count + NEW, "the number of heaps");
    expect(GetProcessHeaps(1000, after) == count + NEW, "the number of heaps");
    for (DWORD i = 0; i < count; i++) expect(after[i] == before[i], "old heap %lu keeps its place", i);
    for (DWORD i = 0; i < NEW; i++) expect(after[count + i] == made[i], "new heap %lu comes in order", i);
    after[3] = (HANDLE)77;
    expect(GetProcessHeaps(3, after) == count + NEW && after[3] == (HANDLE)77, "exactly three are stored");
    for (int i = 0; i < NEW; i += 2) expect(HeapDestroy(made[i]), "HeapDestroy");
    expect(GetProcessHeaps(1000, after) == count + NEW / 2, "half of them are gone");
    for (DWORD i = 0; i < NEW / 2; i++) expect(after[count + i] == made[i * 2 + 1], "heap %lu comes in order", i);
    SetLastError(SENTINEL);
    expect(GetProcessHeaps(1000, (PHANDLE)16) == 0 && GetLastError() == ERROR_NOACCESS, "a bad buffer: error %lu", GetLastError());
    HANDLE last = HeapCreate(0, 0, 0);
    expect(GetProcessHeaps(1000, after) == count + NEW / 2 + 1 && after[count + NEW / 2] == last, "a new one is the last");
    for (int i = 1; i < NEW; i += 2) expect(HeapDestroy(made[i]), "HeapDestroy");
    expect(HeapDestroy(last), "HeapDestroy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_heap_is_a_budget),
        cmocka_unit_test(executable_heap_runs_code),
        cmocka_unit_test(tail_checking_finds_overruns),
        cmocka_unit_test(free_checking_finds_late_writes),
        cmocka_unit_test(checked_blocks_grow),
        cmocka_unit_test(checked_heap_is_right_while_used),
        cmocka_unit_test(walk_goes_on_behind_huge_blocks),
        cmocka_unit_test(process_heaps_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
