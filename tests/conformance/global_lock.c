/* global_lock.c - Lock, Unlock and the lock count in Flags; the old names Fix, Unfix, Wire, UnWire. */
#include "global.h"

FUNCTION(void, GlobalFix, (HGLOBAL))
FUNCTION(void, GlobalUnfix, (HGLOBAL))
FUNCTION(LPVOID, GlobalWire, (HGLOBAL))
FUNCTION(BOOL, GlobalUnWire, (HGLOBAL))

FAMILY(global)

BOTH(Lock, moveable)
{
    HANDLE h = f->alloc(MOVEABLE, 100);
    void *first = NULL;
    for (unsigned i = 1; i <= 5; i++) {
        CHECK(f->lock_page, "moveable object, lock %u", i);
        SET_SENTINEL();
        void *p = f->lock(h);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("succeeds", p != NULL, TRUE);
        if (i == 1) first = p;
        EXPECT_BOOL("address as before", p == first, TRUE);
        EXPECT_HEX("flags of the object", f->flags(h), i);
    }
    for (unsigned i = 4; i; i--) {
        CHECK_ON(Unlock, f->unlock_page, "moveable object, %u locks left", i);
        SET_SENTINEL();
        EXPECT_BOOL("return", f->unlock(h), TRUE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("flags of the object", f->flags(h), i);
    }
    f->free(h);
}

BOTH(Lock, content)
{
    static const SIZE_T sizes[] = { 1, 100, 5000, 300000 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CHECK(f->lock_page, "moveable object of %u bytes, written, unlocked, locked again", (unsigned)sizes[i]);
        HANDLE h = f->alloc(MOVEABLE, sizes[i]);
        pattern_fill(f->lock(h), sizes[i], 11);
        f->unlock(h);
        EXPECT_UINT("bytes right", pattern_right(f->lock(h), sizes[i], 11), sizes[i]);
        f->unlock(h);
        f->free(h);
    }
}

BOTH(Lock, fixed)
{
    CHECK(f->lock_page, "fixed memory");
    HANDLE h = f->alloc(FIXED, 100);
    SET_SENTINEL();
    EXPECT_BOOL("address is the handle", f->lock(h) == h, TRUE);
    EXPECT_ERROR(SENTINEL);
    CHECK_ON(Flags, f->flags_page, "fixed memory, locked: its count is always zero");
    SET_SENTINEL();
    EXPECT_HEX("flags of the object", f->flags(h), 0);
    EXPECT_ERROR(SENTINEL);
    f->free(h);
}

BOTH(Unlock, to_zero)
{
    HANDLE h = f->alloc(MOVEABLE, 100);
    for (unsigned locks = 1; locks <= 3; locks++) {
        for (unsigned i = 0; i < locks; i++) f->lock(h);
        for (unsigned i = 1; i < locks; i++) f->unlock(h);
        CHECK(f->unlock_page, "moveable object, last of %u locks", locks);
        SET_SENTINEL();
        EXPECT_BOOL("return", f->unlock(h), FALSE);
        EXPECT_ERROR(NO_ERROR);
        EXPECT_HEX("flags of the object", f->flags(h), 0);
    }
    CHECK(f->unlock_page, "moveable object, not locked");
    SET_SENTINEL();
    EXPECT_BOOL("return", f->unlock(h), FALSE);
    EXPECT_ERROR(ERROR_NOT_LOCKED);
    EXPECT_HEX("flags of the object", f->flags(h), 0);
    f->free(h);
}

BOTH(Unlock, fixed)
{
    HANDLE h = f->alloc(FIXED, 100);
    for (unsigned locks = 0; locks < 2; locks++) {
        if (locks) f->lock(h);
        CHECK(f->unlock_page, "fixed memory, %s", locks ? "locked" : "never locked");
        SET_SENTINEL();
        EXPECT_BOOL("return", f->unlock(h), !f->local);
        EXPECT_ERROR(f->local ? ERROR_NOT_LOCKED : SENTINEL);
    }
    f->free(h);
}

BOTH(Lock, count_ends_at_255)
{
    HANDLE h = f->alloc(MOVEABLE, 100);
    for (unsigned i = 0; i < 254; i++) f->lock(h);
    CHECK_ON(Flags, f->flags_page, "moveable object, locked 254 times");
    EXPECT_HEX("lock count", f->flags(h) & LOCKCOUNT, 254);
    f->lock(h);
    CHECK_ON(Flags, f->flags_page, "moveable object, locked 255 times");
    EXPECT_HEX("flags of the object", f->flags(h), 255);
    for (unsigned i = 0; i < 45; i++) f->lock(h);
    CHECK_ON(Flags, f->flags_page, "moveable object, locked 300 times");
    EXPECT_HEX("flags of the object", f->flags(h), 255);
    CHECK(f->lock_page, "moveable object, locked for the 301st time");
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->lock(h) != NULL, TRUE);
    EXPECT_ERROR(SENTINEL);
    CHECK_ON(Unlock, f->unlock_page, "moveable object locked 301 times, unlocked until that gives 0");
    UNDECIDED("what a count that has reached its end does is not described");
    unsigned unlocks = 0;
    while (unlocks < 400 && f->unlock(h)) unlocks++;
    NOTE_UINT("nonzero returns", unlocks);
    NOTE_HEX("flags of the object", f->flags(h));
    f->free(h);
}

