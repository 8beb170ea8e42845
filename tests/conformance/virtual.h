/* virtual.h - what the tests of the virtual memory functions share. */
#ifndef VIRTUAL_H
#define VIRTUAL_H

#include "conform.h"

#include <stdio.h>

#ifndef MEM_RESET_UNDO
#define MEM_RESET_UNDO 0x01000000
#endif

FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(LPVOID, VirtualAllocEx, (HANDLE, LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(LPVOID, VirtualAllocExNuma, (HANDLE, LPVOID, SIZE_T, DWORD, DWORD, DWORD))
FUNCTION(LPVOID, VirtualAllocFromApp, (LPVOID, SIZE_T, ULONG, ULONG))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualFreeEx, (HANDLE, LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, PDWORD))
FUNCTION(BOOL, VirtualProtectEx, (HANDLE, LPVOID, SIZE_T, DWORD, PDWORD))
FUNCTION(BOOL, VirtualProtectFromApp, (LPVOID, SIZE_T, ULONG, PULONG))
FUNCTION(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))
FUNCTION(SIZE_T, VirtualQueryEx, (HANDLE, LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))

/* The pages of the documentation. */
#define P_ALLOC "memoryapi/nf-memoryapi-virtualalloc"
#define P_ALLOC_EX "memoryapi/nf-memoryapi-virtualallocex"
#define P_ALLOC_NUMA "memoryapi/nf-memoryapi-virtualallocexnuma"
#define P_ALLOC_APP "memoryapi/nf-memoryapi-virtualallocfromapp"
#define P_FREE "memoryapi/nf-memoryapi-virtualfree"
#define P_FREE_EX "memoryapi/nf-memoryapi-virtualfreeex"
#define P_PROTECT "memoryapi/nf-memoryapi-virtualprotect"
#define P_PROTECT_EX "memoryapi/nf-memoryapi-virtualprotectex"
#define P_PROTECT_APP "memoryapi/nf-memoryapi-virtualprotectfromapp"
#define P_QUERY "memoryapi/nf-memoryapi-virtualquery"
#define P_QUERY_EX "memoryapi/nf-memoryapi-virtualqueryex"
#define P_INFO "winnt/ns-winnt-memory_basic_information"
/* Of Microsoft's win32 documentation, under desktop-src. */
#define P_CONSTANTS "Memory/memory-protection-constants"
#define P_GUARD "Memory/creating-guard-pages"
#define P_LARGE "Memory/large-page-support"
#define P_RIGHTS "ProcThread/process-security-and-access-rights"

#define PAGE ((SIZE_T)4096)
#define GRANULE ((SIZE_T)65536)
#define NEW (MEM_RESERVE | MEM_COMMIT)

/* The functions that set up and clean up; a target without them cannot be tested at all. */
#define NEED_BASICS()                                                                                                \
    NEED(VirtualAlloc);                                                                                              \
    NEED(VirtualFree);                                                                                               \
    NEED(VirtualQuery)

/* The page says that GetLastError tells more, but not which error. */
#define EXPECT_SOME_ERROR()                                                                                          \
    do {                                                                                                             \
        DWORD error_ = GetLastError();                                                                               \
        conform_expect(KIND_BOOL, "last error is set", error_ != SENTINEL && error_ != 0, TRUE);                     \
        conform_observe(KIND_ERROR, "last error", error_);                                                           \
        SetLastError(error_);                                                                                        \
    } while (0)

/* What the target says about a page. All zero when it says nothing. */
static inline MEMORY_BASIC_INFORMATION page_info(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    memset(&info, 0, sizeof(info));
    DWORD error = GetLastError();
    pVirtualQuery(address, &info, sizeof(info));
    SetLastError(error);
    return info;
}

#define EXPECT_STATE(name, address, state) EXPECT_HEX(name, page_info(address).State, state)
#define EXPECT_PROTECT(name, address, protect) EXPECT_HEX(name, page_info(address).Protect, protect)

/* An address that was free a moment ago, with bytes of room (rounded up to granules). */
static inline char *free_range(SIZE_T bytes)
{
    char *base = pVirtualAlloc(NULL, bytes, MEM_RESERVE, PAGE_NOACCESS);
    if (base) pVirtualFree(base, 0, MEM_RELEASE);
    return base;
}

static inline char *new_pages(SIZE_T bytes, DWORD protect) { return pVirtualAlloc(NULL, bytes, NEW, protect); }
static inline void release(void *base)
{
    if (base) pVirtualFree(base, 0, MEM_RELEASE);
}

