/* stack.c - what k32mem gives back of a redirected program's stacks: pages that nobody has written to, and nothing else.
 */
#include "redirect.h"
#include <psapi.h>

typedef BOOL(WINAPI *redirect_fn)(LPCWSTR);
enum { PAGE = 4096, LOOKED_AT = 1 << 20, KEPT = 80 << 10 };
#define MARK 0x5ac3

/* cmocka's assertions are for the first thread: the others return how much went wrong. */
static volatile LONG wrong;
#define right(condition) ((condition) ? (void)0 : (void)InterlockedIncrement(&wrong))

/* How many pages of the stack's upper megabyte, but for those near here, are in memory. */
static SIZE_T pages_resident(const char *here)
{
    static PSAPI_WORKING_SET_EX_INFORMATION pages[LOOKED_AT / PAGE];
    ULONG_PTR low, base;
    SIZE_T count = 0, resident = 0;
    GetCurrentThreadStackLimits(&low, &base);
    const char *limit = (const char *)(low < base - LOOKED_AT ? base - LOOKED_AT : low);
    for (; limit < here - KEPT && count < LOOKED_AT / PAGE; limit += PAGE) pages[count++].VirtualAddress = (void *)limit;
    right(K32QueryWorkingSetEx(GetCurrentProcess(), pages, (DWORD)(count * sizeof(pages[0]))));
    for (SIZE_T i = 0; i < count; i++) resident += pages[i].VirtualAttributes.Valid;
    return resident;
}

/* More than a second in which size class after size class is used for the first time. */
static void allocate_for_a_while(void)
{
    static void *blocks[100][100];
    for (int i = 0; i < 100; i++) {
        for (int j = 0; j < 100; j++) right(blocks[i][j] = HeapAlloc(GetProcessHeap(), 0, (SIZE_T)i * 97 + 1));
        Sleep(12);
    }
    for (int i = 0; i < 100; i++)
        for (int j = 0; j < 100; j++) right(HeapFree(GetProcessHeap(), 0, blocks[i][j]));
}

static SIZE_T before, after;
static DWORD WINAPI plain_thread(void *context)
{
    char here;
    (void)context;
    before = pages_resident(&here);
    allocate_for_a_while();
    after = pages_resident(&here);
    return 0;
}

/* A thread that has cut a stack for something else out of its own, below where it works. */
static DWORD WINAPI carving_thread(void *context)
{
    char here;
    const SIZE_T distances[] = { 450 << 10, 451 << 10, 700 << 10, 900 << 10 };
    volatile DWORD *marks[4];
    (void)context;
    for (int i = 0; i < 4; i++) {
        marks[i] = (volatile DWORD *)(((ULONG_PTR)&here - distances[i]) & ~(ULONG_PTR)15);
        MEMORY_BASIC_INFORMATION info;
        VirtualQuery((void *)marks[i], &info, sizeof(info));
        if (info.State == MEM_COMMIT && info.Protect == PAGE_READWRITE) *marks[i] = MARK + (DWORD)i;
        else marks[i] = NULL; /* Windows commits less */
    }
    allocate_for_a_while();
    for (int i = 0; i < 4; i++)
        right(!marks[i] || *marks[i] == MARK + (DWORD)i);
    return 0;
}

static void thread_run(LPTHREAD_START_ROUTINE routine)
{
    HANDLE thread = CreateThread(NULL, 0, routine, NULL, 0, NULL);
    assert_non_null(thread);
    assert_int_equal(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
    CloseHandle(thread);
    assert_int_equal(wrong, 0);
}

static void untouched_pages_go_back(void **state)
{
    (void)state;
    thread_run(plain_thread);
    print_message("%u pages before, %u after\n", (unsigned)before, (unsigned)after);
    assert_true(before < 64 || after < before / 4);
}

static void what_is_written_stays(void **state)
{
    (void)state;
    thread_run(carving_thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(untouched_pages_go_back), cmocka_unit_test(what_is_written_stays) };
    redirect_fn redirect = (redirect_fn)(void *)GetProcAddress(LoadLibraryA("k32mem.dll"), "K32memRedirect");
    if (!redirect || !redirect(NULL)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
