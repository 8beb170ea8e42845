/* psapi_workingset.c - working sets: their pages, their limits, their changes. */
#include "conform.h"
#define PSAPI_VERSION 1
#include <psapi.h>

#define BOTH(ret, name, params) FUNCTION(ret, name, params) FUNCTION(ret, K32##name, params)
BOTH(BOOL, QueryWorkingSet, (HANDLE, void *, DWORD))
BOTH(BOOL, QueryWorkingSetEx, (HANDLE, void *, DWORD))
BOTH(BOOL, EmptyWorkingSet, (HANDLE))
BOTH(BOOL, InitializeProcessForWsWatch, (HANDLE))
BOTH(BOOL, GetWsChanges, (HANDLE, void *, DWORD))
BOTH(BOOL, GetWsChangesEx, (HANDLE, void *, DWORD *))

#define TEST_BOTH(name, label, battery)                                                                              \
    TEST(name, label) { NEED(name); battery(p##name); }                                                              \
    TEST(K32##name, label) { NEED(K32##name); battery(pK32##name); }
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static DWORD me(void) { return GetCurrentProcessId(); }

#define EX_PAGE "psapi/nf-psapi-queryworkingsetex"
/* A system may stumble over the bad pointer while it holds a lock of its own, and leave the process with it: Wine 8's
 * ntdll does on x86_64. So it is given in a process of its own. Sets the last error to what it was there. */
CHILD(working_set_ex_null)
{
    BOOL(WINAPI *query)(HANDLE, void *, DWORD) = *argument == 'K' ? pK32QueryWorkingSetEx : pQueryWorkingSetEx;
    SET_SENTINEL();
    return query(GetCurrentProcess(), NULL, sizeof(PSAPI_WORKING_SET_EX_INFORMATION)) ? 0 : (int)GetLastError();
}
static BOOL query_null(BOOL(WINAPI *query)(HANDLE, void *, DWORD))
{
    int error = conform_in_child("working_set_ex_null", query == pK32QueryWorkingSetEx ? "K32" : "psapi");
    SetLastError((DWORD)error);
    return !error;
}

static void battery_ex(BOOL(WINAPI *query)(HANDLE, void *, DWORD))
{
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE blind = OpenProcess(PROCESS_VM_READ, FALSE, me());
    HANDLE deaf = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, me());
    BYTE *pages = VirtualAlloc(NULL, 0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    PSAPI_WORKING_SET_EX_INFORMATION info[4];
    DWORD old;
    pages[0x1000] = pages[0x2000] = 1;
    VirtualProtect(pages + 0x2000, 0x1000, PAGE_READONLY, &old);
    for (unsigned i = 0; i < 4; i++) {
        info[i].VirtualAddress = pages + i * 0x1000 + i;
        info[i].VirtualAttributes.Flags = (ULONG_PTR)-1;
    }
    CHECK(EX_PAGE, "four private pages: untouched, written, written and then read-only, untouched");
    SET_SENTINEL();
    BOOL ok = query(self, info, sizeof(info));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    for (unsigned i = 0; i < 4; i++) {
        static const struct {
            const char *valid, *protection, *address;
            BOOL there;
            DWORD protect;
        } page[] = { { "1 valid", "1 protection", "1 address", FALSE, 0 },
                     { "2 valid", "2 protection", "2 address", TRUE, PAGE_READWRITE },
                     { "3 valid", "3 protection", "3 address", TRUE, PAGE_READONLY },
                     { "4 valid", "4 protection", "4 address", FALSE, 0 } };
        EXPECT_BOOL(page[i].valid, info[i].VirtualAttributes.Valid, page[i].there);
        EXPECT_HEX(page[i].protection, info[i].VirtualAttributes.Win32Protection, page[i].protect);
        EXPECT_TRUE(page[i].address, info[i].VirtualAddress == pages + i * 0x1000 + i);
    }
    EXPECT_BOOL("private page can be shared", info[1].VirtualAttributes.Shared, FALSE);
    VirtualFree(pages, 0, MEM_RELEASE);

    info[0].VirtualAddress = pages;
    info[0].VirtualAttributes.Flags = (ULONG_PTR)-1;
    CHECK(EX_PAGE, "a freed page");
    SET_SENTINEL();
    ok = query(self, info, sizeof(info[0]));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_BOOL("valid", info[0].VirtualAttributes.Valid, FALSE);

    const struct {
        const char *name;
        HANDLE process;
        void *out;
        DWORD bytes, error;
    } cases[] = { { "process NULL", NULL, info, sizeof(info[0]), ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, info, sizeof(info[0]), ERROR_INVALID_HANDLE },
                  { "an event's handle", event, info, sizeof(info[0]), ERROR_INVALID_HANDLE },
                  { "a handle without PROCESS_QUERY_INFORMATION", blind, info, sizeof(info[0]), ERROR_ACCESS_DENIED },
                  { "a handle without PROCESS_VM_READ", deaf, info, sizeof(info[0]), ERROR_ACCESS_DENIED },
                  { "NULL array", self, NULL, sizeof(info[0]), ERROR_NOACCESS },
                  { "less than one element", self, info, sizeof(info[0]) - 1, 0 } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(EX_PAGE, "%s", cases[i].name);
        if (!cases[i].error)
            UNDECIDED("the page does not speak of sizes that are no multiple");
        SET_SENTINEL();
        ok = cases[i].out ? query(cases[i].process, cases[i].out, cases[i].bytes) : query_null(query);
        if (cases[i].error)
            EXPECT_ERROR(cases[i].error);
        else
            NOTE_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    CloseHandle(deaf);
    CloseHandle(blind);
    CloseHandle(event);
}
TEST_BOTH(QueryWorkingSetEx, pages, battery_ex)

/* By a handle that is not GetCurrentProcess(), though to this process. */
TEST(K32QueryWorkingSetEx, own_handle)
{
    NEED(K32QueryWorkingSetEx);
    NEED(K32QueryWorkingSet);
    HANDLE own = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ, FALSE, GetCurrentProcessId());
    BYTE here = 1;
    PSAPI_WORKING_SET_EX_INFORMATION page = { .VirtualAddress = &here };
    static ULONG_PTR set[1 << 16];
    CHECK("psapi/nf-psapi-queryworkingsetex", "a handle to this process, a page of the stack");
    SET_SENTINEL();
    BOOL ok = pK32QueryWorkingSetEx(own, &page, sizeof(page));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("valid", page.VirtualAttributes.Valid);
    CHECK_OF(K32QueryWorkingSet, "psapi/nf-psapi-queryworkingset", "a handle to this process");
    SET_SENTINEL();
    ok = pK32QueryWorkingSet(own, set, sizeof(set));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("entries", set[0]);
    CloseHandle(own);
}

#define QUERY_PAGE "psapi/nf-psapi-queryworkingset"
/* The entry for a page, NULL when it is not listed. */
static const PSAPI_WORKING_SET_BLOCK *entry_find(const PSAPI_WORKING_SET_INFORMATION *set, const void *page)
{
    for (ULONG_PTR i = 0; i < set->NumberOfEntries; i++)
        if (set->WorkingSetInfo[i].VirtualPage == (ULONG_PTR)page >> 12)
            return &set->WorkingSetInfo[i];
    return NULL;
}
static void battery_query(BOOL(WINAPI *query)(HANDLE, void *, DWORD))
{
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE blind = OpenProcess(PROCESS_VM_READ, FALSE, me());
    PSAPI_WORKING_SET_INFORMATION little;
    BYTE *pages = VirtualAlloc(NULL, 0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    DWORD old, bytes = 16 << 20;
    pages[0x1000] = pages[0x2000] = 1;
    VirtualProtect(pages + 0x2000, 0x1000, PAGE_EXECUTE_READ, &old);
    PSAPI_WORKING_SET_INFORMATION *set = VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    CHECK(QUERY_PAGE, "room for one entry");
    memset(&little, 0, sizeof(little));
    SET_SENTINEL();
    BOOL ok = query(self, &little, sizeof(little));
    EXPECT_ERROR(ERROR_BAD_LENGTH);
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_TRUE("tells how many are needed", little.NumberOfEntries > 1);

    CHECK(QUERY_PAGE, "room for all entries");
    SET_SENTINEL();
    ok = query(self, set, bytes);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    if (ok) {
        const PSAPI_WORKING_SET_BLOCK *written = entry_find(set, pages + 0x1000);
        const PSAPI_WORKING_SET_BLOCK *code = entry_find(set, pages + 0x2000);
        EXPECT_BOOL("an untouched page is listed", entry_find(set, pages), FALSE);
        EXPECT_BOOL("a written page is listed", written, TRUE);
        EXPECT_BOOL("a page made executable is listed", code, TRUE);
        if (written) {
            EXPECT_UINT("written page's protection (4: read/write)", written->Protection, 4);
            EXPECT_BOOL("written page can be shared", written->Shared, FALSE);
        }
        if (code)
            EXPECT_UINT("executable page's protection (3: executable and read-only)", code->Protection, 3);
        EXPECT_BOOL("the stack is listed", entry_find(set, &little), TRUE);
    }
    const struct {
        const char *name;
        HANDLE process;
        void *out;
        DWORD bytes, error;
    } cases[] = { { "process NULL", NULL, set, bytes, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, set, bytes, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, set, bytes, ERROR_INVALID_HANDLE },
                  { "a handle without PROCESS_QUERY_INFORMATION", blind, set, bytes, ERROR_ACCESS_DENIED },
                  { "0 bytes", self, set, 0, ERROR_BAD_LENGTH },
                  { "NULL buffer", self, NULL, bytes, ERROR_NOACCESS } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(QUERY_PAGE, "%s", cases[i].name);
        SET_SENTINEL();
        ok = query(cases[i].process, cases[i].out, cases[i].bytes);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, FALSE);
    }
    VirtualFree(set, 0, MEM_RELEASE);
    VirtualFree(pages, 0, MEM_RELEASE);
    CloseHandle(blind);
    CloseHandle(event);
}
TEST_BOTH(QueryWorkingSet, pages, battery_query)

static void battery_empty(BOOL(WINAPI *empty)(HANDLE))
{
    static const char page[] = "psapi/nf-psapi-emptyworkingset";
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), less = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, me());
    HANDLE quota = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_SET_QUOTA, FALSE, me());
    BYTE *pages = VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    const struct {
        const char *name;
        HANDLE process;
        DWORD error;
    } cases[] = { { "this process", GetCurrentProcess(), SENTINEL },
                  { "PROCESS_QUERY_INFORMATION|PROCESS_SET_QUOTA", quota, SENTINEL },
                  { "PROCESS_QUERY_INFORMATION", less, ERROR_ACCESS_DENIED },
                  { "NULL", NULL, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, ERROR_INVALID_HANDLE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        memset(pages, 0x5c, 0x10000);
        CHECK(page, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = empty(cases[i].process);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].error == SENTINEL);
        EXPECT_TRUE("content stays", pages[0] == 0x5c && pages[0xffff] == 0x5c);
    }
    VirtualFree(pages, 0, MEM_RELEASE);
    CloseHandle(quota);
    CloseHandle(less);
    CloseHandle(event);
}
TEST_BOTH(EmptyWorkingSet, handles, battery_empty)

