/* virtual_remote.c - the forms that take a process: VirtualAllocEx, ExNuma, FreeEx, ProtectEx, QueryEx; and
 * VirtualAllocFromApp. */
#include "virtual.h"

FAMILY(virtual)

#define NEED_EX()                                                                                                    \
    NEED_BASICS();                                                                                                   \
    NEED(VirtualAllocEx);                                                                                            \
    NEED(VirtualFreeEx);                                                                                             \
    NEED(VirtualProtectEx);                                                                                          \
    NEED(VirtualQueryEx)

enum { CURRENT, OWN, OTHER, PROCESSES };
static const char *const process_names[] = { "GetCurrentProcess()", "a handle to this process", "another process" };

static HANDLE process_open(unsigned which)
{
    if (which == CURRENT) return GetCurrentProcess();
    if (which == OTHER) return conform_peer_start();
    return OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
}

static void process_close(unsigned which, HANDLE process)
{
    if (which == OWN) CloseHandle(process);
    if (which == OTHER) conform_peer_end(process);
}

/* The life of an allocation, on each kind of process handle. */
TEST(VirtualAllocEx, life)
{
    NEED_EX();
    for (unsigned which = 0; which < PROCESSES; which++) {
        HANDLE process = process_open(which);
        MEMORY_BASIC_INFORMATION info;
        DWORD old = 0;
        SIZE_T moved = 0;
        char text[8] = "";
        const char *name = process_names[which];

        CHECK(P_ALLOC_EX, "%s, NULL, 65536, MEM_RESERVE, PAGE_NOACCESS", name);
        SET_SENTINEL();
        char *base = pVirtualAllocEx(process, NULL, GRANULE, MEM_RESERVE, PAGE_NOACCESS);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        EXPECT_UINT("offset in granule", (uintptr_t)base % GRANULE, 0);

        CHECK_OF(VirtualQueryEx, P_QUERY_EX, "%s, the reservation", name);
        SET_SENTINEL();
        SIZE_T size = pVirtualQueryEx(process, base, &info, sizeof(info));
        EXPECT_ERROR(SENTINEL);
        EXPECT_UINT("return is the structure's size", size == sizeof(info), TRUE);
        EXPECT_HEX("state", info.State, MEM_RESERVE);
        EXPECT_UINT("region size", info.RegionSize, GRANULE);
        EXPECT_HEX("allocation protection", info.AllocationProtect, PAGE_NOACCESS);

        CHECK(P_ALLOC_EX, "%s, second page of the reservation, 2, MEM_COMMIT, PAGE_READWRITE", name);
        EXPECT_UINT("return, as offset of the base",
                    (char *)pVirtualAllocEx(process, base + PAGE, 2, MEM_COMMIT, PAGE_READWRITE) - base, PAGE);
        EXPECT_TRUE("zero there", ReadProcessMemory(process, base + PAGE, text, sizeof(text), &moved) &&
                                      all_zero(text, sizeof(text)));
        EXPECT_TRUE("writing there", WriteProcessMemory(process, base + PAGE, "k32mem", 7, &moved));

        CHECK_OF(VirtualProtectEx, P_PROTECT_EX, "%s, the committed page, to PAGE_READONLY", name);
        SET_SENTINEL();
        BOOL ok = pVirtualProtectEx(process, base + PAGE, PAGE, PAGE_READONLY, &old);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        EXPECT_HEX("old protection", old, PAGE_READWRITE);

        CHECK_OF(VirtualQueryEx, P_QUERY_EX, "%s, the committed page", name);
        pVirtualQueryEx(process, base + PAGE + 5, &info, sizeof(info));
        EXPECT_TRUE("base address", (char *)info.BaseAddress == base + PAGE);
        EXPECT_TRUE("allocation base", (char *)info.AllocationBase == base);
        EXPECT_HEX("state", info.State, MEM_COMMIT);
        EXPECT_HEX("protection", info.Protect, PAGE_READONLY);
        EXPECT_UINT("region size", info.RegionSize, PAGE);
        EXPECT_TRUE("content", ReadProcessMemory(process, base + PAGE, text, 7, &moved) && !strcmp(text, "k32mem"));

        CHECK_OF(VirtualFreeEx, P_FREE_EX, "%s, the committed page, 4096, MEM_DECOMMIT", name);
        SET_SENTINEL();
        ok = pVirtualFreeEx(process, base + PAGE, PAGE, MEM_DECOMMIT);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        pVirtualQueryEx(process, base, &info, sizeof(info));
        EXPECT_HEX("state", info.State, MEM_RESERVE);
        EXPECT_UINT("region size", info.RegionSize, GRANULE);

        CHECK_OF(VirtualFreeEx, P_FREE_EX, "%s, the base, 4096, MEM_RELEASE", name);
        SET_SENTINEL();
        ok = pVirtualFreeEx(process, base, PAGE, MEM_RELEASE);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);

        CHECK_OF(VirtualFreeEx, P_FREE_EX, "%s, the base, 0, MEM_RELEASE", name);
        SET_SENTINEL();
        ok = pVirtualFreeEx(process, base, 0, MEM_RELEASE);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        pVirtualQueryEx(process, base, &info, sizeof(info));
        EXPECT_HEX("state", info.State, MEM_FREE);

        CHECK_OF(VirtualFreeEx, P_FREE_EX, "%s, the base, released already, 0, MEM_RELEASE", name);
        SET_SENTINEL();
        ok = pVirtualFreeEx(process, base, 0, MEM_RELEASE);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
        process_close(which, process);
    }
}