BOTH(Lock, discarded)
{
    CHECK(f->lock_page, "object that was made discarded");
    HANDLE h = f->alloc(MOVEABLE, 0);
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->lock(h) != NULL, FALSE);
    EXPECT_ERROR(ERROR_DISCARDED);
    EXPECT_HEX("flags of the object", f->flags(h), DISCARDED);
    f->free(h);
}

BOTH(Flags, plain)
{
    for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
        CHECK(f->flags_page, "%s of 10 bytes", KIND_NAME(flags));
        HANDLE h = f->alloc(flags, 10);
        SET_SENTINEL();
        EXPECT_HEX("return", f->flags(h), 0);
        EXPECT_ERROR(SENTINEL);
        f->free(h);
    }
}

TEST(GlobalFlags, families_agree)
{
    NEED(GlobalAlloc);
    NEED(GlobalLock);
    NEED(GlobalFlags);
    NEED(LocalFlags);
    NEED(GlobalFree);
    CHECK("winbase/nf-winbase-globalflags", "moveable, discardable and shared object locked twice, in both families");
    HGLOBAL h = pGlobalAlloc(GMEM_MOVEABLE | GMEM_DISCARDABLE | GMEM_DDESHARE, 10);
    pGlobalLock(h);
    pGlobalLock(h);
    UINT global = pGlobalFlags(h), local = pLocalFlags(h);
    EXPECT_HEX("GMEM_LOCKCOUNT", global & GMEM_LOCKCOUNT, 2);
    EXPECT_HEX("LMEM_LOCKCOUNT", local & LMEM_LOCKCOUNT, 2);
    EXPECT_BOOL("LocalFlags: high byte 0 or LMEM_DISCARDABLE",
                !(local & 0xff00) || (local & 0xff00) == LMEM_DISCARDABLE, TRUE);
    NOTE_HEX("GlobalFlags", global);
    NOTE_HEX("LocalFlags", local);
    pGlobalFree(h);
}

/* The 16-bit pages of these names are gone; what is left of their meaning is Lock and Unlock. */
#define OLD_PAGE "winbase/nf-winbase-globallock"

TEST(GlobalWire, locks)
{
    NEED(GlobalAlloc);
    NEED(GlobalLock);
    NEED(GlobalFlags);
    NEED(GlobalFree);
    NEED(GlobalWire);
    NEED(GlobalUnWire);
    HGLOBAL h = pGlobalAlloc(GMEM_MOVEABLE, 100), fixed = pGlobalAlloc(GMEM_FIXED, 100);
    CHECK(OLD_PAGE, "moveable object");
    SET_SENTINEL();
    void *p = pGlobalWire(h);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("flags of the object", pGlobalFlags(h), 1);
    EXPECT_BOOL("address", p && p == pGlobalLock(h), TRUE);
    CHECK_OF(GlobalUnWire, OLD_PAGE, "moveable object with 2 locks");
    EXPECT_BOOL("return", pGlobalUnWire(h), TRUE);
    EXPECT_HEX("flags of the object", pGlobalFlags(h), 1);
    CHECK_OF(GlobalUnWire, OLD_PAGE, "moveable object with 1 lock");
    SET_SENTINEL();
    EXPECT_BOOL("return", pGlobalUnWire(h), FALSE);
    EXPECT_ERROR(NO_ERROR);
    CHECK_OF(GlobalUnWire, OLD_PAGE, "moveable object, not locked");
    SET_SENTINEL();
    EXPECT_BOOL("return", pGlobalUnWire(h), FALSE);
    EXPECT_ERROR(ERROR_NOT_LOCKED);
    CHECK(OLD_PAGE, "fixed memory");
    EXPECT_BOOL("address is the handle", pGlobalWire(fixed) == fixed, TRUE);
    CHECK_OF(GlobalUnWire, OLD_PAGE, "fixed memory");
    EXPECT_BOOL("return", pGlobalUnWire(fixed), TRUE);
    pGlobalFree(h);
    CHECK(OLD_PAGE, "freed object");
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", pGlobalWire(h) != NULL, FALSE);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    pGlobalFree(fixed);
}

TEST(GlobalFix, locks)
{
    NEED(GlobalAlloc);
    NEED(GlobalFlags);
    NEED(GlobalFree);
    NEED(GlobalFix);
    NEED(GlobalUnfix);
    HGLOBAL h = pGlobalAlloc(GMEM_MOVEABLE, 100);
    CHECK(OLD_PAGE, "moveable object, twice");
    SET_SENTINEL();
    pGlobalFix(h);
    pGlobalFix(h);
    EXPECT_ERROR(SENTINEL);
    EXPECT_HEX("flags of the object", pGlobalFlags(h), 2);
    CHECK_OF(GlobalUnfix, OLD_PAGE, "moveable object with 2 locks");
    pGlobalUnfix(h);
    EXPECT_HEX("flags of the object", pGlobalFlags(h), 1);
    CHECK_OF(GlobalUnfix, OLD_PAGE, "moveable object with 1 lock");
    pGlobalUnfix(h);
    EXPECT_HEX("flags of the object", pGlobalFlags(h), 0);
    pGlobalFree(h);
    CHECK(OLD_PAGE, "freed object");
    SET_SENTINEL();
    pGlobalFix(h);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
}
