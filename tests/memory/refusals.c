/* refusals.c - a call that fails leaves everything as it was: what was offered can be reclaimed, addresses that hold
 * nothing can be used again, and a program's callback for secured memory is asked once.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <k32mem.h>
#include <cmocka.h>

#define PAGE 4096
#define GRANULE 65536

static DWORD protection(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(address, &info, sizeof(info)) && info.State == MEM_COMMIT ? info.Protect : 0;
}

static char *offered(void)
{
    char *base = VirtualAlloc(NULL, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(base);
    base[PAGE] = 'x';
    assert_int_equal(OfferVirtualMemory(base, GRANULE, VmOfferPriorityLow), 0);
    return base;
}

static void reclaimed(char *base, SIZE_T bytes)
{
    assert_int_equal(ReclaimVirtualMemory(base, bytes), 0);
    assert_int_equal(protection(base), PAGE_READWRITE);
}

static void refused_free_leaves_the_offer(void **state)
{
    static const DWORD types[] = { 0, 0x800, MEM_RELEASE | MEM_DECOMMIT, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER,
                                   MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS };
    char *base;
    (void)state;
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        base = offered();
        assert_false(VirtualFree(base, 0, types[i]));
        reclaimed(base, GRANULE);
        assert_true(VirtualFree(base, 0, MEM_RELEASE));
    }
    base = offered();
    assert_false(VirtualFree(base + PAGE, 0, MEM_RELEASE)); /* not the allocation's base */
    assert_false(VirtualFree(base + PAGE, 0, MEM_DECOMMIT));
    assert_false(VirtualFree(base, GRANULE, MEM_RELEASE));
    assert_false(VirtualFree(base, (SIZE_T)1 << 30, MEM_DECOMMIT)); /* more than the allocation */
    reclaimed(base, GRANULE);
    assert_int_equal(base[PAGE], 'x');
    VirtualFree(base, 0, MEM_RELEASE);
}

static void free_takes_the_offer(void **state)
{
    char *base = offered();
    (void)state;
    assert_true(VirtualFree(base + 2 * PAGE + 1, 1, MEM_DECOMMIT));
    assert_int_equal(ReclaimVirtualMemory(base, GRANULE), ERROR_INVALID_PARAMETER);
    reclaimed(base, 2 * PAGE);
    reclaimed(base + 3 * PAGE, PAGE);
    assert_ptr_equal(VirtualAlloc(base + 2 * PAGE, PAGE, MEM_COMMIT, PAGE_READONLY), base + 2 * PAGE);
    assert_int_equal(protection(base + 2 * PAGE), PAGE_READONLY);
    assert_true(VirtualFree(base, 0, MEM_DECOMMIT)); /* all of it */
    assert_int_equal(ReclaimVirtualMemory(base + 8 * PAGE, PAGE), ERROR_INVALID_PARAMETER);
    assert_true(VirtualFree(base, 0, MEM_RELEASE));
    base = offered();
    assert_true(VirtualFree(base, 0, MEM_RELEASE));
    assert_int_equal(ReclaimVirtualMemory(base, GRANULE), ERROR_INVALID_PARAMETER);
}

/* ---- a view that was unmapped behind k32mem's back ---- */
static DWORD WINAPI allocate(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 64; i++)
        if (!VirtualAlloc(NULL, GRANULE, MEM_RESERVE, PAGE_READWRITE)) return 1;
    return 0;
}

static char *placeholder(void)
{
    char *base = VirtualAlloc2(NULL, NULL, GRANULE, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
    assert_non_null(base);
    return base;
}

static void vanished_view(void **state)
{
    LONG(WINAPI * unmap)(HANDLE, PVOID) =
        (LONG(WINAPI *)(HANDLE, PVOID))(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtUnmapViewOfSection");
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, GRANULE, NULL);
    char *other = placeholder(); /* so that there is one all the time */
    DWORD code = 7;
    (void)state;
    for (unsigned preserve = 0; preserve < 2; preserve++) {
        char *base = placeholder();
        assert_ptr_equal(MapViewOfFile3(section, NULL, base, 0, GRANULE, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL, 0),
                         base);
        assert_true(unmap(GetCurrentProcess(), base) >= 0);
        SetLastError(0);
        assert_false(UnmapViewOfFileEx(base, preserve ? MEM_PRESERVE_PLACEHOLDER : 0));
        assert_int_equal(GetLastError(), ERROR_INVALID_ADDRESS);
        assert_ptr_equal(VirtualAlloc(base, GRANULE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), base);
        assert_true(VirtualFree(base, 0, MEM_RELEASE));
        HANDLE thread = CreateThread(NULL, 0, allocate, NULL, 0, NULL);
        assert_int_equal(WaitForSingleObject(thread, 60000), WAIT_OBJECT_0);
        GetExitCodeThread(thread, &code);
        assert_int_equal(code, 0);
        CloseHandle(thread);
        /* One of those allocations lies where the placeholder was. */
        assert_int_not_equal(VirtualAlloc(base, GRANULE, MEM_RESERVE, PAGE_READWRITE), base);
    }
    assert_true(VirtualFree(other, 0, MEM_RELEASE));
    CloseHandle(section);
}

/* ---- secured memory ---- */
static unsigned asked;

static BOOLEAN CALLBACK let_go(PVOID base, SIZE_T bytes)
{
    (void)base;
    (void)bytes;
    return ++asked < 1000; /* says each time that it has released something, but it was not that */
}

static void callback_is_asked_once(void **state)
{
    DWORD old;
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, GRANULE, NULL);
    char *view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    (void)state;
    assert_non_null(view);
    assert_true(AddSecureMemoryCacheCallback(let_go));
    asked = 0;
    assert_false(VirtualProtect(view, PAGE, PAGE_READWRITE, &old));
    assert_true(asked <= 1);
    assert_true(RemoveSecureMemoryCacheCallback(let_go));
    assert_true(UnmapViewOfFile(view));
    CloseHandle(section);
}

/* Nobody can let go of a view that is permanent. This test comes last: the view stays. */
static void permanent_view_stays(void **state)
{
    DWORD old, error;
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_COMMIT | 0x00400000, 0,
                                        GRANULE, L"k32mem-permanent"); /* SEC_NO_CHANGE */
    HANDLE reading = OpenFileMappingW(FILE_MAP_READ, FALSE, L"k32mem-permanent"), handles[] = { section, reading };
    (void)state;
    assert_non_null(section);
    assert_non_null(reading);
    assert_true(AddSecureMemoryCacheCallback(let_go));
    for (unsigned i = 0; i < 2; i++) {
        char *view = MapViewOfFile(handles[i], FILE_MAP_READ, 0, 0, 0);
        assert_non_null(view);
        asked = 0;
        SetLastError(0);
        assert_false(VirtualProtect(view, PAGE, PAGE_NOACCESS, &old));
        error = GetLastError();
        assert_int_equal(error, ERROR_INVALID_PARAMETER);
        assert_int_equal(protection(view), PAGE_READONLY);
        assert_false(UnmapViewOfFile(view));
        assert_int_equal(asked, 0);
    }
    assert_true(RemoveSecureMemoryCacheCallback(let_go));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(refused_free_leaves_the_offer),
                                        cmocka_unit_test(free_takes_the_offer), cmocka_unit_test(vanished_view),
                                        cmocka_unit_test(callback_is_asked_once),
                                        cmocka_unit_test(permanent_view_stays) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
