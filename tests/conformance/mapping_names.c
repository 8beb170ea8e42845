/* mapping_names.c - named file mapping objects: made, found again, seen by another process. */
#include "mapping_common.h"

CREATE_FUNCTIONS
FUNCTION(HANDLE, OpenFileMappingW, (DWORD, BOOL, LPCWSTR))
FUNCTION(HANDLE, OpenFileMappingA, (DWORD, BOOL, LPCSTR))
FUNCTION(HANDLE, OpenFileMappingFromApp, (ULONG, BOOL, PCWSTR))
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))

struct open_form {
    const char *page;
    HANDLE (*open)(DWORD access, BOOL inherit, const char *name);
};
static HANDLE open_w(DWORD access, BOOL inherit, const char *name)
{
    WCHAR wide[400];
    return pOpenFileMappingW(access, inherit, name ? widen(wide, name) : NULL);
}
static HANDLE open_a(DWORD access, BOOL inherit, const char *name) { return pOpenFileMappingA(access, inherit, name); }
static HANDLE open_app(DWORD access, BOOL inherit, const char *name)
{
    WCHAR wide[400];
    return pOpenFileMappingFromApp(access, inherit, name ? widen(wide, name) : NULL);
}
static const struct open_form open_forms[] = { { "memoryapi/nf-memoryapi-openfilemappingw", open_w },
                                               { "winbase/nf-winbase-openfilemappinga", open_a },
                                               { "memoryapi/nf-memoryapi-openfilemappingfromapp", open_app } };
#define FOR_EACH_OPEN(label, battery)                                                                                \
    TEST(OpenFileMappingW, label) { NEED(OpenFileMappingW); NEED(CreateFileMappingW); battery(&open_forms[0]); }     \
    TEST(OpenFileMappingA, label) { NEED(OpenFileMappingA); NEED(CreateFileMappingW); battery(&open_forms[1]); }     \
    TEST(OpenFileMappingFromApp, label)                                                                              \
    {                                                                                                                \
        NEED(OpenFileMappingFromApp);                                                                                \
        NEED(CreateFileMappingW);                                                                                    \
        battery(&open_forms[2]);                                                                                     \
    }

static SIZE_T view_bytes(HANDLE mapping)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    void *view = mapping ? pMapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0) : NULL;
    if (!view)
        return 0;
    VirtualQuery(view, &info, sizeof(info));
    pUnmapViewOfFile(view);
    return info.RegionSize;
}

/* "Returns a handle to the existing object (with its current size, not the specified size)". */
static void battery_existing(const struct create_form *form)
{
    NEED(MapViewOfFile);
    const char *name = own_name("k32mem-existing");
    HANDLE first, second, event;
    CHECK(form->page, "new name, 64 KB");
    SET_SENTINEL();
    first = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x10000, name);
    EXPECT_ERROR(ERROR_SUCCESS);
    EXPECT_TRUE("handle", first);
    CHECK(form->page, "the same name again, 128 KB: the old object with its own size");
    SET_SENTINEL();
    second = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x20000, name);
    EXPECT_ERROR(ERROR_ALREADY_EXISTS);
    EXPECT_TRUE("handle", second);
    EXPECT_HEX("size", view_bytes(second), 0x10000);
    CloseHandle(second);
    CHECK(form->page, "the same name with Local\\ before it");
    SET_SENTINEL();
    second = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x20000, own_name("Local\\k32mem-existing"));
    EXPECT_ERROR(ERROR_ALREADY_EXISTS);
    EXPECT_HEX("size", view_bytes(second), 0x10000);
    CloseHandle(second);
    CHECK(form->page, "the same name with Global\\ before it: another object");
    SET_SENTINEL();
    second = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x20000, own_name("Global\\k32mem-existing"));
    EXPECT_ERROR(ERROR_SUCCESS);
    EXPECT_HEX("size", view_bytes(second), 0x20000);
    CloseHandle(second);
    CHECK(form->page, "the same name in other case");
    UNDECIDED("the page does not say whether case counts");
    SET_SENTINEL();
    second = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x20000, own_name("K32MEM-existing"));
    NOTE_ERROR();
    NOTE_HEX("size", view_bytes(second));
    CloseHandle(second);
    CloseHandle(first);
    CHECK(form->page, "the same name after the last handle is closed, 128 KB");
    SET_SENTINEL();
    second = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x20000, name);
    EXPECT_ERROR(ERROR_SUCCESS);
    EXPECT_HEX("size", view_bytes(second), 0x20000);
    CloseHandle(second);

    event = CreateEventA(NULL, FALSE, FALSE, own_name("k32mem-event"));
    try_create(form, "the name of an event",
               INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x10000, own_name("k32mem-event"), FALSE, ERROR_INVALID_HANDLE);
    CloseHandle(event);
    event = CreateMutexA(NULL, FALSE, own_name("k32mem-mutex"));
    try_create(form, "the name of a mutex",
               INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x10000, own_name("k32mem-mutex"), FALSE, ERROR_INVALID_HANDLE);
    CloseHandle(event);
    event = CreateSemaphoreA(NULL, 1, 1, own_name("k32mem-semaphore"));
    try_create(form, "the name of a semaphore",
               INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x10000, own_name("k32mem-semaphore"), FALSE, ERROR_INVALID_HANDLE);
    CloseHandle(event);
}
FOR_EACH_CREATE(existing, battery_existing)

