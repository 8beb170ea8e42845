/* memory_secured.c - callbacks for secured memory, and the call targets of Control Flow Guard. */
#include "conform.h"

FAMILY(memory)

FUNCTION(BOOL, AddSecureMemoryCacheCallback, (PSECURE_MEMORY_CACHE_CALLBACK))
FUNCTION(BOOL, RemoveSecureMemoryCacheCallback, (PSECURE_MEMORY_CACHE_CALLBACK))
FUNCTION(BOOL, SetProcessValidCallTargets, (HANDLE, PVOID, SIZE_T, ULONG, PCFG_CALL_TARGET_INFO))
FUNCTION(BOOL, SetProcessValidCallTargetsForMappedView,
         (HANDLE, PVOID, SIZE_T, ULONG, PCFG_CALL_TARGET_INFO, HANDLE, ULONG64))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, PDWORD))

#define P_ADD "winbase/nf-winbase-addsecurememorycachecallback"
#define P_REMOVE "winbase/nf-winbase-removesecurememorycachecallback"
#define P_CALLBACK "winnt/nc-winnt-psecure_memory_cache_callback"
#define P_TARGETS "memoryapi/nf-memoryapi-setprocessvalidcalltargets"
#define P_VIEW "memoryapi/nf-memoryapi-setprocessvalidcalltargetsformappedview"

static LONG first_calls, second_calls;
static BOOLEAN NTAPI first(PVOID base, SIZE_T bytes)
{
    (void)base;
    (void)bytes;
    first_calls++;
    return FALSE;
}
static BOOLEAN NTAPI second(PVOID base, SIZE_T bytes)
{
    (void)base;
    (void)bytes;
    second_calls++;
    return FALSE;
}

TEST(AddSecureMemoryCacheCallback, add_and_remove)
{
    NEED(AddSecureMemoryCacheCallback);
    NEED(RemoveSecureMemoryCacheCallback);
    CHECK(P_ADD, "a callback");
    SET_SENTINEL();
    BOOL ok = pAddSecureMemoryCacheCallback(first);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    CHECK(P_ADD, "another callback");
    EXPECT_TRUE("return", pAddSecureMemoryCacheCallback(second));
    CHECK_OF(RemoveSecureMemoryCacheCallback, P_REMOVE, "the first callback");
    SET_SENTINEL();
    ok = pRemoveSecureMemoryCacheCallback(first);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    CHECK_OF(RemoveSecureMemoryCacheCallback, P_REMOVE, "the first callback again");
    EXPECT_BOOL("return", pRemoveSecureMemoryCacheCallback(first), FALSE);
    CHECK_OF(RemoveSecureMemoryCacheCallback, P_REMOVE, "the other callback");
    EXPECT_TRUE("return", pRemoveSecureMemoryCacheCallback(second));
    CHECK_OF(RemoveSecureMemoryCacheCallback, P_REMOVE, "the other callback again");
    EXPECT_BOOL("return", pRemoveSecureMemoryCacheCallback(second), FALSE);
    CHECK(P_ADD, "a callback that has been removed");
    EXPECT_TRUE("return", pAddSecureMemoryCacheCallback(first));
    EXPECT_TRUE("removed again", pRemoveSecureMemoryCacheCallback(first));
}

TEST(AddSecureMemoryCacheCallback, twice)
{
    NEED(AddSecureMemoryCacheCallback);
    NEED(RemoveSecureMemoryCacheCallback);
    CHECK(P_ADD, "the same callback twice");
    UNDECIDED("the page does not say whether a callback can be registered twice");
    BOOL once = pAddSecureMemoryCacheCallback(first), again = pAddSecureMemoryCacheCallback(first);
    NOTE_BOOL("first return", once);
    NOTE_BOOL("second return", again);
    NOTE_BOOL("removed once", pRemoveSecureMemoryCacheCallback(first));
    NOTE_BOOL("removed twice", pRemoveSecureMemoryCacheCallback(first));
}

