/* lock.c - HeapLock stops every other thread's heap calls on that heap until the last HeapUnlock, recursively, and
 * only on that heap; its owner goes on working.
 */
#include "heaptest.h"

/* Pairs that a running thread may still count after HeapLock returned: one was under way. A lock that does not hold lets
 * thousands through. */
enum { UNDER_WAY = 1 };

enum { QUIET_MS = 200 };

struct visitor {
    HANDLE heap;
    int action;
    BOOL known; /* the thread has used the heap before: what it frees then is a remote free past all locks but HeapLock's */
    void *block;
    HANDLE ready;
    HANDLE go; /* the thread waits for it: starting a thread may itself need the process heap */
    volatile LONG begun, done;
};
enum { ALLOCATE, FREE, REALLOCATE, ALLOCATE_LARGE, FREE_LARGE, LOCK, ACTIONS };
static const char *const action_names[] = { "HeapAlloc", "HeapFree", "HeapReAlloc", "HeapAlloc, large", "HeapFree, large",
                                            "HeapLock" };

static DWORD WINAPI visitor_run(void *context)
{
    struct visitor *v = context;
    if (v->known) expect_thread(HeapFree(v->heap, 0, HeapAlloc(v->heap, 0, 40)), "first use");
    SetEvent(v->ready);
    WaitForSingleObject(v->go, INFINITE);
    v->begun = 1;
    switch (v->action) {
    case ALLOCATE: expect_thread(v->block = HeapAlloc(v->heap, 0, 40), "HeapAlloc"); break;
    case ALLOCATE_LARGE: expect_thread(v->block = HeapAlloc(v->heap, 0, 3 << 20), "HeapAlloc"); break;
    case REALLOCATE: expect_thread(v->block = HeapReAlloc(v->heap, 0, v->block, 4000), "HeapReAlloc"); break;
    case FREE: case FREE_LARGE: expect_thread(HeapFree(v->heap, 0, v->block), "HeapFree"); break;
    case LOCK: expect_thread(HeapLock(v->heap) && HeapUnlock(v->heap), "HeapLock"); break;
    }
    v->done = 1;
    return 0;
}

static BOOL needs_block(int action) { return action == FREE || action == REALLOCATE || action == FREE_LARGE; }
static BOOL leaves_block(int action) { return action == ALLOCATE || action == REALLOCATE || action == ALLOCATE_LARGE; }

static struct visitor visitor_new(HANDLE heap, int action, BOOL known)
{
    struct visitor v = { .heap = heap, .action = action, .known = known };
    v.ready = CreateEventA(NULL, TRUE, FALSE, NULL);
    v.go = CreateEventA(NULL, TRUE, FALSE, NULL);
    if (needs_block(action)) v.block = HeapAlloc(heap, 0, action == FREE_LARGE ? 3 << 20 : 40);
    return v;
}

static void visitor_end(const struct visitor *v)
{
    CloseHandle(v->ready);
    CloseHandle(v->go);
}

static void each_action_waits(HANDLE heap, BOOL known)
{
    for (int action = 0; action < ACTIONS; action++) {
        struct visitor v = visitor_new(heap, action, known);
        HANDLE thread = thread_start(visitor_run, &v);
        WaitForSingleObject(v.ready, INFINITE);
        expect(HeapLock(heap) && HeapLock(heap), "HeapLock twice");
        SetEvent(v.go);
        while (!v.begun) Sleep(1);
        Sleep(QUIET_MS);
        expect(!v.done, "%s of another thread did not wait", action_names[action]);
        void *own = HeapAlloc(heap, 0, 100);
        expect(own && HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, own, 90) && HeapFree(heap, 0, own),
               "the lock's owner works on");
        expect(HeapUnlock(heap), "first HeapUnlock");
        Sleep(QUIET_MS / 4);
        expect(!v.done, "%s of another thread did not wait for the second HeapUnlock", action_names[action]);
        expect(HeapUnlock(heap), "second HeapUnlock");
        thread_join(thread);
        expect(v.done && !thread_failures, "%s of another thread, afterwards", action_names[action]);
        visitor_end(&v);
        if (leaves_block(action)) expect(HeapFree(heap, 0, v.block), "free");
    }
}

