/* dep.c - data execution prevention. What a process sets is set for good, so each case runs in a process of its own. */
#include "conform.h"

#include <stdlib.h>

FAMILY(dep)

FUNCTION(BOOL, GetProcessDEPPolicy, (HANDLE, LPDWORD, PBOOL))
FUNCTION(BOOL, SetProcessDEPPolicy, (DWORD))
FUNCTION(DEP_SYSTEM_POLICY_TYPE, GetSystemDEPPolicy, (void))

#define P_GET "winbase/nf-winbase-getprocessdeppolicy"
#define P_SET "winbase/nf-winbase-setprocessdeppolicy"
#define P_SYSTEM "winbase/nf-winbase-getsystemdeppolicy"

TEST(GetSystemDEPPolicy, value)
{
    NEED(GetSystemDEPPolicy);
    CHECK(P_SYSTEM, "none");
    SET_SENTINEL();
    unsigned policy = pGetSystemDEPPolicy();
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("0..3", policy <= 3);
    NOTE_UINT("policy", policy);
    CHECK(P_SYSTEM, "twice");
    EXPECT_TRUE("the same", (unsigned)pGetSystemDEPPolicy() == policy);
}

#ifdef _WIN64

TEST(GetProcessDEPPolicy, in_64_bit_process)
{
    NEED(GetProcessDEPPolicy);
    HANDLE real = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    const struct {
        const char *name;
        HANDLE process;
    } cases[] = { { "current process", GetCurrentProcess() }, { "real handle of the current process", real } };
    for (unsigned i = 0; i < 2; i++) {
        DWORD flags = 0xcccccccc;
        BOOL permanent = 0x33;
        CHECK(P_GET, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pGetProcessDEPPolicy(cases[i].process, &flags, &permanent);
        EXPECT_ERROR(ERROR_NOT_SUPPORTED);
        EXPECT_BOOL("return", ok, FALSE);
        NOTE_BOOL("outputs left alone", flags == 0xcccccccc && permanent == 0x33);
    }
    CloseHandle(real);
}

TEST(SetProcessDEPPolicy, in_64_bit_process)
{
    NEED(SetProcessDEPPolicy);
    static const DWORD flags[] = { 0, 1, 2, 3 };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_SET, "flags 0x%lx", flags[i]);
        SET_SENTINEL();
        BOOL ok = pSetProcessDEPPolicy(flags[i]);
        EXPECT_ERROR(ERROR_NOT_SUPPORTED);
        EXPECT_BOOL("return", ok, FALSE);
    }
    static const DWORD others[] = { 4, 0x80000000, 0xffffffff };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_SET, "flags 0x%lx", others[i]);
        SET_SENTINEL();
        BOOL ok = pSetProcessDEPPolicy(others[i]);
        EXPECT_ANY("last error", GetLastError(), ERROR_NOT_SUPPORTED, ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

#else

/* A child's answers, packed: 1 for each TRUE, and the state that it saw. */
struct state {
    unsigned ok : 1, permanent : 1, flags : 4;
};

static struct state state_get(void)
{
    DWORD flags = 0xcc;
    BOOL permanent = 0x33;
    struct state s = { 0, 0, 0 };
    s.ok = pGetProcessDEPPolicy(GetCurrentProcess(), &flags, &permanent) != FALSE;
    s.permanent = permanent == TRUE;
    s.flags = flags & 15;
    return s;
}

/* Sets the flags in argument ("1", then "1 0", ...) one after the other and returns: bit 0 the last call's return, bits
 * 1..4 the flags afterwards, bit 5 permanent afterwards, bit 6 permanent at the start, bits 8..23 the last error. */
CHILD(dep_set)
{
    struct state at_start, after;
    BOOL ok = FALSE;
    DWORD error = 0;
    if (!pGetProcessDEPPolicy || !pSetProcessDEPPolicy) return -1;
    at_start = state_get();
    for (const char *at = argument; *at; at++) {
        if (*at < '0' || *at > '9') continue;
        SetLastError(0x1234);
        ok = pSetProcessDEPPolicy((DWORD)(*at - '0'));
        error = GetLastError();
    }
    after = state_get();
    return (ok != FALSE) | after.flags << 1 | after.permanent << 5 | at_start.permanent << 6 |
           (int)(error & 0xffff) << 8;
}

#define OK(code) ((code)&1)
#define FLAGS(code) ((code) >> 1 & 15)
#define PERMANENT(code) ((code) >> 5 & 1)
#define WAS_PERMANENT(code) ((code) >> 6 & 1)
#define ERROR_OF(code) ((code) >> 8 & 0xffff)

TEST(GetProcessDEPPolicy, own_process)
{
    NEED(GetProcessDEPPolicy);
    DWORD flags = 0xcccccccc;
    BOOL permanent = 0x33;
    CHECK(P_GET, "current process");
    SET_SENTINEL();
    BOOL ok = pGetProcessDEPPolicy(GetCurrentProcess(), &flags, &permanent);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("flags that are not documented", flags & ~(DWORD)3, 0);
    EXPECT_TRUE("permanent is TRUE or FALSE", permanent == TRUE || permanent == FALSE);
    EXPECT_TRUE("thunk emulation disabled only with DEP", flags != 2);
    HANDLE real = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    DWORD real_flags = 0xcccccccc;
    BOOL real_permanent = 0x33;
    CHECK(P_GET, "handle with PROCESS_QUERY_INFORMATION");
    SET_SENTINEL();
    ok = pGetProcessDEPPolicy(real, &real_flags, &real_permanent);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("the same", real_flags == flags && real_permanent == permanent);
    CloseHandle(real);
}

TEST(GetProcessDEPPolicy, bad_handles)
{
    NEED(GetProcessDEPPolicy);
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL);
    const struct {
        const char *name;
        HANDLE handle;
    } cases[] = { { "NULL", NULL }, { "0x7ffffff4", (HANDLE)0x7ffffff4 }, { "handle of a mutex", mutex } };
    for (unsigned i = 0; i < 3; i++) {
        DWORD flags;
        BOOL permanent;
        CHECK(P_GET, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pGetProcessDEPPolicy(cases[i].handle, &flags, &permanent);
        EXPECT_ERROR(ERROR_INVALID_HANDLE);
        EXPECT_BOOL("return", ok, FALSE);
    }
    CloseHandle(mutex);
    HANDLE weak = OpenProcess(SYNCHRONIZE, FALSE, GetCurrentProcessId());
    DWORD flags;
    BOOL permanent;
    CHECK(P_GET, "handle with SYNCHRONIZE only");
    SET_SENTINEL();
    BOOL ok = pGetProcessDEPPolicy(weak, &flags, &permanent);
    EXPECT_ERROR(ERROR_ACCESS_DENIED);
    EXPECT_BOOL("return", ok, FALSE);
    CloseHandle(weak);
}

TEST(SetProcessDEPPolicy, enable)
{
    NEED(GetProcessDEPPolicy);
    NEED(SetProcessDEPPolicy);
    for (int flags = 1; flags <= 3; flags += 2) {
        char text[] = { (char)('0' + flags), 0 };
        int code = conform_in_child("dep_set", text);
        CHECK(P_SET, "flags %d, in a new process", flags);
        /* A program that is marked as compatible with DEP may have it for good from the start. */
        EXPECT_BOOL("return", OK(code), !WAS_PERMANENT(code));
        EXPECT_UINT("last error", ERROR_OF(code), WAS_PERMANENT(code) ? ERROR_ACCESS_DENIED : 0x1234);
        CHECK_OF(GetProcessDEPPolicy, P_GET, "after SetProcessDEPPolicy(%d)", flags);
        EXPECT_UINT("PROCESS_DEP_ENABLE", FLAGS(code) & 1, 1);
        EXPECT_TRUE("PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION as set",
                    WAS_PERMANENT(code) || (FLAGS(code) & 2) == (flags & 2));
        EXPECT_BOOL("permanent", PERMANENT(code), TRUE);
    }
}

TEST(SetProcessDEPPolicy, disable)
{
    NEED(GetProcessDEPPolicy);
    NEED(SetProcessDEPPolicy);
    int code = conform_in_child("dep_set", "0");
    CHECK(P_SET, "flags 0, in a new process");
    EXPECT_BOOL("return", OK(code), !WAS_PERMANENT(code));
    EXPECT_UINT("last error", ERROR_OF(code), WAS_PERMANENT(code) ? ERROR_ACCESS_DENIED : 0x1234);
    CHECK_OF(GetProcessDEPPolicy, P_GET, "after SetProcessDEPPolicy(0)");
    EXPECT_UINT("PROCESS_DEP_ENABLE", FLAGS(code) & 1, WAS_PERMANENT(code));
    EXPECT_BOOL("permanent", PERMANENT(code), WAS_PERMANENT(code));
    code = conform_in_child("dep_set", "0 1");
    CHECK(P_SET, "flags 0, then 1, in a new process");
    EXPECT_BOOL("return", OK(code), !WAS_PERMANENT(code));
    EXPECT_UINT("PROCESS_DEP_ENABLE", FLAGS(code) & 1, 1);
    EXPECT_BOOL("permanent", PERMANENT(code), TRUE);
}

TEST(SetProcessDEPPolicy, after_enable)
{
    NEED(GetProcessDEPPolicy);
    NEED(SetProcessDEPPolicy);
    static const char *const steps[] = { "1 0", "1 1", "1 3", "3 0", "3 1" };
    for (unsigned i = 0; i < 5; i++) {
        int code = conform_in_child("dep_set", steps[i]);
        CHECK(P_SET, "flags %s in turn", steps[i]);
        EXPECT_UINT("PROCESS_DEP_ENABLE afterwards", FLAGS(code) & 1, 1);
        EXPECT_BOOL("permanent afterwards", PERMANENT(code), TRUE);
        EXPECT_TRUE("thunk emulation as the first call set it",
                    WAS_PERMANENT(code) || (FLAGS(code) & 2) == (steps[i][0] == '3' ? 2 : 0));
        CHECK(P_SET, "flags %s in turn: what the last call returns", steps[i]);
        UNDECIDED("the page says that later calls are ignored, and also that DEP cannot be disabled any more");
        NOTE_BOOL("return", OK(code));
        NOTE_UINT("last error", ERROR_OF(code));
    }
}

TEST(SetProcessDEPPolicy, bad_flags)
{
    NEED(SetProcessDEPPolicy);
    NEED(GetProcessDEPPolicy);
    static const DWORD flags[] = { 4, 5, 8, 0x80000000, 0xffffffff };
    struct state before = state_get();
    for (unsigned i = 0; i < 5; i++) {
        CHECK(P_SET, "flags 0x%lx", flags[i]);
        SET_SENTINEL();
        BOOL ok = pSetProcessDEPPolicy(flags[i]);
        EXPECT_ANY("last error", GetLastError(), ERROR_INVALID_PARAMETER, ERROR_ACCESS_DENIED);
        EXPECT_BOOL("return", ok, FALSE);
        struct state after = state_get();
        EXPECT_TRUE("nothing changed", after.flags == before.flags && after.permanent == before.permanent);
    }
    int code = conform_in_child("dep_set", "2");
    CHECK(P_SET, "PROCESS_DEP_DISABLE_ATL_THUNK_EMULATION without PROCESS_DEP_ENABLE");
    EXPECT_BOOL("return", OK(code), FALSE);
    EXPECT_TRUE("last error is ERROR_INVALID_PARAMETER or ERROR_ACCESS_DENIED",
                ERROR_OF(code) == ERROR_INVALID_PARAMETER || ERROR_OF(code) == ERROR_ACCESS_DENIED);
}

#endif
