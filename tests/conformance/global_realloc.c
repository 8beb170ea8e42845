/* global_realloc.c - GlobalReAlloc and LocalReAlloc, GlobalDiscard and LocalDiscard. */
#include "global.h"

FAMILY(global)

BOTH(ReAlloc, moveable)
{
    static const SIZE_T sizes[] = { 100, 101, 200, 5000, 4999, 70000, 2000000, 2000001, 300, 1, 16384, 50 };
    HANDLE h = f->alloc(MOVEABLE, 60);
    SIZE_T kept = 60;
    pattern_fill(f->lock(h), kept, 1);
    f->unlock(h);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
            CHECK(f->realloc_page, "unlocked moveable object, %u bytes, flags %#x", (unsigned)sizes[i], flags);
            SET_SENTINEL();
            HANDLE next = f->realloc(h, sizes[i], flags);
            EXPECT_ERROR(SENTINEL);
            EXPECT_BOOL("same handle", next == h, TRUE);
            EXPECT_BOOL("at least the size asked for", f->size(h) >= sizes[i], TRUE);
            EXPECT_HEX("flags of the object", f->flags(h), 0);
            if (kept > sizes[i]) kept = sizes[i];
            void *p = f->lock(h);
            EXPECT_UINT("bytes kept", pattern_right(p, kept, 1), kept);
            EXPECT_BOOL("handle of the address", f->handle(p) == h, TRUE);
            f->unlock(h);
        }
    f->free(h);
}

BOTH(ReAlloc, zeroinit)
{
    static const SIZE_T sizes[][2] = { { 10, 11 }, { 10, 100 }, { 100, 4000 }, { 5000, 70000 }, { 600000, 1500000 } };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
            SIZE_T from = sizes[i][0], to = sizes[i][1];
            HANDLE h = f->alloc(flags, from);
            /* Beyond the size asked for the block may have more bytes, and the caller may use those: only what is new
             * is promised to be zero. */
            SIZE_T had = f->size(h);
            pattern_fill(f->lock(h), had, 2);
            if (flags) f->unlock(h);
            CHECK(f->realloc_page, "%s, %u bytes to %u, MOVEABLE | ZEROINIT", KIND_NAME(flags), (unsigned)from,
                  (unsigned)to);
            SET_SENTINEL();
            HANDLE next = f->realloc(h, to, MOVEABLE | ZEROINIT);
            EXPECT_ERROR(SENTINEL);
            EXPECT_BOOL("succeeds", next != NULL, TRUE);
            void *p = f->lock(next);
            EXPECT_UINT("bytes kept", pattern_right(p, from, 2), from);
            if (had < to) EXPECT_BOOL("the rest zeroed", zeros_right(p, had, to) == to - had, TRUE);
            f->free(next ? next : h);
        }
}

BOTH(ReAlloc, locked)
{
    HANDLE h = f->alloc(MOVEABLE, 100), other = f->alloc(MOVEABLE, 100);
    void *p = f->lock(h);
    pattern_fill(p, 100, 3);
    CHECK(f->realloc_page, "locked moveable object of 100 bytes, 10 MB, flags 0: only in place");
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->realloc(h, 10 << 20, 0) != NULL, FALSE);
    EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY);
    EXPECT_BOOL("address as before", f->lock(h) == p, TRUE);
    f->unlock(h);
    EXPECT_UINT("bytes kept", pattern_right(p, 100, 3), 100);
    EXPECT_HEX("flags of the object", f->flags(h), 1);

    CHECK(f->realloc_page, "locked moveable object of 100 bytes, 50 bytes, flags 0: only in place");
    HANDLE next = f->realloc(h, 50, 0);
    EXPECT_BOOL("same handle, or failed", next == h || !next, TRUE);
    EXPECT_BOOL("address as before", f->lock(h) == p, TRUE);
    f->unlock(h);
    EXPECT_UINT("bytes kept", pattern_right(p, 50, 3), 50);

    CHECK(f->realloc_page, "locked moveable object, 10 MB, MOVEABLE");
    SET_SENTINEL();
    EXPECT_BOOL("same handle", f->realloc(h, 10 << 20, MOVEABLE) == h, TRUE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("flags of the object", f->flags(h), 1);
    EXPECT_UINT("bytes kept", pattern_right(f->lock(h), 50, 3), 50);
    f->unlock(h);

    CHECK_ON(Unlock, f->unlock_page, "after that");
    EXPECT_BOOL("still locked", f->unlock(h), FALSE);
    EXPECT_ERROR(NO_ERROR);
    f->free(h);
    f->free(other);
}