static void battery_watch(BOOL(WINAPI *watch)(HANDLE))
{
    static const char page[] = "psapi/nf-psapi-initializeprocessforwswatch";
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL), blind = OpenProcess(PROCESS_VM_READ, FALSE, me());
    const struct {
        const char *name;
        HANDLE process;
        DWORD error;
    } cases[] = { { "this process", GetCurrentProcess(), SENTINEL },
                  { "a handle without PROCESS_QUERY_INFORMATION", blind, ERROR_ACCESS_DENIED },
                  { "NULL", NULL, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, ERROR_INVALID_HANDLE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(page, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = watch(cases[i].process);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].error == SENTINEL);
    }
    CloseHandle(blind);
    CloseHandle(event);
}
TEST_BOTH(InitializeProcessForWsWatch, handles, battery_watch)

/* Faults on 64 fresh pages must be among the changes. ex: with PSAPI_WS_WATCH_INFORMATION_EX. */
static void battery_changes(BOOL (*get)(HANDLE process, void *out, DWORD *bytes), const char *page, BOOL ex)
{
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    static ULONG_PTR out[4 * 16384];
    const unsigned words = ex ? sizeof(PSAPI_WS_WATCH_INFORMATION_EX) / sizeof(ULONG_PTR) : 2;
    unsigned found = 0;
    DWORD bytes = sizeof(out);
    if (pK32InitializeProcessForWsWatch)
        pK32InitializeProcessForWsWatch(self);
    BYTE *pages = VirtualAlloc(NULL, 0x40000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    for (unsigned i = 0; i < 64; i++)
        pages[i * 0x1000] = 1;
    CHECK(page, "after 64 first writes to pages");
    SET_SENTINEL();
    BOOL ok = get(self, out, &bytes);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    if (ok)
        for (unsigned i = 0; i + words < sizeof(out) / sizeof(out[0]) && out[i]; i += words)
            if (out[i + 1] - (ULONG_PTR)pages < 0x40000)
                found++;
    EXPECT_TRUE("the pages' faults are recorded", found >= 32);
    VirtualFree(pages, 0, MEM_RELEASE);
    const struct {
        const char *name;
        HANDLE process;
    } bad[] = { { "process NULL", NULL }, { "no handle", (HANDLE)0xdeadbee0 }, { "an event's handle", event } };
    for (unsigned i = 0; i < COUNT(bad); i++) {
        bytes = sizeof(out);
        CHECK(page, "%s", bad[i].name);
        SET_SENTINEL();
        ok = get(bad[i].process, out, &bytes);
        EXPECT_ERROR(ERROR_INVALID_HANDLE);
        EXPECT_BOOL("return", ok, FALSE);
    }
    CloseHandle(event);
}
static BOOL changes(HANDLE p, void *o, DWORD *n) { return pGetWsChanges(p, o, *n); }
static BOOL k32_changes(HANDLE p, void *o, DWORD *n) { return pK32GetWsChanges(p, o, *n); }
static BOOL changes_ex(HANDLE p, void *o, DWORD *n) { return pGetWsChangesEx(p, o, n); }
static BOOL k32_changes_ex(HANDLE p, void *o, DWORD *n) { return pK32GetWsChangesEx(p, o, n); }
#define CHANGES_PAGE "psapi/nf-psapi-getwschanges"
#define CHANGES_EX_PAGE "psapi/nf-psapi-getwschangesex"
TEST(GetWsChanges, faults) { NEED(GetWsChanges); battery_changes(changes, CHANGES_PAGE, FALSE); }
TEST(K32GetWsChanges, faults) { NEED(K32GetWsChanges); battery_changes(k32_changes, CHANGES_PAGE, FALSE); }
TEST(GetWsChangesEx, faults) { NEED(GetWsChangesEx); battery_changes(changes_ex, CHANGES_EX_PAGE, TRUE); }
TEST(K32GetWsChangesEx, faults) { NEED(K32GetWsChangesEx); battery_changes(k32_changes_ex, CHANGES_EX_PAGE, TRUE); }

FAMILY(psapi)
