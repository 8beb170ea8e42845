/* threads.c - threads come and go: what an ended thread had cached is used again, a terminated thread loses nothing for
 * good and blocks nobody, and its blocks stay alive.
 */
#include "heaptest.h"

/* ---- a thread's end ---- */
enum { PART = 400 };
struct stay {
    HANDLE heap;
    void *blocks[PART];
    BOOL free_all;
};
static SIZE_T part_size(int i) { return i % 40 ? (SIZE_T)(16 + i * 37 % 6000) : 200000; }

static DWORD WINAPI stay_run(void *context)
{
    struct stay *s = context;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PART; i++) {
            if (s->blocks[i]) expect_thread(HeapFree(s->heap, 0, s->blocks[i]), "HeapFree");
            expect_thread(s->blocks[i] = HeapAlloc(s->heap, 0, part_size(i)), "HeapAlloc");
            pattern_write(s->blocks[i], part_size(i), (uint32_t)i);
        }
    }
    for (int i = 0; i < PART && s->free_all; i++) {
        expect_thread(HeapFree(s->heap, 0, s->blocks[i]), "HeapFree");
        s->blocks[i] = NULL;
    }
    return 0;
}

static void many_threads_in_turn(HANDLE heap)
{
    struct stay stay = { .heap = heap, .free_all = TRUE };
    for (int i = 0; i < 20; i++) thread_run(stay_run, &stay);
    SIZE_T before = resident();
    for (int i = 0; i < 300; i++) thread_run(stay_run, &stay);
    SIZE_T after = resident();
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    expect(after < before + (12 << 20), "300 threads left %u KB behind", (unsigned)((after - before) >> 10));
    /* Blocks that outlive their thread. */
    stay.free_all = FALSE;
    for (int i = 0; i < 30; i++) {
        thread_run(stay_run, &stay);
        for (int j = 0; j < PART; j++) {
            expect(HeapSize(heap, 0, stay.blocks[j]) == part_size(j), "size of a block whose thread has ended");
            expect(pattern_differs(stay.blocks[j], part_size(j), NO_SIZE, (uint32_t)j) == NO_SIZE, "its content");
            if (j % 3) continue;
            expect(HeapFree(heap, 0, stay.blocks[j]), "free of it");
            stay.blocks[j] = HeapAlloc(heap, 0, part_size(j));
            expect(stay.blocks[j], "a block in its place");
        }
    }
    for (int j = 0; j < PART; j++) expect(HeapFree(heap, 0, stay.blocks[j]), "the last free");
    expect(HeapValidate(heap, 0, NULL), "the heap");
}
static void ended_process_heap(void **state) { (void)state, many_threads_in_turn(GetProcessHeap()); }
static void ended_private_heap(void **state)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    (void)state;
    many_threads_in_turn(heap);
    expect(walk_count(heap, NULL) == 0 && HeapDestroy(heap), "nothing is left");
}

/* ---- an ended thread's blocks, freed by two others: the first to free one may take over what lies around it ---- */
static DWORD WINAPI second_heir_run(void *context)
{
    struct stay *s = context;
    for (int i = 1; i < PART; i += 2) {
        expect_thread(HeapFree(s->heap, 0, s->blocks[i]), "free by the second heir");
        expect_thread(!HeapFree(s->heap, 0, s->blocks[i]), "freed twice by the second heir");
    }
    for (int i = 0; i < PART; i += 2) expect_thread(!HeapFree(s->heap, 0, s->blocks[i]), "freed by the first heir already");
    return 0;
}

static void heirs(void **state)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct stay stay = { .heap = heap };
        thread_run(stay_run, &stay);
        SIZE_T live = walk_count(heap, NULL);
        expect(live == PART, "%u blocks live", (unsigned)live);
        for (int i = 0; i < PART; i += 2) {
            expect(HeapFree(heap, 0, stay.blocks[i]), "free by the first heir");
            expect(!HeapFree(heap, 0, stay.blocks[i]), "freed twice by the first heir");
            expect(HeapSize(heap, 0, stay.blocks[i + 1]) == part_size(i + 1), "size of a block that is left");
        }
        live = walk_count(heap, NULL);
        expect(live == PART / 2, "%u blocks left to the second heir", (unsigned)live);
        thread_run(second_heir_run, &stay);
        expect(!thread_failures && walk_count(heap, NULL) == 0 && HeapValidate(heap, 0, NULL), "nothing is left");
    }
    expect(HeapDestroy(heap), "HeapDestroy");
}

/* ---- blocks that two threads free: the slabs go back, whoever freed the last one ---- */
enum { SHARED = 20000, EACH = 97, ENOUGH_MS = 5000 };
struct share {
    HANDLE heap;
    void *blocks[SHARED];
};

static DWORD WINAPI other_half_run(void *context)
{
    struct share *s = context;
    for (int i = 0; i < SHARED; i += EACH) expect_thread(HeapFree(s->heap, 0, s->blocks[i]), "HeapFree");
    return 0;
}

static void freed_by_two(void **state)
{
    static struct share share;
    SIZE_T regions, before;
    (void)state;
    share.heap = HeapCreate(0, 0, 0);
    for (int i = 0; i < SHARED; i++) expect(share.blocks[i] = HeapAlloc(share.heap, 0, 64), "block");
    before = walk_count_of(share.heap, PROCESS_HEAP_REGION, NULL);
    thread_run(other_half_run, &share);
    expect(HeapFree(share.heap, 0, HeapAlloc(share.heap, 0, 1000)), "a block for which a slab must be found");
    for (int i = 0; i < SHARED; i++)
        if (i % EACH) expect(HeapFree(share.heap, 0, share.blocks[i]), "free");
    DWORD begun = GetTickCount();
    while ((regions = walk_count_of(share.heap, PROCESS_HEAP_REGION, NULL)) > 4 && GetTickCount() - begun < ENOUGH_MS) {
        Sleep(50);
        expect(HeapFree(share.heap, 0, HeapAlloc(share.heap, 0, 1000)), "a pair");
    }
    expect(before > 10 && regions <= 4, "%u of %u regions are left", (unsigned)regions, (unsigned)before);
    expect(HeapDestroy(share.heap), "HeapDestroy");
}

