/* heaptest.h - what the heap's test programs share.
 *
 * GLOSSARY
 *   herd    live blocks of many sizes whose content is known; shows whether an attack or a failure did damage.
 *   wild    a pointer that is no live block of the heap it is given to.
 *
 * Programs of this folder are linked to k32mem ahead of kernel32; the same source linked without it tests kernel32.
 * expect() ends the test; in threads other than the main one use expect_thread(), which counts, and let the main
 * thread look at thread_failures.
 */
#ifndef HEAPTEST_H
#define HEAPTEST_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <psapi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../start.h"

#define SENTINEL 0xdeadbeefu
#define STATUS_HEAP_CORRUPTED 0xc0000374u
#define NO_SIZE ((SIZE_T)-1)
/* What HeapAlloc promises: MEMORY_ALLOCATION_ALIGNMENT. */
#define BLOCK_ALIGNMENT (2 * sizeof(void *))
#define HELPER static __attribute__((unused))

#define expect(condition, ...)                                                                                       \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            print_error("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                      \
            fail_msg(__VA_ARGS__);                                                                                   \
        }                                                                                                            \
    } while (0)

/* One for all files of a program. */
__attribute__((common)) volatile LONG thread_failures;
#define expect_thread(condition, ...)                                                                                \
    do {                                                                                                             \
        if (!(condition) && InterlockedIncrement(&thread_failures) <= 10) {                                          \
            fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);                                  \
            fprintf(stderr, __VA_ARGS__);                                                                            \
            fprintf(stderr, "\n");                                                                                   \
        }                                                                                                            \
    } while (0)

/* ---- random numbers, patterns ---- */
HELPER uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}
/* A size between 0 and high, small ones as likely as large ones. */
HELPER SIZE_T random_size(uint64_t *state, SIZE_T high)
{
    SIZE_T top = 16;
    while (top < high && random_next(state) % 4) top *= 2;
    if (top > high) top = high;
    return random_next(state) % (top + 1);
}

/* Blocks up to this size are written and compared in full, larger ones at both ends and once per page. */
enum { PATTERN_FULL = 4096 };
static inline BYTE pattern_at(uint32_t seed, SIZE_T at) { return (BYTE)((seed + (uint32_t)at * 7) ^ (at >> 8)); }
static inline SIZE_T pattern_step(SIZE_T size, SIZE_T at)
{
    return size <= PATTERN_FULL || at < 64 || at + 64 >= size ? 1 : at + 4096 + 64 < size ? 4096 : size - 64 - at;
}
HELPER void pattern_write(void *block, SIZE_T size, uint32_t seed)
{
    for (SIZE_T i = 0; i < size; i += pattern_step(size, i)) ((BYTE *)block)[i] = pattern_at(seed, i);
}
/* Compares the first `kept` bytes of what was written as `size` bytes; returns where it differs, or NO_SIZE. */
HELPER SIZE_T pattern_differs(const void *block, SIZE_T size, SIZE_T kept, uint32_t seed)
{
    for (SIZE_T i = 0; i < size && i < kept; i += pattern_step(size, i))
        if (((const BYTE *)block)[i] != pattern_at(seed, i)) return i;
    return NO_SIZE;
}
HELPER BOOL is_zero(const void *block, SIZE_T first, SIZE_T end)
{
    for (SIZE_T i = first; i < end; i++)
        if (((const BYTE *)block)[i]) return FALSE;
    return TRUE;
}

/* ---- herds ---- */
enum { HERD = 120 };
struct herd {
    HANDLE heap;
    void *blocks[HERD];
    SIZE_T sizes[HERD];
};

HELPER struct herd herd_new(HANDLE heap)
{
    static const SIZE_T kinds[] = { 1, 16, 24, 48, 100, 256, 500, 1024, 3000, 5000, 20000, 70000, 300000, 2 << 20 };
    struct herd herd = { .heap = heap };
    for (int i = 0; i < HERD; i++) {
        /* few large ones */
        herd.sizes[i] = kinds[(unsigned)i % (i % 20 ? 11 : sizeof kinds / sizeof kinds[0])];
        herd.blocks[i] = HeapAlloc(heap, 0, herd.sizes[i]);
        expect(herd.blocks[i], "block %d of %u bytes", i, (unsigned)herd.sizes[i]);
        pattern_write(herd.blocks[i], herd.sizes[i], (uint32_t)i);
    }
    return herd;
}

