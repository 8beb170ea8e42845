/* mapping_unmap.c - unmapping and flushing views; views in other processes (MapViewOfFile2 and Numa2). */
#include "mapping_common.h"

FUNCTION(HANDLE, CreateFileMappingW, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR))
FUNCTION(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))
FUNCTION(PVOID, MapViewOfFile2, (HANDLE, HANDLE, ULONG64, PVOID, SIZE_T, ULONG, ULONG))
FUNCTION(PVOID, MapViewOfFileNuma2, (HANDLE, HANDLE, ULONG64, PVOID, SIZE_T, ULONG, ULONG, ULONG))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(BOOL, UnmapViewOfFileEx, (PVOID, ULONG))
FUNCTION(BOOL, UnmapViewOfFile2, (HANDLE, PVOID, ULONG))
FUNCTION(BOOL, FlushViewOfFile, (LPCVOID, SIZE_T))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))

struct unmap_form {
    const char *page;
    BOOL (*unmap)(void *base, ULONG flags);
};
static BOOL unmap_plain(void *base, ULONG flags) { return (void)flags, pUnmapViewOfFile(base); }
static BOOL unmap_ex(void *base, ULONG flags) { return pUnmapViewOfFileEx(base, flags); }
static BOOL unmap_2(void *base, ULONG flags) { return pUnmapViewOfFile2(GetCurrentProcess(), base, flags); }
static const struct unmap_form unmap_forms[] = { { "memoryapi/nf-memoryapi-unmapviewoffile", unmap_plain },
                                                 { "memoryapi/nf-memoryapi-unmapviewoffileex", unmap_ex },
                                                 { "memoryapi/nf-memoryapi-unmapviewoffile2", unmap_2 } };
#define FOR_EACH_UNMAP(label, battery)                                                                               \
    TEST(UnmapViewOfFile, label) { NEED(UnmapViewOfFile); battery(&unmap_forms[0]); }                                \
    TEST(UnmapViewOfFileEx, label) { NEED(UnmapViewOfFileEx); battery(&unmap_forms[1]); }                            \
    TEST(UnmapViewOfFile2, label) { NEED(UnmapViewOfFile2); battery(&unmap_forms[2]); }

static HANDLE paging_mapping(ULONG protect, DWORD bytes)
{
    return pCreateFileMappingW(INVALID_HANDLE_VALUE, NULL, protect, 0, bytes, NULL);
}
static DWORD state_at(void *address)
{
    MEMORY_BASIC_INFORMATION info = { 0 };
    return VirtualQuery(address, &info, sizeof(info)) ? info.State : 0;
}

/* "This value must be identical to the value returned by a previous call". */
static void battery_base(const struct unmap_form *form)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFile);
    NEED(UnmapViewOfFile);
    HANDLE mapping = paging_mapping(PAGE_READWRITE, 0x40000);
    static const DWORD inside[] = { 1, 0xfff, 0x1000, 0x8000, 0x10000, 0x20000, 0x3f000, 0x3ffff };
    BYTE *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    for (unsigned i = 0; view && i < COUNT(inside); i++) {
        CHECK(form->page, "base of a 256 KB view + 0x%lx", inside[i]);
        SET_SENTINEL();
        BOOL ok = form->unmap(view + inside[i], 0);
        EXPECT_ERROR(ERROR_INVALID_ADDRESS);
        EXPECT_BOOL("return", ok, FALSE);
        EXPECT_HEX("state of the view", state_at(view), MEM_COMMIT);
        if (state_at(view) != MEM_COMMIT)
            view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    }
    CHECK(form->page, "base of a 256 KB view");
    SET_SENTINEL();
    BOOL ok = form->unmap(view, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("state afterwards", state_at(view), MEM_FREE);
    CHECK(form->page, "the same base again");
    SET_SENTINEL();
    ok = form->unmap(view, 0);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", ok, FALSE);

    CHECK(form->page, "one of two views of an object: the other stays");
    view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    BYTE *other = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    view[5] = 0x31;
    EXPECT_TRUE("return", form->unmap(view, 0));
    EXPECT_HEX("state of the other", state_at(other), MEM_COMMIT);
    EXPECT_HEX("byte in the other", other[5], 0x31);
    pUnmapViewOfFile(other);

    CHECK(form->page, "a view whose object's handle is closed: the view lives until then");
    view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CloseHandle(mapping);
    EXPECT_HEX("byte", view[5], 0x31);
    EXPECT_TRUE("return", form->unmap(view, 0));
}
FOR_EACH_UNMAP(base, battery_base)

