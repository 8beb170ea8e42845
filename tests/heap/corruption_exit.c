/* corruption_exit.c - after HeapSetInformation(HeapEnableTerminationOnCorruption) a wild pointer ends the process with
 * STATUS_HEAP_CORRUPTION; without it, the same calls fail and the process lives. Each case in a child process.
 */
#include "heaptest.h"

enum { SURVIVED = 42, REFUSED = 43 };

static void on_free_twice(HANDLE heap, SIZE_T size)
{
    void *block = HeapAlloc(heap, 0, size);
    HeapFree(heap, 0, block);
    HeapFree(heap, 0, block);
}
static void on_free_interior(HANDLE heap, SIZE_T size) { HeapFree(heap, 0, (BYTE *)HeapAlloc(heap, 0, size) + 16); }
static void on_free_stack(HANDLE heap, SIZE_T size)
{
    BYTE local[64];
    (void)size;
    HeapFree(heap, 0, (void *)(((ULONG_PTR)local + 15) & ~(ULONG_PTR)15));
}
static void on_free_other_heap(HANDLE heap, SIZE_T size) { HeapFree(heap, 0, HeapAlloc(HeapCreate(0, 0, 0), 0, size)); }
static void on_realloc_freed(HANDLE heap, SIZE_T size)
{
    void *block = HeapAlloc(heap, 0, size);
    HeapFree(heap, 0, block);
    HeapReAlloc(heap, 0, block, size * 2);
}
/* Asking is no corruption: HeapValidate answers. */
static void on_validate_freed(HANDLE heap, SIZE_T size)
{
    void *block = HeapAlloc(heap, 0, size);
    HeapFree(heap, 0, block);
    if (HeapValidate(heap, 0, block)) ExitProcess(1);
}
static void on_good_work(HANDLE heap, SIZE_T size)
{
    for (int i = 0; i < 100; i++) {
        void *block = HeapReAlloc(heap, 0, HeapAlloc(heap, 0, size), size * 2 + 1);
        if (!block || !HeapFree(heap, 0, block) || !HeapFree(heap, 0, NULL)) ExitProcess(1);
        if (HeapAlloc(heap, 0, (SIZE_T)-1 / 2)) ExitProcess(1); /* out of memory is no corruption either */
    }
}

static const struct {
    const char *name;
    void (*act)(HANDLE heap, SIZE_T size);
    BOOL fatal;
} acts[] = {
    { "free_twice", on_free_twice, TRUE },           { "free_interior", on_free_interior, TRUE },
    { "free_stack", on_free_stack, TRUE },           { "free_other_heap", on_free_other_heap, TRUE },
    { "realloc_freed", on_realloc_freed, TRUE },     { "validate_freed", on_validate_freed, FALSE },
    { "good_work", on_good_work, FALSE },
};
enum { ACTS = sizeof acts / sizeof acts[0] };

/* argument: "SWITCHED ACT PRIVATE SIZE" */
static int act_in_child(char **argv)
{
    if (atoi(argv[1]) && !HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0)) return REFUSED;
    HANDLE heap = atoi(argv[3]) ? HeapCreate(0, 0, 0) : GetProcessHeap();
    acts[atoi(argv[2])].act(heap, (SIZE_T)atoi(argv[4]));
    return SURVIVED;
}

static void expect_all(int switched)
{
    static const int sizes[] = { 40, 20000, 2000000 };
    char argument[64];
    for (int act = 0; act < ACTS; act++)
        for (int private = 0; private < 2; private++)
            for (int size = 0; size < 3; size++) {
                snprintf(argument, sizeof argument, "%d %d %d %d", switched, act, private, sizes[size]);
                DWORD code = child_run(argument), wanted = switched && acts[act].fatal ? STATUS_HEAP_CORRUPTED : SURVIVED;
                expect(code == wanted, "%s, %s heap, %d bytes, termination %s: exit code %08lx", acts[act].name,
                       private ? "private" : "process", sizes[size], switched ? "on" : "off", code);
            }
}
static void termination_on(void **state) { (void)state, expect_all(1); }
static void termination_off(void **state) { (void)state, expect_all(0); }

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(termination_on), cmocka_unit_test(termination_off) };
    if (argc == 5) return act_in_child(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
