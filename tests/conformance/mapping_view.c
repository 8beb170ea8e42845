/* mapping_view.c - mapping views: rights, offsets, sizes, wanted addresses. */
#include "mapping_common.h"

FUNCTION(HANDLE, CreateFileMappingW, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR))
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(LPVOID, MapViewOfFileEx, (HANDLE, DWORD, DWORD, DWORD, SIZE_T, LPVOID))
FUNCTION(LPVOID, MapViewOfFileExNuma, (HANDLE, DWORD, DWORD, DWORD, SIZE_T, LPVOID, DWORD))
FUNCTION(PVOID, MapViewOfFileFromApp, (HANDLE, ULONG, ULONG64, SIZE_T))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))

struct view_form {
    const char *page;
    void *(*map)(HANDLE mapping, DWORD access, ULONG64 offset, SIZE_T bytes);
};
static void *view_plain(HANDLE m, DWORD a, ULONG64 o, SIZE_T n)
{
    return pMapViewOfFile(m, a, (DWORD)(o >> 32), (DWORD)o, n);
}
static void *view_ex(HANDLE m, DWORD a, ULONG64 o, SIZE_T n)
{
    return pMapViewOfFileEx(m, a, (DWORD)(o >> 32), (DWORD)o, n, NULL);
}
static void *view_numa(HANDLE m, DWORD a, ULONG64 o, SIZE_T n)
{
    return pMapViewOfFileExNuma(m, a, (DWORD)(o >> 32), (DWORD)o, n, NULL, ANY_NODE);
}
static void *view_app(HANDLE m, DWORD a, ULONG64 o, SIZE_T n) { return pMapViewOfFileFromApp(m, a, o, n); }
static const struct view_form view_forms[] = { { "memoryapi/nf-memoryapi-mapviewoffile", view_plain },
                                               { "memoryapi/nf-memoryapi-mapviewoffileex", view_ex },
                                               { "winbase/nf-winbase-mapviewoffileexnuma", view_numa },
                                               { "memoryapi/nf-memoryapi-mapviewoffilefromapp", view_app } };
#define EX_PAGE (view_forms[1].page)
#define FOR_EACH_VIEW(label, battery)                                                                                \
    TEST(MapViewOfFile, label) { NEED(MapViewOfFile); battery(&view_forms[0]); }                                     \
    TEST(MapViewOfFileEx, label) { NEED(MapViewOfFileEx); battery(&view_forms[1]); }                                 \
    TEST(MapViewOfFileExNuma, label) { NEED(MapViewOfFileExNuma); battery(&view_forms[2]); }                         \
    TEST(MapViewOfFileFromApp, label) { NEED(MapViewOfFileFromApp); battery(&view_forms[3]); }

static HANDLE paging_mapping(ULONG protect, ULONG64 bytes)
{
    return pCreateFileMappingW(INVALID_HANDLE_VALUE, NULL, protect, (DWORD)(bytes >> 32), (DWORD)bytes, NULL);
}

static void note_region(void *view)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    if (view && VirtualQuery(view, &info, sizeof(info))) {
        NOTE_HEX("state", info.State);
        NOTE_HEX("protection", info.Protect);
    }
}

