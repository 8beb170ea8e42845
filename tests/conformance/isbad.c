/* isbad.c - IsBadReadPtr, IsBadWritePtr, their "huge" names and IsBadCodePtr: sizes, protections, edges. */
#include "isbad.h"

FAMILY(isbad)

/* What each protection allows; -1: the documentation is not clear. */
static const struct {
    const char *name;
    DWORD protection;
    int bad_read, bad_write;
} protections[] = { { "PAGE_NOACCESS", PAGE_NOACCESS, 1, 1 },
                    { "PAGE_READONLY", PAGE_READONLY, 0, 1 },
                    { "PAGE_READWRITE", PAGE_READWRITE, 0, 0 },
                    { "PAGE_EXECUTE", PAGE_EXECUTE, -1, 1 },
                    { "PAGE_EXECUTE_READ", PAGE_EXECUTE_READ, 0, 1 },
                    { "PAGE_EXECUTE_READWRITE", PAGE_EXECUTE_READWRITE, 0, 0 } };
#define PROTECTIONS (sizeof(protections) / sizeof(protections[0]))

static void check_protections(const char *function, const char *page, void *pointer, BOOL write)
{
    static const struct {
        const char *name;
        SIZE_T offset, size;
    } ranges[] = { { "first byte", 0, 1 }, { "whole page", 0, PAGE }, { "across the two pages", PAGE - 2, 4 } };
    for (unsigned i = 0; i < PROTECTIONS; i++) {
        char *at = pages_make(protections[i].protection, 0);
        for (unsigned j = 0; j < 3; j++) {
            int bad = write ? protections[i].bad_write : protections[i].bad_read;
            conform_check(function, page, "%s, %s", protections[i].name, ranges[j].name);
            if (bad < 0) UNDECIDED("processors without a separate right to read let executable pages be read");
            SET_SENTINEL();
            DWORD answer = probe_ask(pointer, at + ranges[j].offset, ranges[j].size);
            EXPECT_ERROR(SENTINEL);
            if (bad < 0) NOTE_HEX("return", answer);
            else EXPECT_HEX("return", answer, bad);
        }
        pages_free(at);
    }
}

static void check_ranges(const char *function, const char *page, void *pointer)
{
    /* Relative to two good pages with bad ones around them. */
    static const struct {
        long offset;
        SIZE_T size;
        int bad;
    } cases[] = {
        { 0, 0, 0 }, { 0, 1, 0 }, { 0, 4095, 0 }, { 0, 4096, 0 }, { 0, 4097, 0 }, { 0, 8191, 0 }, { 0, 8192, 0 },
        { 0, 8193, 1 }, { 8191, 1, 0 }, { 8191, 2, 1 }, { 8191, 0, 0 }, { 8192, 0, 0 }, { 8192, 1, 1 },
        { 4095, 1, 0 }, { 4095, 2, 0 }, { 4095, 4097, 0 }, { 4095, 4098, 1 }, { -1, 0, 0 }, { -1, 1, 1 },
        { -1, 2, 1 }, { -1, 4096, 1 }, { -4096, 4096, 1 }, { -4096, 4097, 1 }, { 8190, 2, 0 }, { 1, 8191, 0 },
        { 1, 8192, 1 }, { 4096, 4096, 0 }, { 4096, 4097, 1 }, { 0, 12288, 1 }, { 8000, 65536, 1 }
    };
    static const DWORD outers[] = { 0, PAGE_NOACCESS };
    for (unsigned o = 0; o < 2; o++) {
        char *at = pages_make(PAGE_READWRITE, outers[o]);
        for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            conform_check(function, page, "%+ld, %u bytes, of two good pages between %s ones", cases[i].offset,
                          (unsigned)cases[i].size, o ? "PAGE_NOACCESS" : "reserved");
            SET_SENTINEL();
            DWORD answer = probe_ask(pointer, at + cases[i].offset, cases[i].size);
            EXPECT_ERROR(SENTINEL);
            EXPECT_HEX("return", answer, cases[i].bad);
        }
        pages_free(at);
    }
}

