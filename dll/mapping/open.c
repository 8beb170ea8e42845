/* open.c - opening a named file mapping object. */
#include "name.h"
#include "permanent.h"
#include "section.h"

/* Opens the file mapping object called name, with FILE_MAP_* rights; child processes inherit the handle if inherit is
 * set. Names are compared exactly, may begin with Local\ or Global\ and hold no other backslash. Returns a handle or
 * NULL. Success leaves the last error alone. Any thread.
 * Errors: ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND (a backslash in the name), ERROR_INVALID_HANDLE (an object of
 * another type), ERROR_ACCESS_DENIED, ERROR_INVALID_PARAMETER (no name), ERROR_NOACCESS (unreadable name).
 * Page: memoryapi/nf-memoryapi-openfilemappingw */
K32MEM_API HANDLE WINAPI OpenFileMappingW(DWORD access, BOOL inherit, LPCWSTR name)
{
    struct object_name object;
    HANDLE section;
    if (!name) return error_null(ERROR_INVALID_PARAMETER);
    NTSTATUS status = object_name_set(&object, name, NULL, inherit ? OBJ_INHERIT : 0);
    if (status >= 0) status = NtOpenSection(&section, section_rights(access), &object.attributes);
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    permanent_note(section);
    return section;
}

/* OpenFileMappingW with the name in the ANSI code page, at most MAX_PATH characters (otherwise
 * ERROR_FILENAME_EXCED_RANGE). Page: winbase/nf-winbase-openfilemappinga */
K32MEM_API HANDLE WINAPI OpenFileMappingA(DWORD access, BOOL inherit, LPCSTR name)
{
    struct ansi_name wide;
    if (!name) return error_null(ERROR_INVALID_PARAMETER);
    LPCWSTR converted = ansi_name_convert(&wide, name);
    return converted ? OpenFileMappingW(access, inherit, converted) : NULL;
}

/* OpenFileMappingW; FILE_MAP_EXECUTE alone grants exactly the right to map for execution.
 * Page: memoryapi/nf-memoryapi-openfilemappingfromapp */
K32MEM_API HANDLE WINAPI OpenFileMappingFromApp(ULONG access, BOOL inherit, PCWSTR name)
{
    return OpenFileMappingW(access, inherit, name);
}