/* Which views a mapping object of each protection allows, and what protection their pages get. */
static void battery_rights(const struct view_form *form)
{
    enum { READS = 1, WRITES = 2, COPIES = 4, RUNS = 8 };
    static const struct {
        const char *name;
        DWORD access, needs, protect;
    } views[] = {
        { "FILE_MAP_READ", FILE_MAP_READ, READS, PAGE_READONLY },
        { "FILE_MAP_WRITE", FILE_MAP_WRITE, WRITES, PAGE_READWRITE },
        { "FILE_MAP_READ|FILE_MAP_WRITE", FILE_MAP_READ | FILE_MAP_WRITE, WRITES, PAGE_READWRITE },
        { "FILE_MAP_ALL_ACCESS", FILE_MAP_ALL_ACCESS, WRITES, PAGE_READWRITE },
        { "FILE_MAP_COPY", FILE_MAP_COPY, COPIES, PAGE_WRITECOPY },
        { "FILE_MAP_EXECUTE|FILE_MAP_READ", FILE_MAP_EXECUTE | FILE_MAP_READ, RUNS | READS, PAGE_EXECUTE_READ },
        { "FILE_MAP_EXECUTE|FILE_MAP_WRITE", FILE_MAP_EXECUTE | FILE_MAP_WRITE, RUNS | WRITES, PAGE_EXECUTE_READWRITE },
        { "FILE_MAP_EXECUTE|FILE_MAP_COPY", FILE_MAP_EXECUTE | FILE_MAP_COPY, RUNS | COPIES, PAGE_EXECUTE_WRITECOPY },
    };
    static const DWORD allows[] = { READS | COPIES,        READS | WRITES | COPIES,        READS | COPIES,
                                    READS | COPIES | RUNS, READS | WRITES | COPIES | RUNS, READS | COPIES | RUNS };
    NEED(CreateFileMappingW);
    for (unsigned i = 0; i < COUNT(protections); i++) {
        HANDLE mapping = paging_mapping(protections[i], 0x20000);
        for (unsigned j = 0; j < COUNT(views); j++) {
            BOOL allowed = (allows[i] & views[j].needs) == views[j].needs;
            MEMORY_BASIC_INFORMATION info = { 0 };
            CHECK(form->page, "128 KB object of %s, %s", protect_name(protections[i]), views[j].name);
            SET_SENTINEL();
            void *view = form->map(mapping, views[j].access, 0, 0);
            EXPECT_ERROR(allowed ? SENTINEL : ERROR_ACCESS_DENIED);
            EXPECT_BOOL("view", view, allowed);
            if (!view || !VirtualQuery(view, &info, sizeof(info)))
                continue;
            EXPECT_HEX("protection", info.Protect, views[j].protect);
            EXPECT_HEX("state", info.State, MEM_COMMIT);
            EXPECT_HEX("type", info.Type, MEM_MAPPED);
            EXPECT_HEX("size", info.RegionSize, 0x20000);
            EXPECT_HEX("base within a granule", (ULONG_PTR)view % GRANULE, 0);
            pUnmapViewOfFile(view);
        }
        CloseHandle(mapping);
    }
}
FOR_EACH_VIEW(rights, battery_rights)

static void battery_odd_access(const struct view_form *form)
{
    static const struct {
        const char *name, *why;
        DWORD access;
    } odd[] = { { "0", "the page does not speak of no access at all", 0 },
                { "FILE_MAP_EXECUTE", "the page does not say whether such a view can be read", FILE_MAP_EXECUTE },
                { "FILE_MAP_COPY|FILE_MAP_READ", "the page allows the combination but not what it means", 5 },
                { "FILE_MAP_COPY|FILE_MAP_WRITE", "the page allows the combination but not what it means", 3 },
                { "0x8", "SECTION_MAP_EXECUTE is no FILE_MAP right", 8 },
                { "FILE_MAP_READ|FILE_MAP_RESERVE", "the flag is in the header only", FILE_MAP_READ | 0x80000000 },
                { "FILE_MAP_READ|FILE_MAP_TARGETS_INVALID", "the page asks for FILE_MAP_EXECUTE but names no error",
                  FILE_MAP_READ | 0x40000000 } };
    NEED(CreateFileMappingW);
    HANDLE mapping = paging_mapping(PAGE_EXECUTE_READWRITE, 0x20000);
    for (unsigned i = 0; i < COUNT(odd); i++) {
        CHECK(form->page, "128 KB object of PAGE_EXECUTE_READWRITE, %s", odd[i].name);
        UNDECIDED(odd[i].why);
        SET_SENTINEL();
        void *view = form->map(mapping, odd[i].access, 0, 0);
        NOTE_ERROR();
        NOTE_BOOL("view", view);
        note_region(view);
        if (view)
            pUnmapViewOfFile(view);
    }
    CHECK(form->page, "128 KB object of PAGE_EXECUTE_READWRITE, %s",
          "FILE_MAP_EXECUTE|FILE_MAP_READ|FILE_MAP_TARGETS_INVALID");
    SET_SENTINEL();
    void *view = form->map(mapping, FILE_MAP_EXECUTE | FILE_MAP_READ | 0x40000000, 0, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("view", view);
    if (view)
        pUnmapViewOfFile(view);
    CHECK(form->page, "128 KB object without SEC_LARGE_PAGES, FILE_MAP_READ|FILE_MAP_LARGE_PAGES");
    SET_SENTINEL();
    view = form->map(mapping, FILE_MAP_READ | 0x20000000, 0, 0);
    NOTE_ERROR();
    EXPECT_BOOL("view", view, FALSE);
    if (view)
        pUnmapViewOfFile(view);
    CloseHandle(mapping);
}
FOR_EACH_VIEW(odd_access, battery_odd_access)

static SIZE_T region_bytes(void *view)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    return view && VirtualQuery(view, &info, sizeof(info)) ? info.RegionSize : 0;
}

