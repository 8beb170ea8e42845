/* load.c - the DLL comes and goes: loaded at run time, with and without use, by processes whose threads are older, and
 * used while the process ends.
 */
#include "loaded.h"

static SIZE_T space_used(void)
{
    MEMORY_BASIC_INFORMATION info;
    SIZE_T sum = 0;
    for (BYTE *at = NULL; VirtualQuery(at, &info, sizeof info); at = (BYTE *)info.BaseAddress + info.RegionSize) {
        if (info.State != MEM_FREE) sum += info.RegionSize;
        if ((BYTE *)info.BaseAddress + info.RegionSize < at) break;
    }
    return sum;
}

static void use(const struct heap_api *api, int count)
{
    static const SIZE_T used[] = { 24, 100, 1000, 9000, 100000, 3000000 };
    void *blocks[6];
    HANDLE heaps[] = { api->process_heap(), api->create(0, 0, 0) };
    expect(heaps[0] && heaps[1], "heaps");
    for (int round = 0; round < count; round++)
        for (int h = 0; h < 2; h++) {
            for (int i = 0; i < 6; i++) {
                expect(blocks[i] = api->alloc(heaps[h], 0, used[i]), "HeapAlloc");
                pattern_write(blocks[i], used[i], (uint32_t)i);
            }
            for (int i = 0; i < 6; i++) {
                expect(pattern_differs(blocks[i], used[i], NO_SIZE, (uint32_t)i) == NO_SIZE, "content");
                expect(api->free(heaps[h], 0, blocks[i]), "HeapFree");
            }
        }
    expect(api->destroy(heaps[1]), "HeapDestroy");
}

static void load_many_times(BOOL with_use)
{
    SIZE_T before = 0;
    for (int i = 0; i < 60; i++) {
        struct heap_api api = heap_load("k32mem.dll");
        expect(api.process_heap() == GetProcessHeap(), "the process heap has the same handle");
        if (with_use) use(&api, 3);
        expect(FreeLibrary(api.module), "FreeLibrary");
        expect(!GetModuleHandleA("k32mem.dll"), "the DLL is gone");
        if (i == 9) before = space_used();
    }
    /* Threads of the system's pool stay some seconds, for other work. */
    SIZE_T after = space_used();
    for (int i = 0; i < 300 && after >= before + (8 << 20); i++) {
        Sleep(100);
        after = space_used();
    }
    expect(after < before + (8 << 20), "50 loads and unloads keep %u KB of address space", (unsigned)((after - before) >> 10));
}
static void loaded_and_unused(void **state) { (void)state, load_many_times(FALSE); }
static void loaded_and_used(void **state) { (void)state, load_many_times(TRUE); }

/* ---- threads older than the DLL, that use it, outlive it, and use it when it is loaded again ---- */
enum { OLD = 6, TURNS = 8 };
static struct heap_api shared;
static HANDLE turn_begins[OLD], turn_ended[OLD];
static volatile LONG quit;

static DWORD WINAPI old_thread(void *context)
{
    int number = (int)(ULONG_PTR)context;
    while (WaitForSingleObject(turn_begins[number], INFINITE) == WAIT_OBJECT_0 && !quit) {
        HANDLE heap = shared.process_heap();
        for (int i = 0; i < 2000; i++) {
            void *small = shared.alloc(heap, 0, (SIZE_T)(i % 900)), *large = shared.alloc(heap, 0, 100000);
            expect_thread(small && large, "HeapAlloc in an old thread");
            expect_thread(shared.free(heap, 0, small) && shared.free(heap, 0, large), "HeapFree in an old thread");
        }
        SetEvent(turn_ended[number]);
    }
    return 0;
}

static void threads_older_than_the_dll(void **state)
{
    HANDLE threads[OLD];
    (void)state;
    for (int i = 0; i < OLD; i++) {
        turn_begins[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
        turn_ended[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
        threads[i] = thread_start(old_thread, (void *)(ULONG_PTR)i);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        shared = heap_load("k32mem.dll");
        for (int i = 0; i < OLD; i++) SetEvent(turn_begins[i]);
        for (int i = 0; i < OLD; i++) WaitForSingleObject(turn_ended[i], 60000);
        expect(!thread_failures, "%ld failures in threads", thread_failures);
        use(&shared, 1);
        expect(FreeLibrary(shared.module), "FreeLibrary");
    }
    quit = 1;
    for (int i = 0; i < OLD; i++) {
        SetEvent(turn_begins[i]);
        thread_join(threads[i]);
    }
}

/* ---- the process ends: each way in a child, whose exit code must be the one it asked for ---- */
static void *left_over[100];
static void free_at_exit(void)
{
    for (int i = 0; i < 100; i++)
        if (!shared.free(shared.process_heap(), 0, left_over[i])) _exit(90);
    if (!shared.alloc(shared.process_heap(), 0, 500)) _exit(91);
}
static DWORD WINAPI work_on(void *context)
{
    HANDLE heap = context;
    for (;;) {
        void *blocks[20];
        for (int i = 0; i < 20; i++) blocks[i] = shared.alloc(heap, 0, (SIZE_T)i * 50);
        for (int i = 0; i < 20; i++) shared.free(heap, 0, blocks[i]);
    }
    return 0;
}

static int child(const char *how)
{
    shared = heap_load("k32mem.dll");
    for (int i = 0; i < 100; i++) left_over[i] = shared.alloc(shared.process_heap(), 0, (SIZE_T)i * 300);
    HANDLE heap = shared.create(0, 0, 0);
    shared.alloc(heap, 0, 1000);
    if (strstr(how, "threads"))
        for (int i = 0; i < 4; i++) CreateThread(NULL, 0, work_on, i % 2 ? heap : shared.process_heap(), 0, NULL);
    if (strstr(how, "threads")) Sleep(50);
    if (strstr(how, "atexit")) atexit(free_at_exit);
    if (strstr(how, "unload")) {
        for (int i = 0; i < 100; i++) shared.free(shared.process_heap(), 0, left_over[i]);
        shared.destroy(heap);
        FreeLibrary(shared.module);
    }
    if (strstr(how, "ExitProcess")) ExitProcess(55);
    if (strstr(how, "Terminate")) TerminateProcess(GetCurrentProcess(), 55);
    return 55; /* main returns: atexit, then ExitProcess */
}

static void process_ends(void **state)
{
    static const char *const ways[] = { "return",         "return,atexit",         "ExitProcess,atexit", "ExitProcess",
                                        "return,threads", "return,threads,atexit", "ExitProcess,threads", "Terminate,threads",
                                        "return,unload" };
    (void)state;
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (int again = 0; again < 3; again++) {
            DWORD code = child_run(ways[i]);
            expect(code == 55, "%s: exit code %08lx", ways[i], code);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loaded_and_unused),
        cmocka_unit_test(loaded_and_used),
        cmocka_unit_test(threads_older_than_the_dll),
        cmocka_unit_test(process_ends),
    };
    if (argc == 2) return child(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
