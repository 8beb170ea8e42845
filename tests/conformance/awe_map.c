/* awe_map.c - Address Windowing Extensions: mapping frames side by side and scattered, and doing so many times. */
#include "awe.h"

/* Every failure leaves the mapping as it was: frames 0 to 3 at pages 0 to 3, holding 1 to 4. */
static void expect_untouched(void)
{
    for (int i = 0; i < 4; i++) EXPECT_UINT("content afterwards", stamped(window + i * PAGE), i + 1);
}

/* ---- mapping ---- */

TEST(MapUserPhysicalPages, content)
{
    NEED(MapUserPhysicalPages);
    if (!begin(16)) return;
    CHECK(MAP_PAGE, "8 frames at page 0");
    TRY(map(0, 8, frames), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "new frames read as zero");
    unsigned nonzero = 0;
    for (unsigned i = 0; i < 8 * PAGE; i++) nonzero += window[i] != 0;
    EXPECT_UINT("bytes that are not 0", nonzero, 0);
    for (int i = 0; i < 8; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    CHECK(MAP_PAGE, "other frames over the same pages");
    TRY(map(0, 8, frames + 8), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "the other frames read as zero too");
    nonzero = 0;
    for (unsigned i = 0; i < 8 * PAGE; i++) nonzero += window[i] != 0;
    EXPECT_UINT("bytes that are not 0", nonzero, 0);
    for (int i = 0; i < 8; i++) stamp(window + i * PAGE, (BYTE)(i + 9));
    for (int round = 0; round < 2; round++) {
        for (int at = 0; at < 16; at += 8) {
            CHECK(MAP_PAGE, "frames %d to %d over the others, round %d", at, at + 7, round);
            TRY(map(0, 8, frames + at), TRUE, SENTINEL);
            for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + i * PAGE), at + i + 1);
        }
    }
    CHECK(MAP_PAGE, "unmapped and mapped again at the same page");
    map(0, 8, NULL);
    TRY(map(0, 8, frames + 8), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + i * PAGE), 9 + i);
    CHECK(MAP_PAGE, "unmapped and mapped again at another page");
    map(0, 8, NULL);
    TRY(map(5, 8, frames + 8), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + (5 + i) * PAGE), 9 + i);
    CHECK(MAP_PAGE, "unmapped and mapped again in another window");
    map(5, 8, NULL);
    TRY(pMapUserPhysicalPages((PVOID)second, 8, frames + 8), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(second + i * PAGE), 9 + i);
    CHECK(MAP_PAGE, "other frames at the pages where they were");
    TRY(map(5, 8, frames), TRUE, SENTINEL);
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(window + (5 + i) * PAGE), 1 + i);
    CHECK(MAP_PAGE, "and the first window's content did not disturb the second's");
    for (int i = 0; i < 8; i++) EXPECT_UINT("content", stamped(second + i * PAGE), 9 + i);
    end(16);
}

TEST(MapUserPhysicalPages, unmap)
{
    NEED(MapUserPhysicalPages);
    if (!begin(4)) return;
    map(2, 4, frames);
    CHECK(MAP_PAGE, "a mapped page can be read");
    EXPECT_HEX("exception", conform_catch(touch, (void *)(window + 2 * PAGE)), 0);
    CHECK(MAP_PAGE, "a page that shows nothing cannot");
    EXPECT_HEX("exception", conform_catch(touch, (void *)window), 0xc0000005);
    CHECK(MAP_PAGE, "array NULL, the middle two of four");
    TRY(map(3, 2, NULL), TRUE, SENTINEL);
    static const DWORD expected[] = { 0, 0xc0000005, 0xc0000005, 0 };
    for (int i = 0; i < 4; i++) {
        CHECK(MAP_PAGE, "then page %d of the four is read", i);
        EXPECT_HEX("exception", conform_catch(touch, (void *)(window + (2 + i) * PAGE)), expected[i]);
    }
    CHECK(MAP_PAGE, "array NULL, pages that show nothing");
    TRY(map(3, 2, NULL), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "array NULL, the whole window");
    TRY(map(0, PAGES, NULL), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "then no page can be read");
    unsigned readable = 0;
    for (int i = 0; i < PAGES; i++) readable += !conform_catch(touch, (void *)(window + i * PAGE));
    EXPECT_UINT("readable pages", readable, 0);
    CHECK(MAP_PAGE, "0 pages");
    UNDECIDED("the page does not tell whether no pages is a success");
    NOTE_BOOL("return", map(0, 0, NULL));
    CHECK(MAP_PAGE, "an address inside a page");
    UNDECIDED("the page does not tell whether the address must be a page's");
    NOTE_BOOL("return", pMapUserPhysicalPages((PVOID)(window + 5), 1, frames));
    end(4);
}

