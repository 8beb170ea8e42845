/* mapping_attributes.c - the SEC_* attributes: which go together, and what views of such objects are. */
#include "mapping_common.h"

CREATE_FUNCTIONS
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))
FUNCTION(SIZE_T, GetLargePageMinimum, (void))

static BOOL lock_privilege(void)
{
    TOKEN_PRIVILEGES all[64];
    HANDLE token;
    DWORD bytes;
    BOOL held = FALSE;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return FALSE;
    if (GetTokenInformation(token, TokenPrivileges, all, sizeof(all), &bytes))
        for (DWORD i = 0; i < all->PrivilegeCount; i++)
            if (all->Privileges[i].Luid.LowPart == 4 && !all->Privileges[i].Luid.HighPart)
                held = (all->Privileges[i].Attributes & SE_PRIVILEGE_ENABLED) != 0;
    CloseHandle(token);
    return held;
}

/* Combinations over the paging file. */
static void battery_attributes(const struct create_form *form)
{
    static const struct {
        const char *name;
        ULONG attributes;
        BOOL allowed;
    } cases[] = { { "SEC_COMMIT", SEC_COMMIT, TRUE },
                  { "SEC_RESERVE", SEC_RESERVE, TRUE },
                  { "SEC_COMMIT|SEC_RESERVE", SEC_COMMIT | SEC_RESERVE, FALSE },
                  { "SEC_NOCACHE", SEC_NOCACHE, FALSE },
                  { "SEC_NOCACHE|SEC_COMMIT", SEC_NOCACHE | SEC_COMMIT, TRUE },
                  { "SEC_NOCACHE|SEC_RESERVE", SEC_NOCACHE | SEC_RESERVE, TRUE },
                  { "SEC_WRITECOMBINE", SEC_WRITECOMBINE, FALSE },
                  { "SEC_WRITECOMBINE|SEC_COMMIT", SEC_WRITECOMBINE | SEC_COMMIT, TRUE },
                  { "SEC_WRITECOMBINE|SEC_RESERVE", SEC_WRITECOMBINE | SEC_RESERVE, TRUE },
                  { "SEC_LARGE_PAGES", LARGE_PAGES, FALSE },
                  { "SEC_LARGE_PAGES|SEC_RESERVE", LARGE_PAGES | SEC_RESERVE, FALSE },
                  { "SEC_IMAGE|SEC_COMMIT", SEC_IMAGE | SEC_COMMIT, FALSE },
                  { "SEC_IMAGE|SEC_RESERVE", SEC_IMAGE | SEC_RESERVE, FALSE },
                  { "SEC_IMAGE|SEC_WRITECOMBINE", SEC_IMAGE | SEC_WRITECOMBINE, FALSE },
                  { "SEC_IMAGE|SEC_LARGE_PAGES", SEC_IMAGE | LARGE_PAGES, FALSE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(form->page, "paging file, PAGE_READWRITE|%s, 4 MB", cases[i].name);
        SET_SENTINEL();
        HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | cases[i].attributes, 4 << 20, NULL);
        if (cases[i].allowed)
            EXPECT_CREATED(mapping, ERROR_SUCCESS);
        else
            EXPECT_NONE(mapping, ERROR_INVALID_PARAMETER);
    }
    try_create(form, "paging file, PAGE_READONLY|SEC_IMAGE, 4 MB: there is no image",
               INVALID_HANDLE_VALUE, NULL, PAGE_READONLY | SEC_IMAGE, 4 << 20, NULL, FALSE, ANY_ERROR);
}
FOR_EACH_CREATE(attributes, battery_attributes)