static void battery_name_forms(const struct create_form *form)
{
    static const char *const refused[] = { "k32mem\\other", "Local\\k32mem\\other", "Global\\k32mem\\other",
                                           "\\k32mem" };
    char text[300];
    for (unsigned i = 0; i < COUNT(refused); i++) {
        CHECK(form->page, "name %s", refused[i]);
        SET_SENTINEL();
        HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 4096, refused[i]);
        if (i < 3)
            EXPECT_NONE(mapping, ERROR_PATH_NOT_FOUND);
        else
            EXPECT_NONE(mapping, ANY_ERROR);
    }
    static const unsigned lengths[] = { 200, 259, 260 };
    for (unsigned i = 0; i < COUNT(lengths); i++) {
        memset(text, 'x', lengths[i]);
        text[lengths[i]] = 0;
        CHECK(form->page, "name of %u characters", lengths[i]);
        if (lengths[i] > 200)
            UNDECIDED("the page names no limit");
        SET_SENTINEL();
        HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 4096, text);
        if (lengths[i] > 200)
            NOTE_ERROR();
        else
            EXPECT_ERROR(ERROR_SUCCESS);
        NOTE_BOOL("handle", mapping);
        if (mapping)
            CloseHandle(mapping);
    }
    CHECK(form->page, "empty name, twice");
    UNDECIDED("the page does not say that an empty name is none");
    HANDLE first = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 4096, "");
    NOTE_BOOL("first", first);
    SET_SENTINEL();
    HANDLE second = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 4096, "");
    NOTE_ERROR();
    CloseHandle(first);
    CloseHandle(second);
}
FOR_EACH_CREATE(name_forms, battery_name_forms)

static void battery_open(const struct open_form *form)
{
    NEED(MapViewOfFile);
    const char *name = own_name("k32mem-open");
    HANDLE mapping = create_w(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE, 0x10000, name), opened;
    static const struct {
        const char *name;
        DWORD access, reads, writes, runs;
    } rights[] = { { "FILE_MAP_READ", FILE_MAP_READ, 1, 0, 0 },
                   { "FILE_MAP_WRITE", FILE_MAP_WRITE, 1, 1, 0 },
                   { "FILE_MAP_COPY", FILE_MAP_COPY, 1, 0, 0 },
                   { "FILE_MAP_ALL_ACCESS", FILE_MAP_ALL_ACCESS, 1, 1, 2 },
                   { "FILE_MAP_READ|FILE_MAP_EXECUTE", FILE_MAP_READ | FILE_MAP_EXECUTE, 1, 0, 1 } };
    for (unsigned i = 0; i < COUNT(rights); i++) {
        CHECK(form->page, "existing name, %s", rights[i].name);
        SET_SENTINEL();
        opened = form->open(rights[i].access, FALSE, name);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("handle", opened);
        if (!opened)
            continue;
        void *view = pMapViewOfFile(opened, FILE_MAP_READ, 0, 0, 0);
        if (rights[i].access == FILE_MAP_WRITE)
            NOTE_BOOL("maps for reading", view); /* the list of rights and the page of MapViewOfFile differ */
        else
            EXPECT_BOOL("maps for reading", view, rights[i].reads);
        if (view)
            pUnmapViewOfFile(view);
        view = pMapViewOfFile(opened, FILE_MAP_WRITE, 0, 0, 0);
        if (rights[i].access == FILE_MAP_WRITE)
            NOTE_BOOL("maps for writing", view);
        else
            EXPECT_BOOL("maps for writing", view, rights[i].writes);
        if (view)
            pUnmapViewOfFile(view);
        view = pMapViewOfFile(opened, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0);
        if (rights[i].runs == 2)
            NOTE_BOOL("maps for execution", view); /* the list of rights excludes it, the header includes it */
        else
            EXPECT_BOOL("maps for execution", view, rights[i].runs);
        if (view)
            pUnmapViewOfFile(view);
        CloseHandle(opened);
    }
    for (int inherit = 0; inherit < 2; inherit++) {
        DWORD flags = 99;
        CHECK(form->page, "existing name, FILE_MAP_READ, inherit %s", inherit ? "TRUE" : "FALSE");
        opened = form->open(FILE_MAP_READ, inherit, name);
        GetHandleInformation(opened, &flags);
        EXPECT_HEX("inherit flag", flags & HANDLE_FLAG_INHERIT, inherit ? HANDLE_FLAG_INHERIT : 0);
        CloseHandle(opened);
    }
    CHECK(form->page, "existing name with Local\\ before it");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, own_name("Local\\k32mem-open"));
    EXPECT_CREATED(opened, SENTINEL);
    CHECK(form->page, "existing name with Global\\ before it");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, own_name("Global\\k32mem-open"));
    EXPECT_NONE(opened, ERROR_FILE_NOT_FOUND);
    CloseHandle(mapping);
    CHECK(form->page, "the name after the last handle is closed");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, name);
    EXPECT_NONE(opened, ERROR_FILE_NOT_FOUND);
}
FOR_EACH_OPEN(rights, battery_open)