HELPER SIZE_T walk_count_of(HANDLE heap, WORD kind, SIZE_T *bytes)
{
    PROCESS_HEAP_ENTRY entry = { 0 };
    SIZE_T count = 0, sum = 0;
    expect(HeapLock(heap), "HeapLock");
    while (HeapWalk(heap, &entry))
        if (entry.wFlags & kind) count++, sum += entry.cbData;
    DWORD error = GetLastError();
    expect(HeapUnlock(heap), "HeapUnlock");
    expect(error == ERROR_NO_MORE_ITEMS, "HeapWalk ended with error %lu", error);
    if (bytes) *bytes = sum;
    return count;
}
HELPER SIZE_T walk_count(HANDLE heap, SIZE_T *bytes) { return walk_count_of(heap, PROCESS_HEAP_ENTRY_BUSY, bytes); }

/* Every block is there, with its size and content, and the heap knows itself to be well. */
HELPER void herd_check(const struct herd *herd)
{
    for (int i = 0; i < HERD; i++) {
        if (!herd->blocks[i]) continue;
        expect(HeapSize(herd->heap, 0, herd->blocks[i]) == herd->sizes[i], "size of block %d", i);
        expect(HeapValidate(herd->heap, 0, herd->blocks[i]), "block %d is valid", i);
        expect(pattern_differs(herd->blocks[i], herd->sizes[i], NO_SIZE, (uint32_t)i) == NO_SIZE,
               "content of block %d (%u bytes)", i, (unsigned)herd->sizes[i]);
    }
    expect(HeapValidate(herd->heap, 0, NULL), "the heap is valid");
}

/* The heap still works: new blocks come, none of them inside a live one, and go again. */
HELPER void herd_exercise(const struct herd *herd)
{
    for (int round = 0; round < 2; round++) {
        struct herd more = herd_new(herd->heap);
        herd_check(&more);
        herd_check(herd);
        for (int i = 0; i < HERD; i++) expect(HeapFree(more.heap, 0, more.blocks[i]), "free of a new block %d", i);
    }
    herd_check(herd);
}

HELPER void herd_free(struct herd *herd)
{
    herd_check(herd);
    for (int i = 0; i < HERD; i++) {
        if (herd->blocks[i]) expect(HeapFree(herd->heap, 0, herd->blocks[i]), "free of block %d", i);
        herd->blocks[i] = NULL;
    }
    expect(HeapValidate(herd->heap, 0, NULL), "the heap is valid");
}

/* ---- wild pointers ---- */
/* Each of the four functions refuses the pointer, with the return value and last error that Windows gives: HeapFree
 * and HeapReAlloc set ERROR_INVALID_PARAMETER; HeapSize does not set the last error; HeapValidate leaves it alone
 * too, or says ERROR_NOACCESS of memory that cannot be read. Without block_is_new, HeapReAlloc is asked for more. */
HELPER void expect_refused(HANDLE heap, const void *pointer, const char *what)
{
    SetLastError(SENTINEL);
    BOOL valid = HeapValidate(heap, 0, pointer);
    DWORD error = GetLastError();
    expect(!valid, "HeapValidate of %s (%p)", what, pointer);
    expect(error == SENTINEL || error == ERROR_NOACCESS, "HeapValidate of %s (%p): error %lu", what, pointer, error);

    SetLastError(SENTINEL);
    SIZE_T size = HeapSize(heap, 0, pointer);
    error = GetLastError();
    expect(size == NO_SIZE, "HeapSize of %s (%p): %p", what, pointer, (void *)size);
    expect(error == SENTINEL || error == ERROR_INVALID_PARAMETER, "HeapSize of %s (%p): error %lu", what, pointer, error);

    SetLastError(SENTINEL);
    const void *moved = HeapReAlloc(heap, 0, (void *)pointer, 100);
    error = GetLastError();
    expect(!moved, "HeapReAlloc of %s (%p): %p", what, pointer, moved);
    expect(error == ERROR_INVALID_PARAMETER, "HeapReAlloc of %s (%p): error %lu", what, pointer, error);

    SetLastError(SENTINEL);
    moved = HeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, (void *)pointer, 8);
    error = GetLastError();
    expect(!moved, "HeapReAlloc in place of %s (%p): %p", what, pointer, moved);
    expect(error == ERROR_INVALID_PARAMETER, "HeapReAlloc in place of %s (%p): error %lu", what, pointer, error);

    SetLastError(SENTINEL);
    BOOL freed = HeapFree(heap, 0, (void *)pointer);
    error = GetLastError();
    expect(!freed, "HeapFree of %s (%p)", what, pointer);
    expect(error == ERROR_INVALID_PARAMETER, "HeapFree of %s (%p): error %lu", what, pointer, error);
}