static void battery_not_views(const struct unmap_form *form)
{
    NEED(VirtualAlloc);
    void *private = pVirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    const struct {
        const char *name;
        void *base;
    } bases[] = { { "NULL", NULL },
                  { "private memory", private },
                  { "the stack", (void *)((ULONG_PTR)&private & ~(ULONG_PTR)0xffff) },
                  { "address 64 KB", (void *)0x10000 },
                  { "an address of the system", (void *)(LONG_PTR)-0x10000 } };
    for (unsigned i = 0; i < COUNT(bases); i++) {
        if (i == 3 && state_at(bases[i].base) != MEM_FREE)
            continue;
        CHECK(form->page, "%s", bases[i].name);
        SET_SENTINEL();
        BOOL ok = form->unmap(bases[i].base, 0);
        EXPECT_ERROR(ERROR_INVALID_ADDRESS);
        EXPECT_BOOL("return", ok, FALSE);
    }
    EXPECT_HEX("state of the private memory", state_at(private), MEM_COMMIT);
    pVirtualFree(private, 0, MEM_RELEASE);
}
FOR_EACH_UNMAP(not_views, battery_not_views)

static void battery_flags(const struct unmap_form *form)
{
    NEED(CreateFileMappingW);
    NEED(MapViewOfFile);
    HANDLE mapping = paging_mapping(PAGE_READWRITE, 0x10000);
    void *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    static const ULONG unknown[] = { 4, 8, 0x80000000 };
    for (unsigned i = 0; i < COUNT(unknown); i++) {
        CHECK(form->page, "base of a view, flags 0x%lx", unknown[i]);
        SET_SENTINEL();
        BOOL ok = form->unmap(view, unknown[i]);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
        if (state_at(view) != MEM_COMMIT)
            view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    }
    CHECK(form->page, "base of a view that replaced no placeholder, MEM_PRESERVE_PLACEHOLDER");
    SET_SENTINEL();
    BOOL ok = form->unmap(view, 2);
    NOTE_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    if (state_at(view) != MEM_COMMIT)
        view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(form->page, "base of a view, MEM_UNMAP_WITH_TRANSIENT_BOOST");
    SET_SENTINEL();
    ok = form->unmap(view, 1);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("state afterwards", state_at(view), MEM_FREE);
    CloseHandle(mapping);
}
TEST(UnmapViewOfFileEx, flags) { NEED(UnmapViewOfFileEx); battery_flags(&unmap_forms[1]); }
TEST(UnmapViewOfFile2, flags) { NEED(UnmapViewOfFile2); battery_flags(&unmap_forms[2]); }

TEST(FlushViewOfFile, ranges)
{
    static const char page[] = "memoryapi/nf-memoryapi-flushviewoffile";
    NEED(FlushViewOfFile);
    NEED(CreateFileMappingW);
    NEED(MapViewOfFile);
    NEED(VirtualAlloc);
    HANDLE file = file_make(GENERIC_READ | GENERIC_WRITE, 0x30000);
    HANDLE mapping = pCreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    BYTE *view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0), byte = 0;
    static const struct {
        DWORD at, bytes;
    } ranges[] = { { 0, 0 }, { 0, 1 }, { 0, 0x30000 }, { 0x1234, 10 }, { 0x1000, 0 }, { 0x2ffff, 1 }, { 0x2f000, 0 } };
    for (unsigned i = 0; i < COUNT(ranges); i++) {
        DWORD read;
        CHECK(page, "192 KB view of a file, written at 0x%lx, flushed from there, size 0x%lx", ranges[i].at,
              ranges[i].bytes);
        view[ranges[i].at] = (BYTE)(0x80 + i);
        SET_SENTINEL();
        BOOL ok = pFlushViewOfFile(view + ranges[i].at, ranges[i].bytes);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        SetFilePointer(file, (LONG)ranges[i].at, NULL, FILE_BEGIN);
        EXPECT_TRUE("read back", ReadFile(file, &byte, 1, &read, NULL));
        EXPECT_HEX("byte in the file", byte, 0x80 + i);
    }
    CHECK(page, "192 KB view of a file, size 256 KB");
    UNDECIDED("the page does not say what a range is that leaves the view");
    SET_SENTINEL();
    BOOL ok = pFlushViewOfFile(view, 0x40000);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    pUnmapViewOfFile(view);
    CHECK(page, "an unmapped view");
    SET_SENTINEL();
    ok = pFlushViewOfFile(view, 0);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", ok, FALSE);
    CloseHandle(mapping);
    mapping = pCreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
    view = pMapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    CHECK(page, "a read-only view of a file");
    SET_SENTINEL();
    ok = pFlushViewOfFile(view, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    pUnmapViewOfFile(view);
    CloseHandle(mapping);
    CloseHandle(file);

    mapping = paging_mapping(PAGE_READWRITE, 0x10000);
    view = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    CHECK(page, "a view of the paging file");
    UNDECIDED("the page speaks of files on disk only");
    SET_SENTINEL();
    ok = pFlushViewOfFile(view, 0);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    pUnmapViewOfFile(view);
    CloseHandle(mapping);

    view = pVirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    const struct {
        const char *name;
        void *base;
    } bad[] = { { "private memory", view },
                { "NULL", NULL },
                { "an address of the system", (void *)(LONG_PTR)-0x10000 } };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        CHECK(page, "%s", bad[i].name);
        SET_SENTINEL();
        ok = pFlushViewOfFile(bad[i].base, 0);
        NOTE_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    pVirtualFree(view, 0, MEM_RELEASE);
}