static void waits_process_heap(void **state)
{
    (void)state;
    for (int known = 0; known <= 1; known++) each_action_waits(GetProcessHeap(), known);
}
static void waits_private_heap(void **state)
{
    (void)state;
    HANDLE heap = HeapCreate(0, 0, 0);
    for (int known = 0; known <= 1; known++) each_action_waits(heap, known);
    expect(HeapDestroy(heap), "HeapDestroy");
}

/* Threads that already allocate and free at full speed, from warm caches, stop too. */
struct runner {
    HANDLE heap;
    volatile LONG stop;
    volatile LONG64 count;
};
static DWORD WINAPI runner_run(void *context)
{
    struct runner *r = context;
    while (!r->stop) {
        void *block = HeapAlloc(r->heap, 0, 64);
        expect_thread(block && HeapFree(r->heap, 0, block), "a pair");
        r->count++;
    }
    return 0;
}
static void running_threads_stop(void **state)
{
    enum { RUNNERS = 3 };
    struct runner runners[RUNNERS];
    HANDLE heap = HeapCreate(0, 0, 0), threads[RUNNERS];
    (void)state;
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = (struct runner){ .heap = heap };
        threads[i] = thread_start(runner_run, &runners[i]);
    }
    for (int round = 0; round < 200; round++) {
        LONG64 before[RUNNERS];
        if (round % 20 == 0) Sleep(5);
        expect(HeapLock(heap), "HeapLock");
        /* A pair that had ended before the lock may still be counted after it: one each. */
        for (int i = 0; i < RUNNERS; i++) before[i] = runners[i].count;
        if (round % 20 == 0) Sleep(20);
        else for (int i = 0; i < 100; i++) SwitchToThread();
        for (int i = 0; i < RUNNERS; i++)
            expect(runners[i].count <= before[i] + UNDER_WAY, "round %d: thread %d made %lld pairs under another's lock", round, i,
                   (long long)(runners[i].count - before[i]));
        expect(walk_count(heap, NULL) <= RUNNERS, "a walk under the lock");
        expect(HeapValidate(heap, 0, NULL), "the heap under the lock");
        expect(HeapUnlock(heap), "HeapUnlock");
    }
    for (int i = 0; i < RUNNERS; i++) {
        runners[i].stop = 1;
        thread_join(threads[i]);
        expect(runners[i].count > 0, "thread %d worked", i);
    }
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    expect(walk_count(heap, NULL) == 0 && HeapDestroy(heap), "nothing is left");
}

/* One heap's lock does not stop another's callers. */
static void other_heaps_go_on(void **state)
{
    HANDLE locked = HeapCreate(0, 0, 0), other = HeapCreate(0, 0, 0);
    (void)state;
    expect(HeapLock(locked), "HeapLock");
    for (int action = 0; action < ACTIONS; action++) {
        struct visitor v = visitor_new(other, action, FALSE);
        SetEvent(v.go);
        thread_run(visitor_run, &v);
        visitor_end(&v);
        expect(v.done, "%s in another heap", action_names[action]);
    }
    expect(HeapUnlock(locked) && HeapDestroy(locked) && HeapDestroy(other), "the end");
}

/* What lies idle goes back after a while, but not while somebody may be looking at it: who has the heap locked, or walks
 * through it, which the only thread that uses a heap may do without. */