static void battery_large_pages(const struct create_form *form)
{
    NEED(GetLargePageMinimum);
    SIZE_T large = pGetLargePageMinimum();
    BOOL held = lock_privilege();
    HANDLE mapping, file;
    CHECK(form->page, "paging file, SEC_LARGE_PAGES|SEC_COMMIT, one large page; SeLockMemoryPrivilege %s",
          held ? "held" : "not held");
    SET_SENTINEL();
    mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | LARGE_PAGES | SEC_COMMIT, large, NULL);
    if (held)
        EXPECT_CREATED(mapping, ERROR_SUCCESS);
    else
        EXPECT_NONE(mapping, ERROR_PRIVILEGE_NOT_HELD);
    try_create(form, "paging file, SEC_LARGE_PAGES|SEC_COMMIT, one large page and 4096 bytes",
               INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | LARGE_PAGES | SEC_COMMIT, large + 4096, NULL, FALSE, ANY_ERROR);
    file = file_make(GENERIC_READ | GENERIC_WRITE, 4096);
    try_create(form, "a data file, SEC_LARGE_PAGES|SEC_COMMIT, one large page",
               file, NULL, PAGE_READWRITE | LARGE_PAGES | SEC_COMMIT, large, NULL, FALSE, ANY_ERROR);
    CloseHandle(file);
}
FOR_EACH_CREATE(large_pages, battery_large_pages)

static void battery_image(const struct create_form *form)
{
    HANDLE text = file_make(GENERIC_READ, 5000), image = image_open(GENERIC_READ | GENERIC_EXECUTE), mapping;
    NEED(MapViewOfFile);
    NEED(VirtualQuery);
    if (form != &form_app) { /* its page lists SEC_IMAGE_NO_EXECUTE only */
        try_create(form, "a 5000-byte data file, PAGE_READONLY|SEC_IMAGE",
                   text, NULL, PAGE_READONLY | SEC_IMAGE, 0, NULL, FALSE, ERROR_BAD_EXE_FORMAT);
        CHECK(form->page, "a program, PAGE_READONLY|SEC_IMAGE: the view is an image");
        SET_SENTINEL();
        mapping = form->create(image, NULL, PAGE_READONLY | SEC_IMAGE, 0, NULL);
        EXPECT_ERROR(ERROR_SUCCESS);
        BYTE *view = pMapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
        MEMORY_BASIC_INFORMATION info = { 0 };
        EXPECT_TRUE("view", view);
        if (view && pVirtualQuery(view, &info, sizeof(info))) {
            EXPECT_HEX("type", info.Type, MEM_IMAGE);
            EXPECT_TRUE("begins with MZ", view[0] == 'M' && view[1] == 'Z');
            pUnmapViewOfFile(view);
        }
        CloseHandle(mapping);
    }
    try_create(form, "a program, PAGE_READONLY|SEC_IMAGE_NO_EXECUTE",
               image, NULL, PAGE_READONLY | 0x11000000, 0, NULL, TRUE, ERROR_SUCCESS);
    try_create(form, "a program, PAGE_READWRITE|SEC_IMAGE_NO_EXECUTE",
               image, NULL, PAGE_READWRITE | 0x11000000, 0, NULL, FALSE, ANY_ERROR);
    CloseHandle(image);
    CloseHandle(text);
}
FOR_EACH_CREATE(image, battery_image)