/* ---- MapViewOfFile2 and MapViewOfFileNuma2 ---- */
struct map2_form {
    const char *page;
    void *(*map)(HANDLE mapping, HANDLE process, ULONG64 offset, void *base, SIZE_T bytes, ULONG type, ULONG protect);
};
static void *map2(HANDLE m, HANDLE p, ULONG64 o, void *b, SIZE_T n, ULONG t, ULONG x)
{
    return pMapViewOfFile2(m, p, o, b, n, t, x);
}
static void *map_numa2(HANDLE m, HANDLE p, ULONG64 o, void *b, SIZE_T n, ULONG t, ULONG x)
{
    return pMapViewOfFileNuma2(m, p, o, b, n, t, x, ANY_NODE);
}
static const struct map2_form map2_forms[] = { { "memoryapi/nf-memoryapi-mapviewoffile2", map2 },
                                               { "memoryapi/nf-memoryapi-mapviewoffilenuma2", map_numa2 } };
#define FOR_EACH_MAP2(label, battery)                                                                                \
    TEST_FLAGS(MapViewOfFile2, label, TEST_SLOW) { NEED(MapViewOfFile2); battery(&map2_forms[0]); }                  \
    TEST_FLAGS(MapViewOfFileNuma2, label, TEST_SLOW) { NEED(MapViewOfFileNuma2); battery(&map2_forms[1]); }