/* One access, for conform_catch. */
static inline void read_byte(void *address) { (void)*(volatile char *)address; }
static inline void write_byte(void *address) { *(volatile char *)address = 1; }
static inline void run_code(void *address) { ((void (*)(void))(uintptr_t)address)(); }

static inline BOOL all_zero(const char *bytes, SIZE_T count)
{
    for (SIZE_T i = 0; i < count; i++)
        if (bytes[i]) return FALSE;
    return TRUE;
}

static inline const char *protect_name(DWORD protect)
{
    static char text[2][256];
    static unsigned turn;
    static const char *const names[] = { "NOACCESS", "READONLY",     "READWRITE",         "WRITECOPY",
                                         "EXECUTE",  "EXECUTE_READ", "EXECUTE_READWRITE", "EXECUTE_WRITECOPY",
                                         "GUARD",    "NOCACHE",      "WRITECOMBINE" };
    char *out = text[turn++ % 2];
    int length = 0;
    out[0] = 0;
    for (unsigned bit = 0; bit < 11; bit++)
        if (protect & 1u << bit) length += sprintf(out + length, "%sPAGE_%s", length ? "|" : "", names[bit]);
    if (protect & ~0x7ffu || !protect) sprintf(out + length, "%s%#lx", length ? "|" : "", protect & ~0x7fful);
    return out;
}

static inline const char *type_name(DWORD type)
{
    static char text[160];
    static const struct {
        DWORD bit;
        const char *name;
    } names[] = { { MEM_COMMIT, "COMMIT" },           { MEM_RESERVE, "RESERVE" },
                  { MEM_DECOMMIT, "DECOMMIT" },       { MEM_RELEASE, "RELEASE" },
                  { MEM_FREE, "FREE" },               { MEM_RESET, "RESET" },
                  { MEM_TOP_DOWN, "TOP_DOWN" },       { MEM_WRITE_WATCH, "WRITE_WATCH" },
                  { MEM_PHYSICAL, "PHYSICAL" },       { MEM_RESET_UNDO, "RESET_UNDO" },
                  { MEM_LARGE_PAGES, "LARGE_PAGES" } };
    int length = 0;
    text[0] = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (type & names[i].bit) {
            length += sprintf(text + length, "%sMEM_%s", length ? "|" : "", names[i].name);
            type &= ~names[i].bit;
        }
    if (type || !length) sprintf(text + length, "%s%#lx", length ? "|" : "", type);
    return text;
}


/* In a child process: after a call with a bad pointer, do other threads' calls still come back? Bit 0 of the child's
 * exit code says that the call failed, bit 1 that it set the last error, bit 2 that another thread's calls came back. */
static inline DWORD WINAPI alloc_and_free(LPVOID context)
{
    (void)context;
    release(pVirtualAlloc(NULL, GRANULE, NEW, PAGE_READWRITE));
    return 0;
}
#define CHILD_FAILED 1
#define CHILD_ERROR 2
#define CHILD_GOES_ON 4
__attribute__((noreturn)) static inline void child_end(BOOL failed)
{
    unsigned code = failed ? CHILD_FAILED : 0;
    if (GetLastError() && GetLastError() != SENTINEL) code |= CHILD_ERROR;
    if (!WaitForSingleObject(CreateThread(NULL, 0, alloc_and_free, NULL, 0, NULL), 3000)) code |= CHILD_GOES_ON;
    TerminateProcess(GetCurrentProcess(), code);
    for (;;) Sleep(1000);
}

/* A file of the given size, mapped: its view. */
static inline char *file_view(DWORD bytes, DWORD section_protect, DWORD access)
{
    HANDLE file = CreateFileW(conform_temp_file(), GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, CREATE_ALWAYS, 0, NULL);
    SetFilePointer(file, (LONG)bytes, NULL, FILE_BEGIN);
    SetEndOfFile(file);
    HANDLE mapping = CreateFileMappingW(file, NULL, section_protect, 0, 0, NULL);
    char *view = MapViewOfFile(mapping, access, 0, 0, 0);
    CloseHandle(mapping);
    CloseHandle(file);
    return view;
}

/* A view of a pagefile-backed section. */
static inline char *section_view(DWORD bytes, DWORD section_protect, DWORD access)
{
    HANDLE mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, section_protect, 0, bytes, NULL);
    char *view = MapViewOfFile(mapping, access, 0, 0, 0);
    CloseHandle(mapping);
    return view;
}

#endif