/* "Reserved pages can be committed ... After the pages are committed, they cannot be freed or decommitted." */
static void battery_reserve(const struct create_form *form)
{
    NEED(MapViewOfFile);
    NEED(VirtualQuery);
    NEED(VirtualAlloc);
    NEED(VirtualFree);
    MEMORY_BASIC_INFORMATION info = { 0 };
    HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0x20000, NULL);
    BYTE *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    BYTE *other = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(form->page, "SEC_RESERVE, 128 KB: a view is reserved");
    EXPECT_TRUE("view", view && other);
    if (!view || !other)
        return;
    pVirtualQuery(view, &info, sizeof(info));
    EXPECT_HEX("state", info.State, MEM_RESERVE);
    EXPECT_HEX("type", info.Type, MEM_MAPPED);
    EXPECT_HEX("size", info.RegionSize, 0x20000);

    CHECK(form->page, "SEC_RESERVE, 128 KB: 8 KB at 64 KB committed with VirtualAlloc");
    SET_SENTINEL();
    BYTE *committed = pVirtualAlloc(view + 0x10000, 0x2000, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("offset", committed - view, 0x10000);
    if (committed) {
        pVirtualQuery(committed, &info, sizeof(info));
        EXPECT_HEX("state", info.State, MEM_COMMIT);
        EXPECT_HEX("size", info.RegionSize, 0x2000);
        committed[0x1fff] = 0x77;
        pVirtualQuery(other + 0x10000, &info, sizeof(info));
        EXPECT_HEX("state in the other view", info.State, MEM_COMMIT);
        if (info.State == MEM_COMMIT)
            EXPECT_HEX("byte in the other view", other[0x11fff], 0x77);
        pVirtualQuery(view + 0x12000, &info, sizeof(info));
        EXPECT_HEX("state behind", info.State, MEM_RESERVE);
    }
    CHECK(form->page, "SEC_RESERVE, 128 KB: committed pages decommitted with VirtualFree");
    SET_SENTINEL();
    BOOL ok = pVirtualFree(view + 0x10000, 0x2000, MEM_DECOMMIT);
    NOTE_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    CHECK(form->page, "SEC_RESERVE, 128 KB: the view released with VirtualFree");
    SET_SENTINEL();
    ok = pVirtualFree(view, 0, MEM_RELEASE);
    NOTE_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    pUnmapViewOfFile(view);
    pUnmapViewOfFile(other);
    CloseHandle(mapping);
}
FOR_EACH_CREATE(reserve, battery_reserve)

/* "This attribute has no effect for file mapping objects that are backed by ... data files." */
static void battery_file_attributes(const struct create_form *form)
{
    static const struct {
        const char *name;
        ULONG attributes;
    } cases[] = { { "SEC_COMMIT", SEC_COMMIT }, { "SEC_RESERVE", SEC_RESERVE } };
    NEED(MapViewOfFile);
    NEED(VirtualQuery);
    HANDLE file = file_make(GENERIC_READ | GENERIC_WRITE, 5000);
    for (unsigned i = 0; i < COUNT(cases); i++) {
        MEMORY_BASIC_INFORMATION info = { 0 };
        CHECK(form->page, "5000-byte file, PAGE_READWRITE|%s: the view is committed", cases[i].name);
        SET_SENTINEL();
        HANDLE mapping = form->create(file, NULL, PAGE_READWRITE | cases[i].attributes, 0, NULL);
        EXPECT_ERROR(ERROR_SUCCESS);
        BYTE *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
        EXPECT_TRUE("view", view);
        if (view && pVirtualQuery(view, &info, sizeof(info))) {
            EXPECT_HEX("state", info.State, MEM_COMMIT);
            EXPECT_HEX("size", info.RegionSize, 0x2000);
            pUnmapViewOfFile(view);
        }
        CloseHandle(mapping);
    }
    CloseHandle(file);
}
FOR_EACH_CREATE(file_attributes, battery_file_attributes)

/* The size is a 64-bit number in two halves. */
static void battery_four_gigabytes(const struct create_form *form)
{
    NEED(MapViewOfFile);
    NEED(VirtualAlloc);
    CHECK(form->page, "SEC_RESERVE, 4 GB and 64 KB, view of the last 64 KB");
    SET_SENTINEL();
    HANDLE mapping = form->create(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE, 0x100010000ull, NULL);
    EXPECT_ERROR(ERROR_SUCCESS);
    BYTE *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 1, 0, 0);
    EXPECT_TRUE("view", view);
    if (view && pVirtualAlloc(view, 0x10000, MEM_COMMIT, PAGE_READWRITE)) {
        view[0xffff] = 1;
        EXPECT_HEX("last byte", view[0xffff], 1);
    }
    if (view)
        pUnmapViewOfFile(view);
    CloseHandle(mapping);
}
FOR_EACH_CREATE(four_gigabytes, battery_four_gigabytes)

FAMILY(mapping)
