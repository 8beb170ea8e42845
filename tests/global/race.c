/* race.c - threads that allocate, lock, unlock, resize, discard and free moveable objects at the same time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <cmocka.h>

#define THREADS 4

struct worker {
    unsigned number;
    uint64_t random;
    unsigned done, wrong;
};
static volatile LONG go;

static uint64_t random_next(struct worker *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    return w->random ^= w->random << 17;
}

/* Counts what a thread finds wrong; cmocka's assertions are for the main thread. */
#define VERIFY(w, ok)                                                                                                \
    do {                                                                                                             \
        if (!(ok) && !(w)->wrong++) fprintf(stderr, "thread %u: not so: %s (line %d)\n", (w)->number, #ok, __LINE__); \
    } while (0)

/* Runs body in THREADS threads; returns how much they did. */
static unsigned run(DWORD(WINAPI *body)(void *))
{
    struct worker workers[THREADS] = { { 0 } };
    HANDLE threads[THREADS];
    unsigned done = 0, wrong = 0;
    go = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ .number = i, .random = 88172645463325252u + i * 7919 };
        threads[i] = CreateThread(NULL, 0, body, &workers[i], 0, NULL);
        assert_non_null(threads[i]);
    }
    InterlockedExchange(&go, 1);
    assert_int_equal(WaitForMultipleObjects(THREADS, threads, TRUE, 120000), WAIT_OBJECT_0);
    for (unsigned i = 0; i < THREADS; i++) {
        CloseHandle(threads[i]);
        done += workers[i].done;
        wrong += workers[i].wrong;
    }
    assert_int_equal(wrong, 0);
    return done;
}

static void wait_for_go(void)
{
    while (!go) Sleep(0);
}

/* ---- objects that one thread at a time owns, passed between threads ---- */
#define SLOTS 512
static PVOID volatile slots[SLOTS];

/* Every object begins with its size and its own handle, and is filled with a byte made from them. */
struct stamp {
    HGLOBAL handle;
    DWORD size;
    BYTE fill;
};

static void stamp_write(struct worker *w, HGLOBAL h, DWORD size)
{
    struct stamp *stamp = GlobalLock(h);
    VERIFY(w, stamp != NULL);
    if (!stamp) return;
    memset(stamp, (BYTE)size, size);
    *stamp = (struct stamp){ h, size, (BYTE)size };
    VERIFY(w, GlobalHandle(stamp) == h);
    VERIFY(w, !GlobalUnlock(h));
}

static DWORD stamp_check(struct worker *w, HGLOBAL h)
{
    struct stamp *stamp = GlobalLock(h);
    DWORD size = 0;
    VERIFY(w, stamp != NULL);
    if (!stamp) return 0;
    VERIFY(w, stamp->handle == h);
    VERIFY(w, stamp->size == GlobalSize(h));
    size = stamp->size;
    for (DWORD i = sizeof(*stamp); i < size; i += 61) VERIFY(w, ((BYTE *)stamp)[i] == (BYTE)size);
    GlobalUnlock(h);
    return size;
}

static DWORD WINAPI pass_around(void *context)
{
    struct worker *w = context;
    wait_for_go();
    for (unsigned i = 0; i < 60000; i++, w->done++) {
        uint64_t r = random_next(w);
        HGLOBAL h = InterlockedExchangePointer(&slots[r % SLOTS], NULL);
        DWORD size = sizeof(struct stamp) + (r >> 20) % ((r >> 40) % 64 ? 600 : 60000);
        if (!h) {
            h = GlobalAlloc(GMEM_MOVEABLE, size);
            VERIFY(w, h != NULL);
            if (!h) continue;
            stamp_write(w, h, size);
        } else {
            stamp_check(w, h);
            switch ((r >> 50) % 4) {
            case 0:
                VERIFY(w, GlobalFree(h) == NULL);
                VERIFY(w, GlobalFlags(h) == GMEM_INVALID_HANDLE);
                continue;
            case 1:
                VERIFY(w, GlobalReAlloc(h, size, GMEM_MOVEABLE) == h);
                stamp_write(w, h, size);
                break;
            case 2:
                VERIFY(w, GlobalDiscard(h) == h);
                VERIFY(w, GlobalFlags(h) == GMEM_DISCARDED);
                VERIFY(w, GlobalReAlloc(h, size, 0) == h);
                stamp_write(w, h, size);
                break;
            default: break;
            }
        }
        h = InterlockedExchangePointer(&slots[(r >> 8) % SLOTS], h);
        if (h) VERIFY(w, GlobalFree(h) == NULL);
    }
    return 0;
}

static void passed_objects(void **state)
{
    (void)state;
    run(pass_around);
    for (unsigned i = 0; i < SLOTS; i++)
        if (slots[i]) assert_null(GlobalFree(slots[i]));
}

/* ---- one object, locked by all ---- */
static HGLOBAL shared;

static DWORD WINAPI lock_together(void *context)
{
    struct worker *w = context;
    wait_for_go();
    for (unsigned i = 0; i < 200000; i++, w->done++) {
        unsigned deep = 1 + random_next(w) % 5;
        for (unsigned j = 0; j < deep; j++) VERIFY(w, GlobalLock(shared) != NULL);
        VERIFY(w, (GlobalFlags(shared) & GMEM_LOCKCOUNT) >= deep);
        for (unsigned j = 0; j + 1 < deep; j++) VERIFY(w, GlobalUnlock(shared));
        GlobalUnlock(shared);
    }
    return 0;
}

