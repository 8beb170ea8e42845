/* writers.c - threads that write into one page of code at the same time leave it as it was protected. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define PAGE 4096
#define THREADS 2
#define WRITES 4000

static char *code;
static volatile LONG arrived;

/* A write may fail while another thread puts the protection back; what counts is what is left. */
static DWORD WINAPI write(void *number)
{
    char byte = (char)(ULONG_PTR)number;
    for (LONG i = 1; i <= WRITES; i++) {
        InterlockedIncrement(&arrived);
        while (arrived < i * THREADS) Sleep(0); /* all begin this write together */
        WriteProcessMemory(GetCurrentProcess(), code + byte, &byte, 1, NULL);
    }
    return 0;
}

static void protection_stays(void **state)
{
    MEMORY_BASIC_INFORMATION info;
    HANDLE threads[THREADS];
    (void)state;
    code = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READ);
    assert_non_null(code);
    for (ULONG_PTR i = 0; i < THREADS; i++) {
        threads[i] = CreateThread(NULL, 0, write, (void *)i, 0, NULL);
        assert_non_null(threads[i]);
    }
    assert_int_equal(WaitForMultipleObjects(THREADS, threads, TRUE, 120000), WAIT_OBJECT_0);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(code[i], i);
        CloseHandle(threads[i]);
    }
    assert_true(VirtualQuery(code, &info, sizeof(info)));
    assert_int_equal(info.Protect, PAGE_EXECUTE_READ);
    assert_true(VirtualFree(code, 0, MEM_RELEASE));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(protection_stays) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
