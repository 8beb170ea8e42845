/* value.c - observed values as text: the same text for the same value in every run and on every platform. */
#define WIN32_NO_STATUS
#include "harness.h"
#undef WIN32_NO_STATUS
#include <winternl.h>
#include <ntstatus.h>

struct code_name {
    DWORD code;
    const char *name;
};

#define NAME(x) { (DWORD)x, #x }
static const struct code_name error_names[] = {
    NAME(ERROR_SUCCESS),
    NAME(ERROR_INVALID_FUNCTION),
    NAME(ERROR_FILE_NOT_FOUND),
    NAME(ERROR_PATH_NOT_FOUND),
    NAME(ERROR_TOO_MANY_OPEN_FILES),
    NAME(ERROR_ACCESS_DENIED),
    NAME(ERROR_INVALID_HANDLE),
    NAME(ERROR_NOT_ENOUGH_MEMORY),
    NAME(ERROR_INVALID_BLOCK),
    NAME(ERROR_OUTOFMEMORY),
    NAME(ERROR_BAD_LENGTH),
    NAME(ERROR_GEN_FAILURE),
    NAME(ERROR_SHARING_VIOLATION),
    NAME(ERROR_NOT_SUPPORTED),
    NAME(ERROR_INVALID_PARAMETER),
    NAME(ERROR_DISK_FULL),
    NAME(ERROR_CALL_NOT_IMPLEMENTED),
    NAME(ERROR_INSUFFICIENT_BUFFER),
    NAME(ERROR_INVALID_NAME),
    NAME(ERROR_MOD_NOT_FOUND),
    NAME(ERROR_PROC_NOT_FOUND),
    NAME(ERROR_BUSY),
    NAME(ERROR_BAD_PATHNAME),
    NAME(ERROR_DISCARDED),
    NAME(ERROR_NOT_LOCKED),
    NAME(ERROR_ALREADY_EXISTS),
    NAME(ERROR_FILENAME_EXCED_RANGE),
    NAME(ERROR_BAD_EXE_FORMAT),
    NAME(ERROR_MORE_DATA),
    NAME(ERROR_NO_MORE_ITEMS),
    NAME(ERROR_PARTIAL_COPY),
    NAME(ERROR_INVALID_ADDRESS),
    NAME(ERROR_ARITHMETIC_OVERFLOW),
    NAME(ERROR_NOACCESS),
    NAME(ERROR_INVALID_FLAGS),
    NAME(ERROR_FILE_INVALID),
    NAME(ERROR_USER_MAPPED_FILE),
    NAME(ERROR_MAPPED_ALIGNMENT),
    NAME(ERROR_PRIVILEGE_NOT_HELD),
    NAME(ERROR_NOT_ALL_ASSIGNED),
    NAME(ERROR_NO_SYSTEM_RESOURCES),
    NAME(ERROR_NONPAGED_SYSTEM_RESOURCES),
    NAME(ERROR_PAGED_SYSTEM_RESOURCES),
    NAME(ERROR_WORKING_SET_QUOTA),
    NAME(ERROR_PAGEFILE_QUOTA),
    NAME(ERROR_COMMITMENT_LIMIT),
    NAME(ERROR_TIMEOUT),
    NAME(ERROR_INVALID_USER_BUFFER),
    NAME(ERROR_NOT_FOUND),
    NAME(ERROR_MR_MID_NOT_FOUND),
};

static const struct code_name status_names[] = {
    NAME(STATUS_ACCESS_VIOLATION),
    NAME(STATUS_BREAKPOINT),
    NAME(STATUS_CONFLICTING_ADDRESSES),
    NAME(STATUS_GUARD_PAGE_VIOLATION),
    NAME(STATUS_HEAP_CORRUPTION),
    NAME(STATUS_ILLEGAL_INSTRUCTION),
    NAME(STATUS_INFO_LENGTH_MISMATCH),
    NAME(STATUS_INVALID_HANDLE),
    NAME(STATUS_INVALID_PARAMETER),
    NAME(STATUS_IN_PAGE_ERROR),
    NAME(STATUS_INTEGER_DIVIDE_BY_ZERO),
    NAME(STATUS_NO_MEMORY),
    NAME(STATUS_NOT_SUPPORTED),
    NAME(STATUS_NOT_IMPLEMENTED),
    NAME(STATUS_PRIVILEGED_INSTRUCTION),
    NAME(STATUS_STACK_BUFFER_OVERRUN),
    NAME(STATUS_STACK_OVERFLOW),
    NAME(STATUS_SUCCESS),
    NAME(STATUS_DATATYPE_MISALIGNMENT),
    { 0x80000100, "EXCEPTION_WINE_STUB" },
    { 0x80000101, "EXCEPTION_WINE_ASSERTION" },
};
#undef NAME

static const char *code_name(const struct code_name *names, size_t count, DWORD code)
{
    for (size_t i = 0; i < count; i++)
        if (names[i].code == code)
            return names[i].name;
    return NULL;
}

const char *exception_name(char *buffer, DWORD code)
{
    const char *name = code_name(status_names, sizeof(status_names) / sizeof(status_names[0]), code);
    snprintf(buffer, VALUE_TEXT, name ? "0x%08x %s" : "0x%08x", (unsigned)code, name);
    return buffer;
}

const char *value_text(char *buffer, enum conform_kind kind, uint64_t value)
{
    const char *name;
    unsigned long long number = value;
    switch (kind) {
    case KIND_BOOL:
        return value ? "TRUE" : "FALSE";
    case KIND_UINT:
        snprintf(buffer, VALUE_TEXT, "%llu", number);
        return buffer;
    case KIND_ERROR:
        if (value == SENTINEL)
            return "left alone";
        name = code_name(error_names, sizeof(error_names) / sizeof(error_names[0]), (DWORD)value);
        snprintf(buffer, VALUE_TEXT, name ? "%llu %s" : "%llu", number, name);
        return buffer;
    case KIND_STATUS:
        return exception_name(buffer, (DWORD)value);
    default:
        snprintf(buffer, VALUE_TEXT, "0x%llx", number);
        return buffer;
    }
}