BOTH(ReAlloc, fixed_in_place)
{
    static const SIZE_T sizes[] = { 9, 10, 11, 1000, 1048576 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(f->realloc_page, "small fixed memory of 10 bytes, %u bytes, flags 0", (unsigned)sizes[i]);
        HANDLE h = f->alloc(FIXED, 10);
        pattern_fill(h, 10, 4);
        SET_SENTINEL();
        HANDLE next = f->realloc(h, sizes[i], 0);
        EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY);
        EXPECT_BOOL("succeeds", next != NULL, FALSE);
        if (next) h = next;
        EXPECT_UINT("bytes kept", pattern_right(h, sizes[i] < 10 ? sizes[i] : 10, 4), sizes[i] < 10 ? sizes[i] : 10);
        EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
    }
    CHECK(f->realloc_page, "large fixed memory of 100,000 bytes, 64 MB, flags 0: in place or not at all");
    HANDLE h = f->alloc(FIXED, 100000), wall = f->alloc(FIXED, 100000);
    pattern_fill(h, 100000, 5);
    SET_SENTINEL();
    HANDLE next = f->realloc(h, 64 << 20, 0);
    NOTE_BOOL("succeeds", next);
    EXPECT_BOOL("did not move", !next || next == h, TRUE);
    EXPECT_BOOL("last error fits", GetLastError() == (next ? SENTINEL : ERROR_NOT_ENOUGH_MEMORY), TRUE);
    EXPECT_UINT("bytes kept", pattern_right(h, 100000, 5), 100000);
    f->free(h);
    f->free(wall);
}

BOTH(ReAlloc, fixed_moveable)
{
    static const SIZE_T sizes[] = { 100, 10, 1, 200, 20000, 1000000, 999, 999 };
    HANDLE h = f->alloc(FIXED, 100);
    SIZE_T kept = 100;
    pattern_fill(h, kept, 6);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(f->realloc_page, "fixed memory, %u bytes, MOVEABLE (step %u)", (unsigned)sizes[i], i);
        SET_SENTINEL();
        HANDLE next = f->realloc(h, sizes[i], MOVEABLE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("succeeds", next != NULL, TRUE);
        EXPECT_BOOL("handle has a moveable one's form", handle_form(next), FALSE);
        EXPECT_BOOL("address is the handle", f->lock(next) == next, TRUE);
        EXPECT_BOOL("at least the size asked for", f->size(next) >= sizes[i], TRUE);
        if (kept > sizes[i]) kept = sizes[i];
        EXPECT_UINT("bytes kept", pattern_right(next, kept, 6), kept);
        if (next) h = next;
    }
    CHECK(f->realloc_page, "fixed memory, 0 bytes, MOVEABLE");
    UNDECIDED("discarding is described for moveable objects only");
    HANDLE next = f->realloc(h, 0, MOVEABLE);
    NOTE_BOOL("succeeds", next);
    NOTE_BOOL("handle has a moveable one's form", handle_form(next));
    if (next) h = next;
    f->free(h);
}

