/* memory_cache.c - the limits of the system's file cache. */
#include "conform.h"

FAMILY(memory)

FUNCTION(BOOL, GetSystemFileCacheSize, (PSIZE_T, PSIZE_T, PDWORD))
FUNCTION(BOOL, SetSystemFileCacheSize, (SIZE_T, SIZE_T, DWORD))

#define P_GET "memoryapi/nf-memoryapi-getsystemfilecachesize"
#define P_SET "memoryapi/nf-memoryapi-setsystemfilecachesize"

#define MAX_ENABLE FILE_CACHE_MAX_HARD_ENABLE
#define MAX_DISABLE FILE_CACHE_MAX_HARD_DISABLE
#define MIN_ENABLE FILE_CACHE_MIN_HARD_ENABLE
#define MIN_DISABLE FILE_CACHE_MIN_HARD_DISABLE
#define MB ((SIZE_T)1 << 20)

/* Turns SeIncreaseQuotaPrivilege on or off; FALSE when the token does not have it. */
static BOOL privilege(BOOL on)
{
    TOKEN_PRIVILEGES wanted = { 1, { { { 5, 0 }, on ? SE_PRIVILEGE_ENABLED : 0 } } };
    HANDLE token;
    BOOL ok = OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token);
    if (!ok) return FALSE;
    ok = AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL) && GetLastError() == ERROR_SUCCESS;
    CloseHandle(token);
    return ok;
}

TEST(GetSystemFileCacheSize, values)
{
    NEED(GetSystemFileCacheSize);
    SIZE_T minimum = 1, maximum = 0;
    DWORD flags = 0xcccccccc;
    CHECK(P_GET, "three variables");
    SET_SENTINEL();
    BOOL ok = pGetSystemFileCacheSize(&minimum, &maximum, &flags);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("minimum below maximum", minimum < maximum);
    EXPECT_UINT("minimum's offset in page", minimum % 4096, 0);
    EXPECT_HEX("flags besides the two ENABLE flags", flags & ~(DWORD)(MAX_ENABLE | MIN_ENABLE), 0);
}

static void get_null(void *which)
{
    SIZE_T minimum, maximum;
    DWORD flags;
    int n = *(int *)which;
    *(int *)which =
        10 + pGetSystemFileCacheSize(n == 0 ? NULL : &minimum, n == 1 ? NULL : &maximum, n == 2 ? NULL : &flags);
}

TEST(GetSystemFileCacheSize, null)
{
    NEED(GetSystemFileCacheSize);
    for (int i = 0; i < 3; i++) {
        int which = i;
        CHECK(P_GET, "NULL as argument %d", i + 1);
        UNDECIDED("the page does not say what a NULL pointer gives");
        SET_SENTINEL();
        DWORD code = conform_catch(get_null, &which);
        NOTE_ERROR();
        NOTE_HEX("exception", code);
        NOTE_BOOL("return", which == 11);
    }
}

TEST(SetSystemFileCacheSize, contradicting_flags)
{
    NEED(SetSystemFileCacheSize);
    static const DWORD flags[] = { MAX_ENABLE | MAX_DISABLE,
                                   MIN_ENABLE | MIN_DISABLE,
                                   MAX_ENABLE | MAX_DISABLE | MIN_ENABLE,
                                   MIN_ENABLE | MIN_DISABLE | MAX_DISABLE,
                                   MAX_ENABLE | MAX_DISABLE | MIN_ENABLE | MIN_DISABLE };
    privilege(TRUE);
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_SET, "1 MB, 512 MB, flags 0x%lx", flags[i]);
        SET_SENTINEL();
        BOOL ok = pSetSystemFileCacheSize(MB, 512 * MB, flags[i]);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

TEST(SetSystemFileCacheSize, unknown_flags)
{
    NEED(SetSystemFileCacheSize);
    static const DWORD flags[] = { 0x10, 0x100, 0x80000000, 0xfffffff0 };
    privilege(TRUE);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_SET, "1 MB, 512 MB, flags 0x%lx", flags[i]);
        UNDECIDED("the page lists four flags and does not say what others give");
        SET_SENTINEL();
        BOOL ok = pSetSystemFileCacheSize(MB, 512 * MB, flags[i]);
        NOTE_ERROR();
        NOTE_BOOL("return", ok);
    }
}

