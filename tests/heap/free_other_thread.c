/* free_other_thread.c - a block that another thread freed is refused, whether that thread lives or has ended, and
 * whoever allocated it; and exactly one of several threads that free one block at once succeeds. */
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

/* ---- the race ---- */
enum { RACERS = 4, RACES = 3000 };
static struct race {
    HANDLE heap;
    void *volatile block;
    volatile LONG arrived, left, won;
} race;

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
            race.block = HeapAlloc(race.heap, 0, block_sizes[i % 8]);
            race.won = 0;
        }
        meet(&race.arrived, (i + 1) * RACERS);
        if (HeapFree(race.heap, 0, race.block)) InterlockedIncrement(&race.won);
        else expect_thread(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu of a lost race", GetLastError());
        meet(&race.left, (i + 1) * RACERS);
        if (leader) expect_thread(race.won == 1, "race %ld: %ld threads freed the block", i, race.won);
    }
    return 0;
}

static void attack(HANDLE heap)
{
    attack_with(heap, FALSE);
    attack_with(heap, TRUE);
    HANDLE threads[RACERS];
    race = (struct race){ .heap = heap };
    for (int i = 0; i < RACERS; i++) threads[i] = thread_start(racer, i ? NULL : &race);
    for (int i = 0; i < RACERS; i++) thread_join(threads[i]);
    expect(!thread_failures, "%ld failures in threads", thread_failures);
}

int main(void) { return attack_main(attack); }
