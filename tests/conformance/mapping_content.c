/* mapping_content.c - what views show: coherence, copies on write; and what CreateFileMapping2 adds to the others. */
#include "mapping_common.h"

CREATE_FUNCTIONS
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))
FUNCTION(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, DWORD *))

#define MAP_PAGE "memoryapi/nf-memoryapi-mapviewoffile"
#define PAGE_2 "memoryapi/nf-memoryapi-createfilemapping2"

static DWORD protect_at(const void *address)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    return pVirtualQuery(address, &info, sizeof(info)) ? info.Protect : 0;
}
static BYTE file_byte(HANDLE file, LONG at)
{
    BYTE byte = 0;
    DWORD read;
    SetFilePointer(file, at, NULL, FILE_BEGIN);
    return ReadFile(file, &byte, 1, &read, NULL) ? byte : 0;
}

/* "File views derived from any file mapping object that is backed by the same file are coherent". */
TEST(MapViewOfFile, coherence)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFile);
    NEED(UnmapViewOfFile);
    HANDLE file = file_make(GENERIC_READ | GENERIC_WRITE, 0x20000);
    HANDLE one = create_w(file, NULL, PAGE_READWRITE, 0, NULL), two = create_w(file, NULL, PAGE_READWRITE, 0, NULL);
    BYTE *a = pMapViewOfFile(one, FILE_MAP_WRITE, 0, 0, 0), *b = pMapViewOfFile(one, FILE_MAP_READ, 0, 0x10000, 0);
    BYTE *c = pMapViewOfFile(two, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(MAP_PAGE, "two views of one object, the second from 64 KB on: written in the first");
    EXPECT_TRUE("views", a && b && c);
    if (!a || !b || !c)
        return;
    a[0x12345] = 0x11;
    EXPECT_HEX("byte in the second", b[0x2345], 0x11);
    CHECK(MAP_PAGE, "views of two objects of one file: written in the second");
    EXPECT_HEX("byte of before", c[0x12345], 0x11);
    c[0x54] = 0x22;
    EXPECT_HEX("byte in the first", a[0x54], 0x22);
    CHECK(MAP_PAGE, "written in a view, read from the file");
    EXPECT_HEX("byte in the file", file_byte(file, 0x12345), 0x11);
    pUnmapViewOfFile(a);
    pUnmapViewOfFile(b);
    pUnmapViewOfFile(c);
    CloseHandle(two);
    CloseHandle(one);
    CloseHandle(file);
}

/* "The protection of the new page changes from copy-on-write to read/write. The contents of the new page are never
 * written back to the original file and are lost when the view is unmapped." */
TEST(MapViewOfFile, copy_on_write)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFile);
    NEED(UnmapViewOfFile);
    NEED(VirtualQuery);
    static const ULONG sections[] = { PAGE_READONLY, PAGE_WRITECOPY, PAGE_READWRITE };
    for (unsigned i = 0; i < COUNT(sections); i++) {
        HANDLE file = file_make(GENERIC_READ | GENERIC_WRITE, 0x4000);
        HANDLE mapping = create_w(file, NULL, sections[i], 0, NULL);
        BYTE *copy = pMapViewOfFile(mapping, FILE_MAP_COPY, 0, 0, 0);
        BYTE *plain = pMapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
        CHECK(MAP_PAGE, "FILE_MAP_COPY view of a 16 KB file, object %s, before a write", protect_name(sections[i]));
        EXPECT_TRUE("views", copy && plain);
        if (!copy || !plain)
            continue;
        EXPECT_HEX("protection", protect_at(copy + 0x1000), PAGE_WRITECOPY);
        EXPECT_HEX("byte", copy[0x1000], pattern(0x1000));
        CHECK(MAP_PAGE, "FILE_MAP_COPY view of a 16 KB file, object %s, second page written",
              protect_name(sections[i]));
        copy[0x1000] = 0xe1;
        EXPECT_HEX("byte in the view", copy[0x1000], 0xe1);
        EXPECT_HEX("protection of the written page", protect_at(copy + 0x1000), PAGE_READWRITE);
        EXPECT_HEX("protection of the page before", protect_at(copy), PAGE_WRITECOPY);
        EXPECT_HEX("protection of the page behind", protect_at(copy + 0x2000), PAGE_WRITECOPY);
        EXPECT_HEX("byte in another view", plain[0x1000], pattern(0x1000));
        EXPECT_HEX("byte in the file", file_byte(file, 0x1000), pattern(0x1000));
        CHECK(MAP_PAGE, "FILE_MAP_COPY view of a 16 KB file, object %s, mapped again", protect_name(sections[i]));
        pUnmapViewOfFile(copy);
        copy = pMapViewOfFile(mapping, FILE_MAP_COPY, 0, 0, 0);
        EXPECT_HEX("byte", copy ? copy[0x1000] : 0, pattern(0x1000));
        if (copy)
            pUnmapViewOfFile(copy);
        pUnmapViewOfFile(plain);
        CloseHandle(mapping);
        CloseHandle(file);
    }
}

