/* guards.c - what k32mem promises of the IsBad functions beyond their pages: a guard page that was asked about is on
 * guard again, on other threads' stacks too, and IsBadWritePtr never undoes what another thread writes.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define PAGE 4096

static DWORD protection(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(address, &info, sizeof(info)) && info.State == MEM_COMMIT ? info.Protect : 0;
}

static void guard_stays(void **state)
{
    static const DWORD kinds[] = { PAGE_READWRITE, PAGE_READONLY, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE };
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        char *base = VirtualAlloc(NULL, 16 * PAGE, MEM_RESERVE | MEM_COMMIT, kinds[i] | PAGE_GUARD);
        for (unsigned round = 0; round < 2; round++) {
            assert_true(IsBadReadPtr(base, 1));
            assert_true(IsBadReadPtr(base + PAGE, 5 * PAGE));
            assert_true(IsBadWritePtr(base + 2 * PAGE + 100, 1));
            assert_true(IsBadCodePtr((FARPROC)(base + 3 * PAGE)));
            assert_true(IsBadStringPtrA(base + 4 * PAGE, 10));
            assert_true(IsBadStringPtrW((LPCWSTR)(base + 5 * PAGE), 10));
            for (unsigned page = 0; page < 16; page++)
                assert_int_equal(protection(base + page * PAGE), kinds[i] | PAGE_GUARD);
        }
        VirtualFree(base, 0, MEM_RELEASE);
    }
}

/* ---- stacks ---- */
static char *volatile stack;
static HANDLE ready, finish;

static DWORD WINAPI waiter(void *unused)
{
    MEMORY_BASIC_INFORMATION info;
    volatile char here = 0;
    (void)unused;
    VirtualQuery((const void *)&here, &info, sizeof(info));
    stack = info.AllocationBase;
    SetEvent(ready);
    WaitForSingleObject(finish, INFINITE);
    return 0;
}

static void other_stack_keeps_its_guard(void **state)
{
    MEMORY_BASIC_INFORMATION info;
    unsigned guards = 0;
    (void)state;
    ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    finish = CreateEventA(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, waiter, NULL, 0, NULL);
    WaitForSingleObject(ready, INFINITE);
    for (char *at = stack; VirtualQuery(at, &info, sizeof(info)) && info.AllocationBase == stack;
         at = (char *)info.BaseAddress + info.RegionSize) {
        if (info.State != MEM_COMMIT || !(info.Protect & PAGE_GUARD)) continue;
        guards++;
        assert_true(IsBadReadPtr(info.BaseAddress, 1));
        assert_int_equal(protection(info.BaseAddress), info.Protect);
        assert_true(IsBadWritePtr(info.BaseAddress, info.RegionSize));
        assert_int_equal(protection(info.BaseAddress), info.Protect);
    }
    assert_true(guards >= 1);
    SetEvent(finish);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* ---- writers ---- */
static volatile LONG counter, asking = 1;

static DWORD WINAPI asker(void *unused)
{
    (void)unused;
    while (asking)
        if (IsBadWritePtr((void *)&counter, sizeof(counter))) return 1;
    return 0;
}

static void writes_of_others_stay(void **state)
{
    DWORD code = 7;
    (void)state;
    HANDLE thread = CreateThread(NULL, 0, asker, NULL, 0, NULL);
    for (LONG i = 1; i <= 3000000; i++) {
        counter = i; /* a plain store, as another thread of a program would make it */
        if (counter != i) fail_msg("a write was undone: %ld for %ld", counter, i);
    }
    asking = 0;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    assert_int_equal(code, 0);
    assert_int_equal(counter, 3000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(guard_stays), cmocka_unit_test(other_stack_keeps_its_guard),
                                        cmocka_unit_test(writes_of_others_stay) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
