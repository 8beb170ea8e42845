/* section.c - the rules of CreateFileMapping in all its forms. */
#include "section.h"
#include "name.h"
#include "../core/privilege.h"
#include "permanent.h"

#ifndef SEC_LARGE_PAGES
#define SEC_LARGE_PAGES 0x80000000u
#endif

static BOOL protect_known(ULONG protect)
{
    return protect == PAGE_READONLY || protect == PAGE_READWRITE || protect == PAGE_WRITECOPY ||
           protect == PAGE_EXECUTE_READ || protect == PAGE_EXECUTE_READWRITE || protect == PAGE_EXECUTE_WRITECOPY;
}

static BOOL protect_executable(ULONG protect)
{
    return (protect & (PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) != 0;
}

static BOOL protect_writable(ULONG protect) { return (protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) != 0; }

/* "Full access" within what the protection allows, so that views of every allowed kind can be mapped. */
static ACCESS_MASK access_for(ULONG protect)
{
    ACCESS_MASK access = STANDARD_RIGHTS_REQUIRED | SECTION_QUERY | SECTION_MAP_READ;
    if (protect_writable(protect)) access |= SECTION_MAP_WRITE;
    if (protect_executable(protect)) access |= SECTION_MAP_EXECUTE;
    return access;
}

/* The documented rules about SEC_* attributes. file: is there one? */
static DWORD attributes_check(ULONG attributes, ULONG protect, BOOL file, ULONG64 bytes)
{
    ULONG kind = attributes & (SEC_COMMIT | SEC_RESERVE);
    if (kind == (SEC_COMMIT | SEC_RESERVE)) return ERROR_INVALID_PARAMETER;
    if (attributes & SEC_IMAGE) {
        ULONG others = attributes & ~SEC_IMAGE_NO_EXECUTE;
        if (others) return ERROR_INVALID_PARAMETER;
        if (attributes == SEC_IMAGE_NO_EXECUTE && protect != PAGE_READONLY) return ERROR_INVALID_PARAMETER;
        return 0;
    }
    if ((attributes & (SEC_NOCACHE | SEC_WRITECOMBINE)) && !kind) return ERROR_INVALID_PARAMETER;
    if (attributes & SEC_LARGE_PAGES) {
        ULONG64 large = large_page_minimum();
        if (kind != SEC_COMMIT || file) return ERROR_INVALID_PARAMETER;
        if (!large || bytes % large) return ERROR_INVALID_PARAMETER;
        if (!privilege_held(SE_LOCK_MEMORY)) return ERROR_PRIVILEGE_NOT_HELD;
    }
    return 0;
}

/* The rights that the file handle must have been opened with. Some systems do not ask for execute access themselves. */
static BOOL file_access_suffices(HANDLE file, ULONG protect)
{
    OBJECT_BASIC_INFORMATION info;
    ACCESS_MASK needed = FILE_READ_DATA | FILE_EXECUTE;
    if (protect == PAGE_EXECUTE_READWRITE) needed |= FILE_WRITE_DATA;
    if (NtQueryObject(file, ObjectBasicInformation, &info, sizeof(info), NULL) < 0) return TRUE; /* not ours to say */
    return (info.GrantedAccess & needed) == needed;
}

/* Why a section larger than its file could not be made: when the file may grow, because it could not. */
static NTSTATUS growth_failure(NTSTATUS status, const struct section_request *request, HANDLE file)
{
    FILE_STANDARD_INFORMATION info;
    IO_STATUS_BLOCK iosb;
    if (!file || !protect_writable(request->protect) || (request->attributes & SEC_IMAGE)) return status;
    if (status != STATUS_SECTION_TOO_BIG && status != STATUS_NO_MEMORY && status != STATUS_INVALID_PARAMETER)
        return status;
    if (NtQueryInformationFile(file, &iosb, &info, sizeof(info), FileStandardInformation) < 0) return status;
    return request->bytes > (ULONG64)info.EndOfFile.QuadPart ? STATUS_DISK_FULL : status;
}

static NTSTATUS create(HANDLE *section, const struct section_request *request, ACCESS_MASK access, ULONG attributes,
                       HANDLE file, const OBJECT_ATTRIBUTES *object)
{
    LARGE_INTEGER size = { .QuadPart = (LONGLONG)request->bytes };
    const LARGE_INTEGER *given = request->bytes ? &size : NULL;
    if (request->node != NUMA_NO_PREFERRED_NODE && nt_optional.NtCreateSectionEx) {
        MEM_EXTENDED_PARAMETER node = { .Type = MemSectionExtendedParameterNumaNode, .ULong64 = request->node };
        return nt_optional.NtCreateSectionEx(section, access, object, given, request->protect, attributes, file, &node,
                                             1);
    }
    /* Without that call the node, which is a preference, goes unheeded. */
    return NtCreateSection(section, access, object, given, request->protect, attributes, file);
}

HANDLE section_create(const struct section_request *request)
{
    HANDLE file = request->file == INVALID_HANDLE_VALUE ? NULL : request->file, section;
    ULONG attributes = request->attributes ? request->attributes : SEC_COMMIT;
    if (!protect_known(request->protect) || (!file && !request->bytes)) return error_null(ERROR_INVALID_PARAMETER);
    DWORD error = attributes_check(attributes, request->protect, file != NULL, request->bytes);
    if (error) return error_null(error);

    struct object_name object;
    NTSTATUS status = object_name_set(&object, request->name, request->security, request->name ? OBJ_OPENIF : 0);
    if (status >= 0 && file && protect_executable(request->protect) && !file_access_suffices(file, request->protect))
        status = STATUS_ACCESS_DENIED;
    if (status >= 0)
        status = create(&section, request, request->access ? request->access : access_for(request->protect), attributes,
                        file, &object.attributes);
    if (status < 0) {
        status_fail(growth_failure(status, request, file));
        return NULL;
    }
    if (status == STATUS_OBJECT_NAME_EXISTS) permanent_note(section);
    else if (attributes & SEC_NO_CHANGE) permanent_made();
    last_error_set(status == STATUS_OBJECT_NAME_EXISTS ? ERROR_ALREADY_EXISTS : 0);
    return section;
}