/* The sizes that stand for small, medium and large blocks. */
static const SIZE_T block_sizes[] = { 1, 16, 48, 200, 1000, 4000, 20000, 100000, 600000, 3 << 20 };
enum { BLOCK_SIZES = sizeof block_sizes / sizeof block_sizes[0] };

/* A tiny program's main: the attack runs against the process heap and a private one, among a herd that must survive
 * it. attack(heap) frees what it allocates. */
HELPER void (*attack_now)(HANDLE heap);
HELPER void attack_on(HANDLE heap)
{
    struct herd herd = herd_new(heap);
    attack_now(heap);
    herd_check(&herd);
    herd_exercise(&herd);
    herd_free(&herd);
}
HELPER void attack_process_heap(void **state) { (void)state, attack_on(GetProcessHeap()); }
HELPER void attack_private_heap(void **state)
{
    (void)state;
    HANDLE heap = HeapCreate(0, 0, 0);
    expect(heap, "HeapCreate");
    attack_on(heap);
    expect(walk_count(heap, NULL) == 0, "no block is left");
    expect(HeapDestroy(heap), "HeapDestroy");
}
HELPER int attack_main(void (*attack)(HANDLE heap))
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(attack_process_heap), cmocka_unit_test(attack_private_heap) };
    attack_now = attack;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ---- threads and processes ---- */
HELPER HANDLE thread_start(LPTHREAD_START_ROUTINE routine, void *context)
{
    HANDLE thread = CreateThread(NULL, 0, routine, context, 0, NULL);
    expect(thread, "CreateThread: error %lu", GetLastError());
    return thread;
}
HELPER void thread_join(HANDLE thread)
{
    expect(WaitForSingleObject(thread, 120000) == WAIT_OBJECT_0, "a thread does not end");
    CloseHandle(thread);
}
HELPER DWORD thread_run(LPTHREAD_START_ROUTINE routine, void *context)
{
    DWORD code = 0;
    HANDLE thread = thread_start(routine, context);
    expect(WaitForSingleObject(thread, 120000) == WAIT_OBJECT_0, "a thread does not end");
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

/* What of this process is in memory, in bytes. */
HELPER SIZE_T resident(void)
{
    PROCESS_MEMORY_COUNTERS counters = { .cb = sizeof counters };
    return K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters) ? counters.WorkingSetSize : 0;
}

/* Runs this program again with one argument; returns its exit code. */
HELPER DWORD child_run(const char *argument)
{
    char program[MAX_PATH], command[MAX_PATH + 100];
    STARTUPINFOA startup = { .cb = sizeof startup };
    PROCESS_INFORMATION process;
    DWORD code = 0;
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(command, sizeof command, "\"%s\" %s", program, argument);
    expect(process_start(NULL, command, FALSE, 0, &startup, &process), "CreateProcess: %lu",
           GetLastError());
    DWORD waited = WaitForSingleObject(process.hProcess, 60000);
    if (waited != WAIT_OBJECT_0) TerminateProcess(process.hProcess, 9);
    WaitForSingleObject(process.hProcess, 10000);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    expect(waited == WAIT_OBJECT_0, "the child '%s' does not end", argument);
    return code;
}

#endif
