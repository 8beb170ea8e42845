/* fault.c - out of memory at any NT call leaves the heap consistent: the work is done again and again in a freshly
 * loaded DLL, and each time one call more succeeds before all fail. Every failure must be the documented one, every
 * live block must keep its content, and when memory is there again, all must work.
 */
#include "loaded.h"

static struct heap_api api;
static void(WINAPI *fault_after)(LONG calls);

enum { LIVE = 60 };
static const SIZE_T sizes[] = { 40, 1000, 30, 5000, 64, 70000, 300, 20000, 2000000, 16, 512, 600000 };
enum { SIZES = sizeof sizes / sizeof sizes[0] };

struct work {
    HANDLE heaps[3]; /* the process heap and two private ones; NULL: refused */
    void *blocks[LIVE];
    SIZE_T sizes[LIVE];
    int failures;
};

static void on_failure(struct work *w, const char *what)
{
    expect(GetLastError() == ERROR_NOT_ENOUGH_MEMORY, "%s failed with error %lu", what, GetLastError());
    w->failures++;
}

/* Memory that was freed untouched, and is wanted zeroed. */
static void zeroed_again(struct work *w, HANDLE heap)
{
    for (int round = 0; round < 2; round++) {
        char *block = api.alloc(heap, round ? HEAP_ZERO_MEMORY : 0, 3 << 20);
        if (!block) {
            on_failure(w, "HeapAlloc of 3 MB");
            continue;
        }
        expect(!round || !block[2 << 20], "a byte of a zeroed block");
        block[1 << 20] = 1;
        expect(api.free(heap, 0, block), "HeapFree of 3 MB");
    }
}

/* All kinds of calls that may need memory. */
static void work_run(struct work *w)
{
    w->heaps[0] = api.process_heap();
    for (int h = 1; h < 3; h++)
        if (!(w->heaps[h] = api.create(h == 2 ? HEAP_CREATE_ENABLE_EXECUTE : 0, 0, 0))) on_failure(w, "HeapCreate");
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < LIVE; i++) {
            HANDLE heap = w->heaps[i % 3];
            SIZE_T size = sizes[(i + round) % SIZES];
            if (!heap) continue;
            if (!w->blocks[i]) {
                if ((w->blocks[i] = api.alloc(heap, i % 4 ? 0 : HEAP_ZERO_MEMORY, size))) {
                    if (i % 4 == 0) expect(is_zero(w->blocks[i], 0, size), "a zeroed block of %u", (unsigned)size);
                    w->sizes[i] = size;
                    pattern_write(w->blocks[i], size, (uint32_t)i);
                } else {
                    on_failure(w, "HeapAlloc");
                }
                continue;
            }
            void *moved = api.realloc(heap, 0, w->blocks[i], size);
            SIZE_T kept = w->sizes[i] < size ? w->sizes[i] : size;
            if (moved) {
                w->blocks[i] = moved;
                expect(pattern_differs(moved, w->sizes[i], kept, (uint32_t)i) == NO_SIZE, "content after HeapReAlloc");
                w->sizes[i] = size;
                pattern_write(moved, size, (uint32_t)i);
            } else {
                on_failure(w, "HeapReAlloc");
            }
            if (i % 5 == 0) {
                expect(api.free(heap, 0, w->blocks[i]), "HeapFree");
                w->blocks[i] = NULL;
            }
        }
    for (int h = 0; h < 2; h++)
        if (w->heaps[h]) zeroed_again(w, w->heaps[h]);
}

static DWORD WINAPI work_thread(void *context)
{
    work_run(context);
    return 0;
}

static void work_check(const struct work *w)
{
    for (int h = 0; h < 3; h++)
        if (w->heaps[h]) expect(api.validate(w->heaps[h], 0, NULL), "heap %d", h);
    for (int i = 0; i < LIVE; i++) {
        if (!w->blocks[i]) continue;
        expect(api.size(w->heaps[i % 3], 0, w->blocks[i]) == w->sizes[i], "size of block %d", i);
        expect(pattern_differs(w->blocks[i], w->sizes[i], NO_SIZE, (uint32_t)i) == NO_SIZE, "content of block %d", i);
    }
}

static void work_end(struct work *w)
{
    work_check(w);
    for (int i = 0; i < LIVE; i++)
        if (w->blocks[i]) expect(api.free(w->heaps[i % 3], 0, w->blocks[i]), "the last HeapFree");
    for (int h = 1; h < 3; h++)
        if (w->heaps[h]) expect(api.destroy(w->heaps[h]), "HeapDestroy");
}

/* The calls succeed until `calls` of them were made, while the first work is done; returns the failures. */
static int work_with_faults(LONG calls, BOOL in_thread)
{
    struct work first = { 0 }, second = { 0 };
    api = heap_load("k32mem-oom.dll");
    fault_after = (void *)(ULONG_PTR)GetProcAddress(api.module, "k32mem_fault_after");
    expect(fault_after, "the DLL has no fault switch");
    HANDLE thread = in_thread ? CreateThread(NULL, 0, work_thread, &first, CREATE_SUSPENDED, NULL) : NULL;
    fault_after(calls);
    if (in_thread) {
        ResumeThread(thread);
        thread_join(thread);
    } else {
        work_run(&first);
    }
    work_check(&first); /* also while nothing can be had */
    fault_after(-1);
    work_check(&first);
    work_run(&second);
    expect(second.failures == 0, "%d failures with memory there again, after %ld calls", second.failures, calls);
    work_check(&first);
    work_end(&second);
    work_end(&first);
    FreeLibrary(api.module);
    return first.failures;
}

static void fail_each_call(BOOL in_thread)
{
    LONG calls = 0;
    int failures, clean = 0, most = 0;
    for (; clean < 3 && calls < 2000; calls++) {
        failures = work_with_faults(calls, in_thread);
        if (failures > most) most = failures;
        clean = failures ? 0 : clean + 1;
    }
    expect(clean == 3 && most > 0, "the work never ended without failures");
    print_message("%ld NT calls, each failed in turn\n", calls - 3);
}
static void in_main_thread(void **state) { (void)state, fail_each_call(FALSE); }
static void in_new_thread(void **state) { (void)state, fail_each_call(TRUE); }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(in_main_thread), cmocka_unit_test(in_new_thread) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
