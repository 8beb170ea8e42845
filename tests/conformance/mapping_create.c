/* mapping_create.c - what CreateFileMapping, in all its forms, accepts: protections, sizes, file handles. */
#include "mapping_common.h"

CREATE_FUNCTIONS
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))

static BOOL executable(ULONG protect) { return protect >= PAGE_EXECUTE_READ; }
static BOOL writable(ULONG protect) { return protect == PAGE_READWRITE || protect == PAGE_EXECUTE_READWRITE; }

static void battery_protections(const struct create_form *form)
{
    for (unsigned i = 0; i < COUNT(protections); i++) {
        CHECK(form->page, "paging file, %s, 128 KB", protect_name(protections[i]));
        if (form == &form_app && executable(protections[i]))
            UNDECIDED("the page lists no executable protection, and does not say whether desktop processes get one");
        SET_SENTINEL();
        HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, protections[i], 0x20000, NULL);
        EXPECT_CREATED(mapping, ERROR_SUCCESS);
    }
    static const ULONG refused[] = { 0,
                                     PAGE_NOACCESS,
                                     PAGE_EXECUTE,
                                     PAGE_READONLY | PAGE_READWRITE,
                                     PAGE_READWRITE | PAGE_GUARD,
                                     PAGE_READWRITE | PAGE_NOCACHE,
                                     PAGE_READWRITE | PAGE_WRITECOMBINE,
                                     0x3ff };
    for (unsigned i = 0; i < COUNT(refused); i++) {
        CHECK(form->page, "paging file, protection 0x%lx, 128 KB", refused[i]);
        SET_SENTINEL();
        HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, refused[i], 0x20000, NULL);
        EXPECT_NONE(mapping, ERROR_INVALID_PARAMETER);
    }
}
FOR_EACH_CREATE(protections, battery_protections)

/* "The file handle must be created with the GENERIC_READ [and GENERIC_WRITE] [and GENERIC_EXECUTE] access rights." */
static void battery_file_access(const struct create_form *form)
{
    static const struct {
        const char *name;
        DWORD access;
    } opened[] = { { "GENERIC_READ", GENERIC_READ },
                   { "GENERIC_WRITE", GENERIC_WRITE },
                   { "GENERIC_READ|GENERIC_WRITE", GENERIC_READ | GENERIC_WRITE },
                   { "GENERIC_READ|GENERIC_EXECUTE", GENERIC_READ | GENERIC_EXECUTE },
                   { "GENERIC_READ|GENERIC_WRITE|GENERIC_EXECUTE", GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE } };
    for (unsigned i = 0; i < COUNT(opened); i++) {
        HANDLE file = file_make(opened[i].access, 5000);
        for (unsigned j = 0; j < COUNT(protections); j++) {
            ULONG protect = protections[j];
            DWORD needed = GENERIC_READ | (writable(protect) ? GENERIC_WRITE : 0) |
                           (executable(protect) ? GENERIC_EXECUTE : 0);
            if (form == &form_app && executable(protect))
                continue;
            CHECK(form->page, "5000-byte file opened with %s, %s, size 0", opened[i].name, protect_name(protect));
            SET_SENTINEL();
            HANDLE mapping = form->create(file, NULL, protect, 0, NULL);
            if ((opened[i].access & needed) == needed)
                EXPECT_CREATED(mapping, ERROR_SUCCESS);
            else
                EXPECT_NONE(mapping, ERROR_ACCESS_DENIED);
        }
        CloseHandle(file);
    }
}
FOR_EACH_CREATE(file_access, battery_file_access)

static void battery_sizes(const struct create_form *form)
{
    HANDLE file;
    try_create(form, "paging file, size 0",
               INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, NULL, FALSE, ERROR_INVALID_PARAMETER);
    try_create(form, "paging file, size 1", INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 1, NULL, TRUE, ERROR_SUCCESS);
    try_create(form, "paging file, size 0x7fffffffffffffff",
               INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x7fffffffffffffffull, NULL, FALSE, ANY_ERROR);

    file = file_make(GENERIC_READ | GENERIC_WRITE, 0);
    try_create(form, "empty file, PAGE_READWRITE, size 0",
               file, NULL, PAGE_READWRITE, 0, NULL, FALSE, ERROR_FILE_INVALID);
    try_create(form, "empty file, PAGE_READONLY, size 0",
               file, NULL, PAGE_READONLY, 0, NULL, FALSE, ERROR_FILE_INVALID);
    try_create(form, "empty file, PAGE_READWRITE, size 6000: the file grows",
               file, NULL, PAGE_READWRITE, 6000, NULL, TRUE, ERROR_SUCCESS);
    EXPECT_UINT("file size", file_bytes(file), 6000);
    CloseHandle(file);

    file = file_make(GENERIC_READ | GENERIC_WRITE, 5000);
    try_create(form, "5000-byte file, PAGE_READONLY, size 6000",
               file, NULL, PAGE_READONLY, 6000, NULL, FALSE, ANY_ERROR);
    EXPECT_UINT("file size", file_bytes(file), 5000);
    try_create(form, "5000-byte file, PAGE_WRITECOPY, size 6000",
               file, NULL, PAGE_WRITECOPY, 6000, NULL, FALSE, ANY_ERROR);
    try_create(form, "5000-byte file, PAGE_READWRITE, size 100: smaller than the file",
               file, NULL, PAGE_READWRITE, 100, NULL, TRUE, ERROR_SUCCESS);
    EXPECT_UINT("file size", file_bytes(file), 5000);
    try_create(form, "5000-byte file, PAGE_READWRITE, size 70000: the file grows",
               file, NULL, PAGE_READWRITE, 70000, NULL, TRUE, ERROR_SUCCESS);
    EXPECT_UINT("file size", file_bytes(file), 70000);
    try_create(form, "70000-byte file, PAGE_READWRITE, size 2^60: more than any disk has",
               file, NULL, PAGE_READWRITE, 1ull << 60, NULL, FALSE, ERROR_DISK_FULL);
    EXPECT_UINT("file size", file_bytes(file), 70000);
    CloseHandle(file);
}
FOR_EACH_CREATE(sizes, battery_sizes)

