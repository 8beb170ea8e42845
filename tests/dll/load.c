/* load.c - k32mem.dll loaded and unloaded at run time, next to a kernel32.dll that stays in charge of this program. */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <winver.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "../../dll/core/version.h"

static char path[MAX_PATH];

typedef LPVOID(WINAPI *alloc_fn)(LPVOID, SIZE_T, DWORD, DWORD);
typedef BOOL(WINAPI *free_fn)(LPVOID, SIZE_T, DWORD);
typedef BOOL(WINAPI *isbad_fn)(const VOID *, UINT_PTR);
typedef LPVOID(WINAPI *heap_alloc_fn)(HANDLE, DWORD, SIZE_T);
typedef BOOL(WINAPI *heap_free_fn)(HANDLE, DWORD, LPVOID);
typedef HGLOBAL(WINAPI *global_alloc_fn)(UINT, SIZE_T);
typedef HGLOBAL(WINAPI *global_free_fn)(HGLOBAL);
typedef HANDLE(WINAPI *mapping_fn)(HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCSTR);
typedef LPVOID(WINAPI *view_fn)(HANDLE, DWORD, DWORD, DWORD, SIZE_T);
typedef BOOL(WINAPI *unmap_fn)(LPCVOID);

#define FIND(type, name) type name##_ = (type)(void *)GetProcAddress(dll, #name)

