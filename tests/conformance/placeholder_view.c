/* placeholder_view.c - views in the place of placeholders. */
#include "placeholder_view.h"

FUNCTION(BOOL, UnmapViewOfFileEx, (PVOID, ULONG))

#define UNMAP2_PAGE "memoryapi/nf-memoryapi-unmapviewoffile2"
#define UNMAPEX_PAGE "memoryapi/nf-memoryapi-unmapviewoffileex"

/* The documentation's own example: one section twice, side by side, in units of 64 KB and of a page. */
TEST(MapViewOfFile3, ring_buffer)
{
    NEED(MapViewOfFile3);
    NEED(VirtualAlloc2);
    NEED(UnmapViewOfFile);
    static const SIZE_T sizes[] = { KB64, 1 << 20, PAGE, 3 * PAGE, KB64 + PAGE };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        SIZE_T bytes = sizes[i];
        HANDLE section = section_make(bytes);
        BYTE *base = make(2 * bytes);
        MADE(base);
        pVirtualFree(base, bytes, PRESERVE);
        for (int half = 0; half < 2; half++) {
            CHECK(MAP_PAGE, "a section of %u bytes replaces placeholder %d of 2", (unsigned)bytes, half + 1);
            SET_SENTINEL();
            BYTE *view = view_at(section, base + half * bytes, 0, bytes);
            EXPECT_ERROR(SENTINEL);
            EXPECT_TRUE("same base", base && view == base + half * bytes);
            if (view) expect_view(view, view, MEM_COMMIT, PAGE_READWRITE, MEM_MAPPED, bytes);
            else base = NULL;
        }
        if (!base) {
            CloseHandle(section);
            continue;
        }
        CloseHandle(section);
        CHECK(MAP_PAGE, "ring of %u bytes: what is written in one half is read in the other", (unsigned)bytes);
        unsigned wrong = 0;
        for (SIZE_T j = 0; j < bytes; j++) base[j] = (BYTE)(j * 7 + 1);
        for (SIZE_T j = 0; j < bytes; j++) wrong += base[bytes + j] != (BYTE)(j * 7 + 1);
        EXPECT_UINT("bytes that differ", wrong, 0);
        CHECK(MAP_PAGE, "ring of %u bytes: a word over the seam", (unsigned)bytes);
        memcpy(base + bytes - 4, "overflow", 8);
        EXPECT_TRUE("its end stands at the start", !memcmp(base, "flow", 4));
        EXPECT_TRUE("its start stands at the end", !memcmp(base + 2 * bytes - 4, "over", 4));
        for (int half = 0; half < 2; half++) {
            CHECK_OF(UnmapViewOfFile, "memoryapi/nf-memoryapi-unmapviewoffile", "ring of %u bytes: half %d",
                     (unsigned)bytes, half + 1);
            TRY(pUnmapViewOfFile(base + half * bytes), TRUE, SENTINEL);
            EXPECT_HEX("State", state_at(base + half * bytes), MEM_FREE);
        }
    }
}