TEST(VirtualAllocEx, mistakes_in_another_process)
{
    NEED_EX();
    HANDLE other = conform_peer_start();
    DWORD old;
    static const struct {
        const char *name;
        SIZE_T bytes;
        DWORD type, protect;
    } cases[] = { { "4096, MEM_RESERVE|MEM_COMMIT, PAGE_WRITECOPY", 4096, NEW, PAGE_WRITECOPY },
                  { "4096, MEM_RESERVE|MEM_COMMIT, PAGE_NOACCESS|PAGE_GUARD", 4096, NEW, PAGE_NOACCESS | PAGE_GUARD },
                  { "4096, MEM_RESERVE|MEM_COMMIT, protection 0", 4096, NEW, 0 },
                  { "4096, MEM_TOP_DOWN, PAGE_READWRITE", 4096, MEM_TOP_DOWN, PAGE_READWRITE },
                  { "0, MEM_RESERVE, PAGE_READWRITE", 0, MEM_RESERVE, PAGE_READWRITE },
                  { "-1, MEM_RESERVE, PAGE_READWRITE", (SIZE_T)-1, MEM_RESERVE, PAGE_READWRITE } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_ALLOC_EX, "another process, NULL, %s", cases[i].name);
        SET_SENTINEL();
        void *base = pVirtualAllocEx(other, NULL, cases[i].bytes, cases[i].type, cases[i].protect);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);
    }
    char *base = pVirtualAllocEx(other, NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE);
    CHECK_OF(VirtualProtectEx, P_PROTECT_EX, "another process, a reserved page, to PAGE_READONLY");
    SET_SENTINEL();
    BOOL ok = pVirtualProtectEx(other, base, PAGE, PAGE_READONLY, &old);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);

    CHECK_OF(VirtualProtectEx, P_PROTECT_EX, "another process, a committed page, old protection to NULL");
    pVirtualAllocEx(other, base, PAGE, MEM_COMMIT, PAGE_READWRITE);
    SET_SENTINEL();
    ok = pVirtualProtectEx(other, base, PAGE, PAGE_READONLY, NULL);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);

    CHECK_OF(VirtualFreeEx, P_FREE_EX, "another process, second page, 0, MEM_RELEASE");
    SET_SENTINEL();
    ok = pVirtualFreeEx(other, base + PAGE, 0, MEM_RELEASE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", ok, FALSE);

    CHECK_OF(VirtualFreeEx, P_FREE_EX, "another process, base, 0, MEM_RELEASE|MEM_DECOMMIT");
    SET_SENTINEL();
    ok = pVirtualFreeEx(other, base, 0, MEM_RELEASE | MEM_DECOMMIT);
    EXPECT_ERROR(ERROR_INVALID_PARAMETER);
    EXPECT_BOOL("return", ok, FALSE);
    conform_peer_end(other);
}

