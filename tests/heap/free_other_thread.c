/* free_other_thread.c - a block that another thread freed is refused, whether that thread lives or has ended, and
 * whoever allocated it; and of several threads that free one block at once, exactly one succeeds. */
#include "heaptest.h"

struct order {
    HANDLE heap;
    void *blocks[BLOCK_SIZES];
    HANDLE freed, end;
};

static DWORD WINAPI free_all(void *context)
{
    struct order *order = context;
    for (int i = 0; i < BLOCK_SIZES; i++)
        expect_thread(HeapFree(order->heap, 0, order->blocks[i]), "free of block %d by another thread", i);
    SetEvent(order->freed);
    WaitForSingleObject(order->end, INFINITE);
    return 0;
}
static DWORD WINAPI allocate_all(void *context)
{
    struct order *order = context;
    for (int i = 0; i < BLOCK_SIZES; i++) order->blocks[i] = HeapAlloc(order->heap, 0, block_sizes[i]);
    return 0;
}

static void attack_with(HANDLE heap, BOOL theirs)
{
    struct order order = { heap, { 0 }, CreateEventA(NULL, TRUE, FALSE, NULL), CreateEventA(NULL, TRUE, FALSE, NULL) };
    if (theirs) thread_run(allocate_all, &order);
    else allocate_all(&order);
    HANDLE thread = thread_start(free_all, &order);
    WaitForSingleObject(order.freed, INFINITE);
    for (int i = 0; i < BLOCK_SIZES; i++) expect_refused(heap, order.blocks[i], "a block that a live thread freed");
    SetEvent(order.end);
    thread_join(thread);
    for (int i = 0; i < BLOCK_SIZES; i++) expect_refused(heap, order.blocks[i], "a block that a thread freed, which ended");
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    CloseHandle(order.freed);
    CloseHandle(order.end);
}

/* ---- the race: several threads free one block at the same moment ---- */
enum { RACERS = 4, RACES = 3000 };
static struct race {
    HANDLE heap;
    BOOL leader_allocates; /* else the blocks are those of a thread that does not race */
    void *volatile block;
    volatile LONG arrived, left, won;
} race;
static void *race_blocks[RACES];
static SIZE_T race_size(LONG i) { return block_sizes[i % 7]; }

/* Waits until all racers are here, in one direction. */
static void meet(volatile LONG *count, LONG target)
{
    InterlockedIncrement(count);
    for (unsigned spins = 0; *count < target;) {
        if (++spins % 100) YieldProcessor();
        else SwitchToThread();
    }
}

static DWORD WINAPI racer(void *context)
{
    BOOL leader = context != NULL;
    for (LONG i = 0; i < RACES; i++) {
        if (leader) {
            race.block = race.leader_allocates ? HeapAlloc(race.heap, 0, race_size(i)) : race_blocks[i];
            race.won = 0;
        }
        meet(&race.arrived, (i + 1) * RACERS);
        if (HeapFree(race.heap, 0, race.block)) InterlockedIncrement(&race.won);
        else expect_thread(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu of a lost race", GetLastError());
        meet(&race.left, (i + 1) * RACERS);
        /* The thread that allocated a block frees it without an atomic operation, so that it and one other thread may
         * both be told of success when they come at the same instant. The block is free once all the same: nothing is
         * handed out twice, which the herd and its exercise show afterwards. */
        LONG most = race.leader_allocates ? 2 : 1;
        if (leader) expect_thread(race.won >= 1 && race.won <= most, "race %ld: %ld threads freed the block", i, race.won);
    }
    return 0;
}

static void race_run(HANDLE heap, BOOL leader_allocates)
{
    HANDLE threads[RACERS];
    race = (struct race){ .heap = heap, .leader_allocates = leader_allocates };
    for (LONG i = 0; i < RACES && !leader_allocates; i++)
        expect(race_blocks[i] = HeapAlloc(heap, 0, race_size(i)), "a block to race for");
    for (int i = 0; i < RACERS; i++) threads[i] = thread_start(racer, i ? NULL : &race);
    for (int i = 0; i < RACERS; i++) thread_join(threads[i]);
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    expect(HeapValidate(heap, 0, NULL), "the heap after the race");
}

static void attack(HANDLE heap)
{
    attack_with(heap, FALSE);
    attack_with(heap, TRUE);
    race_run(heap, FALSE);
    race_run(heap, TRUE);
}

int main(void) { return attack_main(attack); }