/* Uses what there is of every group, and gives everything back. */
static void use_and_give_back(HMODULE dll)
{
    FIND(alloc_fn, VirtualAlloc);
    FIND(free_fn, VirtualFree);
    FIND(isbad_fn, IsBadReadPtr);
    FIND(heap_alloc_fn, HeapAlloc);
    FIND(heap_free_fn, HeapFree);
    FIND(global_alloc_fn, GlobalAlloc);
    FIND(global_free_fn, GlobalFree);
    FIND(mapping_fn, CreateFileMappingA);
    FIND(view_fn, MapViewOfFile);
    FIND(unmap_fn, UnmapViewOfFile);

    assert_non_null(VirtualAlloc_);
    char *block = VirtualAlloc_(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(block);
    block[65535] = 1;
    if (IsBadReadPtr_) {
        assert_false(IsBadReadPtr_(block, 65536));
        assert_true(IsBadReadPtr_((void *)8, 1));
    }
    if (VirtualFree_)
        assert_true(VirtualFree_(block, 0, MEM_RELEASE));
    else
        VirtualFree(block, 0, MEM_RELEASE);
    if (HeapAlloc_ && HeapFree_) {
        for (SIZE_T size = 8; size <= 4 << 20; size *= 8) {
            char *heap_block = HeapAlloc_(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
            assert_non_null(heap_block);
            heap_block[size - 1] = 1;
            assert_true(HeapFree_(GetProcessHeap(), 0, heap_block));
        }
    }
    if (GlobalAlloc_ && GlobalFree_) {
        HGLOBAL handle = GlobalAlloc_(GMEM_MOVEABLE, 100);
        assert_non_null(handle);
        assert_null(GlobalFree_(handle));
    }
    if (CreateFileMappingA_ && MapViewOfFile_ && UnmapViewOfFile_) {
        HANDLE section = CreateFileMappingA_(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
        assert_non_null(section);
        char *view = MapViewOfFile_(section, FILE_MAP_WRITE, 0, 0, 0);
        assert_non_null(view);
        view[0] = 1;
        assert_true(UnmapViewOfFile_(view));
        CloseHandle(section);
    }
}

/* Committed and reserved private bytes of this process. */
static SIZE_T private_bytes(void)
{
    MEMORY_BASIC_INFORMATION region;
    SIZE_T total = 0;
    for (char *at = NULL; VirtualQuery(at, &region, sizeof(region)); at = (char *)region.BaseAddress + region.RegionSize)
        if (region.State != MEM_FREE && region.Type == MEM_PRIVATE) total += region.RegionSize;
    return total;
}

static HMODULE load(void)
{
    HMODULE dll = LoadLibraryA(path);
    if (!dll) fail_msg("LoadLibrary: error %lu", GetLastError());
    return dll;
}

static void unload(HMODULE dll)
{
    MEMORY_BASIC_INFORMATION region;
    assert_true(FreeLibrary(dll));
    assert_null(GetModuleHandleA("k32mem.dll"));
    assert_int_equal(VirtualQuery((void *)dll, &region, sizeof(region)), sizeof(region));
    assert_int_equal(region.State, MEM_FREE);
}

static void loads_and_unloads(void **state)
{
    (void)state;
    assert_null(GetModuleHandleA("k32mem.dll"));
    HMODULE dll = load();
    assert_ptr_equal(GetModuleHandleA("k32mem.dll"), dll);
    unload(dll);
}

static void unloads_after_use(void **state)
{
    (void)state;
    HMODULE dll = load();
    use_and_give_back(dll);
    unload(dll);
}

static DWORD WINAPI user(LPVOID dll)
{
    use_and_give_back(dll);
    return 0;
}

/* Threads that end before the DLL goes, one that outlives it, and one that starts after it. */
static DWORD WINAPI patient_user(LPVOID context)
{
    HANDLE *event = context;
    use_and_give_back(GetModuleHandleA("k32mem.dll"));
    SetEvent(event[0]);
    return WaitForSingleObject(event[1], INFINITE);
}

static void unloads_with_threads_about(void **state)
{
    (void)state;
    HANDLE event[2] = { CreateEventA(NULL, FALSE, FALSE, NULL), CreateEventA(NULL, FALSE, FALSE, NULL) };
    HMODULE dll = load();
    HANDLE patient = CreateThread(NULL, 0, patient_user, event, 0, NULL);
    assert_int_equal(WaitForSingleObject(event[0], 30000), WAIT_OBJECT_0);
    HANDLE brief = CreateThread(NULL, 0, user, (void *)dll, 0, NULL);
    assert_int_equal(WaitForSingleObject(brief, 30000), WAIT_OBJECT_0);
    unload(dll);
    SetEvent(event[1]);
    assert_int_equal(WaitForSingleObject(patient, 30000), WAIT_OBJECT_0);
    DWORD code;
    assert_true(GetExitCodeThread(patient, &code) && code == WAIT_OBJECT_0);
    assert_true(GetExitCodeThread(brief, &code) && code == 0);
    CloseHandle(brief);
    CloseHandle(patient);
    CloseHandle(event[0]);
    CloseHandle(event[1]);
}

static LONG WINAPI skip_exception(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != 0xe0000001) return EXCEPTION_CONTINUE_SEARCH;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Nothing may be left that calls into the DLL: exceptions, new threads and library loads work afterwards. */
static void leaves_nothing_that_calls_it(void **state)
{
    (void)state;
    HMODULE dll = load();
    use_and_give_back(dll);
    unload(dll);
    PVOID handler = AddVectoredExceptionHandler(0, skip_exception);
    RaiseException(0xe0000001, 0, 0, NULL);
    RemoveVectoredExceptionHandler(handler);
    HMODULE other = LoadLibraryA("version.dll");
    assert_non_null(other);
    FreeLibrary(other);
    HANDLE thread = CreateThread(NULL, 0, (LPTHREAD_START_ROUTINE)(void *)GetProcAddress(GetModuleHandleA("kernel32.dll"),
                                 "GetCurrentThreadId"), NULL, 0, NULL);
    assert_int_equal(WaitForSingleObject(thread, 30000), WAIT_OBJECT_0);
    CloseHandle(thread);
}

static void gives_its_memory_back(void **state)
{
    (void)state;
    SIZE_T before = 0;
    for (int round = 0; round < 120; round++) {
        if (round == 20) before = private_bytes();
        HMODULE dll = load();
        use_and_give_back(dll);
        unload(dll);
    }
    /* A page a round would be 400 KB, a region a round 6.4 MB. */
    SIZE_T after = private_bytes();
    assert_true(after <= before + 256 * 1024);
}

/* The address that it was linked for is taken: it is relocated. */
static void loads_elsewhere(void **state)
{
    (void)state;
    HMODULE dll = load();
    char *first = (char *)dll;
    SIZE_T size = ((IMAGE_NT_HEADERS *)(first + ((IMAGE_DOS_HEADER *)first)->e_lfanew))->OptionalHeader.SizeOfImage;
    unload(dll);
    assert_ptr_equal(VirtualAlloc(first, size, MEM_RESERVE, PAGE_NOACCESS), first);
    dll = load();
    assert_ptr_not_equal((char *)dll, first);
    use_and_give_back(dll);
    unload(dll);
    VirtualFree(first, 0, MEM_RELEASE);
}

static void says_its_version(void **state)
{
    (void)state;
    static const WORD expected[] = { K32MEM_VERSION_COMMAS };
    static char block[8192];
    VS_FIXEDFILEINFO *info;
    char *text;
    UINT length;
    assert_true(GetFileVersionInfoA(path, 0, sizeof(block), block));
    assert_true(VerQueryValueA(block, "\\", (void **)&info, &length));
    assert_int_equal(info->dwSignature, VS_FFI_SIGNATURE);
    assert_int_equal(info->dwFileVersionMS, MAKELONG(expected[1], expected[0]));
    assert_int_equal(info->dwFileVersionLS, MAKELONG(expected[3], expected[2]));
    assert_int_equal(info->dwFileType, VFT_DLL);
    assert_true(VerQueryValueA(block, "\\StringFileInfo\\040904b0\\ProductVersion", (void **)&text, &length));
    assert_string_equal(text, K32MEM_VERSION_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_and_unloads),     cmocka_unit_test(unloads_after_use),
        cmocka_unit_test(unloads_with_threads_about), cmocka_unit_test(leaves_nothing_that_calls_it),
        cmocka_unit_test(gives_its_memory_back), cmocka_unit_test(loads_elsewhere),
        cmocka_unit_test(says_its_version),
    };
    GetModuleFileNameA(NULL, path, sizeof(path));
    strcpy(strrchr(path, '\\') + 1, "k32mem.dll");
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
