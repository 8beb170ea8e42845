/* import.c - a program that has k32mem.dll from its import table, through libk32mem.a. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

/* The module that an address lies in. */
static HMODULE module_of(const void *address)
{
    HMODULE module = NULL;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, address,
                       &module);
    return module;
}

static void comes_with_the_program(void **state)
{
    (void)state;
    HMODULE dll = GetModuleHandleA("k32mem.dll");
    assert_non_null(dll);
    assert_ptr_equal(module_of((void *)VirtualAlloc), dll);
    assert_ptr_equal(module_of((void *)GetProcAddress(dll, "VirtualAlloc")), dll);
    assert_ptr_equal((void *)GetProcAddress(dll, "VirtualAlloc"), (void *)VirtualAlloc);
}

/* What the library lacks comes from the system, in the same program. */
static void leaves_the_rest_to_the_system(void **state)
{
    (void)state;
    assert_ptr_not_equal(module_of((void *)CreateEventA), GetModuleHandleA("k32mem.dll"));
}

static void works(void **state)
{
    (void)state;
    char *block = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(block);
    memset(block, 0x5a, 4096);
    MEMORY_BASIC_INFORMATION region;
    assert_int_equal(VirtualQuery(block, &region, sizeof(region)), sizeof(region));
    assert_ptr_equal(region.AllocationBase, block);
    assert_true(VirtualFree(block, 0, MEM_RELEASE));
    SetLastError(0);
    assert_null(VirtualAlloc(NULL, 0, MEM_RESERVE, PAGE_READWRITE));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
}

/* stdcall: the callee takes its arguments off the stack. A wrong count would move the stack pointer at every call. */
static void keeps_the_stack_level(void **state)
{
    (void)state;
    volatile uintptr_t mark = 0x12345678;
    for (int round = 0; round < 10000; round++) {
        char *block = VirtualAlloc(NULL, 4096, MEM_RESERVE, PAGE_NOACCESS);
        assert_true(block && VirtualFree(block, 0, MEM_RELEASE));
    }
    assert_int_equal(mark, 0x12345678);
}

static void stays_while_it_is_imported(void **state)
{
    (void)state;
    HMODULE dll = GetModuleHandleA("k32mem.dll");
    FreeLibrary(dll);
    FreeLibrary(dll);
    assert_ptr_equal(GetModuleHandleA("k32mem.dll"), dll);
    works(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_with_the_program), cmocka_unit_test(leaves_the_rest_to_the_system),
        cmocka_unit_test(works),                  cmocka_unit_test(keeps_the_stack_level),
        cmocka_unit_test(stays_while_it_is_imported),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
