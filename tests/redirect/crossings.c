/* crossings.c - an unmodified program under the launcher: every way to a memory function leads to k32mem, and blocks cross
 * between it, the system's heap and the system's DLLs freely. Started plainly it starts itself under k32run.exe. */
#include "redirect.h"
#define COBJMACROS
#include <winternl.h>
#include <objbase.h>
#include <psapi.h>
#include <shellapi.h>

NTSYSAPI PVOID NTAPI RtlAllocateHeap(HANDLE heap, ULONG flags, SIZE_T bytes);
NTSYSAPI BOOLEAN NTAPI RtlFreeHeap(HANDLE heap, ULONG flags, PVOID p);
NTSYSAPI SIZE_T NTAPI RtlSizeHeap(HANDLE heap, ULONG flags, PVOID p);

/* ---- ways to a function ---- */
static void imported(void **state)
{
    (void)state;
    HANDLE heap = GetProcessHeap();
    void *p = HeapAlloc(heap, 0, 123);
    assert_true(is_k32mem(heap, p, 123));
    assert_true(HeapFree(heap, 0, p));
    assert_false(HeapFree(heap, 0, p));
    p = RtlAllocateHeap(heap, 0, 45);
    assert_true(is_k32mem(heap, p, 45));
    assert_int_equal(RtlSizeHeap(heap, 0, p), 45);
    assert_true(RtlFreeHeap(heap, 0, p));
    HANDLE own = RtlCreateHeap(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL);
    p = HeapAlloc(own, 0, 67);
    assert_true(is_k32mem(own, p, 67));
    assert_null(RtlDestroyHeap(own));
}

typedef LPVOID(WINAPI *alloc_fn)(HANDLE, DWORD, SIZE_T);

static void looked_up(void **state)
{
    static const struct {
        const char *module, *name;
    } ways[] = { { "kernel32.dll", "HeapAlloc" }, { "kernelbase.dll", "HeapAlloc" }, { "ntdll.dll", "RtlAllocateHeap" } };
    (void)state;
    for (unsigned i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        alloc_fn alloc = (alloc_fn)(void *)GetProcAddress(GetModuleHandleA(ways[i].module), ways[i].name);
        assert_non_null(alloc);
        void *p = alloc(GetProcessHeap(), 0, 31);
        assert_true(is_k32mem(GetProcessHeap(), p, 31));
        HeapFree(GetProcessHeap(), 0, p);
    }
    /* Functions that the system may lack are there too. */
    assert_non_null(GetProcAddress(GetModuleHandleA("kernelbase.dll"), "VirtualAlloc2"));
    assert_null(GetProcAddress(GetModuleHandleA("kernelbase.dll"), "K32memRedirect"));
    assert_null(GetProcAddress(GetModuleHandleA("ntdll.dll"), "VirtualAlloc2"));
}

/* A delay-load table made by hand, as a linker would leave it: offsets from this program's image. */
static struct {
    IMAGE_DELAYLOAD_DESCRIPTOR delayed;
    char dll[16];
    HMODULE module;
    IMAGE_THUNK_DATA slots[2], names[2];
    struct {
        WORD hint;
        char name[16];
    } by_name;
} table;

static void delay_loaded(void **state)
{
    typedef PVOID(WINAPI * resolve_fn)(PVOID, const IMAGE_DELAYLOAD_DESCRIPTOR *, void *, void *, PIMAGE_THUNK_DATA, ULONG);
    BYTE *base = (BYTE *)GetModuleHandleA(NULL);
    (void)state;
    resolve_fn resolve = (resolve_fn)(void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "ResolveDelayLoadedAPI");
    assert_non_null(resolve);
    strcpy(table.dll, "kernel32.dll");
    strcpy(table.by_name.name, "HeapAlloc");
#define OFFSET(x) (DWORD)((BYTE *)&(x)-base)
    table.names[0].u1.AddressOfData = OFFSET(table.by_name);
    table.slots[0].u1.Function = (ULONG_PTR)delay_loaded;
    table.delayed = (IMAGE_DELAYLOAD_DESCRIPTOR){ .Attributes.AllAttributes = 1,
                                                  .DllNameRVA = OFFSET(table.dll),
                                                  .ModuleHandleRVA = OFFSET(table.module),
                                                  .ImportAddressTableRVA = OFFSET(table.slots),
                                                  .ImportNameTableRVA = OFFSET(table.names) };
    alloc_fn alloc = (alloc_fn)resolve(base, &table.delayed, NULL, NULL, table.slots, 0);
    assert_non_null(alloc);
    assert_ptr_equal(alloc, (void *)table.slots[0].u1.Function);
    void *p = alloc(GetProcessHeap(), 0, 88);
    assert_true(is_k32mem(GetProcessHeap(), p, 88));
    HeapFree(GetProcessHeap(), 0, p);
}