TEST(VirtualAllocEx, handles)
{
    NEED_EX();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE ended = conform_peer_start();
    TerminateProcess(ended, 0);
    WaitForSingleObject(ended, 5000);
    const struct {
        const char *name;
        HANDLE handle;
        DWORD error; /* 0: not documented */
    } cases[] = {
        { "NULL", NULL, ERROR_INVALID_HANDLE },
        { "a value that is no handle", (HANDLE)0x00fffff0, ERROR_INVALID_HANDLE },
        { "an event", event, ERROR_INVALID_HANDLE },
        { "a process that has ended", ended, 0 },
        { "a handle without the right", OpenProcess(SYNCHRONIZE, FALSE, GetCurrentProcessId()), ERROR_ACCESS_DENIED },
    };
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    MEMORY_BASIC_INFORMATION info;
    DWORD old;
#define EXPECT_FAILURE(error)                                                                                        \
    do {                                                                                                             \
        if (error)                                                                                                   \
            EXPECT_ERROR(error);                                                                                     \
        else                                                                                                         \
            EXPECT_SOME_ERROR();                                                                                     \
        EXPECT_BOOL("return", ok, FALSE);                                                                            \
    } while (0)
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK(P_RIGHTS, "%s, NULL, 4096, MEM_RESERVE, PAGE_READWRITE", cases[i].name);
        SET_SENTINEL();
        BOOL ok = !!pVirtualAllocEx(cases[i].handle, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE);
        EXPECT_FAILURE(cases[i].error);
        CHECK_OF(VirtualProtectEx, P_RIGHTS, "%s, a committed page, to PAGE_READWRITE", cases[i].name);
        SET_SENTINEL();
        ok = pVirtualProtectEx(cases[i].handle, base, PAGE, PAGE_READWRITE, &old);
        EXPECT_FAILURE(cases[i].error);
        CHECK_OF(VirtualFreeEx, P_RIGHTS, "%s, a committed page, 4096, MEM_DECOMMIT", cases[i].name);
        SET_SENTINEL();
        ok = pVirtualFreeEx(cases[i].handle, base, PAGE, MEM_DECOMMIT);
        EXPECT_FAILURE(cases[i].error);
        CHECK_OF(VirtualQueryEx, P_RIGHTS, "%s, a committed page", cases[i].name);
        SET_SENTINEL();
        ok = !!pVirtualQueryEx(cases[i].handle, base, &info, sizeof(info));
        EXPECT_FAILURE(cases[i].error);
    }
    CHECK_OF(VirtualQueryEx, P_QUERY_EX, "the page that none of these calls reached");
    EXPECT_STATE("state", base, MEM_COMMIT);
    EXPECT_PROTECT("protection", base, PAGE_READWRITE);
    CloseHandle(cases[4].handle);
    CloseHandle(event);
    CloseHandle(ended);
    release(base);
}

