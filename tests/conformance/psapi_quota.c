/* psapi_quota.c - the limits of a working set: Get- and SetProcessWorkingSetSize(Ex). */
#include "conform.h"

FUNCTION(BOOL, SetProcessWorkingSetSize, (HANDLE, SIZE_T, SIZE_T))
FUNCTION(BOOL, SetProcessWorkingSetSizeEx, (HANDLE, SIZE_T, SIZE_T, DWORD))
FUNCTION(BOOL, GetProcessWorkingSetSize, (HANDLE, SIZE_T *, SIZE_T *))
FUNCTION(BOOL, GetProcessWorkingSetSizeEx, (HANDLE, SIZE_T *, SIZE_T *, DWORD *))

#define SET_PAGE "winbase/nf-winbase-setprocessworkingsetsize"
#define SET_EX_PAGE "memoryapi/nf-memoryapi-setprocessworkingsetsizeex"
#define GET_PAGE "winbase/nf-winbase-getprocessworkingsetsize"
#define GET_EX_PAGE "memoryapi/nf-memoryapi-getprocessworkingsetsizeex"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PAGES(n) ((SIZE_T)(n)*4096)
#define ALL ((SIZE_T)-1)

typedef BOOL (*set_call)(HANDLE process, SIZE_T minimum, SIZE_T maximum);
static BOOL set_plain(HANDLE p, SIZE_T a, SIZE_T b) { return pSetProcessWorkingSetSize(p, a, b); }
static BOOL set_ex(HANDLE p, SIZE_T a, SIZE_T b) { return pSetProcessWorkingSetSizeEx(p, a, b, 0); }

static void battery_bounds(set_call set, const char *page)
{
    NEED(GetProcessWorkingSetSize);
    static const struct {
        const char *name;
        SIZE_T minimum, maximum, become; /* 0: refused */
    } cases[] = { { "50 pages, 345 pages", PAGES(50), PAGES(345), PAGES(50) },
                  { "100 pages, 100 pages", PAGES(100), PAGES(100), PAGES(100) },
                  { "20 pages, 200 pages", PAGES(20), PAGES(200), PAGES(20) },
                  { "19 pages, 200 pages: the minimum becomes 20", PAGES(19), PAGES(200), PAGES(20) },
                  { "1 byte, 200 pages: the minimum becomes 20 pages", 1, PAGES(200), PAGES(20) },
                  { "1000 pages, 4000 pages", PAGES(1000), PAGES(4000), PAGES(1000) },
                  { "0, 200 pages", 0, PAGES(200), 0 },
                  { "0, 0", 0, 0, 0 },
                  { "200 pages, 0", PAGES(200), 0, 0 },
                  { "200 pages, 199 pages", PAGES(200), PAGES(199), 0 },
                  { "12 pages, 12 pages", PAGES(12), PAGES(12), 0 },
                  { "1 byte, 13 pages - 1", 1, PAGES(13) - 1, 0 },
                  { "200 pages, (SIZE_T)-1", PAGES(200), ALL, 0 },
                  { "(SIZE_T)-1, 200 pages", ALL, PAGES(200), 0 } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        SIZE_T minimum = 1, maximum = 1, before = 0, before_maximum = 0;
        pGetProcessWorkingSetSize(GetCurrentProcess(), &before, &before_maximum);
        CHECK(page, "this process, %s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = set(GetCurrentProcess(), cases[i].minimum, cases[i].maximum);
        EXPECT_ERROR(cases[i].become ? SENTINEL : ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, cases[i].become);
        pGetProcessWorkingSetSize(GetCurrentProcess(), &minimum, &maximum);
        if (cases[i].become) {
            EXPECT_UINT("minimum", minimum, cases[i].become);
            EXPECT_UINT("maximum", maximum, cases[i].maximum);
        } else {
            EXPECT_TRUE("unchanged", minimum == before && maximum == before_maximum);
        }
    }
    CHECK(page, "this process, 1 byte, 13 pages: the minimum becomes 20 pages");
    UNDECIDED("both values are allowed, and then the minimum is above the maximum");
    SIZE_T minimum = 1, maximum = 1;
    SET_SENTINEL();
    BOOL ok = set(GetCurrentProcess(), 1, PAGES(13));
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    CHECK(page, "this process, (SIZE_T)-1, (SIZE_T)-1: empties the working set");
    SET_SENTINEL();
    ok = set(GetCurrentProcess(), ALL, ALL);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    pGetProcessWorkingSetSize(GetCurrentProcess(), &minimum, &maximum);
    EXPECT_TRUE("limits stay limits", minimum != ALL && maximum != ALL);
}
TEST(SetProcessWorkingSetSize, bounds) { NEED(SetProcessWorkingSetSize); battery_bounds(set_plain, SET_PAGE); }
TEST(SetProcessWorkingSetSizeEx, bounds) { NEED(SetProcessWorkingSetSizeEx); battery_bounds(set_ex, SET_EX_PAGE); }

static void battery_set_handles(set_call set, const char *page)
{
    DWORD me = GetCurrentProcessId();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), less = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, me);
    HANDLE quota = OpenProcess(PROCESS_SET_QUOTA, FALSE, me);
    const struct {
        const char *name;
        HANDLE process;
        DWORD error;
    } cases[] = { { "PROCESS_SET_QUOTA", quota, SENTINEL },
                  { "a handle without PROCESS_SET_QUOTA", less, ERROR_ACCESS_DENIED },
                  { "NULL", NULL, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, ERROR_INVALID_HANDLE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(page, "%s, 100 pages, 400 pages", cases[i].name);
        SET_SENTINEL();
        BOOL ok = set(cases[i].process, PAGES(100), PAGES(400));
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].error == SENTINEL);
    }
    CloseHandle(quota);
    CloseHandle(less);
    CloseHandle(event);
}
TEST(SetProcessWorkingSetSize, handles) { NEED(SetProcessWorkingSetSize); battery_set_handles(set_plain, SET_PAGE); }
TEST(SetProcessWorkingSetSizeEx, handles)
{
    NEED(SetProcessWorkingSetSizeEx);
    battery_set_handles(set_ex, SET_EX_PAGE);
}

