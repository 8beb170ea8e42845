/* main.c - random operations of the whole heap API against a simple model.
 *
 *   heap-stress [--seed N] [--operations N] [--threads N] [--size N]
 *
 * Without arguments: millions of operations with fixed seeds, on one thread and on four. With --seed, one run of that
 * seed, to repeat a failure (exactly, with --threads 1).
 */
#include "model.h"

static volatile LONG parking, parked, ended;
static HANDLE go_on;

static DWORD WINAPI worker_run(void *context)
{
    struct worker *worker = context;
    while (worker->done < worker->operations && !thread_failures) {
        if (parking) {
            InterlockedIncrement(&parked);
            WaitForSingleObject(go_on, INFINITE);
            InterlockedDecrement(&parked);
            while (parking && !thread_failures) SwitchToThread();
        }
        operation_random(worker);
    }
    InterlockedIncrement(&ended);
    return 0;
}

static void stress(uint64_t seed, int threads, LONG64 operations, SIZE_T size_limit)
{
    HANDLE handles[WORKERS_MAX];
    print_message("seed %llu, %d threads, %lld operations, sizes to %u\n", (unsigned long long)seed, threads,
                  (long long)operations, (unsigned)size_limit);
    model_open(threads, seed, operations, size_limit);
    parking = parked = ended = 0;
    go_on = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < threads; i++) handles[i] = thread_start(worker_run, &model.workers[i]);
    while (ended < threads) {
        Sleep(150);
        ResetEvent(go_on);
        parking = 1;
        while (parked + ended < threads) Sleep(1);
        if (!thread_failures) model_compare();
        SetEvent(go_on);
        while (parked) Sleep(0);
        parking = 0;
    }
    for (int i = 0; i < threads; i++) thread_join(handles[i]);
    CloseHandle(go_on);
    LONG64 done = 0, refused = 0;
    for (int i = 0; i < threads; i++) done += model.workers[i].done, refused += model.workers[i].failures_expected;
    expect(!thread_failures, "%ld failures in threads; repeat with --seed %llu --threads %d --operations %lld --size %u",
           thread_failures, (unsigned long long)seed, threads, (long long)operations, (unsigned)size_limit);
    expect(done >= operations / threads * threads, "%lld operations", (long long)done);
    print_message("  %lld operations, %lld of them refused as they should be\n", (long long)done, (long long)refused);
    model_close();
}

static void one_thread(void **state) { (void)state, stress(1, 1, 600000, 2000); }
static void four_threads_small(void **state) { (void)state, stress(2, 4, 1500000, 600); }
static void four_threads_all_sizes(void **state) { (void)state, stress(3, 4, 400000, 70000); }
static void sixteen_threads(void **state) { (void)state, stress(4, 16, 600000, 2000); }

static struct {
    uint64_t seed;
    LONG64 operations;
    int threads;
    SIZE_T size;
} wanted = { 0, 10000000, 4, 2000 };
static void as_wanted(void **state)
{
    (void)state;
    stress(wanted.seed, wanted.threads, wanted.operations, wanted.size);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(one_thread), cmocka_unit_test(four_threads_small),
                                        cmocka_unit_test(four_threads_all_sizes), cmocka_unit_test(sixteen_threads) };
    const struct CMUnitTest single[] = { cmocka_unit_test(as_wanted) };
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned long long value = strtoull(argv[i + 1], NULL, 0);
        if (!strcmp(argv[i], "--seed")) wanted.seed = value;
        else if (!strcmp(argv[i], "--operations")) wanted.operations = (LONG64)value;
        else if (!strcmp(argv[i], "--threads")) wanted.threads = value > WORKERS_MAX ? WORKERS_MAX : (int)value;
        else if (!strcmp(argv[i], "--size")) wanted.size = (SIZE_T)value;
    }
    return argc > 1 ? cmocka_run_group_tests(single, NULL, NULL) : cmocka_run_group_tests(tests, NULL, NULL);
}