static void battery_ranges(const struct view_form *form)
{
    static const struct {
        ULONG64 offset;
        SIZE_T bytes, size; /* size of the region; 0: failure */
        DWORD error;
    } ranges[] = { { 0, 0, 0x30000, SENTINEL },
                   { 0x10000, 0, 0x20000, SENTINEL },
                   { 0x20000, 0, 0x10000, SENTINEL },
                   { 0, 1, 0x1000, SENTINEL },
                   { 0, 0x1000, 0x1000, SENTINEL },
                   { 0, 0x1001, 0x2000, SENTINEL },
                   { 0x20000, 0xffff, 0x10000, SENTINEL },
                   { 0x20000, 0x10000, 0x10000, SENTINEL },
                   { 0x20000, 0x10001, 0, ERROR_ACCESS_DENIED },
                   { 0, 0x30001, 0, ERROR_ACCESS_DENIED },
                   { 0, 0x40000000, 0, ERROR_ACCESS_DENIED },
                   { 0x30000, 0, 0, ANY_ERROR },
                   { 0x40000, 0, 0, ANY_ERROR },
                   { 0x40000, 0x1000, 0, ANY_ERROR },
                   { 0x7fffffffffff0000ull, 0x1000, 0, ANY_ERROR },
                   { 0x8000000000000000ull, 0x1000, 0, ANY_ERROR },
                   { 1, 0, 0, ERROR_MAPPED_ALIGNMENT },
                   { 0x1000, 0, 0, ERROR_MAPPED_ALIGNMENT },
                   { 0x8000, 0x1000, 0, ERROR_MAPPED_ALIGNMENT },
                   { 0xffff, 1, 0, ERROR_MAPPED_ALIGNMENT } };
    NEED(CreateFileMappingW);
    HANDLE file = file_make(GENERIC_READ | GENERIC_WRITE, 0x30000);
    HANDLE mapping = pCreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    for (unsigned i = 0; i < COUNT(ranges); i++) {
        CHECK(form->page, "192 KB file, FILE_MAP_READ, offset 0x%llx, size 0x%llx", ranges[i].offset,
              (ULONG64)ranges[i].bytes);
        SET_SENTINEL();
        BYTE *view = form->map(mapping, FILE_MAP_READ, ranges[i].offset, ranges[i].bytes);
        if (ranges[i].error == ANY_ERROR)
            NOTE_ERROR();
        else
            EXPECT_ERROR(ranges[i].error);
        EXPECT_HEX("region size", region_bytes(view), ranges[i].size);
        if (!view)
            continue;
        EXPECT_HEX("first byte", view[0], pattern(ranges[i].offset));
        if (ranges[i].size)
            EXPECT_HEX("last byte", view[ranges[i].size - 1], pattern(ranges[i].offset + ranges[i].size - 1));
        pUnmapViewOfFile(view);
    }
    CloseHandle(mapping);
    CloseHandle(file);
}
FOR_EACH_VIEW(ranges, battery_ranges)

static void battery_handles(const struct view_form *form)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    const struct {
        const char *name;
        HANDLE handle;
    } bad[] = { { "NULL", NULL },
                { "INVALID_HANDLE_VALUE", INVALID_HANDLE_VALUE },
                { "a number that is no handle", (HANDLE)0xdeadbee0 },
                { "an event's handle", event } };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        CHECK(form->page, "%s, FILE_MAP_READ", bad[i].name);
        SET_SENTINEL();
        void *view = form->map(bad[i].handle, FILE_MAP_READ, 0, 0);
        EXPECT_ERROR(ERROR_INVALID_HANDLE);
        EXPECT_BOOL("view", view, FALSE);
    }
    CloseHandle(event);
}
FOR_EACH_VIEW(handles, battery_handles)