static void walk_at_leisure(BOOL locked)
{
    enum { COUNT = 2000, PAUSE_MS = 20, LONG_ENOUGH_MS = 800 };
    HANDLE heap = HeapCreate(0, 0, 0);
    PROCESS_HEAP_ENTRY entry = { 0 };
    void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) expect(blocks[i] = HeapAlloc(heap, 0, 1000), "block");
    for (int i = 0; i < COUNT; i++) expect(HeapFree(heap, 0, blocks[i]), "free");
    expect(!locked || HeapLock(heap), "HeapLock");
    SetLastError(SENTINEL);
    for (DWORD begun = GetTickCount(); HeapWalk(heap, &entry);) {
        expect(!(entry.wFlags & PROCESS_HEAP_ENTRY_BUSY), "a live block in an empty heap");
        if (GetTickCount() - begun < LONG_ENOUGH_MS) Sleep(PAUSE_MS);
    }
    DWORD error = GetLastError();
    expect(error == ERROR_NO_MORE_ITEMS, "HeapWalk ended with error %lu", error);
    expect((!locked || HeapUnlock(heap)) && HeapDestroy(heap), "the end");
}
static void walks_at_leisure_locked(void **state) { (void)state, walk_at_leisure(TRUE); }
static void walks_at_leisure(void **state) { (void)state, walk_at_leisure(FALSE); }

/* A lock taken by several threads in turn is one thread's at a time. */
struct taker {
    HANDLE heap;
    volatile LONG *inside;
};
static DWORD WINAPI taker_run(void *context)
{
    struct taker *t = context;
    for (int i = 0; i < 2000; i++) {
        int depth = 1 + i % 3;
        for (int j = 0; j < depth; j++) expect_thread(HeapLock(t->heap), "HeapLock");
        expect_thread(InterlockedIncrement(t->inside) == 1, "two threads inside");
        void *block = HeapAlloc(t->heap, 0, 16);
        expect_thread(InterlockedDecrement(t->inside) == 0, "two threads inside");
        for (int j = 0; j < depth; j++) expect_thread(HeapUnlock(t->heap), "HeapUnlock");
        expect_thread(HeapFree(t->heap, 0, block), "HeapFree");
    }
    return 0;
}
static void one_owner_at_a_time(void **state)
{
    volatile LONG inside = 0;
    struct taker taker = { HeapCreate(0, 0, 0), &inside };
    HANDLE threads[4];
    (void)state;
    for (int i = 0; i < 4; i++) threads[i] = thread_start(taker_run, &taker);
    for (int i = 0; i < 4; i++) thread_join(threads[i]);
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    expect(HeapDestroy(taker.heap), "HeapDestroy");
}

/* The lock of a thread that ended without HeapUnlock is nobody's. */
static DWORD WINAPI keeper_run(void *heap)
{
    expect_thread(HeapLock(heap) && HeapLock(heap), "HeapLock");
    return 0;
}
static void owner_may_end(void **state)
{
    HANDLE heaps[] = { GetProcessHeap(), HeapCreate(0, 0, 0), HeapCreate(0, 0, 100000) };
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        HANDLE heap = heaps[i];
        void *before = HeapAlloc(heap, 0, 40);
        thread_run(keeper_run, heap);
        SetLastError(SENTINEL);
        expect(!HeapUnlock(heap) && GetLastError() == ERROR_NOT_OWNER, "HeapUnlock of another thread's lock: %lu", GetLastError());
        void *block = HeapAlloc(heap, 0, 40);
        expect(block && HeapFree(heap, 0, block) && HeapFree(heap, 0, before), "heap %u works on", i);
        thread_run(keeper_run, heap);
        expect(HeapLock(heap), "HeapLock after its owner's end");
        expect(HeapUnlock(heap), "HeapUnlock");
        SetLastError(SENTINEL);
        expect(!HeapUnlock(heap) && GetLastError() == ERROR_NOT_OWNER, "HeapUnlock once more: %lu", GetLastError());
        if (i) expect(HeapDestroy(heap), "HeapDestroy");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_process_heap),  cmocka_unit_test(waits_private_heap),
        cmocka_unit_test(running_threads_stop), cmocka_unit_test(walks_at_leisure_locked),
        cmocka_unit_test(walks_at_leisure),     cmocka_unit_test(other_heaps_go_on),
        cmocka_unit_test(one_owner_at_a_time),  cmocka_unit_test(owner_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