static void loaded_later(void **state)
{
    char path[MAX_PATH + 32];
    (void)state;
    snprintf(path, sizeof(path), "%sredirect-guest.dll", own_folder());
    HMODULE guest = LoadLibraryA(path);
    assert_non_null(guest);
    void *from_start = *(void **)(void *)GetProcAddress(guest, "guest_from_start");
    void *(*alloc)(HANDLE, SIZE_T) = (void *(*)(HANDLE, SIZE_T))(void *)GetProcAddress(guest, "guest_alloc");
    BOOL (*give)(HANDLE, void *) = (BOOL(*)(HANDLE, void *))(void *)GetProcAddress(guest, "guest_free");
    void *p = alloc(GetProcessHeap(), 1000), *q = HeapAlloc(GetProcessHeap(), 0, 9);
    assert_true(is_k32mem(GetProcessHeap(), from_start, 77));
    assert_true(is_k32mem(GetProcessHeap(), p, 1000));
    assert_true(give(GetProcessHeap(), q));
    assert_false(give(GetProcessHeap(), q));
    memset(p, 1, 1000);
    assert_true(FreeLibrary(guest));
    assert_null(GetModuleHandleA("redirect-guest.dll"));
    /* The DLL is gone, its blocks live on. */
    p = HeapReAlloc(GetProcessHeap(), 0, p, 2000);
    assert_int_equal(((char *)p)[999], 1);
    assert_true(HeapFree(GetProcessHeap(), 0, p));
    assert_true(HeapFree(GetProcessHeap(), 0, from_start));
}

/* C runtimes are DLLs with imports like any other. */
static void runtimes(void **state)
{
    static const char *const names[] = { "msvcrt.dll", "ucrtbase.dll" };
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        HMODULE runtime = LoadLibraryA(names[i]);
        assert_non_null(runtime);
        void *(*allocate)(size_t) = (void *(*)(size_t))(void *)GetProcAddress(runtime, "malloc");
        void (*give)(void *) = (void (*)(void *))(void *)GetProcAddress(runtime, "free");
        size_t (*size)(void *) = (size_t(*)(void *))(void *)GetProcAddress(runtime, "_msize");
        char *p = allocate(321);
        assert_non_null(p);
        assert_false(is_system(GetProcessHeap(), p));
        assert_int_equal(size(p), 321);
        give(p);
    }
}

/* ---- blocks that cross ---- */
static void made_by_ntdll(void **state)
{
    HANDLE heap = GetProcessHeap();
    UNICODE_STRING string = { 0 };
    BOOLEAN(NTAPI * create)(PUNICODE_STRING, PCWSTR) =
        (BOOLEAN(NTAPI *)(PUNICODE_STRING, PCWSTR))(void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlCreateUnicodeString");
    (void)state;
    assert_true(create(&string, L"a string of ntdll's"));
    assert_true(is_system(heap, string.Buffer));
    assert_true(HeapValidate(heap, 0, string.Buffer));
    assert_int_equal(HeapSize(heap, 0, string.Buffer), string.MaximumLength);
    WCHAR *longer = HeapReAlloc(heap, 0, string.Buffer, 4000);
    assert_non_null(longer);
    assert_int_equal(wcscmp(longer, L"a string of ntdll's"), 0);
    assert_true(HeapFree(heap, 0, longer));
    /* And the other way: ntdll frees what we allocated. */
    string.Buffer = HeapAlloc(heap, 0, 64);
    string.Length = string.MaximumLength = 64;
    void *was = string.Buffer;
    RtlFreeUnicodeString(&string);
    assert_null(string.Buffer);
    assert_int_equal(HeapSize(heap, 0, was), (SIZE_T)-1);
}

static void messages(void **state)
{
    char *text = NULL;
    (void)state;
    assert_true(FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                               ERROR_FILE_NOT_FOUND, 0, (char *)&text, 0, NULL));
    assert_true(LocalSize(text) > strlen(text));
    assert_null(LocalFree(text));
    int count = 0;
    WCHAR **words = CommandLineToArgvW(L"one \"two three\" four", &count);
    assert_int_equal(count, 3);
    assert_int_equal(wcscmp(words[1], L"two three"), 0);
    assert_null(LocalFree(words));
    WCHAR *environment = GetEnvironmentStringsW();
    assert_non_null(environment);
    assert_true(FreeEnvironmentStringsW(environment));
}

static void streams(void **state)
{
    IStream *stream;
    HGLOBAL memory = NULL;
    ULONG done;
    (void)state;
    assert_true(SUCCEEDED(CreateStreamOnHGlobal(NULL, FALSE, &stream)));
    for (int i = 0; i < 1000; i++) assert_true(SUCCEEDED(IStream_Write(stream, "0123456789", 10, &done)));
    assert_true(SUCCEEDED(GetHGlobalFromStream(stream, &memory)));
    IStream_Release(stream);
    assert_true(GlobalSize(memory) >= 10000);
    char *text = GlobalLock(memory);
    assert_memory_equal(text + 9990, "0123456789", 10);
    GlobalUnlock(memory);
    /* And one of ours for OLE to keep. */
    assert_true(SUCCEEDED(CreateStreamOnHGlobal(memory, TRUE, &stream)));
    IStream_Release(stream);
    assert_int_equal(GlobalFlags(memory), GMEM_INVALID_HANDLE);
    void *task = CoTaskMemAlloc(100);
    task = CoTaskMemRealloc(task, 5000);
    assert_non_null(task);
    CoTaskMemFree(task);
}

