/* header.c - the public header: every function that it declares is there to be linked to, and its inline functions
 * work. rules.mk also compiles the header by itself as C11 and as C++17.
 */
#include <k32mem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void declared(void **state)
{
    /* the structures have the sizes of the documentation */
    (void)state;
    assert_int_equal(sizeof(ENCLAVE_CREATE_INFO_SGX), 4096);
    assert_int_equal(sizeof(ENCLAVE_INIT_INFO_SGX), 4096);
    assert_int_equal(sizeof(ENCLAVE_CREATE_INFO_VBS), 36);
    assert_int_equal(sizeof(ENCLAVE_INIT_INFO_VBS), 8);
    assert_int_equal(sizeof(WIN32_MEMORY_NUMA_PERFORMANCE_ENTRY), 32);
    assert_int_equal(sizeof(WIN32_MEMORY_PARTITION_INFORMATION), 240);
}

static void linked(void **state)
{
    void *const functions[] = {
        (void *)AllocateUserPhysicalPages2,
        (void *)GetNumaNodeProcessorMask2,
        (void *)GetMemoryNumaClosestInitiatorNode,
        (void *)GetMemoryNumaPerformanceInformation,
        (void *)OpenDedicatedMemoryPartition,
        (void *)QueryPartitionInformation,
        (void *)IsEnclaveTypeSupported,
        (void *)CreateEnclave,
        (void *)LoadEnclaveData,
        (void *)InitializeEnclave,
        (void *)LoadEnclaveImageA,
        (void *)LoadEnclaveImageW,
        (void *)CallEnclave,
        (void *)TerminateEnclave,
        (void *)DeleteEnclave,
    };
    HMODULE module = GetModuleHandleA("k32mem.dll");
    USHORT count = 0;
    (void)state;
    assert_non_null(module);
    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) assert_non_null(functions[i]);
    assert_false(GetNumaNodeProcessorMask2(0, NULL, 0, &count));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_true(count >= 1);
    assert_false(IsEnclaveTypeSupported(0xffffffff));
    assert_int_equal(GetLastError(), ERROR_NOT_SUPPORTED);
}

static void inline_functions(void **state)
{
    char text[16] = "0123456789abcde", copy[16] = "";
    (void)state;
    assert_ptr_equal(CopyVolatileMemory(copy, text, 16), copy);
    assert_string_equal(copy, text);
    MoveVolatileMemory(copy + 2, copy, 8);
    assert_string_equal(copy, "0101234567abcde");
    FillVolatileMemory(copy, 3, 'x');
    assert_string_equal(copy, "xxx1234567abcde");
    SecureZeroMemory2(copy + 4, 12);
    assert_string_equal(copy, "xxx1");
    assert_int_equal(copy[15], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(declared), cmocka_unit_test(linked),
                                        cmocka_unit_test(inline_functions) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