TEST(AddSecureMemoryCacheCallback, unsecured_memory)
{
    NEED(AddSecureMemoryCacheCallback);
    NEED(RemoveSecureMemoryCacheCallback);
    NEED(VirtualAlloc);
    NEED(VirtualFree);
    NEED(VirtualProtect);
    DWORD old;
    first_calls = second_calls = 0;
    pAddSecureMemoryCacheCallback(first);
    pAddSecureMemoryCacheCallback(second);
    char *base = pVirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK_OF(VirtualProtect, P_CALLBACK, "memory that no driver has secured, a callback registered");
    EXPECT_TRUE("VirtualProtect", pVirtualProtect(base, 4096, PAGE_READONLY, &old));
    EXPECT_UINT("calls of the callbacks", first_calls + second_calls, 0);
    CHECK_OF(VirtualProtect, P_CALLBACK, "PAGE_READWRITE|PAGE_READONLY, a callback registered");
    EXPECT_BOOL("VirtualProtect", pVirtualProtect(base, 4096, PAGE_READWRITE | PAGE_READONLY, &old), FALSE);
    EXPECT_UINT("calls of the callbacks", first_calls + second_calls, 0);
    CHECK_OF(VirtualFree, P_CALLBACK, "memory that no driver has secured, a callback registered");
    EXPECT_TRUE("VirtualFree", pVirtualFree(base, 0, MEM_RELEASE));
    EXPECT_UINT("calls of the callbacks", first_calls + second_calls, 0);
    CHECK_OF(VirtualFree, P_CALLBACK, "memory that is free already, a callback registered");
    EXPECT_BOOL("VirtualFree", pVirtualFree(base, 0, MEM_RELEASE), FALSE);
    EXPECT_UINT("calls of the callbacks", first_calls + second_calls, 0);
    pRemoveSecureMemoryCacheCallback(first);
    pRemoveSecureMemoryCacheCallback(second);
}

TEST(AddSecureMemoryCacheCallback, null)
{
    NEED(AddSecureMemoryCacheCallback);
    NEED(RemoveSecureMemoryCacheCallback);
    CHECK(P_ADD, "NULL");
    UNDECIDED("the page does not say what a NULL callback gives");
    SET_SENTINEL();
    BOOL ok = pAddSecureMemoryCacheCallback(NULL);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    if (ok) pRemoveSecureMemoryCacheCallback(NULL);
    CHECK_OF(RemoveSecureMemoryCacheCallback, P_REMOVE, "NULL, never registered");
    EXPECT_BOOL("return", pRemoveSecureMemoryCacheCallback(NULL), FALSE);
}

static volatile LONG failures;
static DWORD WINAPI add_remove(void *callback)
{
    for (unsigned i = 0; i < 2000; i++)
        if (!pAddSecureMemoryCacheCallback((PSECURE_MEMORY_CACHE_CALLBACK)callback) ||
            !pRemoveSecureMemoryCacheCallback((PSECURE_MEMORY_CACHE_CALLBACK)callback))
            failures++;
    return 0;
}

TEST(AddSecureMemoryCacheCallback, threads)
{
    NEED(AddSecureMemoryCacheCallback);
    NEED(RemoveSecureMemoryCacheCallback);
    HANDLE threads[2];
    failures = 0;
    threads[0] = CreateThread(NULL, 0, add_remove, first, 0, NULL);
    threads[1] = CreateThread(NULL, 0, add_remove, second, 0, NULL);
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    CloseHandle(threads[0]);
    CloseHandle(threads[1]);
    CHECK(P_ADD, "two threads add and remove 2000 times each");
    EXPECT_UINT("failures", failures, 0);
    EXPECT_BOOL("the first is still there", pRemoveSecureMemoryCacheCallback(first), FALSE);
    EXPECT_BOOL("the second is still there", pRemoveSecureMemoryCacheCallback(second), FALSE);
}

/* ---- Control Flow Guard ---- */

static void *code_pages(void)
{
    return VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
}

static const struct {
    const char *name;
    SIZE_T bytes;
    ULONG count;
    ULONG_PTR offsets[3];
} bad_lists[] = { { "offset 1", 4096, 1, { 1 } },
                  { "offset 8", 4096, 1, { 8 } },
                  { "offsets 16, 40", 4096, 2, { 16, 40 } },
                  { "offsets 32, 16", 4096, 2, { 32, 16 } },
                  { "offsets 0, 32, 16", 4096, 3, { 0, 32, 16 } },
                  { "offset 4096 of 4096 bytes", 4096, 1, { 4096 } },
                  { "offset 65536 of 4096 bytes", 4096, 1, { 65536 } } };

TEST(SetProcessValidCallTargets, bad_lists)
{
    NEED(SetProcessValidCallTargets);
    void *base = code_pages();
    for (unsigned i = 0; i < sizeof(bad_lists) / sizeof(bad_lists[0]); i++) {
        CFG_CALL_TARGET_INFO targets[3];
        for (unsigned j = 0; j < 3; j++) {
            targets[j].Offset = bad_lists[i].offsets[j];
            targets[j].Flags = CFG_CALL_TARGET_VALID;
        }
        CHECK(P_TARGETS, "%s", bad_lists[i].name);
        SET_SENTINEL();
        BOOL ok =
            pSetProcessValidCallTargets(GetCurrentProcess(), base, bad_lists[i].bytes, bad_lists[i].count, targets);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        EXPECT_BOOL("return", ok, FALSE);
        NOTE_ERROR();
    }
    VirtualFree(base, 0, MEM_RELEASE);
}