TEST(MapUserPhysicalPages, failures)
{
    NEED(MapUserPhysicalPages);
    if (!begin(10)) return;
    map(0, 4, frames);
    for (int i = 0; i < 4; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    pMapUserPhysicalPages((PVOID)second, 1, frames + 4);
    ULONG_PTR one = 1, freed = frames[9], list[4];
    pFreeUserPhysicalPages(PROCESS, &one, &freed);
    const ULONG_PTR a = frames[5], b = frames[6];
    const struct {
        const char *what;
        ULONG_PTR numbers[4];
    } cases[] = {
        { "a number that is no frame's, first", { 0x7fffffff, a, b, frames[7] } },
        { "a number that is no frame's, last", { a, b, frames[7], 0x7fffffff } },
        { "number 0", { a, 0, b, frames[7] } },
        { "a frame that was freed", { a, b, freed, frames[7] } },
        { "a frame that is mapped in another window", { a, b, frames[7], frames[4] } },
        { "one frame twice", { a, b, a, frames[7] } },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(list, cases[i].numbers, sizeof(list));
        CHECK(MAP_PAGE, "four pages, %s", cases[i].what);
        TRY(map(0, 4, list), FALSE, ERROR_INVALID_PARAMETER);
        expect_untouched();
    }
    CHECK(MAP_PAGE, "one page, a frame that is mapped at another page of the window");
    TRY(map(8, 1, frames), FALSE, ERROR_INVALID_PARAMETER);
    expect_untouched();
    CHECK(MAP_PAGE, "a range that leaves the window at its end");
    TRY(map(PAGES - 1, 2, frames + 5), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(MAP_PAGE, "array NULL, a range that leaves the window at its end");
    TRY(map(PAGES - 1, 2, NULL), FALSE, ERROR_INVALID_PARAMETER);
    CHECK(MAP_PAGE, "an address right after the window");
    TRY_FAILS(map(PAGES, 1, frames + 5));
    CHECK(MAP_PAGE, "address NULL");
    TRY_FAILS(pMapUserPhysicalPages(NULL, 1, frames + 5));
    BYTE *plain = pVirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_READWRITE);
    CHECK(MAP_PAGE, "an address in an ordinary reservation");
    TRY_FAILS(pMapUserPhysicalPages(plain, 1, frames + 5));
    CHECK(MAP_PAGE, "an array that cannot be read");
    TRY(map(0, 4, (PULONG_PTR)plain), FALSE, ERROR_NOACCESS);
    expect_untouched();
    CHECK(MAP_PAGE, "a count that no window has");
    TRY_FAILS(map(0, (ULONG_PTR)-1, frames));
    pVirtualFree(plain, 0, MEM_RELEASE);
    CHECK(MAP_PAGE, "after all failures the frames named in them can be mapped");
    TRY(map(8, 3, frames + 5), TRUE, SENTINEL);
    CHECK(MAP_PAGE, "two frames of the range change places in one call");
    UNDECIDED("the page says that old translations are overwritten, and that no page is mapped twice; not which first");
    ULONG_PTR swapped[2] = { frames[1], frames[0] };
    BOOL ok = map(0, 2, swapped);
    NOTE_BOOL("return", ok);
    NOTE_UINT("content of the first page", stamped(window));
    end(9);
}

/* ---- scatter ---- */

TEST(MapUserPhysicalPagesScatter, content)
{
    NEED(MapUserPhysicalPagesScatter);
    NEED(MapUserPhysicalPages);
    if (!begin(6)) return;
    PVOID places[6];
    ULONG_PTR numbers[6];
    for (int i = 0; i < 6; i++) places[i] = (PVOID)((i & 1 ? second : window) + (2 * i + 1) * PAGE);
    CHECK(SCATTER_PAGE, "6 frames in turns in two windows");
    TRY(pMapUserPhysicalPagesScatter(places, 6, frames), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) stamp(places[i], (BYTE)(i + 1));
    CHECK(SCATTER_PAGE, "the same frames turned round");
    for (int i = 0; i < 6; i++) numbers[i] = 0;
    TRY(pMapUserPhysicalPagesScatter(places, 6, numbers), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) numbers[i] = frames[5 - i];
    CHECK(SCATTER_PAGE, "after unmapping with zeros: mapped in reverse");
    TRY(pMapUserPhysicalPagesScatter(places, 6, numbers), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) EXPECT_UINT("content", stamped(places[i]), 6 - i);
    CHECK(SCATTER_PAGE, "a zero among numbers unmaps its page alone");
    numbers[2] = 0;
    TRY(pMapUserPhysicalPagesScatter(places, 6, numbers), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) {
        CHECK(SCATTER_PAGE, "then page %d is read", i);
        EXPECT_HEX("exception", conform_catch(touch, places[i]), i == 2 ? 0xc0000005 : 0);
    }
    CHECK(SCATTER_PAGE, "array NULL unmaps all");
    TRY(pMapUserPhysicalPagesScatter(places, 6, NULL), TRUE, SENTINEL);
    for (int i = 0; i < 6; i++) {
        CHECK(SCATTER_PAGE, "after array NULL page %d is read", i);
        EXPECT_HEX("exception", conform_catch(touch, places[i]), 0xc0000005);
    }
    CHECK(SCATTER_PAGE, "the frames kept their content");
    map(0, 6, frames);
    for (int i = 0; i < 6; i++) EXPECT_UINT("content", stamped(window + i * PAGE), i + 1);
    CHECK(SCATTER_PAGE, "0 pages");
    UNDECIDED("the page does not tell whether no pages is a success");
    NOTE_BOOL("return", pMapUserPhysicalPagesScatter(places, 0, NULL));
    end(6);
}

TEST(MapUserPhysicalPagesScatter, failures)
{
    NEED(MapUserPhysicalPagesScatter);
    NEED(MapUserPhysicalPages);
    if (!begin(8)) return;
    map(0, 4, frames);
    for (int i = 0; i < 4; i++) stamp(window + i * PAGE, (BYTE)(i + 1));
    BYTE *plain = pVirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_READWRITE);
    PVOID good[3] = { (PVOID)window, (PVOID)(window + PAGE), (PVOID)second }, places[3];
    ULONG_PTR numbers[3] = { frames[4], frames[5], frames[6] }, wrong[3];
    const struct {
        const char *what;
        void *place;
        ULONG_PTR number;
    } cases[] = {
        { "an address in an ordinary reservation", plain, 0 },
        { "address NULL", NULL, 0 },
        { "an address right after a window", (PVOID)(second + PAGES * PAGE), 0 },
        { "a number that is no frame's", NULL, 0x7fffffff },
        { "one frame twice", NULL, frames[4] },
        { "a frame that is mapped elsewhere", NULL, frames[3] },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(places, good, sizeof(places));
        memcpy(wrong, numbers, sizeof(wrong));
        if (cases[i].number) wrong[2] = cases[i].number;
        else places[2] = cases[i].place;
        CHECK(SCATTER_PAGE, "three pages, the last: %s", cases[i].what);
        TRY_FAILS(pMapUserPhysicalPagesScatter(places, 3, wrong));
        expect_untouched();
    }
    CHECK(SCATTER_PAGE, "addresses NULL");
    TRY(pMapUserPhysicalPagesScatter(NULL, 3, numbers), FALSE, ERROR_NOACCESS);
    CHECK(SCATTER_PAGE, "addresses that cannot be read");
    TRY(pMapUserPhysicalPagesScatter((PVOID *)plain, 3, numbers), FALSE, ERROR_NOACCESS);
    CHECK(SCATTER_PAGE, "numbers that cannot be read");
    TRY(pMapUserPhysicalPagesScatter(good, 3, (PULONG_PTR)plain), FALSE, ERROR_NOACCESS);
    expect_untouched();
    CHECK(SCATTER_PAGE, "unmapping, one address outside of any window: none is unmapped");
    memcpy(places, good, sizeof(places));
    places[2] = plain;
    TRY_FAILS(pMapUserPhysicalPagesScatter(places, 3, NULL));
    expect_untouched();
    pVirtualFree(plain, 0, MEM_RELEASE);
    end(8);
}