TEST(VirtualQueryEx, rights)
{
    NEED_EX();
    HANDLE other = conform_peer_start();
    char *base = new_pages(GRANULE, PAGE_READWRITE);
    char *there = pVirtualAllocEx(other, NULL, GRANULE, NEW, PAGE_READONLY);
    static const struct {
        const char *name;
        DWORD access;
        BOOL enough;
    } cases[] = { { "PROCESS_QUERY_INFORMATION", PROCESS_QUERY_INFORMATION, TRUE },
                  { "PROCESS_QUERY_LIMITED_INFORMATION", PROCESS_QUERY_LIMITED_INFORMATION, TRUE },
                  { "PROCESS_VM_OPERATION", PROCESS_VM_OPERATION, FALSE },
                  { "PROCESS_VM_READ", PROCESS_VM_READ, FALSE } };
    for (unsigned i = 0; i < 4; i++)
        for (unsigned foreign = 0; foreign < 2; foreign++) {
            HANDLE process = OpenProcess(cases[i].access, FALSE, foreign ? GetProcessId(other) : GetCurrentProcessId());
            MEMORY_BASIC_INFORMATION info;
            memset(&info, 0, sizeof(info));
            CHECK(P_QUERY_EX, "%s with only %s, a committed page", foreign ? "another process" : "this process",
                  cases[i].name);
            SET_SENTINEL();
            SIZE_T size = pVirtualQueryEx(process, foreign ? there : base, &info, sizeof(info));
            EXPECT_ERROR(cases[i].enough ? SENTINEL : ERROR_ACCESS_DENIED);
            EXPECT_BOOL("return", size == sizeof(info), cases[i].enough);
            EXPECT_HEX("protection", info.Protect, !cases[i].enough ? 0 : foreign ? PAGE_READONLY : PAGE_READWRITE);
            CloseHandle(process);
        }
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    MEMORY_BASIC_INFORMATION info;
    CHECK(P_QUERY_EX, "another process, the maximum application address + 64 KB");
    SET_SENTINEL();
    SIZE_T size = pVirtualQueryEx(other, (char *)system.lpMaximumApplicationAddress + GRANULE, &info, sizeof(info));
    EXPECT_ERROR(ERROR_INVALID_PARAMETER);
    EXPECT_UINT("return", size, 0);
    CHECK(P_QUERY_EX, "another process, a buffer of the structure's size - 1");
    SET_SENTINEL();
    size = pVirtualQueryEx(other, there, &info, sizeof(info) - 1);
    EXPECT_SOME_ERROR();
    EXPECT_UINT("return", size, 0);
    release(base);
    conform_peer_end(other);
}

TEST(VirtualAllocExNuma, nodes)
{
    NEED_BASICS();
    NEED(VirtualAllocExNuma);
    static const struct {
        const char *name;
        DWORD node;
    } nodes[] = { { "node 0", 0 }, { "NUMA_NO_PREFERRED_NODE", (DWORD)-1 } };
    for (unsigned i = 0; i < 2; i++) {
        CHECK(P_ALLOC_NUMA, "GetCurrentProcess(), NULL, 65536, MEM_RESERVE, PAGE_READWRITE, %s", nodes[i].name);
        SET_SENTINEL();
        char *base = pVirtualAllocExNuma(GetCurrentProcess(), NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE, nodes[i].node);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        EXPECT_STATE("state", base, MEM_RESERVE);

        CHECK(P_ALLOC_NUMA, "GetCurrentProcess(), that reservation, 4096, MEM_COMMIT, PAGE_READWRITE, %s", nodes[i].name);
        SET_SENTINEL();
        void *page = pVirtualAllocExNuma(GetCurrentProcess(), base, PAGE, MEM_COMMIT, PAGE_READWRITE, nodes[i].node);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return is the base", page == base);
        EXPECT_TRUE("all zero", all_zero(base, PAGE));
        release(base);

        CHECK(P_ALLOC_NUMA, "GetCurrentProcess(), NULL, 0, MEM_RESERVE, PAGE_READWRITE, %s", nodes[i].name);
        SET_SENTINEL();
        base = pVirtualAllocExNuma(GetCurrentProcess(), NULL, 0, MEM_RESERVE, PAGE_READWRITE, nodes[i].node);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);

        CHECK(P_ALLOC_NUMA, "GetCurrentProcess(), NULL, 4096, MEM_RESERVE, PAGE_WRITECOPY, %s", nodes[i].name);
        SET_SENTINEL();
        base = pVirtualAllocExNuma(GetCurrentProcess(), NULL, PAGE, MEM_RESERVE, PAGE_WRITECOPY, nodes[i].node);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);

        CHECK(P_ALLOC_NUMA, "NULL as the process, NULL, 4096, MEM_RESERVE, PAGE_READWRITE, %s", nodes[i].name);
        SET_SENTINEL();
        base = pVirtualAllocExNuma(NULL, NULL, PAGE, MEM_RESERVE, PAGE_READWRITE, nodes[i].node);
        EXPECT_ERROR(ERROR_INVALID_HANDLE);
        EXPECT_BOOL("return", base, FALSE);
    }
    CHECK(P_ALLOC_NUMA, "another process, NULL, 65536, MEM_RESERVE|MEM_COMMIT, PAGE_READWRITE, node 0");
    HANDLE other = conform_peer_start();
    SET_SENTINEL();
    void *base = pVirtualAllocExNuma(other, NULL, GRANULE, NEW, PAGE_READWRITE, 0);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", base);
    conform_peer_end(other);

    CHECK(P_ALLOC_NUMA, "GetCurrentProcess(), NULL, 65536, MEM_RESERVE, PAGE_READWRITE, node 77");
    UNDECIDED("the page does not say what a node that the system does not have does");
    SET_SENTINEL();
    base = pVirtualAllocExNuma(GetCurrentProcess(), NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE, 77);
    NOTE_ERROR();
    NOTE_BOOL("return", base);
    release(base);
}