static void clipboard(void **state)
{
    static const char text[] = "to the clipboard and back";
    (void)state;
    HGLOBAL memory = GlobalAlloc(GMEM_MOVEABLE, sizeof(text));
    strcpy(GlobalLock(memory), text);
    GlobalUnlock(memory);
    assert_true(OpenClipboard(NULL));
    assert_true(EmptyClipboard());
    assert_non_null(SetClipboardData(CF_TEXT, memory));
    assert_true(CloseClipboard());
    assert_true(OpenClipboard(NULL));
    HANDLE back = GetClipboardData(CF_TEXT);
    assert_non_null(back);
    assert_string_equal(GlobalLock(back), text);
    GlobalUnlock(back);
    /* Converted by the system. */
    HANDLE wide = GetClipboardData(CF_UNICODETEXT);
    assert_non_null(wide);
    assert_int_equal(wcscmp(GlobalLock(wide), L"to the clipboard and back"), 0);
    GlobalUnlock(wide);
    assert_true(CloseClipboard());
}

/* ---- threads, and the end ---- */
static volatile LONG stop;

static DWORD WINAPI busy(LPVOID heap)
{
    void *blocks[32] = { 0 };
    for (unsigned i = 0; !stop; i++) {
        HeapFree(heap, 0, blocks[i % 32]);
        blocks[i % 32] = HeapAlloc(heap, 0, i % 2000);
    }
    return 0;
}

/* --leave: ends with threads in the middle of their work. */
static int leave(void)
{
    for (int i = 0; i < 4; i++) CloseHandle(CreateThread(NULL, 0, busy, GetProcessHeap(), 0, NULL));
    Sleep(20);
    return 17;
}

static void ends_with_threads(void **state)
{
    char self[MAX_PATH];
    (void)state;
    GetModuleFileNameA(NULL, self, sizeof(self));
    for (int i = 0; i < 10; i++) assert_int_equal(command_run("\"%s\" --leave", self), 17);
}

/* --last-thread: ends with its last thread, while k32mem's own job for idle memory is about. */
static int last_thread(void)
{
    enum { COUNT = 4000 };
    static void *blocks[COUNT];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) memset(blocks[i] = HeapAlloc(GetProcessHeap(), 0, 2000), 1, 2000);
        for (int i = 0; i < COUNT; i++) HeapFree(GetProcessHeap(), 0, blocks[i]);
        Sleep(100);
    }
    ExitThread(23);
}

static void ends_with_last_thread(void **state)
{
    char self[MAX_PATH];
    (void)state;
    GetModuleFileNameA(NULL, self, sizeof(self));
    assert_int_equal(command_run("\"%s\" --last-thread", self), 23);
}

/* The program's own headers are as they were in the file: nothing of the injection stays to be seen. */
static void headers_unchanged(void **state)
{
    static BYTE file_bytes[4096];
    char self[MAX_PATH];
    FILE *file;
    (void)state;
    GetModuleFileNameA(NULL, self, sizeof(self));
    assert_non_null(file = fopen(self, "rb"));
    assert_int_equal(fread(file_bytes, 1, sizeof(file_bytes), file), sizeof(file_bytes));
    fclose(file);
    BYTE *base = (BYTE *)GetModuleHandleA(NULL);
    LONG at = ((IMAGE_DOS_HEADER *)base)->e_lfanew;
    IMAGE_NT_HEADERS *in_file = (IMAGE_NT_HEADERS *)(file_bytes + at), *loaded = (IMAGE_NT_HEADERS *)(base + at);
    assert_memory_equal(loaded->OptionalHeader.DataDirectory, in_file->OptionalHeader.DataDirectory,
                        sizeof(loaded->OptionalHeader.DataDirectory));
}

int main(int count, char **words)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(imported),      cmocka_unit_test(looked_up), cmocka_unit_test(delay_loaded),
        cmocka_unit_test(loaded_later),  cmocka_unit_test(runtimes),  cmocka_unit_test(made_by_ntdll),
        cmocka_unit_test(messages),      cmocka_unit_test(streams),   cmocka_unit_test(clipboard),
        cmocka_unit_test(ends_with_threads), cmocka_unit_test(ends_with_last_thread),
        cmocka_unit_test(headers_unchanged),
    };
    if (count == 2 && !strcmp(words[1], "--leave")) return leave();
    if (count == 2 && !strcmp(words[1], "--last-thread")) return last_thread();
    if (!is_redirected()) return (int)command_run("\"%sk32run.exe\" \"%s\"", own_folder(), words[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