TEST(SetProcessWorkingSetSizeEx, flags)
{
    NEED(SetProcessWorkingSetSizeEx);
    NEED(GetProcessWorkingSetSizeEx);
    /* MIN_ENABLE 1, MIN_DISABLE 2, MAX_ENABLE 4, MAX_DISABLE 8 */
    for (DWORD flags = 1; flags < 16; flags++) {
        BOOL valid = (flags & 3) != 3 && (flags & 12) != 12;
        SIZE_T minimum, maximum;
        DWORD now = 0;
        CHECK(SET_EX_PAGE, "100 pages, 400 pages, flags 0x%lx", flags);
        SET_SENTINEL();
        BOOL ok = pSetProcessWorkingSetSizeEx(GetCurrentProcess(), PAGES(100), PAGES(400), flags);
        EXPECT_ERROR(valid ? SENTINEL : ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, valid);
        pGetProcessWorkingSetSizeEx(GetCurrentProcess(), &minimum, &maximum, &now);
        if (valid && (flags & 3))
            EXPECT_HEX("flags of the minimum", now & 3, flags & 3);
        if (valid && (flags & 12))
            EXPECT_HEX("flags of the maximum", now & 12, flags & 12);
    }
    CHECK(SET_EX_PAGE, "100 pages, 400 pages, flags 0x80000000");
    UNDECIDED("the page does not say that other flags are refused");
    SET_SENTINEL();
    BOOL ok = pSetProcessWorkingSetSizeEx(GetCurrentProcess(), PAGES(100), PAGES(400), 0x80000000);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
}

CHILD(quota_defaults)
{
    SIZE_T minimum = 0, maximum = 0;
    DWORD flags = 0;
    if (!pGetProcessWorkingSetSizeEx || !pGetProcessWorkingSetSizeEx(GetCurrentProcess(), &minimum, &maximum, &flags))
        return 1;
    return (minimum == PAGES(50) ? 2 : 0) | (maximum == PAGES(345) ? 4 : 0) | (flags == 10 ? 8 : 0);
}

TEST_FLAGS(GetProcessWorkingSetSizeEx, defaults, TEST_SLOW)
{
    NEED(GetProcessWorkingSetSizeEx);
    int found = conform_in_child("quota_defaults", "");
    CHECK(GET_EX_PAGE, "a fresh process: 50 pages, 345 pages (SetProcessWorkingSetSizeEx's page), neither enforced");
    EXPECT_TRUE("minimum", found & 2);
    EXPECT_TRUE("maximum", found & 4);
    EXPECT_TRUE("flags MIN_DISABLE|MAX_DISABLE", found & 8);
}

typedef BOOL (*get_call)(HANDLE process, SIZE_T *minimum, SIZE_T *maximum);
static BOOL get_plain(HANDLE p, SIZE_T *a, SIZE_T *b) { return pGetProcessWorkingSetSize(p, a, b); }
static BOOL get_ex(HANDLE p, SIZE_T *a, SIZE_T *b)
{
    DWORD flags;
    return pGetProcessWorkingSetSizeEx(p, a, b, &flags);
}
static void battery_get(get_call get, const char *page)
{
    DWORD me = GetCurrentProcessId();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), self = GetCurrentProcess();
    HANDLE full = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, me), blind = OpenProcess(PROCESS_VM_READ, FALSE, me);
    HANDLE limited = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, me);
    SIZE_T minimum, maximum;
    const struct {
        const char *name;
        HANDLE process;
        DWORD error;
        SIZE_T *minimum, *maximum;
    } cases[] = { { "this process", self, SENTINEL, &minimum, &maximum },
                  { "PROCESS_QUERY_INFORMATION", full, SENTINEL, &minimum, &maximum },
                  { "PROCESS_QUERY_LIMITED_INFORMATION", limited, SENTINEL, &minimum, &maximum },
                  { "PROCESS_VM_READ only", blind, ERROR_ACCESS_DENIED, &minimum, &maximum },
                  { "NULL", NULL, ERROR_INVALID_HANDLE, &minimum, &maximum },
                  { "no handle", (HANDLE)0xdeadbee0, ERROR_INVALID_HANDLE, &minimum, &maximum },
                  { "an event's handle", event, ERROR_INVALID_HANDLE, &minimum, &maximum } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        minimum = maximum = 0;
        CHECK(page, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = get(cases[i].process, cases[i].minimum, cases[i].maximum);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].error == SENTINEL);
        if (ok)
            EXPECT_TRUE("minimum above 0, not above the maximum", minimum && minimum <= maximum);
    }
    CloseHandle(limited);
    CloseHandle(blind);
    CloseHandle(full);
    CloseHandle(event);
}
TEST(GetProcessWorkingSetSize, handles) { NEED(GetProcessWorkingSetSize); battery_get(get_plain, GET_PAGE); }
TEST(GetProcessWorkingSetSizeEx, handles) { NEED(GetProcessWorkingSetSizeEx); battery_get(get_ex, GET_EX_PAGE); }

FAMILY(psapi)
