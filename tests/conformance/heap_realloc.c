/* heap_realloc.c - HeapReAlloc: growing and shrinking, in place or not, zeroed or not, and what fails. */
#include "conform.h"

FUNCTION(HANDLE, HeapCreate, (DWORD, SIZE_T, SIZE_T))
FUNCTION(BOOL, HeapDestroy, (HANDLE))
FUNCTION(LPVOID, HeapAlloc, (HANDLE, DWORD, SIZE_T))
FUNCTION(LPVOID, HeapReAlloc, (HANDLE, DWORD, LPVOID, SIZE_T))
FUNCTION(BOOL, HeapFree, (HANDLE, DWORD, LPVOID))
FUNCTION(SIZE_T, HeapSize, (HANDLE, DWORD, LPCVOID))
FUNCTION(BOOL, HeapValidate, (HANDLE, DWORD, LPCVOID))

#define PAGE "heapapi/nf-heapapi-heaprealloc"
#define NEED_ALL                                                                                                     \
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(HeapReAlloc); NEED(HeapFree); NEED(HeapSize);         \
    NEED(HeapValidate)

static BOOL kept(const BYTE *bytes, SIZE_T count)
{
    for (SIZE_T i = 0; i < count; i++)
        if (bytes[i] != (BYTE)(i * 31 + 7))
            return FALSE;
    return TRUE;
}

static BYTE *filled(HANDLE heap, SIZE_T size)
{
    BYTE *block = pHeapAlloc(heap, 0, size);
    for (SIZE_T i = 0; block && i < size; i++)
        block[i] = (BYTE)(i * 31 + 7);
    return block;
}

static const SIZE_T pairs[][2] = {
    { 0, 1 },         { 1, 0 },          { 1, 2 },           { 8, 16 },         { 16, 8 },        { 16, 17 },
    { 100, 5000 },    { 5000, 100 },     { 100, 100 },       { 1024, 1025 },    { 4096, 65536 },  { 65536, 4096 },
    { 65536, 70000 }, { 100000, 300000 }, { 300000, 100000 }, { 1 << 20, 2 << 20 }, { 2 << 20, 1 << 20 },
    { 4 << 20, 100 }, { 100, 4 << 20 },  { 4 << 20, 5 << 20 }, { 5 << 20, 4 << 20 },
};
enum { PAIRS = sizeof(pairs) / sizeof(pairs[0]) };

TEST(HeapReAlloc, sizes)
{
    NEED_ALL;
    HANDLE heap = pHeapCreate(0, 0, 0);
    for (unsigned i = 0; i < PAIRS; i++) {
        SIZE_T from = pairs[i][0], to = pairs[i][1];
        BYTE *block = filled(heap, from);
        CHECK(PAGE, "0, %lu bytes to %lu", (unsigned long)from, (unsigned long)to);
        SET_SENTINEL();
        BYTE *moved = pHeapReAlloc(heap, 0, block, to);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("return", moved, TRUE);
        EXPECT_UINT("HeapSize", pHeapSize(heap, 0, moved), to);
        EXPECT_BOOL("content up to the smaller size", moved && kept(moved, from < to ? from : to), TRUE);
        EXPECT_BOOL("heap valid", pHeapValidate(heap, 0, NULL), TRUE);
        pHeapFree(heap, 0, moved);
    }
    pHeapDestroy(heap);
}

TEST(HeapReAlloc, zero_memory)
{
    NEED_ALL;
    HANDLE heap = pHeapCreate(0, 0, 0);
    for (unsigned i = 0; i < PAIRS; i++) {
        SIZE_T from = pairs[i][0], to = pairs[i][1];
        BOOL zero = TRUE;
        if (to <= from)
            continue;
        BYTE *dirty = pHeapAlloc(heap, 0, to);
        if (dirty)
            memset(dirty, 0xee, to);
        pHeapFree(heap, 0, dirty);
        BYTE *block = filled(heap, from);
        CHECK(PAGE, "HEAP_ZERO_MEMORY, %lu bytes to %lu", (unsigned long)from, (unsigned long)to);
        BYTE *grown = pHeapReAlloc(heap, HEAP_ZERO_MEMORY, block, to);
        for (SIZE_T at = from; grown && at < to; at++)
            zero &= !grown[at];
        EXPECT_BOOL("all beyond the old size is zero", grown && zero, TRUE);
        EXPECT_BOOL("content up to the old size", grown && kept(grown, from), TRUE);
        pHeapFree(heap, 0, grown);
    }
    pHeapDestroy(heap);
}

TEST(HeapReAlloc, zero_memory_within_what_was_rounded)
{
    NEED_ALL;
    HANDLE heap = pHeapCreate(0, 0, 0);
    for (SIZE_T size = 1; size < 40; size += 3) {
        BYTE *block = pHeapAlloc(heap, 0, 64);
        memset(block, 0xee, 64);
        block = pHeapReAlloc(heap, 0, block, size);
        BYTE *grown = pHeapReAlloc(heap, HEAP_ZERO_MEMORY, block, 64);
        BOOL zero = grown != NULL;
        for (SIZE_T at = size; grown && at < 64; at++)
            zero &= !grown[at];
        CHECK(PAGE, "HEAP_ZERO_MEMORY, 64 bytes, shrunk to %lu, grown to 64 again", (unsigned long)size);
        EXPECT_BOOL("all beyond the smaller size is zero", zero, TRUE);
        pHeapFree(heap, 0, grown);
    }
    pHeapDestroy(heap);
}