/* ---- TerminateThread ----
 * Every other victim works until the end, with small blocks: those come and go without a system call once it is warm,
 * and Wine itself does not survive a thread that is terminated inside one. The rest hold large blocks' memory too, and
 * stand still. */
struct victim {
    HANDLE heap;
    BOOL stands_still;
    volatile LONG64 rounds;
    void *kept[8];
    volatile LONG kept_count;
};
static DWORD WINAPI victim_run(void *context)
{
    struct victim *v = context;
    uint64_t seed = 3;
    for (int i = 0; i < 8; i++) {
        v->kept[i] = HeapAlloc(v->heap, 0, 100);
        pattern_write(v->kept[i], 100, (uint32_t)i);
        v->kept_count = i + 1;
    }
    for (;;) {
        void *blocks[50];
        uint64_t same = seed;
        for (int i = 0; i < 50; i++) blocks[i] = HeapAlloc(v->heap, 0, random_size(&same, v->stands_still ? 150000 : 3000));
        for (int i = 0; i < 50; i++) HeapFree(v->heap, 0, blocks[i]);
        v->rounds++;
        while (v->stands_still && v->rounds > 20) Sleep(1000);
    }
    return 0;
}

/* Everything a program can do with the heap still ends, and is right. Runs in a thread of its own, watched. */
static DWORD WINAPI survivor_run(void *context)
{
    HANDLE heap = context;
    void *blocks[300];
    for (int i = 0; i < 300; i++) {
        expect_thread(blocks[i] = HeapAlloc(heap, 0, part_size(i)), "HeapAlloc after TerminateThread");
        pattern_write(blocks[i], part_size(i), (uint32_t)i);
    }
    for (int i = 0; i < 300; i++) {
        expect_thread(pattern_differs(blocks[i], part_size(i), NO_SIZE, (uint32_t)i) == NO_SIZE, "content");
        expect_thread(HeapFree(heap, 0, blocks[i]), "HeapFree after TerminateThread");
    }
    expect_thread(HeapLock(heap) && HeapUnlock(heap), "HeapLock after TerminateThread");
    return 0;
}

/* A victim that never came near a heap. */
static DWORD WINAPI bystander_run(void *context)
{
    *(volatile LONG *)context = 1;
    while (*(volatile LONG *)context) Sleep(1000);
    return 0;
}

/* What the system itself keeps of so many terminated threads: under Wine about 1 MB each, of their stacks. */
static SIZE_T system_keeps(int threads)
{
    SIZE_T before = resident();
    for (int i = 0; i < threads; i++) {
        volatile LONG runs = 0;
        HANDLE thread = thread_start(bystander_run, (void *)&runs);
        while (!runs) Sleep(1);
        TerminateThread(thread, 1);
        thread_join(thread);
    }
    return resident() - before;
}

#define VICTIMS 60
static void terminated(void **state)
{
    HANDLE heap = HeapCreate(0, 0, 0);
    (void)state;
    Sleep(3000); /* until what the tests before left idle has gone back */
    SIZE_T not_ours = system_keeps(VICTIMS), early = resident();
    for (int round = 0; round < VICTIMS; round++) {
        struct victim victim = { .heap = heap, .stands_still = round % 2 };
        HANDLE thread = thread_start(victim_run, &victim);
        while (victim.rounds < 21) Sleep(1);
        for (int i = 0; i < round % 50; i++) YieldProcessor();
        TerminateThread(thread, 1);
        thread_join(thread);
        thread_run(survivor_run, heap);
        expect(!thread_failures, "%ld failures after %d terminated threads", thread_failures, round + 1);
        for (int i = 0; i < victim.kept_count; i++) {
            expect(pattern_differs(victim.kept[i], 100, NO_SIZE, (uint32_t)i) == NO_SIZE, "a terminated thread's block");
            expect(HeapFree(heap, 0, victim.kept[i]), "free of a terminated thread's block");
        }
        expect(HeapValidate(heap, 0, NULL), "the heap after %d terminated threads", round + 1);
    }
    /* Each lost at most the blocks that it held, whose slabs others go on with; what it had cached comes back, at the
     * latest when other threads have come and gone and idle memory was looked for. Else it would be 1 MB of each. */
    for (int i = 0; i < 100; i++) thread_run(survivor_run, heap);
    Sleep(3000);
    thread_run(survivor_run, heap);
    SIZE_T late = resident(), lost = 0;
    SIZE_T count = walk_count(heap, &lost);
    expect(count <= VICTIMS * 50, "%u blocks are left of %d threads", (unsigned)count, VICTIMS);
    expect(late < early + not_ours + lost + (30 << 20), "%u KB more are resident: %u of the threads, %u live",
           (unsigned)((late - early) >> 10), (unsigned)(not_ours >> 10), (unsigned)(lost >> 10));
    expect(HeapDestroy(heap), "HeapDestroy");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ended_process_heap), cmocka_unit_test(ended_private_heap),
                                        cmocka_unit_test(heirs), cmocka_unit_test(freed_by_two), cmocka_unit_test(terminated) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