static void check_addresses(const char *function, const char *page, void *pointer)
{
    static const struct {
        const char *name;
        uintptr_t address, size;
        int bad;
    } cases[] = { { "NULL, 0 bytes", 0, 0, 0 },
                  { "NULL, 1 byte", 0, 1, 1 },
                  { "NULL, 4096 bytes", 0, 4096, 1 },
                  { "address 1, 0 bytes", 1, 0, 0 },
                  { "address 0xffff, 1 byte", 0xffff, 1, 1 },
                  { "highest address, 0 bytes", ~(uintptr_t)0, 0, 0 },
                  { "highest address, 1 byte", ~(uintptr_t)0, 1, 1 },
                  { "highest address, 2 bytes", ~(uintptr_t)0, 2, 1 },
                  { "NULL, all bytes", 0, ~(uintptr_t)0, 1 },
#ifdef _WIN64
                  { "0x800000000000, 1 byte", 0x800000000000, 1, 1 },
                  { "0x4141414141414141, 1 byte", 0x4141414141414141, 1, 1 },
                  { "0xffff800000000000, 1 byte", 0xffff800000000000, 1, 1 },
                  { "0xfffff80000000000, 16 bytes", 0xfffff80000000000, 16, 1 },
#endif
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        conform_check(function, page, "%s", cases[i].name);
        SET_SENTINEL();
        DWORD answer = probe_ask(pointer, (void *)cases[i].address, cases[i].size);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("return", answer, cases[i].bad);
    }
    char *at = pages_make(PAGE_READWRITE, 0);
    conform_check(function, page, "a good page, as many bytes as there are");
    EXPECT_HEX("return", probe_ask(pointer, at, ~(uintptr_t)0), 1);
    pages_free(at);
    conform_check(function, page, "freed memory, 1 byte");
    EXPECT_HEX("return", probe_ask(pointer, at, 1), 1);
}