static void battery_map2(const struct map2_form *form)
{
    NEED(CreateFileMappingW);
    NEED(UnmapViewOfFile);
    NEED(VirtualAlloc);
    HANDLE mapping = paging_mapping(PAGE_EXECUTE_READWRITE, 0x40000), self = GetCurrentProcess();
    HANDLE other = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    HANDLE less = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    BYTE *spot = pVirtualAlloc(NULL, 0x80000, MEM_RESERVE, PAGE_NOACCESS);
    pVirtualFree(spot, 0, MEM_RELEASE);
    struct {
        const char *name;
        HANDLE mapping, process;
        ULONG64 offset;
        BYTE *base;
        SIZE_T bytes;
        ULONG type, protect;
        SIZE_T size; /* 0: fails */
        DWORD error, at;
    } cases[] = {
        { "PAGE_READONLY", mapping, self, 0, NULL, 0, 0, PAGE_READONLY, 0x40000, SENTINEL, 0 },
        { "PAGE_READWRITE", mapping, self, 0, NULL, 0, 0, PAGE_READWRITE, 0x40000, SENTINEL, 0 },
        { "PAGE_WRITECOPY", mapping, self, 0, NULL, 0, 0, PAGE_WRITECOPY, 0x40000, SENTINEL, 0 },
        { "PAGE_EXECUTE_READ", mapping, self, 0, NULL, 0, 0, PAGE_EXECUTE_READ, 0x40000, SENTINEL, 0 },
        { "PAGE_EXECUTE_READWRITE", mapping, self, 0, NULL, 0, 0, PAGE_EXECUTE_READWRITE, 0x40000, SENTINEL, 0 },
        { "protection 0", mapping, self, 0, NULL, 0, 0, 0, 0, ANY_ERROR, 0 },
        { "protection 0x3", mapping, self, 0, NULL, 0, 0, 3, 0, ANY_ERROR, 0 },
        { "a real handle to this process", mapping, other, 0, NULL, 0, 0, PAGE_READWRITE, 0x40000, SENTINEL, 0 },
        { "a handle without PROCESS_VM_OPERATION", mapping, less, 0, NULL, 0, 0, 4, 0, ERROR_ACCESS_DENIED, 0 },
        { "process: no handle", mapping, (HANDLE)0xdeadbee0, 0, NULL, 0, 0, 4, 0, ERROR_INVALID_HANDLE, 0 },
        { "mapping: no handle", (HANDLE)0xdeadbee0, self, 0, NULL, 0, 0, 4, 0, ERROR_INVALID_HANDLE, 0 },
        { "offset 64 KB, 4 KB", mapping, self, 0x10000, NULL, 0x1000, 0, PAGE_READWRITE, 0x1000, SENTINEL, 0 },
        { "offset 4 KB", mapping, self, 0x1000, NULL, 0x1000, 0, 4, 0, ERROR_MAPPED_ALIGNMENT, 0 },
        { "size beyond the object", mapping, self, 0, NULL, 0x40001, 0, 4, 0, ERROR_ACCESS_DENIED, 0 },
        { "base: free", mapping, self, 0, spot, 0x20000, 0, PAGE_READWRITE, 0x20000, SENTINEL, 1 },
        { "base: free + 4 KB, rounded down", mapping, self, 0, spot + 0x1000, 0x20000, 0, 4, 0x20000, SENTINEL, 1 },
        { "base: free + 0xffff, rounded down", mapping, self, 0, spot + 0xffff, 0x20000, 0, 4, 0x20000, SENTINEL, 1 },
        { "MEM_COMMIT", mapping, self, 0, NULL, 0, MEM_COMMIT, 4, 0, ANY_ERROR, 0 },
        { "type 1", mapping, self, 0, NULL, 0, 1, 4, 0, ANY_ERROR, 0 },
        { "MEM_LARGE_PAGES without SEC_LARGE_PAGES", mapping, self, 0, NULL, 0, MEM_LARGE_PAGES, 4, 0, ANY_ERROR, 0 },
    };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        MEMORY_BASIC_INFORMATION info = { 0 };
        CHECK(form->page, "256 KB object, %s", cases[i].name);
        SET_SENTINEL();
        BYTE *view = form->map(cases[i].mapping, cases[i].process, cases[i].offset, cases[i].base, cases[i].bytes,
                               cases[i].type, cases[i].protect);
        if (cases[i].error == ANY_ERROR)
            NOTE_ERROR();
        else
            EXPECT_ERROR(cases[i].error);
        if (view)
            VirtualQuery(view, &info, sizeof(info));
        EXPECT_HEX("region size", info.RegionSize, cases[i].size);
        if (cases[i].size)
            EXPECT_HEX("protection", info.Protect, cases[i].protect);
        if (cases[i].at)
            EXPECT_HEX("distance from the free base", view - spot, 0);
        if (view)
            pUnmapViewOfFile(view);
    }
    CloseHandle(less);
    CloseHandle(other);
    CloseHandle(mapping);
}
FOR_EACH_MAP2(arguments, battery_map2)

/* Into another process. */
static void battery_other_process(const struct map2_form *form)
{
    NEED(CreateFileMappingW);
    NEED(UnmapViewOfFile2);
    HANDLE process = conform_peer_start();
    HANDLE mapping = paging_mapping(PAGE_READWRITE, 0x20000);
    BYTE *mine = pMapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0), byte = 0;
    SIZE_T done = 0;
    mine[0x1234] = 0x42;
    CHECK(form->page, "128 KB object, PAGE_READWRITE, another process");
    SET_SENTINEL();
    BYTE *view = form->map(mapping, process, 0, NULL, 0, 0, PAGE_READWRITE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("view", view);
    EXPECT_TRUE("read there", ReadProcessMemory(process, view + 0x1234, &byte, 1, &done));
    EXPECT_HEX("byte there", byte, 0x42);
    CHECK_OF(UnmapViewOfFile2, "memoryapi/nf-memoryapi-unmapviewoffile2", "another process, 64 KB into the view");
    SET_SENTINEL();
    BOOL ok = pUnmapViewOfFile2(process, view + 0x10000, 0);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", ok, FALSE);
    CHECK_OF(UnmapViewOfFile2, "memoryapi/nf-memoryapi-unmapviewoffile2", "another process, the view's base");
    SET_SENTINEL();
    ok = pUnmapViewOfFile2(process, view, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    CHECK_OF(UnmapViewOfFile2, "memoryapi/nf-memoryapi-unmapviewoffile2", "process: no handle");
    SET_SENTINEL();
    ok = pUnmapViewOfFile2((HANDLE)0xdeadbee0, mine, 0);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    EXPECT_BOOL("return", ok, FALSE);
    pUnmapViewOfFile(mine);
    CloseHandle(mapping);
    conform_peer_end(process);
}
FOR_EACH_MAP2(other_process, battery_other_process)

FAMILY(mapping)
