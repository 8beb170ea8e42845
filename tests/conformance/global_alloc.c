/* global_alloc.c - GlobalAlloc and LocalAlloc. */
#include "global.h"

FAMILY(global)

BOTH(Alloc, flags)
{
    static const UINT flags[] = { 0x0000, 0x0002, 0x0040, 0x0042, 0x0010, 0x0012, 0x0020, 0x0022, 0x1000,
                                  0x1002, 0x4000, 0x4002, 0x8000, 0x8002, 0x0001, 0x0004, 0x0008, 0x0072 };
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        CHECK(f->alloc_page, "flags %#06x, 100 bytes", flags[i]);
        SET_SENTINEL();
        HANDLE h = f->alloc(flags[i], 100);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("succeeds", h != NULL, TRUE);
        EXPECT_BOOL("handle has a moveable one's form", handle_form(h), flags[i] & MOVEABLE);
        EXPECT_HEX("flags of the object", f->flags(h), 0);
        EXPECT_BOOL("at least the size asked for", f->size(h) >= 100, TRUE);
        NOTE_UINT("size", f->size(h));
        void *p = f->lock(h);
        EXPECT_BOOL("address is the handle", p == h, !(flags[i] & MOVEABLE));
        if (flags[i] & ZEROINIT) EXPECT_UINT("bytes zeroed", zeros_right(p, 0, 100), 100);
        if (flags[i] & MOVEABLE) f->unlock(h);
        EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
    }
}

BOTH(Alloc, discardable_and_shared)
{
    static const UINT flags[] = { 0x0100, 0x0102, 0x0f00, 0x0f02, 0x0202, 0x2000, 0x2002, 0x2102, 0xff72 };
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        CHECK(f->alloc_page, "flags %#06x, 100 bytes", flags[i]);
        HANDLE h = f->alloc(flags[i], 100);
        EXPECT_BOOL("succeeds", h != NULL, TRUE);
        EXPECT_BOOL("handle has a moveable one's form", handle_form(h), flags[i] & MOVEABLE);
        EXPECT_BOOL("at least the size asked for", f->size(h) >= 100, TRUE);
        CHECK_ON(Flags, f->flags_page, "object made with flags %#06x", flags[i]);
        UNDECIDED("Alloc's page says that these flags are ignored; Flags' page gives the high byte as 0 or one value "
                  "only; the flags were reported once");
        NOTE_HEX("flags of the object", f->flags(h));
        f->free(h);
    }
}

BOTH(Alloc, sizes)
{
    static const SIZE_T sizes[] = { 1,    2,    7,    8,     9,     15,    16,    17,     32,      33,
                                    4095, 4096, 4097, 16384, 16385, 65535, 65536, 520192, 1048576, 5242881 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
            CHECK(f->alloc_page, "%s, %u bytes", KIND_NAME(flags), (unsigned)sizes[i]);
            SET_SENTINEL();
            HANDLE h = f->alloc(flags, sizes[i]);
            EXPECT_ERROR(SENTINEL);
            EXPECT_BOOL("succeeds", h != NULL, TRUE);
            BYTE *p = f->lock(h);
            EXPECT_UINT("address modulo 8", (ULONG_PTR)p % 8, 0);
            SIZE_T size = f->size(h);
            EXPECT_BOOL("at least the size asked for", size >= sizes[i], TRUE);
            if (p) memset(p, 0x5a, size);
            EXPECT_BOOL("all of it is usable", p && p[0] == 0x5a && p[size - 1] == 0x5a, TRUE);
            EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
        }
}

BOTH(Alloc, zeroinit)
{
    static const SIZE_T sizes[] = { 1, 24, 100, 1000, 5000, 70000, 1200000 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        HANDLE used[8];
        for (unsigned j = 0; j < 8; j++) {
            used[j] = f->alloc(FIXED, sizes[i]);
            if (used[j]) memset(used[j], 0xee, sizes[i]);
        }
        for (unsigned j = 0; j < 8; j++) f->free(used[j]);
        for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
            CHECK(f->alloc_page, "%s | ZEROINIT, %u bytes, over memory used before", KIND_NAME(flags),
                  (unsigned)sizes[i]);
            HANDLE h = f->alloc(flags | ZEROINIT, sizes[i]);
            EXPECT_UINT("bytes zeroed", zeros_right(f->lock(h), 0, sizes[i]), sizes[i]);
            f->free(h);
        }
    }
}