TEST(MapViewOfFile3, placeholder_offsets)
{
    NEED(MapViewOfFile3);
    NEED(VirtualAlloc2);
    static const struct {
        SIZE_T at, bytes, offset;
    } cases[] = { { 0, KB64, KB64 },        { KB64, 2 * KB64, 0 },  { PAGE, PAGE, 0 },
                  { PAGE, 2 * PAGE, PAGE }, { 0, PAGE, 5 * PAGE }, { KB64 - PAGE, 2 * PAGE, KB64 - PAGE } };
    HANDLE section = section_make(4 * KB64);
    BYTE *whole = pMapViewOfFile3(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    CHECK(MAP_PAGE, "all of a section of 256 KB, anywhere");
    EXPECT_TRUE("returned a base", whole != NULL);
    for (SIZE_T j = 0; whole && j < 4 * KB64; j += PAGE) whole[j] = (BYTE)(j / PAGE + 1);
    for (unsigned i = 0; whole && i < sizeof(cases) / sizeof(cases[0]); i++) {
        SIZE_T at = cases[i].at, bytes = cases[i].bytes, offset = cases[i].offset;
        BYTE *base = make(4 * KB64);
        MADE(base);
        pVirtualFree(base + at, bytes, PRESERVE);
        CHECK(MAP_PAGE, "%u bytes at offset %u of the section replace the placeholder at %u", (unsigned)bytes,
              (unsigned)offset, (unsigned)at);
        SET_SENTINEL();
        BYTE *view = view_at(section, base + at, offset, bytes);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("same base", base && view == base + at);
        if (!view) continue;
        expect_view(view, view, MEM_COMMIT, PAGE_READWRITE, MEM_MAPPED, bytes);
        unsigned wrong = 0;
        for (SIZE_T j = 0; j < bytes; j += PAGE) wrong += view[j] != (BYTE)((offset + j) / PAGE + 1);
        EXPECT_UINT("pages that differ from the section's", wrong, 0);
        view[5] = 0xee;
        EXPECT_HEX("written there, read in the whole view", whole[offset + 5], 0xee);
        CHECK(MAP_PAGE, "%u bytes at %u: the placeholders around it", (unsigned)bytes, (unsigned)at);
        if (at) expect_view(base, base, MEM_RESERVE, 0, MEM_PRIVATE, at);
        expect_view(base + at + bytes, base + at + bytes, MEM_RESERVE, 0, MEM_PRIVATE, 4 * KB64 - at - bytes);
        CHECK_OF(UnmapViewOfFile2, UNMAP2_PAGE, "%u bytes at %u: back to a placeholder", (unsigned)bytes, (unsigned)at);
        TRY(pUnmapViewOfFile2 && pUnmapViewOfFile2(PROCESS, view, 2), TRUE, SENTINEL);
        expect_view(view, view, MEM_RESERVE, 0, MEM_PRIVATE, bytes);
        CHECK_OF(VirtualFree, "memoryapi/nf-memoryapi-virtualfree", "%u bytes at %u: coalesced with its neighbours",
                 (unsigned)bytes, (unsigned)at);
        TRY(pVirtualFree(base, 4 * KB64, MEM_RELEASE | 1), TRUE, SENTINEL);
        expect_view(base, base, MEM_RESERVE, 0, MEM_PRIVATE, 4 * KB64);
        pVirtualFree(base, 0, MEM_RELEASE);
    }
    if (whole) pUnmapViewOfFile(whole);
    CloseHandle(section);
}

TEST(MapViewOfFile3, placeholder_failures)
{
    NEED(MapViewOfFile3);
    NEED(VirtualAlloc2);
    HANDLE section = section_make(4 * KB64), event = CreateEventW(NULL, TRUE, FALSE, NULL);
    BYTE *base = make(2 * KB64);
    MADE(base);
    const struct {
        const char *what;
        HANDLE section;
        BYTE *base;
        ULONG64 offset;
        SIZE_T bytes;
        ULONG type, protect;
        DWORD error; /* 0: no page names it */
    } cases[] = {
        { "less than the placeholder", section, base, 0, KB64, REPLACE, PAGE_READWRITE, 487 },
        { "more than the placeholder", section, base, 0, 3 * KB64, REPLACE, PAGE_READWRITE, 487 },
        { "not its base", section, base + KB64, 0, KB64, REPLACE, PAGE_READWRITE, 487 },
        { "base NULL", section, NULL, 0, 2 * KB64, REPLACE, PAGE_READWRITE, 0 },
        { "a free address", section, (BYTE *)(ULONG_PTR)KB64, 0, KB64, REPLACE, PAGE_READWRITE, 0 },
        { "base inside a page", section, base + 8, 0, 2 * KB64, REPLACE, PAGE_READWRITE, ERROR_MAPPED_ALIGNMENT },
        { "offset inside a page", section, base, 8, 2 * KB64, REPLACE, PAGE_READWRITE, ERROR_MAPPED_ALIGNMENT },
        { "size not whole pages", section, base, 0, 2 * KB64 - 8, REPLACE, PAGE_READWRITE, 0 },
        { "section NULL", NULL, base, 0, 2 * KB64, REPLACE, PAGE_READWRITE, ERROR_INVALID_HANDLE },
        { "an event for the section", event, base, 0, 2 * KB64, REPLACE, PAGE_READWRITE, ERROR_INVALID_HANDLE },
        { "beyond the section's end", section, base, 3 * KB64, 2 * KB64, REPLACE, PAGE_READWRITE, 0 },
        { "protection 0", section, base, 0, 2 * KB64, REPLACE, 0, ERROR_INVALID_PARAMETER },
        { "with MEM_COMMIT", section, base, 0, 2 * KB64, REPLACE | MEM_COMMIT, PAGE_READWRITE, ERROR_INVALID_PARAMETER },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(MAP_PAGE, "replacing: %s", cases[i].what);
        SET_SENTINEL();
        void *view = pMapViewOfFile3(cases[i].section, NULL, cases[i].base, cases[i].offset, cases[i].bytes,
                                     cases[i].type, cases[i].protect, NULL, 0);
        if (cases[i].error) EXPECT_ERROR(cases[i].error);
        else NOTE_ERROR();
        EXPECT_BOOL("returned a base", view != NULL, FALSE);
    }
    CHECK(MAP_PAGE, "after the failures the placeholder is there");
    expect_view(base, base, MEM_RESERVE, 0, MEM_PRIVATE, 2 * KB64);
    CHECK(MAP_PAGE, "and can be replaced");
    EXPECT_TRUE("same base", base && view_at(section, base, 0, 2 * KB64) == base);
    CHECK(MAP_PAGE, "replacing a view");
    TRY(view_at(section, base, 0, 2 * KB64), FALSE, ERROR_INVALID_ADDRESS);
    CHECK_OF(VirtualFree, "memoryapi/nf-memoryapi-virtualfree", "MEM_RELEASE of a view");
    TRY_FAILS(pVirtualFree(base, 0, MEM_RELEASE));
    CHECK_OF(VirtualFree, "memoryapi/nf-memoryapi-virtualfree", "splitting a view");
    TRY_FAILS(pVirtualFree(base, KB64, PRESERVE));
    pUnmapViewOfFile(base);
    CloseHandle(section);
    CloseHandle(event);
}

TEST(MapViewOfFile3, placeholder_protections)
{
    NEED(MapViewOfFile3);
    NEED(VirtualAlloc2);
    static const struct {
        ULONG protect;
        SIZE_T at;
    } cases[] = { { PAGE_READONLY, 0 }, { PAGE_READONLY, PAGE }, { PAGE_READWRITE, 0 }, { PAGE_READWRITE, PAGE },
                  { PAGE_WRITECOPY, 0 } };
    HANDLE section = section_make(KB64);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        BYTE *base = make(2 * KB64), *at = base + cases[i].at;
        MADE(base);
        DWORD old = 0;
        pVirtualFree(at, KB64, PRESERVE);
        CHECK(MAP_PAGE, "a view of protection %#x in a placeholder at %u", (unsigned)cases[i].protect, (unsigned)cases[i].at);
        EXPECT_TRUE("same base", base && pMapViewOfFile3(section, NULL, at, 0, KB64, REPLACE, cases[i].protect, NULL, 0) == at);
        expect_view(at, at, MEM_COMMIT, cases[i].protect, MEM_MAPPED, KB64);
        CHECK_OF(VirtualProtect, "memoryapi/nf-memoryapi-virtualprotect", "view of %#x at %u: a page to PAGE_NOACCESS",
                 (unsigned)cases[i].protect, (unsigned)cases[i].at);
        TRY(pVirtualProtect(at + PAGE, PAGE, PAGE_NOACCESS, &old), TRUE, SENTINEL);
        EXPECT_HEX("old protection", old, cases[i].protect);
        pVirtualProtect(at + PAGE, PAGE, old, &old);
        if (cases[i].protect == PAGE_READONLY) {
            CHECK_OF(VirtualProtect, "memoryapi/nf-memoryapi-virtualprotect",
                     "read-only view at %u of a writable section: to PAGE_READWRITE", (unsigned)cases[i].at);
            UNDECIDED("the page says that it must be compatible with the view's, and a view of less access is no wall");
            NOTE_BOOL("return", pVirtualProtect(at, PAGE, PAGE_READWRITE, &old));
        }
        pUnmapViewOfFile(at);
        if (cases[i].at) pVirtualFree(base, 0, MEM_RELEASE);
        pVirtualFree(at + KB64, 0, MEM_RELEASE);
    }
    CloseHandle(section);
}