static void write_byte(void *at) { *(volatile BYTE *)at = 1; }

/* "An attempt to write to the file view results in an access violation." */
TEST(MapViewOfFile, read_only)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFile);
    HANDLE mapping = create_w(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x1000, NULL);
    BYTE *view = pMapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    CHECK(MAP_PAGE, "FILE_MAP_READ view, written to");
    EXPECT_HEX("exception", conform_catch(write_byte, view), EXCEPTION_ACCESS_VIOLATION);
    pUnmapViewOfFile(view);
    CloseHandle(mapping);
}

TEST(CreateFileMapping2, access)
{
    NEED(CreateFileMapping2);
    NEED(MapViewOfFile);
    static const struct {
        const char *name;
        ULONG access;
        BOOL reads, writes;
    } cases[] = { { "FILE_MAP_READ", FILE_MAP_READ, TRUE, FALSE },
                  { "FILE_MAP_READ|FILE_MAP_WRITE", FILE_MAP_READ | FILE_MAP_WRITE, TRUE, TRUE },
                  { "FILE_MAP_ALL_ACCESS", FILE_MAP_ALL_ACCESS, TRUE, TRUE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(PAGE_2, "paging file, PAGE_READWRITE, 64 KB, access %s", cases[i].name);
        SET_SENTINEL();
        HANDLE mapping = pCreateFileMapping2(INVALID_HANDLE_VALUE, NULL, cases[i].access, PAGE_READWRITE, 0, 0x10000,
                                             NULL, NULL, 0);
        EXPECT_ERROR(ERROR_SUCCESS);
        void *view = pMapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
        EXPECT_BOOL("maps for reading", view, cases[i].reads);
        if (view)
            pUnmapViewOfFile(view);
        view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
        EXPECT_BOOL("maps for writing", view, cases[i].writes);
        if (view)
            pUnmapViewOfFile(view);
        CloseHandle(mapping);
    }
}

TEST(CreateFileMapping2, parameters)
{
    NEED(CreateFileMapping2);
    MEM_ADDRESS_REQUIREMENTS anywhere = { 0 };
    MEM_EXTENDED_PARAMETER node = { .Type = MemExtendedParameterNumaNode, .ULong = 0 };
    MEM_EXTENDED_PARAMETER address = { .Type = MemExtendedParameterAddressRequirements, .Pointer = &anywhere };
    MEM_EXTENDED_PARAMETER invalid = { .Type = MemExtendedParameterInvalidType };
    MEM_EXTENDED_PARAMETER unknown = { .Type = 200 };
    MEM_EXTENDED_PARAMETER two[2] = { node, address };
    const struct {
        const char *name;
        MEM_EXTENDED_PARAMETER *parameters;
        ULONG count;
        BOOL allowed;
    } cases[] = { { "NULL, 0", NULL, 0, TRUE },
                  { "pointer, 0", &unknown, 0, TRUE },
                  { "node 0", &node, 1, TRUE },
                  { "address requirements", &address, 1, TRUE },
                  { "node 0 and address requirements", two, 2, TRUE },
                  { "NULL, 1", NULL, 1, FALSE },
                  { "MemExtendedParameterInvalidType", &invalid, 1, FALSE },
                  { "type 200", &unknown, 1, FALSE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(PAGE_2, "parameters: %s", cases[i].name);
        SET_SENTINEL();
        HANDLE mapping = pCreateFileMapping2(INVALID_HANDLE_VALUE, NULL, FILE_MAP_READ, PAGE_READWRITE, SEC_COMMIT,
                                             0x10000, NULL, cases[i].parameters, cases[i].count);
        if (cases[i].allowed)
            EXPECT_CREATED(mapping, ERROR_SUCCESS);
        else
            EXPECT_NONE(mapping, ERROR_INVALID_PARAMETER);
    }
    CHECK(PAGE_2, "SEC_COMMIT in the protection");
    SET_SENTINEL();
    HANDLE mapping = pCreateFileMapping2(INVALID_HANDLE_VALUE, NULL, FILE_MAP_READ, PAGE_READWRITE | SEC_COMMIT, 0,
                                         0x10000, NULL, NULL, 0);
    EXPECT_NONE(mapping, ANY_ERROR);
    CHECK(PAGE_2, "PAGE_READWRITE among the attributes");
    SET_SENTINEL();
    mapping = pCreateFileMapping2(INVALID_HANDLE_VALUE, NULL, FILE_MAP_READ, PAGE_READONLY, SEC_COMMIT | PAGE_READWRITE,
                                  0x10000, NULL, NULL, 0);
    EXPECT_NONE(mapping, ANY_ERROR);
}

/* "Memory protections can not be changed for views of the mapping and the view can not be unmapped." In a child, since
 * such a view stays for good. Bits of the result: what went wrong. */
CHILD(mapping_permanent)
{
    DWORD old;
    int wrong = 0;
    HANDLE mapping = pCreateFileMapping2(INVALID_HANDLE_VALUE, NULL, FILE_MAP_ALL_ACCESS & ~SECTION_MAP_EXECUTE,
                                         PAGE_READWRITE, SEC_COMMIT | 0x00400000, 0x20000, NULL, NULL, 0);
    BYTE *view = mapping ? pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (!view)
        return 100;
    view[0] = 1;
    if (pVirtualProtect(view, 0x1000, PAGE_READONLY, &old))
        wrong |= 1;
    if (pVirtualProtect(view + 0x1f000, 0x1000, PAGE_NOACCESS, &old))
        wrong |= 2;
    if (pUnmapViewOfFile(view))
        wrong |= 4;
    CloseHandle(mapping);
    if (!(wrong & 4) && pUnmapViewOfFile(view))
        wrong |= 8;
    if (!(wrong & 12) && protect_at(view) != PAGE_READWRITE)
        wrong |= 16;
    HANDLE other = create_w(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0x1000, NULL); /* and the others as ever */
    BYTE *plain = pMapViewOfFile(other, FILE_MAP_WRITE, 0, 0, 0);
    if (!pVirtualProtect(plain, 0x1000, PAGE_READONLY, &old) || !pUnmapViewOfFile(plain))
        wrong |= 32;
    return wrong;
}
TEST_FLAGS(CreateFileMapping2, permanent, TEST_SLOW)
{
    NEED(CreateFileMapping2);
    CHECK(PAGE_2, "SEC_COMMIT|SEC_NO_CHANGE: a view is neither protected anew nor unmapped");
    EXPECT_HEX("what went wrong", conform_in_child("mapping_permanent", ""), 0);
    CHECK(PAGE_2, "SEC_IMAGE|SEC_NO_CHANGE of a program");
    HANDLE image = image_open(GENERIC_READ | GENERIC_EXECUTE);
    SET_SENTINEL();
    HANDLE mapping = pCreateFileMapping2(image, NULL, FILE_MAP_READ, PAGE_READONLY, SEC_IMAGE | 0x00400000, 0, NULL,
                                         NULL, 0);
    EXPECT_NONE(mapping, ANY_ERROR);
    CloseHandle(image);
}

static void battery_node(HANDLE (*create)(DWORD node), const char *page)
{
    CHECK(page, "paging file, PAGE_READWRITE, 64 KB, node 0");
    SET_SENTINEL();
    HANDLE mapping = create(0);
    EXPECT_CREATED(mapping, ERROR_SUCCESS);
    CHECK(page, "paging file, PAGE_READWRITE, 64 KB, node 77");
    UNDECIDED("the page does not speak of nodes that do not exist");
    SET_SENTINEL();
    mapping = create(77);
    NOTE_ERROR();
    NOTE_BOOL("handle", mapping);
    if (mapping)
        CloseHandle(mapping);
}
static HANDLE node_w(DWORD n) { return pCreateFileMappingNumaW(INVALID_HANDLE_VALUE, NULL, 4, 0, 0x10000, NULL, n); }
static HANDLE node_a(DWORD n) { return pCreateFileMappingNumaA(INVALID_HANDLE_VALUE, NULL, 4, 0, 0x10000, NULL, n); }
TEST(CreateFileMappingNumaW, nodes) { NEED(CreateFileMappingNumaW); battery_node(node_w, form_numa_w.page); }
TEST(CreateFileMappingNumaA, nodes) { NEED(CreateFileMappingNumaA); battery_node(node_a, form_numa_a.page); }

FAMILY(mapping)