BOTH(Alloc, zero_bytes)
{
    for (UINT zeroinit = 0; zeroinit <= ZEROINIT; zeroinit += ZEROINIT) {
        CHECK(f->alloc_page, "MOVEABLE%s, 0 bytes: a discarded object", zeroinit ? " | ZEROINIT" : "");
        SET_SENTINEL();
        HANDLE h = f->alloc(MOVEABLE | zeroinit, 0);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("succeeds", h != NULL, TRUE);
        EXPECT_HEX("flags of the object", f->flags(h), DISCARDED);
        SET_SENTINEL();
        EXPECT_UINT("size", f->size(h), 0);
        EXPECT_BOOL("locked", f->lock(h) != NULL, FALSE);
        EXPECT_ERROR(ERROR_DISCARDED);
        EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
    }
    CHECK(f->alloc_page, "FIXED, 0 bytes");
    SET_SENTINEL();
    HANDLE h = f->alloc(FIXED, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("succeeds", h != NULL, TRUE);
    EXPECT_BOOL("address is the handle", f->lock(h) == h, TRUE);
    EXPECT_HEX("flags of the object", f->flags(h), 0);
    NOTE_UINT("size", f->size(h));
    EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
}

BOTH(Alloc, too_large)
{
    static const SIZE_T sizes[] = { (SIZE_T)-1, (SIZE_T)-2, (SIZE_T)-16, (SIZE_T)-4096, (SIZE_T)-65536,
                                    (SIZE_T)-1 / 2, (SIZE_T)-1 / 2 + 1 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
            CHECK(f->alloc_page, "%s, more bytes than the address space can give (%u)", KIND_NAME(flags), i);
            SET_SENTINEL();
            HANDLE h = f->alloc(flags, sizes[i]);
            EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY);
            EXPECT_BOOL("succeeds", h != NULL, FALSE);
        }
}

#define MANY 65535

BOTH_FLAGS(Alloc, many_moveable, TEST_SLOW)
{
    static HANDLE handles[MANY];
    unsigned made = 0, right = 0, reverse = 0, freed = 0, again = 0;
    CHECK(f->alloc_page, "65,535 moveable objects of 16 bytes at once");
    while (made < MANY && (handles[made] = f->alloc(MOVEABLE, 16))) {
        void *p = f->lock(handles[made]);
        if (p) memset(p, made & 0xff, 16), memcpy(p, &made, sizeof(made));
        f->unlock(handles[made++]);
    }
    EXPECT_UINT("made", made, MANY);
    for (unsigned i = 0; i < made; i++) {
        unsigned *p = f->lock(handles[i]);
        right += p && *p == i && ((BYTE *)p)[15] == (BYTE)i;
        reverse += f->handle(p) == handles[i];
        f->unlock(handles[i]);
    }
    EXPECT_UINT("content right", right, MANY);
    EXPECT_UINT("handle found from the address", reverse, MANY);
    for (unsigned i = 0; i < made; i += 2) freed += f->free(handles[i]) == NULL;
    for (unsigned i = 0; i < made; i += 2) again += (handles[i] = f->alloc(MOVEABLE, 16)) != NULL;
    EXPECT_UINT("every second one freed", freed, (MANY + 1) / 2);
    EXPECT_UINT("and made again", again, (MANY + 1) / 2);
    for (unsigned i = 0; i < made; i++) freed += f->free(handles[i]) == NULL;
    EXPECT_UINT("all freed", freed, (MANY + 1) / 2 + MANY);
}

/* How many handles there can be is no property of the documentation, but that the end is a clean failure is. */
BOTH_FLAGS(Alloc, until_no_handle_is_left, TEST_SLOW)
{
    enum { MOST = 1200000 };
    HANDLE *handles = VirtualAlloc(NULL, MOST * sizeof(HANDLE), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    unsigned made = 0, freed = 0;
    while (made < MOST && (handles[made] = f->alloc(MOVEABLE, 0))) made++;
    CHECK(f->alloc_page, "discarded moveable objects until there is no handle for one more");
    EXPECT_BOOL("at least 65,535", made >= MANY, TRUE);
    SET_SENTINEL();
    EXPECT_BOOL("one more", f->alloc(MOVEABLE, 10) != NULL, FALSE);
    EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY);
    EXPECT_BOOL("fixed memory still", f->free(f->alloc(FIXED, 10)) == NULL, TRUE);
    f->free(handles[--made]);
    SET_SENTINEL();
    EXPECT_BOOL("another after one is freed", (handles[made] = f->alloc(MOVEABLE, 10)) != NULL, TRUE);
    EXPECT_ERROR(SENTINEL);
    made++;
    for (unsigned i = 0; i < made; i++) freed += f->free(handles[i]) == NULL;
    EXPECT_BOOL("all freed", freed == made, TRUE);
    VirtualFree(handles, 0, MEM_RELEASE);
}