TEST(HeapReAlloc, in_place)
{
    NEED_ALL;
    HANDLE heap = pHeapCreate(0, 0, 0);
    for (unsigned i = 0; i < PAIRS; i++) {
        SIZE_T from = pairs[i][0], to = pairs[i][1];
        BYTE *block = filled(heap, from), *wall = filled(heap, from);
        CHECK(PAGE, "HEAP_REALLOC_IN_PLACE_ONLY, %lu bytes to %lu", (unsigned long)from, (unsigned long)to);
        BYTE *same = pHeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, to);
        EXPECT_BOOL("does not move", !same || same == block, TRUE);
        EXPECT_UINT("HeapSize less the size it then should have", pHeapSize(heap, 0, block) - (same ? to : from), 0);
        EXPECT_BOOL("content up to the smaller size", kept(block, from < to ? from : to), TRUE);
        EXPECT_BOOL("heap valid", pHeapValidate(heap, 0, NULL), TRUE);
        pHeapFree(heap, 0, block);
        pHeapFree(heap, 0, wall);
    }
    CHECK(PAGE, "HEAP_REALLOC_IN_PLACE_ONLY, 100 bytes to 4 MB");
    BYTE *block = filled(heap, 100);
    EXPECT_BOOL("return", pHeapReAlloc(heap, HEAP_REALLOC_IN_PLACE_ONLY, block, 4 << 20), FALSE);
    EXPECT_UINT("HeapSize", pHeapSize(heap, 0, block), 100);
    EXPECT_BOOL("content", kept(block, 100), TRUE);
    pHeapDestroy(heap);
}

TEST(HeapReAlloc, fails)
{
    NEED_ALL;
    HANDLE heap = pHeapCreate(0, 0, 0);
    BYTE *block = filled(heap, 100);
    CHECK(PAGE, "0, 100 bytes to half the address space");
    EXPECT_BOOL("return", pHeapReAlloc(heap, 0, block, ~(SIZE_T)0 / 2), FALSE);
    EXPECT_UINT("HeapSize", pHeapSize(heap, 0, block), 100);
    EXPECT_BOOL("content", kept(block, 100), TRUE);
    CHECK(PAGE, "0, 100 bytes to half the address space, last error");
    UNDECIDED("the page says that the function does not set the last error; it is 8 in practice");
    SET_SENTINEL();
    pHeapReAlloc(heap, 0, block, ~(SIZE_T)0 / 2);
    EXPECT_ERROR(SENTINEL);
    CHECK(PAGE, "NULL to 100 bytes");
    UNDECIDED("the page says nothing of NULL; Windows returns NULL and sets the last error to 0");
    SET_SENTINEL();
    LPVOID made = pHeapReAlloc(heap, 0, NULL, 100);
    EXPECT_ERROR(ERROR_SUCCESS);
    EXPECT_BOOL("return", made, FALSE);
    pHeapFree(heap, 0, block);
    CHECK(PAGE, "a freed block");
    EXPECT_BOOL("return", pHeapReAlloc(heap, 0, block, 200), FALSE);
    EXPECT_BOOL("heap valid", pHeapValidate(heap, 0, NULL), TRUE);
    pHeapDestroy(heap);
}

struct request {
    HANDLE heap;
    LPVOID block;
    DWORD flags;
    SIZE_T size;
};

static void request_run(void *context)
{
    struct request *request = context;
    pHeapReAlloc(request->heap, request->flags, request->block, request->size);
}

TEST(HeapReAlloc, exceptions)
{
    NEED_ALL;
    HANDLE heap = pHeapCreate(0, 0, 0);
    struct request request = { heap, filled(heap, 100), HEAP_GENERATE_EXCEPTIONS, ~(SIZE_T)0 / 2 };
    CHECK(PAGE, "HEAP_GENERATE_EXCEPTIONS, 100 bytes to half the address space");
    conform_expect(KIND_STATUS, "exception", conform_catch(request_run, &request), STATUS_NO_MEMORY);
    EXPECT_BOOL("content", kept(request.block, 100), TRUE);
    request.flags |= HEAP_REALLOC_IN_PLACE_ONLY;
    request.size = 4 << 20;
    CHECK(PAGE, "HEAP_GENERATE_EXCEPTIONS and HEAP_REALLOC_IN_PLACE_ONLY, 100 bytes to 4 MB");
    conform_expect(KIND_STATUS, "exception", conform_catch(request_run, &request), STATUS_NO_MEMORY);
    EXPECT_UINT("HeapSize", pHeapSize(heap, 0, request.block), 100);
    pHeapDestroy(heap);
}

FAMILY(heap)
