/* psapi_memory.c - memory use of processes and of the system, paging files, names of mapped files. Each function is
 * there twice: as K32... in kernel32, and without the prefix in psapi. */
#include "conform.h"
#include <stdio.h>
#define PSAPI_VERSION 1
#include <psapi.h>

/* The header leaves the convention to the compiler; the system calls back with this one. */
typedef BOOL(WINAPI *page_file_callback)(void *context, ENUM_PAGE_FILE_INFORMATION *info, const void *name);

#define BOTH(ret, name, params) FUNCTION(ret, name, params) FUNCTION(ret, K32##name, params)
BOTH(BOOL, GetProcessMemoryInfo, (HANDLE, void *, DWORD))
BOTH(BOOL, GetPerformanceInfo, (void *, DWORD))
BOTH(BOOL, EnumPageFilesW, (page_file_callback, void *))
BOTH(BOOL, EnumPageFilesA, (page_file_callback, void *))
BOTH(DWORD, GetMappedFileNameW, (HANDLE, const void *, WCHAR *, DWORD))
BOTH(DWORD, GetMappedFileNameA, (HANDLE, const void *, char *, DWORD))

/* TESTs of both names. battery gets the function. */
#define TEST_BOTH(name, label, battery)                                                                              \
    TEST(name, label) { NEED(name); battery(p##name); }                                                              \
    TEST(K32##name, label) { NEED(K32##name); battery(pK32##name); }
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Handles that are none, or not good enough: all functions with a process handle are held to them. */
#define INFO_PAGE "psapi/nf-psapi-getprocessmemoryinfo"
static void battery_info(BOOL(WINAPI *get)(HANDLE, void *, DWORD))
{
    struct {
        PROCESS_MEMORY_COUNTERS_EX counters;
        BYTE beyond[64];
    } out;
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    DWORD me = GetCurrentProcessId();
    HANDLE limited = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_VM_READ, FALSE, me);
    HANDLE blind = OpenProcess(PROCESS_VM_READ, FALSE, me);
    const struct {
        const char *name;
        HANDLE process;
        DWORD bytes, error;
    } cases[] = { { "this process, PROCESS_MEMORY_COUNTERS", self, sizeof(PROCESS_MEMORY_COUNTERS), SENTINEL },
                  { "this process, PROCESS_MEMORY_COUNTERS_EX", self, sizeof(PROCESS_MEMORY_COUNTERS_EX), SENTINEL },
                  { "this process, one byte less than PROCESS_MEMORY_COUNTERS", self,
                    sizeof(PROCESS_MEMORY_COUNTERS) - 1, ERROR_INSUFFICIENT_BUFFER },
                  { "this process, 0 bytes", self, 0, ERROR_INSUFFICIENT_BUFFER },
                  { "PROCESS_QUERY_LIMITED_INFORMATION and PROCESS_VM_READ", limited, sizeof(PROCESS_MEMORY_COUNTERS),
                    SENTINEL },
                  { "PROCESS_VM_READ only", blind, sizeof(PROCESS_MEMORY_COUNTERS), ERROR_ACCESS_DENIED },
                  { "process NULL", NULL, sizeof(PROCESS_MEMORY_COUNTERS), ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, sizeof(PROCESS_MEMORY_COUNTERS), ERROR_INVALID_HANDLE },
                  { "an event's handle", event, sizeof(PROCESS_MEMORY_COUNTERS), ERROR_INVALID_HANDLE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        memset(&out, 0xcc, sizeof(out));
        CHECK(INFO_PAGE, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = get(cases[i].process, &out, cases[i].bytes);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].error == SENTINEL);
        EXPECT_HEX("byte behind the structure", ((BYTE *)&out)[cases[i].bytes], 0xcc);
        if (!ok)
            continue;
        EXPECT_UINT("cb", out.counters.cb, cases[i].bytes);
        EXPECT_TRUE("working set not 0", out.counters.WorkingSetSize);
        EXPECT_TRUE("peak not below", out.counters.PeakWorkingSetSize >= out.counters.WorkingSetSize);
        EXPECT_TRUE("commit peak not below", out.counters.PeakPagefileUsage >= out.counters.PagefileUsage);
        if (cases[i].bytes == sizeof(out.counters))
            EXPECT_TRUE("private bytes not 0", out.counters.PrivateUsage);
    }
    CloseHandle(blind);
    CloseHandle(limited);
    CloseHandle(event);
}
TEST_BOTH(GetProcessMemoryInfo, arguments, battery_info)

/* Pointers that are none: what a function does with them no page says, and some raise an exception. */
struct bad_pointer {
    BOOL(WINAPI *info)(HANDLE, void *, DWORD);
    DWORD(WINAPI *wide)(HANDLE, const void *, WCHAR *, DWORD);
    DWORD(WINAPI *ansi)(HANDLE, const void *, char *, DWORD);
    DWORD result, error;
};
static void bad_pointer_call(void *context)
{
    struct bad_pointer *call = context;
    SET_SENTINEL();
    if (call->info)
        call->result = (DWORD)call->info(GetCurrentProcess(), NULL, sizeof(PROCESS_MEMORY_COUNTERS));
    else if (call->wide)
        call->result = call->wide(GetCurrentProcess(), GetModuleHandleW(NULL), NULL, 300);
    else
        call->result = call->ansi(GetCurrentProcess(), GetModuleHandleW(NULL), NULL, 300);
    call->error = GetLastError();
}
static void bad_pointer_check(struct bad_pointer *call, const char *page)
{
    CHECK(page, "NULL for the result");
    UNDECIDED("the page does not speak of bad pointers");
    DWORD exception = conform_catch(bad_pointer_call, call);
    NOTE_HEX("exception", exception);
    NOTE_UINT("return", call->result);
    conform_observe(KIND_ERROR, "last error", call->error);
}
static void battery_info_null(BOOL(WINAPI *get)(HANDLE, void *, DWORD))
{
    struct bad_pointer call = { .info = get };
    bad_pointer_check(&call, INFO_PAGE);
}
static void battery_wide_null(DWORD(WINAPI *get)(HANDLE, const void *, WCHAR *, DWORD))
{
    struct bad_pointer call = { .wide = get };
    bad_pointer_check(&call, "psapi/nf-psapi-getmappedfilenamew");
}
static void battery_ansi_null(DWORD(WINAPI *get)(HANDLE, const void *, char *, DWORD))
{
    struct bad_pointer call = { .ansi = get };
    bad_pointer_check(&call, "psapi/nf-psapi-getmappedfilenamea");
}
TEST_BOTH(GetProcessMemoryInfo, no_result, battery_info_null)
TEST_BOTH(GetMappedFileNameW, no_result, battery_wide_null)
TEST_BOTH(GetMappedFileNameA, no_result, battery_ansi_null)

#define PERFORMANCE_PAGE "psapi/nf-psapi-getperformanceinfo"
static void battery_performance(BOOL(WINAPI *get)(void *, DWORD))
{
    struct {
        PERFORMANCE_INFORMATION info;
        BYTE beyond[64];
    } out;
    MEMORYSTATUSEX status = { .dwLength = sizeof(status) };
    GlobalMemoryStatusEx(&status);
    memset(&out, 0xcc, sizeof(out));
    CHECK(PERFORMANCE_PAGE, "exact size");
    SET_SENTINEL();
    BOOL ok = get(&out, sizeof(out.info));
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("byte behind the structure", out.beyond[0], 0xcc);
    if (ok) {
        EXPECT_UINT("cb", out.info.cb, sizeof(out.info));
        EXPECT_UINT("page size", out.info.PageSize, 4096);
        EXPECT_TRUE("physical memory as GlobalMemoryStatusEx has it",
                    out.info.PhysicalTotal == status.ullTotalPhys / 4096);
        EXPECT_TRUE("available within total", out.info.PhysicalAvailable <= out.info.PhysicalTotal);
        EXPECT_TRUE("commit within limit", out.info.CommitTotal <= out.info.CommitLimit);
        EXPECT_TRUE("kernel pools add up", out.info.KernelTotal == out.info.KernelPaged + out.info.KernelNonpaged);
        EXPECT_TRUE("processes", out.info.ProcessCount);
        EXPECT_TRUE("at least as many threads", out.info.ThreadCount >= out.info.ProcessCount);
        EXPECT_TRUE("handles", out.info.HandleCount);
    }
    static const LONG sizes[] = { -1, -8, -(LONG)sizeof(PERFORMANCE_INFORMATION) };
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        CHECK(PERFORMANCE_PAGE, sizes[i] < -8 ? "0 bytes" : "exact size %ld", sizes[i]);
        SET_SENTINEL();
        ok = get(&out, (DWORD)((LONG)sizeof(out.info) + sizes[i]));
        NOTE_ERROR();
        EXPECT_BOOL("return", ok, FALSE);
    }
    CHECK(PERFORMANCE_PAGE, "exact size and 64 bytes");
    UNDECIDED("the page does not say that the size must be exact");
    SET_SENTINEL();
    ok = get(&out, sizeof(out));
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
}
TEST_BOTH(GetPerformanceInfo, sizes, battery_performance)

struct file_count {
    unsigned calls, stop_after;
    BOOL sane, wide;
};
static BOOL WINAPI count_file(void *context, ENUM_PAGE_FILE_INFORMATION *info, const void *name)
{
    struct file_count *count = context;
    count->calls++;
    count->sane = count->sane && info->cb == sizeof(*info) && info->TotalSize && info->TotalInUse <= info->TotalSize &&
                  info->PeakUsage <= info->TotalSize;
    count->sane = count->sane && (count->wide ? ((const WCHAR *)name)[1] == L':' : ((const char *)name)[1] == ':');
    return count->calls != count->stop_after;
}
static void battery_page_files(BOOL(WINAPI *enumerate)(page_file_callback, void *), const char *page, BOOL wide)
{
    struct file_count count = { 0, 0, TRUE, wide };
    CHECK(page, "a callback that goes on");
    SET_SENTINEL();
    BOOL ok = enumerate(count_file, &count);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("sizes in order, name with a drive", count.sane);
    count.calls = 0;
    count.stop_after = 1;
    CHECK(page, "a callback that stops at the first");
    SET_SENTINEL();
    ok = enumerate(count_file, &count);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("at most one call", count.calls <= 1);
}
static void battery_page_files_w(BOOL(WINAPI *enumerate)(page_file_callback, void *))
{
    battery_page_files(enumerate, "psapi/nf-psapi-enumpagefilesw", TRUE);
}
static void battery_page_files_a(BOOL(WINAPI *enumerate)(page_file_callback, void *))
{
    battery_page_files(enumerate, "psapi/nf-psapi-enumpagefilesa", FALSE);
}
TEST_BOTH(EnumPageFilesW, callback, battery_page_files_w)
TEST_BOTH(EnumPageFilesA, callback, battery_page_files_a)

/* ---- names of mapped files; both forms are looked at as text of the ANSI code page ---- */
struct name_form {
    const char *page;
    DWORD (*get)(HANDLE process, const void *address, char *name, DWORD count);
};
static DWORD(WINAPI *wide_get)(HANDLE, const void *, WCHAR *, DWORD);
static DWORD(WINAPI *ansi_get)(HANDLE, const void *, char *, DWORD);
static DWORD name_w(HANDLE process, const void *address, char *name, DWORD count)
{
    WCHAR wide[600];
    memset(wide, 0xcc, sizeof(wide));
    DWORD length = wide_get(process, address, name ? wide : NULL, count);
    for (DWORD i = 0; name && i < 600; i++)
        name[i] = (char)wide[i];
    return length;
}
static DWORD name_a(HANDLE process, const void *address, char *name, DWORD count)
{
    if (name)
        memset(name, 0xcc, 600);
    return ansi_get(process, address, name, count);
}

/* The name of the file behind a path in the form that Windows gives: the drive replaced by its device. */
static void device_name(char *out, unsigned count, const WCHAR *path)
{
    WCHAR drive[3] = { path[0], L':', 0 }, device[200] = L"?";
    QueryDosDeviceW(drive, device, 200);
    snprintf(out, count, "%ls%ls", device, path + 2);
}

static void battery_names(const struct name_form *form)
{
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE blind = OpenProcess(PROCESS_VM_READ, FALSE, GetCurrentProcessId());
    WCHAR path[MAX_PATH], full[MAX_PATH];
    char name[600], expected[600];
    DWORD written, length;
    GetLongPathNameW(conform_temp_file(), path, MAX_PATH);
    GetFullPathNameW(path, MAX_PATH, full, NULL);
    HANDLE file = CreateFileW(full, GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
    WriteFile(file, path, sizeof(path), &written, NULL);
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0x20000, NULL);
    BYTE *view = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    device_name(expected, sizeof(expected), full);

    CHECK(form->page, "a view of a file: \\Device\\...\\folder\\file, as QueryDosDevice names the drive");
    SET_SENTINEL();
    length = form->get(self, view, name, 600);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("begins with \\Device\\", length > 8 && !strncmp(name, "\\Device\\", 8));
    EXPECT_TRUE("is the file's name", length && !_stricmp(name, expected));
    EXPECT_TRUE("length without terminator", length && length == strlen(expected));
    CHECK(form->page, "the last byte of the view");
    SET_SENTINEL();
    length = form->get(self, view + 0x1ffff, name, 600);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("is the file's name", length && !_stricmp(name, expected));
    CHECK(form->page, "the same after file and mapping are closed");
    CloseHandle(mapping);
    CloseHandle(file);
    SET_SENTINEL();
    length = form->get(self, view, name, 600);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("is the file's name", length && !_stricmp(name, expected));
    CHECK(form->page, "a buffer of just the size");
    SET_SENTINEL();
    length = form->get(self, view, name, (DWORD)strlen(expected) + 1);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("is the file's name", length && !_stricmp(name, expected));
    static const DWORD shorter[] = { 1, 5, 8 };
    for (unsigned i = 0; i < COUNT(shorter); i++) {
        CHECK(form->page, "a buffer of %lu characters", shorter[i]);
        UNDECIDED("the page does not say what happens to a name that does not fit");
        SET_SENTINEL();
        length = form->get(self, view, name, shorter[i]);
        NOTE_ERROR();
        NOTE_BOOL("returns the length of the whole name", length == strlen(expected));
        NOTE_BOOL("returns the size of the buffer", length == shorter[i]);
        NOTE_BOOL("returns 0", length == 0);
        NOTE_BOOL("terminated within the buffer", memchr(name, 0, shorter[i]));
    }
    CHECK(form->page, "a buffer of 0 characters");
    SET_SENTINEL();
    length = form->get(self, view, name, 0);
    NOTE_ERROR();
    EXPECT_BOOL("return", length, FALSE);

    HMODULE module = GetModuleHandleW(NULL);
    GetModuleFileNameW(module, full, MAX_PATH);
    device_name(expected, sizeof(expected), full);
    CHECK(form->page, "the program's own module: its path");
    SET_SENTINEL();
    length = form->get(self, module, name, 600);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("is the module's name", length && !_stricmp(name, expected));

    BYTE *private = VirtualAlloc(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    BYTE *paging = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    UnmapViewOfFile(view);
    const struct {
        const char *name;
        HANDLE process;
        const void *address;
        DWORD error;
    } cases[] = { { "private memory", self, private, 0 },
                  { "a view of the paging file", self, paging, 0 },
                  { "an unmapped view", self, view, 0 },
                  { "NULL", self, NULL, 0 },
                  { "an address of the system", self, (void *)(LONG_PTR)-0x10000, 0 },
                  { "process NULL", NULL, module, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, module, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, module, ERROR_INVALID_HANDLE },
                  { "a handle without PROCESS_QUERY_INFORMATION", blind, module, ERROR_ACCESS_DENIED } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(form->page, "%s", cases[i].name);
        SET_SENTINEL();
        length = form->get(cases[i].process, cases[i].address, name, 600);
        if (cases[i].error)
            EXPECT_ERROR(cases[i].error);
        else
            NOTE_ERROR(); /* the page names none */
        EXPECT_UINT("return", length, 0);
    }
    UnmapViewOfFile(paging);
    CloseHandle(mapping);
    VirtualFree(private, 0, MEM_RELEASE);
    CloseHandle(blind);
    CloseHandle(event);
}
static void battery_names_w(DWORD(WINAPI *get)(HANDLE, const void *, WCHAR *, DWORD))
{
    static const struct name_form form = { "psapi/nf-psapi-getmappedfilenamew", name_w };
    wide_get = get;
    battery_names(&form);
}
static void battery_names_a(DWORD(WINAPI *get)(HANDLE, const void *, char *, DWORD))
{
    static const struct name_form form = { "psapi/nf-psapi-getmappedfilenamea", name_a };
    ansi_get = get;
    battery_names(&form);
}
TEST_BOTH(GetMappedFileNameW, names, battery_names_w)
TEST_BOTH(GetMappedFileNameA, names, battery_names_a)

FAMILY(psapi)
