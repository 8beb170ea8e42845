/* own.c - the harness's tests of itself: what each outcome looks like. Some of them fail, crash and hang on purpose;
 * they run only with --own, against tests/conformance/harness/own.txt as manifest. */
#include "../conform.h"
#include <stdlib.h>

FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, NoSuchExport, (void))

#define PAGE "memoryapi/nf-memoryapi-virtualalloc"
#define OWN(function, label) TEST_FLAGS(function, label, TEST_OWN)

OWN(Harness, a_agrees)
{
    CHECK(PAGE, "%u bytes", 1u);
    SET_SENTINEL();
    EXPECT_ERROR(SENTINEL);
    EXPECT_BOOL("boolean", 5, TRUE);
    EXPECT_UINT("number", 1, 1);
    EXPECT_TEXT("text", "tab\there, \"quotes\" and \\", "tab\there, \"quotes\" and \\");
    EXPECT_ANY("one of", 2, 1, 2);
    NOTE_HEX("noted", 0x10);
}

OWN(Harness, b_differs)
{
    CHECK(PAGE, "first");
    EXPECT_UINT("number", 1, 1);
    CHECK(PAGE, "second");
    EXPECT_UINT("number", 1, 2);
    CHECK(PAGE, "third");
    UNDECIDED("the page is silent");
    EXPECT_UINT("number", 1, 3);
}

static volatile int *volatile nowhere;

OWN(Harness, c_crashes)
{
    CHECK(PAGE, "before the crash");
    EXPECT_UINT("number", 1, 1);
    *nowhere = 1;
}

OWN(Harness, d_hangs)
{
    CHECK(PAGE, "before the hang");
    EXPECT_UINT("number", 1, 1);
    Sleep(INFINITE);
}

OWN(Harness, e_is_missing)
{
    NEED(NoSuchExport);
    pNoSuchExport();
}

OWN(Harness, f_exits) { ExitProcess(7); }

OWN(Harness, g_sees_no_check) { EXPECT_UINT("number", 1, 1); }

static DWORD __attribute__((noinline)) depth(DWORD n)
{
    volatile BYTE block[4096];
    block[n % 4096] = 1;
    return n ? depth(n - 1) + block[0] : 0;
}

OWN(Harness, h_overflows_the_stack) { depth(1 << 20); }

static void touch(void *address) { *(volatile char *)address = 1; }
static void raise_code(__attribute__((unused)) void *context) { RaiseException(0xe0000001, 0, 0, NULL); }
static void harmless(void *context) { *(int *)context = 1; }

OWN(Harness, i_catches)
{
    int reached = 0;
    CHECK(PAGE, "write to page zero");
    EXPECT_HEX("exception", conform_catch(touch, (void *)8), EXCEPTION_ACCESS_VIOLATION);
    CHECK(PAGE, "raised exception");
    EXPECT_HEX("exception", conform_catch(raise_code, NULL), 0xe0000001);
    CHECK(PAGE, "no exception");
    EXPECT_HEX("exception", conform_catch(harmless, &reached), 0);
    EXPECT_BOOL("call ran", reached, TRUE);
}

CHILD(answer) { return pVirtualAlloc ? atoi(argument) : -1; }
CHILD(crash)
{
    *nowhere = 1;
    return 0;
}

OWN(Harness, j_has_children)
{
    CHECK(PAGE, "child returning its argument");
    EXPECT_UINT("exit code", conform_in_child("answer", "42"), 42);
    CHECK(PAGE, "child that crashes");
    EXPECT_HEX("exit code", (DWORD)conform_in_child("crash", NULL), EXCEPTION_ACCESS_VIOLATION);
}

OWN(Harness, k_has_files)
{
    CHECK(PAGE, "temporary file");
    HANDLE file = CreateFileW(conform_temp_file(), GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    EXPECT_BOOL("opened", file != INVALID_HANDLE_VALUE, TRUE);
    EXPECT_UINT("size", GetFileSize(file, NULL), 0);
    CloseHandle(file);
}

/* Differs once in every two runs: the file remembers. */
OWN(Harness, l_is_flaky)
{
    WCHAR path[MAX_PATH];
    GetTempPathW(MAX_PATH - 32, path);
    wcscat(path, L"conform-flaky");
    BOOL second = DeleteFileW(path);
    if (!second)
        CloseHandle(CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    CHECK(PAGE, "second time");
    EXPECT_BOOL("second", second, TRUE);
}

OWN(Harness, m_runs_after_all_these)
{
    CHECK(PAGE, "still there");
    EXPECT_BOOL("alive", TRUE, TRUE);
}

FAMILY(own)
