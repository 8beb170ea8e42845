/* create.c - CreateFileMapping and its relatives: each gathers its arguments into a request. */
#include "../core/probe.h"
#include "name.h"
#include "section.h"

/* Splits a protection argument into page protection and section attributes. */
static struct section_request request_make(HANDLE file, const SECURITY_ATTRIBUTES *security, ULONG protect,
                                           ULONG64 bytes, LPCWSTR name, ULONG node)
{
    struct section_request request = { .file = file,
                                       .security = security,
                                       .protect = protect & ~SECTION_ATTRIBUTES,
                                       .attributes = protect & SECTION_ATTRIBUTES,
                                       .bytes = bytes,
                                       .name = name,
                                       .node = node };
    return request;
}

/* Creates a file mapping object over file (INVALID_HANDLE_VALUE: over the paging file, then a size is needed), or opens
 * the one that has the name already. protect: one PAGE_* value and SEC_* attributes. Sizes are in bytes; 0 means the
 * file's size. node is the preferred NUMA node, NUMA_NO_PREFERRED_NODE for none; it is a preference only.
 * Returns a handle, with last error 0 or ERROR_ALREADY_EXISTS, or NULL. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (protection, attributes, no size), ERROR_FILE_INVALID (empty file), ERROR_DISK_FULL
 * (the file cannot grow), ERROR_NOT_ENOUGH_MEMORY (a read-only mapping larger than its file), ERROR_ACCESS_DENIED (the
 * file's handle lacks a right, or the existing object refuses), ERROR_INVALID_HANDLE (bad file handle, or the name is
 * that of an object of another type), ERROR_PATH_NOT_FOUND (a backslash in the name), ERROR_PRIVILEGE_NOT_HELD
 * (SEC_LARGE_PAGES), ERROR_BAD_EXE_FORMAT (SEC_IMAGE of no image), ERROR_NOACCESS (unreadable arguments).
 * Page: winbase/nf-winbase-createfilemappingnumaa */
K32MEM_API HANDLE WINAPI CreateFileMappingNumaW(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                                DWORD size_high, DWORD size_low, LPCWSTR name, DWORD node)
{
    struct section_request request =
        request_make(file, security, protect, (ULONG64)size_high << 32 | size_low, name, node);
    return section_create(&request);
}

/* CreateFileMappingNumaW with the name in the ANSI code page, at most MAX_PATH characters (otherwise
 * ERROR_FILENAME_EXCED_RANGE). Page: winbase/nf-winbase-createfilemappingnumaa */
K32MEM_API HANDLE WINAPI CreateFileMappingNumaA(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                                DWORD size_high, DWORD size_low, LPCSTR name, DWORD node)
{
    struct ansi_name wide;
    LPCWSTR converted = name ? ansi_name_convert(&wide, name) : NULL;
    if (name && !converted) return NULL;
    return CreateFileMappingNumaW(file, security, protect, size_high, size_low, converted, node);
}

/* CreateFileMappingNumaW without a preferred node. Page: memoryapi/nf-memoryapi-createfilemappingw */
K32MEM_API HANDLE WINAPI CreateFileMappingW(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                            DWORD size_high, DWORD size_low, LPCWSTR name)
{
    return CreateFileMappingNumaW(file, security, protect, size_high, size_low, name, NUMA_NO_PREFERRED_NODE);
}

/* CreateFileMappingNumaA without a preferred node. Page: winbase/nf-winbase-createfilemappinga */
K32MEM_API HANDLE WINAPI CreateFileMappingA(HANDLE file, LPSECURITY_ATTRIBUTES security, DWORD protect,
                                            DWORD size_high, DWORD size_low, LPCSTR name)
{
    return CreateFileMappingNumaA(file, security, protect, size_high, size_low, name, NUMA_NO_PREFERRED_NODE);
}

/* CreateFileMappingW with the size in one piece. A process that is not a packaged app may ask for execute access as
 * elsewhere. Errors as CreateFileMappingNumaW. Page: memoryapi/nf-memoryapi-createfilemappingfromapp */
K32MEM_API HANDLE WINAPI CreateFileMappingFromApp(HANDLE file, PSECURITY_ATTRIBUTES security, ULONG protect,
                                                  ULONG64 bytes, PCWSTR name)
{
    struct section_request request = request_make(file, security, protect, bytes, name, NUMA_NO_PREFERRED_NODE);
    return section_create(&request);
}

/* The preferred node among CreateFileMapping2's extended parameters. Address requirements are allowed there but say
 * nothing about an object that has no address yet. */
static DWORD parameters_read(const MEM_EXTENDED_PARAMETER *parameters, ULONG count, ULONG *node)
{
    ULONG seen = 0;
    *node = NUMA_NO_PREFERRED_NODE;
    if (!count) return ERROR_SUCCESS;
    if (!parameters || count > MemExtendedParameterMax) return ERROR_INVALID_PARAMETER;
    if (!probe_read(parameters, count * sizeof(*parameters))) return ERROR_NOACCESS;
    for (ULONG i = 0; i < count; i++) {
        ULONG type = (ULONG)parameters[i].Type;
        if (type != MemExtendedParameterNumaNode && type != MemExtendedParameterAddressRequirements)
            return ERROR_INVALID_PARAMETER;
        if (parameters[i].Reserved || (seen & 1u << type)) return ERROR_INVALID_PARAMETER;
        seen |= 1u << type;
        if (type == MemExtendedParameterNumaNode) *node = parameters[i].ULong;
    }
    return ERROR_SUCCESS;
}

/* CreateFileMappingW with the handle's access rights (FILE_MAP_*), the SEC_* attributes in an argument of their own,
 * and extended parameters: at most one preferred NUMA node and one set of address requirements. parameters is read
 * only when count is not 0. Errors as CreateFileMappingNumaW; ERROR_INVALID_PARAMETER for other parameters,
 * ERROR_NOACCESS when they cannot be read.
 * Page: memoryapi/nf-memoryapi-createfilemapping2 */
K32MEM_API HANDLE WINAPI CreateFileMapping2(HANDLE file, SECURITY_ATTRIBUTES *security, ULONG access, ULONG protect,
                                            ULONG attributes, ULONG64 bytes, PCWSTR name,
                                            MEM_EXTENDED_PARAMETER *parameters, ULONG count)
{
    struct section_request request = request_make(file, security, protect, bytes, name, NUMA_NO_PREFERRED_NODE);
    if (request.attributes || (attributes & ~SECTION_ATTRIBUTES)) return error_null(ERROR_INVALID_PARAMETER);
    DWORD error = parameters_read(parameters, count, &request.node);
    if (error) return error_null(error);
    request.attributes = attributes;
    request.access = section_rights(access);
    return section_create(&request);
}