TEST(MapViewOfFile3, placeholder_copy_on_write)
{
    NEED(MapViewOfFile3);
    NEED(VirtualAlloc2);
    HANDLE section = section_make(KB64);
    BYTE *base = make(KB64 + PAGE);
    MADE(base);
    pVirtualFree(base, PAGE, PRESERVE);
    CHECK(MAP_PAGE, "a copy-on-write view in a placeholder that does not start on 64 KB");
    BYTE *view = pMapViewOfFile3(section, NULL, base + PAGE, 0, KB64, REPLACE, PAGE_WRITECOPY, NULL, 0);
    EXPECT_TRUE("same base", base && view == base + PAGE);
    CHECK(MAP_PAGE, "what cannot be mapped stays a placeholder");
    if (!view) expect_view(base + PAGE, base + PAGE, MEM_RESERVE, 0, MEM_PRIVATE, KB64);
    pVirtualFree(base, 0, MEM_RELEASE);
    if (view) pUnmapViewOfFile(view);
    else pVirtualFree(base + PAGE, 0, MEM_RELEASE);
    CloseHandle(section);
}

TEST(UnmapViewOfFile2, placeholder)
{
    NEED(UnmapViewOfFile2);
    NEED(VirtualAlloc2);
    NEED(MapViewOfFile3);
    HANDLE section = section_make(KB64);
    BYTE *base = make(KB64), *plain = pMapViewOfFile3(section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    MADE(base);
    for (int round = 0; round < 3; round++) {
        CHECK(UNMAP2_PAGE, "replace and restore, round %d", round);
        EXPECT_TRUE("same base", base && view_at(section, base, 0, KB64) == base);
        if (base && state_at(base) == MEM_COMMIT) base[round] = (BYTE)(round + 1);
        TRY(pUnmapViewOfFile2(PROCESS, base, 2), TRUE, SENTINEL);
        expect_view(base, base, MEM_RESERVE, 0, MEM_PRIVATE, KB64);
    }
    CHECK(UNMAP2_PAGE, "the section kept what was written through the views");
    EXPECT_TRUE("content", plain && plain[0] == 1 && plain[1] == 2 && plain[2] == 3);
    CHECK(UNMAP2_PAGE, "MEM_PRESERVE_PLACEHOLDER on a placeholder");
    TRY_FAILS(pUnmapViewOfFile2(PROCESS, base, 2));
    CHECK(UNMAP2_PAGE, "MEM_PRESERVE_PLACEHOLDER on a view that replaced none");
    TRY_FAILS(pUnmapViewOfFile2(PROCESS, plain, 2));
    CHECK(UNMAP2_PAGE, "then that view is still there");
    EXPECT_HEX("State", plain ? state_at(plain) : 0, MEM_COMMIT);
    view_at(section, base, 0, KB64);
    CHECK(UNMAP2_PAGE, "an inner address with MEM_PRESERVE_PLACEHOLDER");
    TRY_FAILS(pUnmapViewOfFile2(PROCESS, base + PAGE, 2));
    CHECK(UNMAP2_PAGE, "unknown flags");
    TRY(pUnmapViewOfFile2(PROCESS, base, 0x80), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(UNMAP2_PAGE, "process is an invalid handle");
    TRY(pUnmapViewOfFile2((HANDLE)(ULONG_PTR)0xdead, base, 2), FALSE, ERROR_INVALID_HANDLE);
    CHECK(UNMAP2_PAGE, "after the failures the view is there");
    EXPECT_HEX("State", state_at(base), MEM_COMMIT);
    CHECK(UNMAP2_PAGE, "MEM_UNMAP_WITH_TRANSIENT_BOOST");
    TRY(pUnmapViewOfFile2(PROCESS, base, 1), TRUE, SENTINEL);
    EXPECT_HEX("State", state_at(base), MEM_FREE);
    if (pUnmapViewOfFileEx) {
        base = make(KB64);
        view_at(section, base, 0, KB64);
        CHECK_OF(UnmapViewOfFileEx, UNMAPEX_PAGE, "MEM_PRESERVE_PLACEHOLDER");
        TRY(pUnmapViewOfFileEx(base, 2), TRUE, SENTINEL);
        expect_view(base, base, MEM_RESERVE, 0, MEM_PRIVATE, KB64);
        view_at(section, base, 0, KB64);
        CHECK_OF(UnmapViewOfFileEx, UNMAPEX_PAGE, "flags 0 on a view that replaced a placeholder");
        TRY(pUnmapViewOfFileEx(base, 0), TRUE, SENTINEL);
        EXPECT_HEX("State", state_at(base), MEM_FREE);
    }
    if (plain) pUnmapViewOfFile(plain);
    CloseHandle(section);
}

/* ---- many calls ---- */

struct viewer {
    struct start *start;
    HANDLE section;
    BYTE *base;
    SIZE_T bytes;
    unsigned wrong;
};

static DWORD WINAPI viewer_run(void *context)
{
    struct viewer *v = context;
    start_wait(v->start);
    for (int round = 0; round < 60; round++) {
        if (view_at(v->section, v->base, 0, v->bytes) != v->base) {
            v->wrong++;
            continue;
        }
        v->wrong += v->base[0] != (BYTE)round;
        v->base[0]++;
        v->wrong += !pUnmapViewOfFile2(PROCESS, v->base, 2);
    }
    return 0;
}

TEST_FLAGS(MapViewOfFile3, placeholder_threads, TEST_SLOW)
{
    NEED(MapViewOfFile3);
    NEED(VirtualAlloc2);
    NEED(UnmapViewOfFile2);
    static struct viewer viewers[4];
    struct start start;
    HANDLE threads[4];
    BYTE *base = make(4 * KB64);
    MADE(base);
    CHECK(MAP_PAGE, "4 threads replace neighbouring placeholders by views and restore them, 60 rounds");
    EXPECT_TRUE("returned a base", base != NULL);
    if (!base) return;
    start_make(&start);
    /* The middle two meet inside a granule. */
    static const SIZE_T at[] = { 0, KB64, 2 * KB64 - PAGE, 3 * KB64, 4 * KB64 };
    for (int i = 0; i < 3; i++) pVirtualFree(base + at[i], at[i + 1] - at[i], PRESERVE);
    for (int i = 0; i < 4; i++) {
        viewers[i] = (struct viewer){ &start, section_make(2 * KB64), base + at[i], at[i + 1] - at[i], 0 };
        threads[i] = CreateThread(NULL, 0, viewer_run, &viewers[i], 0, NULL);
    }
    start_all(&start, 4);
    for (int i = 0; i < 4; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
        CloseHandle(viewers[i].section);
        EXPECT_UINT("failures", viewers[i].wrong, 0);
        pVirtualFree(viewers[i].base, 0, MEM_RELEASE);
    }
    CloseHandle(start.go);
    CHECK(MAP_PAGE, "then all is free");
    for (int i = 0; i < 4; i++) EXPECT_HEX("State", state_at(base + at[i]), MEM_FREE);
}

FAMILY(placeholder)