TEST(VirtualAllocFromApp, protections)
{
    NEED_BASICS();
    NEED(VirtualAllocFromApp);
    static const DWORD good[] = { PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_READWRITE | PAGE_GUARD };
    static const DWORD bad[] = { PAGE_EXECUTE,           PAGE_EXECUTE_READ,
                                 PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY,
                                 PAGE_WRITECOPY,         PAGE_EXECUTE_READ | PAGE_GUARD,
                                 0,                      PAGE_NOACCESS | PAGE_GUARD };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_ALLOC_APP, "NULL, 5000, MEM_RESERVE|MEM_COMMIT, %s", protect_name(good[i]));
        SET_SENTINEL();
        void *base = pVirtualAllocFromApp(NULL, 5000, NEW, good[i]);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", base);
        EXPECT_PROTECT("protection", base, good[i]);
        EXPECT_UINT("region size", page_info(base).RegionSize, 2 * PAGE);
        release(base);
    }
    for (unsigned i = 0; i < 8; i++) {
        CHECK(P_ALLOC_APP, "NULL, 4096, MEM_RESERVE|MEM_COMMIT, %s", protect_name(bad[i]));
        SET_SENTINEL();
        void *base = pVirtualAllocFromApp(NULL, PAGE, NEW, bad[i]);
        EXPECT_SOME_ERROR();
        EXPECT_BOOL("return", base, FALSE);
        release(base);
    }
    CHECK(P_ALLOC_APP, "a free address, 4096, MEM_COMMIT, PAGE_READWRITE");
    SET_SENTINEL();
    void *base = pVirtualAllocFromApp(free_range(GRANULE), PAGE, MEM_COMMIT, PAGE_READWRITE);
    EXPECT_ERROR(ERROR_INVALID_ADDRESS);
    EXPECT_BOOL("return", base, FALSE);
    release(base);

    CHECK(P_ALLOC_APP, "NULL, 0, MEM_RESERVE, PAGE_READWRITE");
    SET_SENTINEL();
    base = pVirtualAllocFromApp(NULL, 0, MEM_RESERVE, PAGE_READWRITE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", base, FALSE);

    CHECK(P_ALLOC_APP, "committed pages, 4096, MEM_RESET|MEM_COMMIT, PAGE_READWRITE");
    char *pages = new_pages(PAGE, PAGE_READWRITE);
    SET_SENTINEL();
    base = pVirtualAllocFromApp(pages, PAGE, MEM_RESET | MEM_COMMIT, PAGE_READWRITE);
    EXPECT_SOME_ERROR();
    EXPECT_BOOL("return", base, FALSE);
    release(pages);
}