static void counted_locks(void **state)
{
    (void)state;
    shared = GlobalAlloc(GMEM_MOVEABLE, 100);
    run(lock_together);
    assert_int_equal(GlobalFlags(shared), 0);
    assert_null(GlobalFree(shared));
}

/* ---- an object that is resized and discarded under those who lock it ---- */
static DWORD WINAPI lock_or_change(void *context)
{
    struct worker *w = context;
    wait_for_go();
    for (unsigned i = 0; i < 40000; i++, w->done++) {
        uint64_t r = random_next(w);
        if (w->number == 0) {
            /* All of it is the one byte 0x33 at any size; only unlocked objects move or go. */
            if (r % 3) GlobalReAlloc(shared, 16 + (r >> 8) % ((r >> 40) % 8 ? 5000 : 300000), GMEM_ZEROINIT);
            else GlobalDiscard(shared);
            UINT flags = GlobalFlags(shared);
            VERIFY(w, !(flags & ~(GMEM_LOCKCOUNT | GMEM_DISCARDED)));
        } else {
            BYTE *p = GlobalLock(shared);
            if (!p) {
                VERIFY(w, GetLastError() == ERROR_DISCARDED);
                continue;
            }
            SIZE_T size = GlobalSize(shared);
            VERIFY(w, size >= 16);
            VERIFY(w, GlobalHandle(p) == shared);
            /* Threads write here together, always the same. */
            for (SIZE_T j = 0; j < size; j += 97) {
                VERIFY(w, p[j] == 0 || p[j] == 0x33);
                p[j] = 0x33;
            }
            VERIFY(w, GlobalFlags(shared) & GMEM_LOCKCOUNT);
            VERIFY(w, GlobalUnlock(shared) || GetLastError() == NO_ERROR);
        }
    }
    return 0;
}

static void changed_under_locks(void **state)
{
    (void)state;
    shared = GlobalAlloc(GHND, 100);
    run(lock_or_change);
    assert_int_equal(GlobalFlags(shared) & GMEM_LOCKCOUNT, 0);
    assert_null(GlobalFree(shared));
}

/* ---- every handle freed by two threads at once: one of them succeeds ---- */
#define DOOMED 15000
static HGLOBAL doomed[2][DOOMED];
static volatile LONG arrived[2][DOOMED];

static DWORD WINAPI free_together(void *context)
{
    struct worker *w = context;
    unsigned pair = w->number / 2;
    wait_for_go();
    for (unsigned i = 0; i < DOOMED; i++) {
        /* They meet now and then, and run side by side from there. */
        if (i % 100 == 0) InterlockedIncrement(&arrived[pair][i]);
        for (unsigned turns = 0; i % 100 == 0 && arrived[pair][i] < 2; turns++)
            if (turns > 2000) SwitchToThread();
        HGLOBAL h = doomed[pair][i];
        if (!GlobalFree(h)) w->done++;
        else VERIFY(w, GetLastError() == ERROR_INVALID_HANDLE);
        VERIFY(w, GlobalFlags(h) == GMEM_INVALID_HANDLE);
    }
    return 0;
}

static void freed_once(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        memset((void *)arrived, 0, sizeof(arrived));
        for (unsigned i = 0; i < 2 * DOOMED; i++)
            assert_non_null(doomed[i & 1][i / 2] = GlobalAlloc(GMEM_MOVEABLE, 1 + i % 40));
        assert_int_equal(run(free_together), 2 * DOOMED);
    }
}

/* ---- stale handles while the others are at work ---- */
static DWORD WINAPI use_stale(void *context)
{
    struct worker *w = context;
    wait_for_go();
    for (unsigned i = 0; i < 100000; i++, w->done++) {
        HGLOBAL h = GlobalAlloc(GMEM_MOVEABLE, 1 + random_next(w) % 200);
        VERIFY(w, h != NULL);
        VERIFY(w, GlobalFree(h) == NULL);
        VERIFY(w, GlobalLock(h) == NULL);
        VERIFY(w, GlobalFree(h) == h);
        VERIFY(w, GlobalReAlloc(h, 10, GMEM_MOVEABLE) == NULL);
        VERIFY(w, GlobalFlags(h) == GMEM_INVALID_HANDLE);
    }
    return 0;
}

static void stale_under_load(void **state)
{
    (void)state;
    run(use_stale);
}

/* ---- all threads at the end of the table ---- */
static DWORD WINAPI exhaust(void *context)
{
    struct worker *w = context;
    enum { ROOM = 1100000 };
    HGLOBAL *h = malloc(ROOM * sizeof(*h));
    unsigned made = 0;
    wait_for_go();
    while (made < ROOM && (h[made] = GlobalAlloc(GMEM_MOVEABLE, 0))) made++;
    VERIFY(w, GetLastError() == ERROR_NOT_ENOUGH_MEMORY);
    for (unsigned i = 0; i < made; i++) VERIFY(w, GlobalFree(h[i]) == NULL);
    w->done = made;
    free(h);
    return 0;
}

static void table_full(void **state)
{
    (void)state;
    print_message("  %u handles made by %d threads\n", run(exhaust), THREADS);
    HGLOBAL h = GlobalAlloc(GMEM_MOVEABLE, 10);
    assert_non_null(h);
    assert_null(GlobalFree(h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passed_objects), cmocka_unit_test(counted_locks), cmocka_unit_test(changed_under_locks),
        cmocka_unit_test(freed_once),     cmocka_unit_test(stale_under_load), cmocka_unit_test(table_full),
    };
    setvbuf(stdout, NULL, _IONBF, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