static void battery_open_errors(const struct open_form *form)
{
    HANDLE opened, event = CreateEventA(NULL, FALSE, FALSE, own_name("k32mem-open-event"));
    CHECK(form->page, "no such name");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, own_name("k32mem-nobody"));
    EXPECT_NONE(opened, ERROR_FILE_NOT_FOUND);
    CHECK(form->page, "NULL name");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, NULL);
    EXPECT_NONE(opened, ERROR_INVALID_PARAMETER);
    CHECK(form->page, "empty name");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, "");
    EXPECT_NONE(opened, ANY_ERROR);
    CHECK(form->page, "name k32mem\\other");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, "k32mem\\other");
    EXPECT_NONE(opened, ERROR_PATH_NOT_FOUND);
    CHECK(form->page, "the name of an event");
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, own_name("k32mem-open-event"));
    EXPECT_NONE(opened, ERROR_INVALID_HANDLE);
    CloseHandle(event);

    /* An object that nobody may open: its list of rights is empty. */
    ACL nobody;
    SECURITY_DESCRIPTOR descriptor;
    SECURITY_ATTRIBUTES security = { sizeof(security), &descriptor, FALSE };
    InitializeAcl(&nobody, sizeof(nobody), ACL_REVISION);
    InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION);
    SetSecurityDescriptorDacl(&descriptor, TRUE, &nobody, FALSE);
    HANDLE mapping = create_w(INVALID_HANDLE_VALUE, &security, PAGE_READWRITE, 4096, own_name("k32mem-nobody"));
    CHECK(form->page, "an object whose security descriptor grants nobody anything, FILE_MAP_READ");
    EXPECT_TRUE("created", mapping);
    SET_SENTINEL();
    opened = form->open(FILE_MAP_READ, FALSE, own_name("k32mem-nobody"));
    EXPECT_NONE(opened, ERROR_ACCESS_DENIED);
    CloseHandle(mapping);
}
FOR_EACH_OPEN(errors, battery_open_errors)

/* The child finds the parent's object by name, checks its content and leaves an answer. */
CHILD(mapping_peer)
{
    HANDLE mapping = open_w(FILE_MAP_WRITE | FILE_MAP_READ, FALSE, argument);
    DWORD *view = mapping ? pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (!view)
        return 1;
    int result = view[0] == 0x600dcafe && view[0x3fff] == 0x5a5a5a5a ? 42 : 2;
    view[1] = 0x0ddba11;
    pUnmapViewOfFile(view);
    CloseHandle(mapping);
    return result;
}

static void battery_peer(const struct create_form *form)
{
    static const char *const prefixes[] = { "k32mem-peer", "Local\\k32mem-peer", "Global\\k32mem-peer" };
    NEED(MapViewOfFile);
    NEED(OpenFileMappingW);
    for (unsigned i = 0; i < COUNT(prefixes); i++) {
        const char *name = own_name(prefixes[i]);
        HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x10000, name);
        DWORD *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
        CHECK(form->page, "name %s, opened and written by another process", prefixes[i]);
        EXPECT_TRUE("view", view);
        if (!view)
            continue;
        view[0] = 0x600dcafe;
        view[0x3fff] = 0x5a5a5a5a;
        EXPECT_UINT("the child's finding", conform_in_child("mapping_peer", name), 42);
        EXPECT_HEX("the child's answer", view[1], 0x0ddba11);
        pUnmapViewOfFile(view);
        CloseHandle(mapping);
    }
}
FOR_EACH_CREATE_FLAGS(peer, battery_peer, TEST_SLOW) /* starts three processes */

FAMILY(mapping)