TEST(SetProcessValidCallTargets, without_guard)
{
    NEED(SetProcessValidCallTargets);
    void *base = code_pages();
    CFG_CALL_TARGET_INFO targets[2] = { { 0, CFG_CALL_TARGET_VALID }, { 16, CFG_CALL_TARGET_VALID } };
    CHECK(P_TARGETS, "two valid targets, in a program that is not built with Control Flow Guard");
    UNDECIDED("the page does not say what a process without Control Flow Guard gets");
    SET_SENTINEL();
    BOOL ok = pSetProcessValidCallTargets(GetCurrentProcess(), base, 4096, 2, targets);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    NOTE_HEX("flags of the first", targets[0].Flags);
    CHECK(P_TARGETS, "a target that is to be invalid, in a program that is not built with Control Flow Guard");
    UNDECIDED("the page does not say what a process without Control Flow Guard gets");
    targets[0].Flags = targets[1].Flags = 0;
    SET_SENTINEL();
    ok = pSetProcessValidCallTargets(GetCurrentProcess(), base, 4096, 2, targets);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    VirtualFree(base, 0, MEM_RELEASE);
}

TEST(SetProcessValidCallTargets, bad_arguments)
{
    NEED(SetProcessValidCallTargets);
    CFG_CALL_TARGET_INFO target = { 0, CFG_CALL_TARGET_VALID };
    char *base = code_pages();
    char *reserved = VirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_NOACCESS);
    HANDLE own = GetCurrentProcess();
    const struct {
        const char *name;
        HANDLE process;
        void *base;
        SIZE_T bytes;
        ULONG count;
        CFG_CALL_TARGET_INFO *targets;
    } cases[] = { { "process NULL", NULL, base, 4096, 1, &target },
                  { "process 0x7ffffff4", (HANDLE)0x7ffffff4, base, 4096, 1, &target },
                  { "address NULL", own, NULL, 4096, 1, &target },
                  { "address 1 behind a page", own, base + 1, 4096, 1, &target },
                  { "0 bytes", own, base, 0, 1, &target },
                  { "0 offsets", own, base, 4096, 0, &target },
                  { "no list", own, base, 4096, 1, NULL },
                  { "reserved memory", own, reserved, 4096, 1, &target },
                  { "size that wraps", own, base, ~(SIZE_T)0, 1, &target } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_TARGETS, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pSetProcessValidCallTargets(cases[i].process, cases[i].base, cases[i].bytes, cases[i].count,
                                              cases[i].targets);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        EXPECT_BOOL("return", ok, FALSE);
        NOTE_ERROR();
    }
    VirtualFree(base, 0, MEM_RELEASE);
    VirtualFree(reserved, 0, MEM_RELEASE);
}

TEST(SetProcessValidCallTargetsForMappedView, arguments)
{
    NEED(SetProcessValidCallTargetsForMappedView);
    CFG_CALL_TARGET_INFO target = { 0, CFG_CALL_TARGET_VALID }, odd = { 8, CFG_CALL_TARGET_VALID };
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_EXECUTE_READWRITE, 0, 65536, NULL);
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_WRITE | FILE_MAP_EXECUTE, 0, 0, 0);
    HANDLE own = GetCurrentProcess();
    const struct {
        const char *name;
        void *base;
        SIZE_T bytes;
        ULONG count;
        CFG_CALL_TARGET_INFO *targets;
        HANDLE section;
    } cases[] = { { "section NULL", view, 4096, 1, &target, NULL },
                  { "section INVALID_HANDLE_VALUE", view, 4096, 1, &target, INVALID_HANDLE_VALUE },
                  { "section an event", view, 4096, 1, &target, event },
                  { "more offsets than the range has places", view, 32, 3, &target, section },
                  { "offset 8", view, 4096, 1, &odd, section },
                  { "0 offsets", view, 4096, 0, &target, section },
                  { "no list", view, 4096, 1, NULL, section },
                  { "address NULL", NULL, 4096, 1, &target, section },
                  { "0 bytes", view, 0, 1, &target, section } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_VIEW, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pSetProcessValidCallTargetsForMappedView(own, cases[i].base, cases[i].bytes, cases[i].count,
                                                           cases[i].targets, cases[i].section, 0);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        EXPECT_BOOL("return", ok, FALSE);
        NOTE_ERROR();
    }
    CHECK(P_VIEW, "a valid target, in a program that is not built with Control Flow Guard");
    UNDECIDED("the page does not say what a process without Control Flow Guard gets");
    SET_SENTINEL();
    BOOL ok = pSetProcessValidCallTargetsForMappedView(own, view, 4096, 1, &target, section, 0);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    UnmapViewOfFile(view);
    CloseHandle(event);
    CloseHandle(section);
}