TEST(SetSystemFileCacheSize, minimum_above_maximum)
{
    NEED(SetSystemFileCacheSize);
    privilege(TRUE);
    CHECK(P_SET, "512 MB, 1 MB, flags 0");
    UNDECIDED("the page does not say that the minimum may not be above the maximum");
    SET_SENTINEL();
    BOOL ok = pSetSystemFileCacheSize(512 * MB, MB, 0);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
}

TEST(SetSystemFileCacheSize, without_privilege)
{
    NEED(SetSystemFileCacheSize);
    privilege(FALSE);
    static const DWORD flags[] = { 0, MAX_ENABLE, MIN_ENABLE, MAX_DISABLE | MIN_DISABLE };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_SET, "1 MB, 512 MB, flags 0x%lx, SE_INCREASE_QUOTA_NAME not enabled", flags[i]);
        SET_SENTINEL();
        BOOL ok = pSetSystemFileCacheSize(MB, 512 * MB, flags[i]);
        EXPECT_ERROR(ERROR_PRIVILEGE_NOT_HELD);
        EXPECT_BOOL("return", ok, FALSE);
    }
    CHECK(P_SET, "-1, -1, flags 0, SE_INCREASE_QUOTA_NAME not enabled");
    SET_SENTINEL();
    BOOL ok = pSetSystemFileCacheSize(~(SIZE_T)0, ~(SIZE_T)0, 0);
    EXPECT_ERROR(ERROR_PRIVILEGE_NOT_HELD);
    EXPECT_BOOL("return", ok, FALSE);
}

TEST(SetSystemFileCacheSize, set_and_get)
{
    NEED(SetSystemFileCacheSize);
    NEED(GetSystemFileCacheSize);
    SIZE_T minimum, maximum, old_minimum, old_maximum;
    DWORD flags, old_flags;
    if (!privilege(TRUE) || !pGetSystemFileCacheSize(&old_minimum, &old_maximum, &old_flags)) {
        CHECK(P_SET, "the token can have SE_INCREASE_QUOTA_NAME, and the limits can be read");
        EXPECT_TRUE("so", FALSE);
        return;
    }
    static const struct {
        SIZE_T minimum, maximum;
        DWORD flags, then;
    } steps[] = { { 16 * MB, 512 * MB, MAX_ENABLE, MAX_ENABLE },
                  { 32 * MB, 768 * MB, 0, MAX_ENABLE }, /* 0 retains the setting */
                  { 32 * MB, 768 * MB, MIN_ENABLE, MAX_ENABLE | MIN_ENABLE },
                  { 16 * MB, 512 * MB, MAX_DISABLE, MIN_ENABLE },
                  { 16 * MB, 512 * MB, MIN_DISABLE, 0 },
                  { 16 * MB, 512 * MB, MAX_ENABLE | MIN_ENABLE, MAX_ENABLE | MIN_ENABLE },
                  { 16 * MB, 512 * MB, MAX_DISABLE | MIN_DISABLE, 0 } };
    for (unsigned i = 0; i < 7; i++) {
        CHECK(P_SET, "step %u: %u MB, %u MB, flags 0x%lx", i + 1, (unsigned)(steps[i].minimum / MB),
              (unsigned)(steps[i].maximum / MB), steps[i].flags);
        SET_SENTINEL();
        BOOL ok = pSetSystemFileCacheSize(steps[i].minimum, steps[i].maximum, steps[i].flags);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        CHECK_OF(GetSystemFileCacheSize, P_GET, "after step %u", i + 1);
        ok = pGetSystemFileCacheSize(&minimum, &maximum, &flags);
        EXPECT_TRUE("return", ok);
        EXPECT_UINT("minimum in MB", minimum / MB, steps[i].minimum / MB);
        EXPECT_UINT("maximum in MB", maximum / MB, steps[i].maximum / MB);
        EXPECT_HEX("flags", flags, steps[i].then);
    }
    CHECK(P_SET, "-1, -1, flags 0: flush");
    SET_SENTINEL();
    BOOL ok = pSetSystemFileCacheSize(~(SIZE_T)0, ~(SIZE_T)0, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    CHECK_OF(GetSystemFileCacheSize, P_GET, "after the flush");
    UNDECIDED("the page does not say whether a flush changes the limits");
    pGetSystemFileCacheSize(&minimum, &maximum, &flags);
    NOTE_BOOL("maximum still 512 MB", maximum == 512 * MB);
    pSetSystemFileCacheSize(old_minimum, old_maximum,
                            (old_flags & MAX_ENABLE ? MAX_ENABLE : MAX_DISABLE) |
                                (old_flags & MIN_ENABLE ? MIN_ENABLE : MIN_DISABLE));
}