/* ---- many calls ---- */

static unsigned random_state;
static unsigned random_next(unsigned below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

/* Random mappings of frames into two windows, against a model of which frame is where and holds what. */
TEST(MapUserPhysicalPages, against_a_model)
{
    NEED(MapUserPhysicalPages);
    NEED(MapUserPhysicalPagesScatter);
    enum { FRAMES = 48, STEPS = 3000 };
    if (!begin(FRAMES)) return;
    int shown[2 * PAGES], where[FRAMES], value[FRAMES] = { 0 };
    unsigned wrong = 0, refused = 0;
    for (int i = 0; i < 2 * PAGES; i++) shown[i] = -1;
    for (int i = 0; i < FRAMES; i++) where[i] = -1;
    random_state = 1;
    for (int step = 0; step < STEPS; step++) {
        PVOID places[8];
        ULONG_PTR numbers[8];
        int pages[8], chosen[8], count = 1 + (int)random_next(8), kind = (int)random_next(3);
        int first = (int)random_next(2) * PAGES + (int)random_next(PAGES - 8);
        for (int i = 0; i < count; i++) {
            pages[i] = kind == 2 ? (first + 5 * i) % (2 * PAGES) : first + i;
            chosen[i] = kind == 1 ? -1 : (int)random_next(FRAMES);
            if (kind == 2 && random_next(4) == 0) chosen[i] = -1;
            places[i] = (PVOID)((pages[i] < PAGES ? window : second) + (pages[i] % PAGES) * PAGE);
            numbers[i] = chosen[i] < 0 ? 0 : frames[chosen[i]];
        }
        /* Keep to what every system must accept: frames named once, and mapped nowhere. */
        BOOL valid = TRUE;
        for (int i = 0; i < count; i++) {
            if (chosen[i] >= 0 && where[chosen[i]] >= 0) valid = FALSE;
            for (int j = 0; j < i; j++)
                if ((chosen[i] >= 0 && chosen[i] == chosen[j]) || pages[i] == pages[j]) valid = FALSE;
        }
        if (!valid) continue;
        BOOL ok = kind == 2 ? pMapUserPhysicalPagesScatter(places, count, numbers)
                            : pMapUserPhysicalPages(places[0], count, kind == 1 ? NULL : numbers);
        if (!ok) {
            refused++;
            continue;
        }
        for (int i = 0; i < count; i++) {
            if (shown[pages[i]] >= 0) where[shown[pages[i]]] = -1;
            shown[pages[i]] = chosen[i];
        }
        for (int i = 0; i < count; i++)
            if (chosen[i] >= 0) where[chosen[i]] = pages[i];
        for (int i = 0; i < 2 * PAGES; i++) {
            volatile BYTE *page = (i < PAGES ? window : second) + (i % PAGES) * PAGE;
            if (shown[i] < 0) continue;
            wrong += stamped(page) != value[shown[i]];
            if (random_next(4) == 0) stamp(page, (BYTE)(value[shown[i]] = (int)random_next(256)));
        }
    }
    CHECK(MAP_PAGE, "random calls on two windows: pages that do not hold what was last written to their frame");
    EXPECT_UINT("wrong pages", wrong, 0);
    EXPECT_UINT("refused calls", refused, 0);
    end(FRAMES);
}

struct mapper {
    ULONG_PTR numbers[8];
    unsigned wrong, refused;
};

static DWORD WINAPI mapper_run(void *context)
{
    struct mapper *m = context;
    volatile BYTE *own = window_make();
    for (int round = 0; own && round < 300; round++) {
        int at = round % 9;
        m->refused += !pMapUserPhysicalPages((PVOID)(own + at * PAGE), 8 - at % 3, m->numbers);
        for (int i = 0; i < 8 - at % 3; i++) {
            volatile ULONG_PTR *word = (volatile ULONG_PTR *)(own + (at + i) * PAGE);
            if (round >= 3 && word[1] != m->numbers[i]) m->wrong++;
            word[0]++;
            word[1] = m->numbers[i];
        }
        m->refused += !pMapUserPhysicalPages((PVOID)(own + at * PAGE), 8, NULL);
    }
    m->wrong += !own;
    if (own) pVirtualFree((PVOID)own, 0, MEM_RELEASE);
    return 0;
}

TEST(MapUserPhysicalPages, threads)
{
    NEED(MapUserPhysicalPages);
    static struct mapper mappers[4];
    HANDLE threads[4];
    unsigned wrong = 0, refused = 0;
    if (!begin(32)) return;
    for (int i = 0; i < 4; i++) {
        memcpy(mappers[i].numbers, frames + i * 8, sizeof(mappers[i].numbers));
        threads[i] = CreateThread(NULL, 0, mapper_run, &mappers[i], 0, NULL);
    }
    for (int i = 0; i < 4; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
        wrong += mappers[i].wrong;
        refused += mappers[i].refused;
    }
    CHECK(MAP_PAGE, "4 threads, each mapping 8 frames of its own in a window of its own, 300 times");
    EXPECT_UINT("wrong pages", wrong, 0);
    EXPECT_UINT("refused calls", refused, 0);
    end(32);
}

FAMILY(awe)
