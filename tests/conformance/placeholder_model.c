/* placeholder_model.c - many random steps on placeholders, page by page, against a model of what is where. */
#include "placeholder_view.h"

enum { AREA = 80 /* pages: five granules */, STEPS = 1200 };
enum kind { PLACEHOLDER, PRIVATE, VIEW };

/* Per page; what a piece is stands at its first page. */
static struct {
    BOOL starts;
    enum kind kind;
    BYTE tag;       /* of private memory: what its first and last byte hold */
    unsigned shown; /* of a view: the section's page that it begins with */
} model[AREA + 1];

static unsigned random_state = 7;
static unsigned random_next(unsigned below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static unsigned piece_end(unsigned page)
{
    do page++;
    while (page < AREA && !model[page].starts);
    return page;
}

/* How many statements about the piece at page are wrong. */
static unsigned piece_wrong(BYTE *base, unsigned page, const BYTE *section)
{
    unsigned last = piece_end(page), wrong = 0;
    BYTE *at = base + page * PAGE;
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(at, &info, sizeof(info));
    wrong += info.AllocationBase != at;
    wrong += info.RegionSize != (last - page) * PAGE;
    wrong += info.State != (model[page].kind == PLACEHOLDER ? MEM_RESERVE : MEM_COMMIT);
    wrong += info.Type != (model[page].kind == VIEW ? MEM_MAPPED : MEM_PRIVATE);
    if (wrong || model[page].kind == PLACEHOLDER) return wrong;
    if (model[page].kind == PRIVATE) {
        wrong += at[0] != model[page].tag;
        return wrong + (base[last * PAGE - 1] != model[page].tag);
    }
    for (unsigned i = page; i < last; i++) wrong += base[i * PAGE] != section[(model[page].shown + i - page) * PAGE];
    return wrong;
}

/* One random step on the piece at page; FALSE when the system refused what it must do. */
static BOOL step(BYTE *base, unsigned page, HANDLE section, BYTE *whole)
{
    unsigned last = piece_end(page), pages = last - page;
    BYTE *at = base + page * PAGE;
    if (model[page].kind != PLACEHOLDER) {
        BOOL ok = model[page].kind == VIEW ? pUnmapViewOfFile2((HANDLE)(LONG_PTR)-1, at, 2)
                                           : pVirtualFree(at, pages * PAGE, PRESERVE);
        model[page].kind = PLACEHOLDER;
        return ok;
    }
    unsigned choice = random_next(8);
    if (choice < 3 && pages > 1) {
        unsigned from = page + random_next(pages), to = from + 1 + random_next(last - from);
        if (random_next(2)) from = page + (from - page) / 16 * 16; /* granules as often as pages */
        if (from == page && to == last) return TRUE;
        model[from].starts = TRUE;
        model[from].kind = PLACEHOLDER;
        if (to < last) {
            model[to].starts = TRUE;
            model[to].kind = PLACEHOLDER;
        }
        return pVirtualFree(base + from * PAGE, (to - from) * PAGE, PRESERVE);
    }
    if (choice < 5 && last < AREA && model[last].kind == PLACEHOLDER) {
        unsigned end = piece_end(last);
        model[last].starts = FALSE;
        return pVirtualFree(at, (end - page) * PAGE, COALESCE);
    }
    if (choice < 7) {
        unsigned shown = random_next(AREA);
        if (random_next(2)) shown = shown / 16 * 16;
        model[page].kind = VIEW;
        model[page].shown = shown;
        if (pMapViewOfFile3(section, NULL, at, (ULONG64)shown * PAGE, pages * PAGE, 0x4000, PAGE_READWRITE, NULL, 0) != at)
            return FALSE;
        whole[(shown + random_next(pages)) * PAGE] = (BYTE)random_next(256);
        at[random_next(pages) * PAGE] = (BYTE)random_next(256);
        return TRUE;
    }
    if (replace(at, pages * PAGE, PAGE_READWRITE) != at) return FALSE;
    BOOL zero = !at[0] && !at[pages * PAGE - 1];
    model[page].kind = PRIVATE;
    at[0] = at[pages * PAGE - 1] = model[page].tag = (BYTE)random_next(256);
    return zero;
}

TEST_FLAGS(VirtualAlloc2, placeholder_model, TEST_SLOW)
{
    NEED(VirtualAlloc2);
    NEED(MapViewOfFile3);
    NEED(UnmapViewOfFile2);
    HANDLE section = pCreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 2 * AREA * PAGE, NULL);
    BYTE *whole = pMapViewOfFile3(section, GetCurrentProcess(), NULL, 0, 0, 0, PAGE_READWRITE, NULL, 0);
    BYTE *base = make(AREA * PAGE);
    unsigned refused = 0, wrong = 0, lost = 0;
    MADE(base && whole);
    memset(model, 0, sizeof(model));
    model[0].starts = TRUE;
    for (unsigned i = 0; i < STEPS && !refused && !wrong; i++) {
        unsigned page = random_next(AREA);
        while (!model[page].starts) page--;
        refused += !step(base, page, section, whole);
        for (page = 0; page < AREA; page++)
            if (model[page].starts) wrong += piece_wrong(base, page, whole);
    }
    CHECK(ALLOC2_PAGE, "%u random splits, coalescings, replacements and restorations of %u pages", STEPS, AREA);
    EXPECT_UINT("refused", refused, 0);
    EXPECT_UINT("wrong", wrong, 0);
    for (unsigned page = 0; page < AREA; page++) {
        if (!model[page].starts) continue;
        if (model[page].kind == VIEW) lost += !pUnmapViewOfFile(base + page * PAGE);
        else lost += !pVirtualFree(base + page * PAGE, 0, MEM_RELEASE);
    }
    CHECK(FREE_PAGE, "releasing and unmapping every piece leaves free addresses");
    EXPECT_UINT("refused", lost, 0);
    MEMORY_BASIC_INFORMATION info = { 0 };
    pVirtualQuery(base, &info, sizeof(info));
    EXPECT_HEX("State", info.State, MEM_FREE);
    EXPECT_TRUE("all of it", info.RegionSize >= AREA * PAGE);
    pUnmapViewOfFile(whole);
    CloseHandle(section);
}

FAMILY(placeholder)