BOTH(ReAlloc, modify_moveable)
{
    static const UINT flags[] = { MODIFY, MODIFY | MOVEABLE, MODIFY | ZEROINIT, MODIFY | 0x2000, MODIFY | 0x4000 };
    static const SIZE_T sizes[] = { 0, 1, 1 << 20, (SIZE_T)-1 };
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        for (unsigned locks = 0; locks < 2; locks++) {
            HANDLE h = f->alloc(MOVEABLE, 40);
            void *p = f->lock(h);
            pattern_fill(p, 40, 7);
            if (!locks) f->unlock(h);
            CHECK(f->realloc_page, "%s object of 40 bytes, flags %#06x, size ignored (%u)",
                  locks ? "locked" : "unlocked", flags[i], i % 4);
            SET_SENTINEL();
            EXPECT_BOOL("same handle", f->realloc(h, sizes[i % 4], flags[i]) == h, TRUE);
            EXPECT_ERROR(SENTINEL);
            EXPECT_HEX("flags of the object", f->flags(h), locks);
            EXPECT_BOOL("size as before", f->size(h) >= 40 && f->size(h) < 4096, TRUE);
            EXPECT_BOOL("address as before", f->lock(h) == p, TRUE);
            EXPECT_UINT("bytes kept", pattern_right(p, 40, 7), 40);
            f->free(h);
        }
    CHECK(f->realloc_page, "discarded object, MODIFY");
    HANDLE h = f->alloc(MOVEABLE, 0);
    SET_SENTINEL();
    EXPECT_BOOL("same handle", f->realloc(h, 100, MODIFY) == h, TRUE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("flags of the object", f->flags(h), DISCARDED);
    f->free(h);
    CHECK(f->realloc_page, "moveable object, MODIFY | DISCARDABLE");
    UNDECIDED("the page no longer lists DISCARDABLE; it made the object discardable");
    h = f->alloc(MOVEABLE, 40);
    NOTE_BOOL("same handle", f->realloc(h, 0, MODIFY | DISCARDABLE(f)) == h);
    NOTE_HEX("flags of the object", f->flags(h));
    f->free(h);
}

BOTH(ReAlloc, modify_fixed)
{
    CHECK(f->realloc_page, "fixed memory of 40 bytes, MODIFY");
    HANDLE h = f->alloc(FIXED, 40);
    pattern_fill(h, 40, 8);
    SET_SENTINEL();
    EXPECT_BOOL("same handle", f->realloc(h, 4000, MODIFY) == h, TRUE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_UINT("bytes kept", pattern_right(h, 40, 8), 40);

    CHECK(f->realloc_page, "fixed memory of 40 bytes, MODIFY | MOVEABLE: becomes a moveable object");
    if (f->local) UNDECIDED("said of GlobalReAlloc by observation, of LocalReAlloc only by its page");
    SET_SENTINEL();
    HANDLE next = f->realloc(h, 0, MODIFY | MOVEABLE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("succeeds", next != NULL, TRUE);
    EXPECT_BOOL("handle has a moveable one's form", handle_form(next), TRUE);
    EXPECT_HEX("flags of the object", f->flags(next), 0);
    void *p = f->lock(next);
    EXPECT_BOOL("address is the handle", p == next, FALSE);
    EXPECT_BOOL("data has moved", p != h, TRUE);
    EXPECT_UINT("bytes kept", pattern_right(p, 40, 8), 40);
    EXPECT_BOOL("at least the size", f->size(next) >= 40, TRUE);
    EXPECT_HEX("flags when locked", f->flags(next), 1);
    f->unlock(next);
    EXPECT_BOOL("freed", f->free(next) == NULL, TRUE);
}

BOTH(ReAlloc, discard)
{
    HANDLE h = f->alloc(MOVEABLE, 100);
    CHECK(f->discard_page, "moveable object of 100 bytes, unlocked: ReAlloc(0, MOVEABLE)");
    SET_SENTINEL();
    EXPECT_BOOL("same handle", f->realloc(h, 0, MOVEABLE) == h, TRUE);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("flags of the object", f->flags(h), DISCARDED);
    EXPECT_UINT("size", f->size(h), 0);
    SET_SENTINEL();
    EXPECT_BOOL("locked", f->lock(h) != NULL, FALSE);
    EXPECT_ERROR(ERROR_DISCARDED);

    CHECK_ON(Unlock, f->unlock_page, "discarded object");
    SET_SENTINEL();
    EXPECT_BOOL("return", f->unlock(h), FALSE);
    EXPECT_ERROR(ERROR_NOT_LOCKED);

    CHECK(f->discard_page, "discarded object, once more");
    EXPECT_BOOL("same handle", f->realloc(h, 0, MOVEABLE) == h, TRUE);
    EXPECT_HEX("flags of the object", f->flags(h), DISCARDED);

    for (UINT flags = FIXED; flags <= ZEROINIT; flags += ZEROINIT) {
        CHECK(f->realloc_page, "discarded object, 3000 bytes, flags %#x", flags);
        SET_SENTINEL();
        EXPECT_BOOL("same handle", f->realloc(h, 3000, flags) == h, TRUE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("flags of the object", f->flags(h), 0);
        EXPECT_BOOL("at least the size asked for", f->size(h) >= 3000, TRUE);
        BYTE *p = f->lock(h);
        if (flags) EXPECT_UINT("bytes zeroed", zeros_right(p, 0, 3000), 3000);
        if (p) memset(p, 0xcc, 3000);
        f->unlock(h);
        f->realloc(h, 0, MOVEABLE);
    }

    CHECK_ON(Free, f->free_page, "discarded object");
    SET_SENTINEL();
    EXPECT_BOOL("return", f->free(h) != NULL, FALSE);
    EXPECT_ERROR(SENTINEL);

    CHECK(f->discard_page, "locked object of 100 bytes: the lock count must be zero");
    h = f->alloc(MOVEABLE, 100);
    void *p = f->lock(h);
    pattern_fill(p, 100, 9);
    EXPECT_BOOL("succeeds", f->realloc(h, 0, MOVEABLE) != NULL, FALSE);
    EXPECT_HEX("flags of the object", f->flags(h), 1);
    EXPECT_UINT("bytes kept", pattern_right(p, 100, 9), 100);
    f->unlock(h);

    CHECK(f->realloc_page, "unlocked moveable object, 0 bytes, flags 0");
    UNDECIDED("the page says nothing about size 0; Wine refuses it");
    HANDLE next = f->realloc(h, 0, 0);
    NOTE_BOOL("succeeds", next != NULL);
    NOTE_HEX("flags of the object", f->flags(h));
    f->free(h);
}

BOTH(ReAlloc, too_large)
{
    for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE)
        for (unsigned i = 0; i < 3; i++) {
            static const SIZE_T sizes[] = { (SIZE_T)-1, (SIZE_T)-4096, (SIZE_T)-1 / 2 };
            CHECK(f->realloc_page, "%s of 100 bytes, more bytes than the address space can give (%u), MOVEABLE",
                  KIND_NAME(flags), i);
            HANDLE h = f->alloc(flags, 100);
            pattern_fill(f->lock(h), 100, 10);
            if (flags) f->unlock(h);
            SET_SENTINEL();
            EXPECT_BOOL("succeeds", f->realloc(h, sizes[i], MOVEABLE) != NULL, FALSE);
            EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY);
            EXPECT_BOOL("size as before", f->size(h) >= 100 && f->size(h) < 4096, TRUE);
            EXPECT_UINT("bytes kept", pattern_right(f->lock(h), 100, 10), 100);
            EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
        }
}

BOTH(ReAlloc, discardable_without_modify)
{
    for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
        CHECK(f->realloc_page, "%s of 40 bytes, 80 bytes, MOVEABLE | DISCARDABLE without MODIFY", KIND_NAME(flags));
        UNDECIDED("the page does not list DISCARDABLE; Wine refuses it");
        HANDLE h = f->alloc(flags, 40);
        SET_SENTINEL();
        HANDLE next = f->realloc(h, 80, MOVEABLE | DISCARDABLE(f));
        NOTE_ERROR();
        NOTE_BOOL("succeeds", next != NULL);
        f->free(next ? next : h);
    }
}