static void battery_handles(const struct create_form *form)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), mapping;
    try_create(form, "a number that is no handle, PAGE_READWRITE, 4096",
               (HANDLE)0xdeadbee0, NULL, PAGE_READWRITE, 4096, NULL, FALSE, ERROR_INVALID_HANDLE);
    try_create(form, "an event's handle, PAGE_READWRITE, 4096",
               event, NULL, PAGE_READWRITE, 4096, NULL, FALSE, ERROR_INVALID_HANDLE);
    CHECK(form->page, "NULL in place of INVALID_HANDLE_VALUE, PAGE_READWRITE, 4096");
    UNDECIDED("the page does not speak of NULL");
    SET_SENTINEL();
    mapping = form->create(NULL, NULL, PAGE_READWRITE, 4096, NULL);
    NOTE_ERROR();
    NOTE_BOOL("handle", mapping);
    if (mapping)
        CloseHandle(mapping);
    CloseHandle(event);
}
FOR_EACH_CREATE(handles, battery_handles)

/* The file may be closed as soon as the mapping exists, and the mapping as soon as the view does. */
static void battery_content(const struct create_form *form)
{
    NEED(MapViewOfFile);
    HANDLE file = file_make(GENERIC_READ | GENERIC_WRITE, 70000);
    CHECK(form->page, "view of a 70000-byte file, file and mapping closed before it is read");
    HANDLE mapping = form->create(file, NULL, PAGE_READWRITE, 0, NULL);
    BYTE *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CloseHandle(mapping);
    EXPECT_TRUE("view", view);
    BOOL same = TRUE;
    for (DWORD i = 0; view && i < 70000; i++)
        same = same && view[i] == pattern(i);
    EXPECT_TRUE("content is the file's", same);
    BOOL zero = TRUE;
    for (DWORD i = 70000; view && i < 73728; i++)
        zero = zero && !view[i];
    EXPECT_TRUE("zero behind the file's end", zero);
    if (view) {
        BYTE byte = 0;
        DWORD read;
        view[69999] = 0x5a;
        pUnmapViewOfFile(view);
        SetFilePointer(file, 69999, NULL, FILE_BEGIN);
        EXPECT_TRUE("read back", ReadFile(file, &byte, 1, &read, NULL));
        EXPECT_HEX("written byte in the file", byte, 0x5a);
        EXPECT_UINT("file size", file_bytes(file), 70000);
    }
    CloseHandle(file);

    CHECK(form->page, "view of 128 KB of paging file: initially zero");
    mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x20000, NULL);
    view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    zero = view != NULL;
    for (DWORD i = 0; view && i < 0x20000; i++)
        zero = zero && !view[i];
    EXPECT_TRUE("zero", zero);
    if (view)
        pUnmapViewOfFile(view);
    CloseHandle(mapping);
}
FOR_EACH_CREATE(content, battery_content)

static void battery_security(const struct create_form *form)
{
    SECURITY_ATTRIBUTES security = { sizeof(security), NULL, TRUE };
    DWORD flags = 99;
    HANDLE mapping;
    CHECK(form->page, "attributes with bInheritHandle TRUE");
    SET_SENTINEL();
    mapping = form->create(INVALID_HANDLE_VALUE, &security, PAGE_READWRITE, 4096, NULL);
    EXPECT_ERROR(ERROR_SUCCESS);
    GetHandleInformation(mapping, &flags);
    EXPECT_HEX("inherit flag", flags & HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT);
    CloseHandle(mapping);
    CHECK(form->page, "attributes with bInheritHandle FALSE");
    security.bInheritHandle = FALSE;
    SET_SENTINEL();
    mapping = form->create(INVALID_HANDLE_VALUE, &security, PAGE_READWRITE, 4096, NULL);
    EXPECT_ERROR(ERROR_SUCCESS);
    GetHandleInformation(mapping, &flags);
    EXPECT_HEX("inherit flag", flags & HANDLE_FLAG_INHERIT, 0);
    CloseHandle(mapping);
    CHECK(form->page, "no attributes: not inherited");
    SET_SENTINEL();
    mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 4096, NULL);
    EXPECT_ERROR(ERROR_SUCCESS);
    GetHandleInformation(mapping, &flags);
    EXPECT_HEX("inherit flag", flags & HANDLE_FLAG_INHERIT, 0);
    CloseHandle(mapping);
}
FOR_EACH_CREATE(security, battery_security)

FAMILY(mapping)