#define FOUR(FUNCTION, PAGE_NAME, WRITE)                                                                             \
    TEST(FUNCTION, protections)                                                                                      \
    {                                                                                                                \
        NEED(FUNCTION);                                                                                              \
        check_protections(#FUNCTION, PAGE_NAME, (void *)p##FUNCTION, WRITE);                                         \
    }                                                                                                                \
    TEST(FUNCTION, ranges)                                                                                           \
    {                                                                                                                \
        NEED(FUNCTION);                                                                                              \
        check_ranges(#FUNCTION, PAGE_NAME, (void *)p##FUNCTION);                                                     \
    }                                                                                                                \
    TEST(FUNCTION, addresses)                                                                                        \
    {                                                                                                                \
        NEED(FUNCTION);                                                                                              \
        check_addresses(#FUNCTION, PAGE_NAME, (void *)p##FUNCTION);                                                  \
    }
FOUR(IsBadReadPtr, P_READ, FALSE)
FOUR(IsBadWritePtr, P_WRITE, TRUE)
FOUR(IsBadHugeReadPtr, P_HUGE_READ, FALSE)
FOUR(IsBadHugeWritePtr, P_HUGE_WRITE, TRUE)

TEST(IsBadWritePtr, content_stays)
{
    NEED(IsBadWritePtr);
    static const SIZE_T ranges[] = { 1, 4096, 65536 };
    for (unsigned i = 0; i < 3; i++) {
        unsigned char *base = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        BOOL same = TRUE;
        for (unsigned j = 0; j < 65536; j++) base[j] = (unsigned char)(j * 31 + 7);
        CHECK(P_WRITE, "%u bytes of a pattern", (unsigned)ranges[i]);
        EXPECT_HEX("return", probe_ask((void *)pIsBadWritePtr, base, ranges[i]), 0);
        for (unsigned j = 0; j < 65536; j++) same = same && base[j] == (unsigned char)(j * 31 + 7);
        EXPECT_TRUE("content is the same", same);
        VirtualFree(base, 0, MEM_RELEASE);
    }
}

TEST(IsBadWritePtr, copy_on_write)
{
    NEED(IsBadWritePtr);
    NEED(IsBadReadPtr);
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
    char *copy = MapViewOfFile(section, FILE_MAP_COPY, 0, 0, 0);
    char *shared = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    char *fixed = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    CHECK(P_WRITE, "copy-on-write view");
    EXPECT_HEX("return", probe_ask((void *)pIsBadWritePtr, copy, 65536), 0);
    shared[0] = 1;
    NOTE_UINT("byte of the copy after a write to the section", (unsigned)copy[0]);
    CHECK(P_WRITE, "writable view");
    EXPECT_HEX("return", probe_ask((void *)pIsBadWritePtr, shared, 65536), 0);
    CHECK(P_WRITE, "read-only view");
    EXPECT_HEX("return", probe_ask((void *)pIsBadWritePtr, fixed, 1), 1);
    CHECK_OF(IsBadReadPtr, P_READ, "read-only view");
    EXPECT_HEX("return", probe_ask((void *)pIsBadReadPtr, fixed, 65536), 0);
    UnmapViewOfFile(copy);
    UnmapViewOfFile(shared);
    CHECK_OF(IsBadReadPtr, P_READ, "address of a view that was unmapped");
    UnmapViewOfFile(fixed);
    EXPECT_HEX("return", probe_ask((void *)pIsBadReadPtr, fixed, 1), 1);
    CloseHandle(section);
}

static const char constant[] = "read-only data of the program";

TEST(IsBadReadPtr, memory_of_the_program)
{
    NEED(IsBadReadPtr);
    NEED(IsBadWritePtr);
    static char writable[100];
    char local[100];
    char *heap = HeapAlloc(GetProcessHeap(), 0, 100);
    const struct {
        const char *name;
        const void *at;
        int bad_write;
    } cases[] = { { "stack", local, 0 },
                  { "static data", writable, 0 },
                  { "heap block", heap, 0 },
                  { "string constant", constant, 1 },
                  { "code", (const void *)(uintptr_t)probe_call, 1 } };
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_READ, "%s", cases[i].name);
        EXPECT_HEX("return", probe_ask((void *)pIsBadReadPtr, cases[i].at, 16), 0);
        CHECK_OF(IsBadWritePtr, P_WRITE, "%s", cases[i].name);
        EXPECT_HEX("return", probe_ask((void *)pIsBadWritePtr, (void *)cases[i].at, 16), cases[i].bad_write);
    }
    HeapFree(GetProcessHeap(), 0, heap);
}

TEST(IsBadCodePtr, addresses)
{
    NEED(IsBadCodePtr);
    char *data = pages_make(PAGE_READWRITE, 0), *none = pages_make(PAGE_NOACCESS, 0);
    const struct {
        const char *name;
        const void *at;
        int bad;
    } cases[] = { { "a function", (const void *)(uintptr_t)probe_call, 0 },
                  { "data, not executable", data, 0 },
                  { "last byte of the data", data + 2 * PAGE - 1, 0 },
                  { "one past the data", data + 2 * PAGE, 1 },
                  { "PAGE_NOACCESS", none, 1 },
                  { "NULL", NULL, 1 },
                  { "address 1", (void *)1, 1 },
                  { "highest address", (void *)~(uintptr_t)0, 1 } };
    for (unsigned i = 0; i < 8; i++) {
        CHECK(P_CODE, "%s", cases[i].name);
        SET_SENTINEL();
        DWORD answer = probe_ask((void *)pIsBadCodePtr, cases[i].at, 0);
        if (!cases[i].bad) EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("return", answer, cases[i].bad);
    }
    CHECK(P_CODE, "NULL: the last error");
    UNDECIDED("the page names GetLastError for more, but no error");
    SET_SENTINEL();
    probe_ask((void *)pIsBadCodePtr, NULL, 0);
    NOTE_ERROR();
    pages_free(data);
    pages_free(none);
}