/* A handle with fewer rights than the object allows. */
static void battery_handle_rights(const struct view_form *form)
{
    static const struct {
        const char *name;
        DWORD rights, access;
        BOOL allowed;
    } cases[] = { { "SECTION_MAP_READ handle, FILE_MAP_READ", SECTION_MAP_READ, FILE_MAP_READ, TRUE },
                  { "SECTION_MAP_READ handle, FILE_MAP_COPY", SECTION_MAP_READ, FILE_MAP_COPY, TRUE },
                  { "SECTION_MAP_READ handle, FILE_MAP_WRITE", SECTION_MAP_READ, FILE_MAP_WRITE, FALSE },
                  { "SECTION_MAP_READ handle, FILE_MAP_ALL_ACCESS", SECTION_MAP_READ, FILE_MAP_ALL_ACCESS, FALSE },
                  { "SECTION_MAP_READ handle, FILE_MAP_READ|FILE_MAP_EXECUTE", SECTION_MAP_READ, 0x24, FALSE },
                  { "SECTION_QUERY handle, FILE_MAP_READ", SECTION_QUERY, FILE_MAP_READ, FALSE },
                  { "SECTION_QUERY handle, FILE_MAP_COPY", SECTION_QUERY, FILE_MAP_COPY, FALSE } };
    NEED(CreateFileMappingW);
    HANDLE mapping = paging_mapping(PAGE_EXECUTE_READWRITE, 0x10000), self = GetCurrentProcess();
    for (unsigned i = 0; i < COUNT(cases); i++) {
        HANDLE less = NULL;
        DuplicateHandle(self, mapping, self, &less, cases[i].rights, FALSE, 0);
        CHECK(form->page, "PAGE_EXECUTE_READWRITE object, %s", cases[i].name);
        SET_SENTINEL();
        void *view = form->map(less, cases[i].access, 0, 0);
        EXPECT_ERROR(cases[i].allowed ? SENTINEL : ERROR_ACCESS_DENIED);
        EXPECT_BOOL("view", view, cases[i].allowed);
        if (view)
            pUnmapViewOfFile(view);
        CloseHandle(less);
    }
    CloseHandle(mapping);
}
FOR_EACH_VIEW(handle_rights, battery_handle_rights)

TEST(MapViewOfFileEx, wanted_address)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFileEx);
    NEED(VirtualAlloc);
    HANDLE mapping = paging_mapping(PAGE_READWRITE, 0x20000);
    BYTE *free = pVirtualAlloc(NULL, 0x40000, MEM_RESERVE, PAGE_NOACCESS);
    pVirtualFree(free, 0, MEM_RELEASE);
    CHECK(EX_PAGE, "128 KB object, FILE_MAP_WRITE, base: a free granule");
    SET_SENTINEL();
    BYTE *view = pMapViewOfFileEx(mapping, FILE_MAP_WRITE, 0, 0, 0, free);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("distance from the base", view - free, 0);
    static const struct {
        const char *name;
        LONG at;
        DWORD error;
    } bases[] = { { "a view's base", 0, ERROR_INVALID_ADDRESS },
                  { "64 KB into a view", 0x10000, ERROR_INVALID_ADDRESS },
                  { "a free granule + 1", 0x20001, ERROR_MAPPED_ALIGNMENT },
                  { "a free granule + 4096", 0x21000, ERROR_MAPPED_ALIGNMENT } };
    for (unsigned i = 0; i < COUNT(bases); i++) {
        CHECK(EX_PAGE, "128 KB object, FILE_MAP_WRITE, base: %s", bases[i].name);
        SET_SENTINEL();
        void *second = pMapViewOfFileEx(mapping, FILE_MAP_WRITE, 0, 0, 0, free + bases[i].at);
        EXPECT_ERROR(bases[i].error);
        EXPECT_BOOL("view", second, FALSE);
    }
    CHECK(EX_PAGE, "128 KB object, FILE_MAP_WRITE, base: in the range of the system");
    SET_SENTINEL();
    void *second = pMapViewOfFileEx(mapping, FILE_MAP_WRITE, 0, 0, 0, (void *)(LONG_PTR)-0x10000);
    NOTE_ERROR();
    EXPECT_BOOL("view", second, FALSE);
    if (view)
        pUnmapViewOfFile(view);
    CloseHandle(mapping);
}

TEST(MapViewOfFileExNuma, nodes)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFileExNuma);
    HANDLE mapping = paging_mapping(PAGE_READWRITE, 0x20000);
    CHECK("winbase/nf-winbase-mapviewoffileexnuma", "128 KB object, FILE_MAP_WRITE, node 0");
    SET_SENTINEL();
    void *view = pMapViewOfFileExNuma(mapping, FILE_MAP_WRITE, 0, 0, 0, NULL, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("view", view);
    if (view)
        pUnmapViewOfFile(view);
    CHECK("winbase/nf-winbase-mapviewoffileexnuma", "128 KB object, FILE_MAP_WRITE, node 77");
    UNDECIDED("the page does not speak of nodes that do not exist");
    SET_SENTINEL();
    view = pMapViewOfFileExNuma(mapping, FILE_MAP_WRITE, 0, 0, 0, NULL, 77);
    NOTE_ERROR();
    NOTE_BOOL("view", view);
    if (view)
        pUnmapViewOfFile(view);
    CloseHandle(mapping);
}

FAMILY(mapping)
