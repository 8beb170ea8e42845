/* process.c - reading and writing the memory of processes, and flushing the instruction cache. */
#include "conform.h"
#include <stdio.h>

FUNCTION(BOOL, ReadProcessMemory, (HANDLE, LPCVOID, LPVOID, SIZE_T, SIZE_T *))
FUNCTION(BOOL, WriteProcessMemory, (HANDLE, LPVOID, LPCVOID, SIZE_T, SIZE_T *))
FUNCTION(BOOL, Toolhelp32ReadProcessMemory, (DWORD, LPCVOID, LPVOID, SIZE_T, SIZE_T *))
FUNCTION(BOOL, FlushInstructionCache, (HANDLE, LPCVOID, SIZE_T))

#define READ_PAGE "memoryapi/nf-memoryapi-readprocessmemory"
#define WRITE_PAGE "memoryapi/nf-memoryapi-writeprocessmemory"
#define TOOLHELP_PAGE "tlhelp32/nf-tlhelp32-toolhelp32readprocessmemory"
#define FLUSH_PAGE "processthreadsapi/nf-processthreadsapi-flushinstructioncache"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UNTOUCHED ((SIZE_T)0x7777)

/* Four pages in a process; the second has the protection under test, the others are PAGE_READWRITE. */
static BYTE *pages_make(HANDLE process, DWORD protect)
{
    DWORD old;
    BYTE *base = VirtualAllocEx(process, NULL, 0x4000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (base && protect == MEM_DECOMMIT)
        VirtualFreeEx(process, base + 0x1000, 0x1000, MEM_DECOMMIT);
    else if (base && protect != PAGE_READWRITE)
        VirtualProtectEx(process, base + 0x1000, 0x1000, protect, &old);
    return base;
}
static const struct {
    const char *name;
    DWORD protect;
    BOOL readable, writable;
} pages[] = { { "PAGE_READONLY", PAGE_READONLY, TRUE, FALSE },
              { "PAGE_READWRITE", PAGE_READWRITE, TRUE, TRUE },
              { "PAGE_EXECUTE_READ", PAGE_EXECUTE_READ, TRUE, TRUE },
              { "PAGE_EXECUTE_READWRITE", PAGE_EXECUTE_READWRITE, TRUE, TRUE },
              { "PAGE_NOACCESS", PAGE_NOACCESS, FALSE, FALSE },
              { "PAGE_READWRITE|PAGE_GUARD", PAGE_READWRITE | PAGE_GUARD, FALSE, FALSE },
              { "decommitted", MEM_DECOMMIT, FALSE, FALSE } };
static const struct {
    const char *name;
    DWORD at, bytes;
} spans[] = { { "all of it", 0x1000, 0x1000 },
              { "its first byte", 0x1000, 1 },
              { "its last byte", 0x1fff, 1 },
              { "from the page before into it", 0xff0, 0x20 },
              { "from it into the page behind", 0x1ff0, 0x20 },
              { "all four pages", 0, 0x4000 } };

/* "The entire area to be read must be accessible or the operation fails." */
static void battery_read(HANDLE process, const char *whose)
{
    static BYTE buffer[0x4000], source[0x4000];
    for (unsigned i = 0; i < COUNT(pages); i++) {
        for (unsigned j = 0; j < COUNT(spans); j++) {
            BYTE *base = pages_make(process, pages[i].protect);
            SIZE_T done = UNTOUCHED;
            memset(buffer, 0xcc, sizeof(buffer));
            CHECK(READ_PAGE, "%s process, a %s page: %s", whose, pages[i].name, spans[j].name);
            SET_SENTINEL();
            BOOL ok = pReadProcessMemory(process, base + spans[j].at, buffer, spans[j].bytes, &done);
            EXPECT_ERROR(pages[i].readable ? SENTINEL : ERROR_PARTIAL_COPY);
            EXPECT_BOOL("return", ok, pages[i].readable);
            if (pages[i].readable) {
                EXPECT_UINT("bytes read", done, spans[j].bytes);
                EXPECT_TRUE("content", !memcmp(buffer, source, spans[j].bytes));
            } else if (spans[j].at >= 0x1000) {
                EXPECT_UINT("bytes read", done, 0);
            } else {
                NOTE_UINT("bytes read", done); /* the page says nothing of how much a failed call has copied */
            }
            VirtualFreeEx(process, base, 0, MEM_RELEASE);
        }
    }
}
TEST(ReadProcessMemory, own_pages)
{
    NEED(ReadProcessMemory);
    battery_read(GetCurrentProcess(), "this");
}
TEST_FLAGS(ReadProcessMemory, other_pages, TEST_SLOW)
{
    NEED(ReadProcessMemory);
    HANDLE process = conform_peer_start();
    battery_read(process, "another");
    conform_peer_end(process);
}

/* Windows: a read-only page is refused with ERROR_NOACCESS and the count untouched; a page of code is writable. */
static void battery_write(HANDLE process, const char *whose)
{
    static BYTE buffer[0x4000], back[0x4000];
    memset(buffer, 0xa5, sizeof(buffer));
    for (unsigned i = 0; i < COUNT(pages); i++) {
        for (unsigned j = 0; j < COUNT(spans); j++) {
            BYTE *base = pages_make(process, pages[i].protect);
            SIZE_T done = UNTOUCHED;
            CHECK(WRITE_PAGE, "%s process, a %s page: %s", whose, pages[i].name, spans[j].name);
            SET_SENTINEL();
            BOOL ok = pWriteProcessMemory(process, base + spans[j].at, buffer, spans[j].bytes, &done);
            if (pages[i].writable)
                EXPECT_ERROR(SENTINEL);
            else if (pages[i].protect == PAGE_READONLY || pages[i].protect == PAGE_NOACCESS)
                EXPECT_ERROR(ERROR_NOACCESS);
            else
                NOTE_ERROR();
            EXPECT_BOOL("return", ok, pages[i].writable);
            if (!pages[i].writable && spans[j].at < 0x1000)
                NOTE_UINT("bytes written", done);
            else
                EXPECT_UINT("bytes written", done, pages[i].writable ? spans[j].bytes : UNTOUCHED);
            if (pages[i].writable) {
                MEMORY_BASIC_INFORMATION info;
                SIZE_T got;
                ReadProcessMemory(process, base + spans[j].at, back, spans[j].bytes, &got);
                EXPECT_TRUE("content", !memcmp(back, buffer, spans[j].bytes));
                VirtualQueryEx(process, base + 0x1000, &info, sizeof(info));
                EXPECT_HEX("protection afterwards", info.Protect, pages[i].protect);
            }
            VirtualFreeEx(process, base, 0, MEM_RELEASE);
        }
    }
}
TEST(WriteProcessMemory, own_pages)
{
    NEED(WriteProcessMemory);
    battery_write(GetCurrentProcess(), "this");
}
TEST_FLAGS(WriteProcessMemory, other_pages, TEST_SLOW)
{
    NEED(WriteProcessMemory);
    HANDLE process = conform_peer_start();
    battery_write(process, "another");
    conform_peer_end(process);
}

TEST(ReadProcessMemory, arguments)
{
    NEED(ReadProcessMemory);
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE less = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE, GetCurrentProcessId());
    HANDLE just = OpenProcess(PROCESS_VM_READ, FALSE, GetCurrentProcessId());
    BYTE *readonly = VirtualAlloc(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);
    BYTE source[16] = "fifteen letters", buffer[16];
    const struct {
        const char *name;
        HANDLE process;
        const void *address;
        void *buffer;
        SIZE_T bytes;
        BOOL ok;
        DWORD error;
    } cases[] = { { "0 bytes", self, source, buffer, 0, TRUE, SENTINEL },
                  { "0 bytes at NULL", self, NULL, buffer, 0, TRUE, SENTINEL },
                  { "16 bytes", self, source, buffer, 16, TRUE, SENTINEL },
                  { "16 bytes through a handle with PROCESS_VM_READ only", just, source, buffer, 16, TRUE, SENTINEL },
                  { "a handle without PROCESS_VM_READ", less, source, buffer, 16, FALSE, ERROR_ACCESS_DENIED },
                  { "process NULL", NULL, source, buffer, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, source, buffer, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, source, buffer, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "address NULL", self, NULL, buffer, 16, FALSE, ERROR_PARTIAL_COPY },
                  { "an address of the system", self, (void *)(LONG_PTR)-0x10000, buffer, 16, FALSE, ERROR_NOACCESS },
                  { "a range that wraps around", self, source, buffer, (SIZE_T)-1, FALSE, ERROR_NOACCESS },
                  { "buffer NULL", self, source, NULL, 16, FALSE, ERROR_NOACCESS },
                  { "read-only buffer", self, source, readonly, 16, FALSE, ERROR_NOACCESS } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        SIZE_T done = UNTOUCHED;
        memset(buffer, 0, sizeof(buffer));
        CHECK(READ_PAGE, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pReadProcessMemory(cases[i].process, cases[i].address, cases[i].buffer, cases[i].bytes, &done);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].ok);
        if (ok)
            EXPECT_UINT("bytes read", done, cases[i].bytes);
        else
            NOTE_UINT("bytes read", done);
        if (ok && cases[i].bytes)
            EXPECT_TRUE("content", !memcmp(source, buffer, 16));
    }
    CHECK(READ_PAGE, "16 bytes, no count wanted");
    SET_SENTINEL();
    BOOL ok = pReadProcessMemory(self, source, buffer, 16, NULL);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    VirtualFree(readonly, 0, MEM_RELEASE);
    CloseHandle(just);
    CloseHandle(less);
    CloseHandle(event);
}

TEST(WriteProcessMemory, arguments)
{
    NEED(WriteProcessMemory);
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    DWORD me = GetCurrentProcessId();
    HANDLE reads = OpenProcess(PROCESS_VM_READ | PROCESS_QUERY_INFORMATION | PROCESS_VM_OPERATION, FALSE, me);
    HANDLE writes = OpenProcess(PROCESS_VM_WRITE | PROCESS_QUERY_INFORMATION, FALSE, me);
    HANDLE just = OpenProcess(PROCESS_VM_WRITE | PROCESS_VM_OPERATION, FALSE, me);
    BYTE target[16], buffer[16] = "fifteen letters";
    const struct {
        const char *name;
        HANDLE process;
        void *address;
        const void *buffer;
        SIZE_T bytes;
        BOOL ok;
        DWORD error;
    } cases[] = { { "0 bytes", self, target, buffer, 0, TRUE, SENTINEL },
                  { "16 bytes", self, target, buffer, 16, TRUE, SENTINEL },
                  { "a handle with PROCESS_VM_WRITE and PROCESS_VM_OPERATION only", just, target, buffer, 16, TRUE,
                    SENTINEL },
                  { "a handle without PROCESS_VM_WRITE", reads, target, buffer, 16, FALSE, ERROR_ACCESS_DENIED },
                  { "a handle without PROCESS_VM_OPERATION", writes, target, buffer, 16, FALSE, ERROR_ACCESS_DENIED },
                  { "process NULL", NULL, target, buffer, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, target, buffer, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, target, buffer, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "address NULL", self, NULL, buffer, 16, FALSE, 0 },
                  { "an address of the system", self, (void *)(LONG_PTR)-0x10000, buffer, 16, FALSE, 0 },
                  { "a range that wraps around", self, target, buffer, (SIZE_T)-1, FALSE, 0 },
                  { "buffer NULL", self, target, NULL, 16, FALSE, 0 } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        SIZE_T done = UNTOUCHED;
        memset(target, 0, sizeof(target));
        CHECK(WRITE_PAGE, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pWriteProcessMemory(cases[i].process, cases[i].address, cases[i].buffer, cases[i].bytes, &done);
        if (cases[i].error)
            EXPECT_ERROR(cases[i].error);
        else
            NOTE_ERROR(); /* the page names none */
        EXPECT_BOOL("return", ok, cases[i].ok);
        if (ok)
            EXPECT_UINT("bytes written", done, cases[i].bytes);
        else
            NOTE_UINT("bytes written", done);
        EXPECT_BOOL("written", !memcmp(target, buffer, 16), cases[i].ok && cases[i].bytes);
    }
    CHECK(WRITE_PAGE, "16 bytes, no count wanted");
    SET_SENTINEL();
    BOOL ok = pWriteProcessMemory(self, target, buffer, 16, NULL);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    CloseHandle(just);
    CloseHandle(writes);
    CloseHandle(reads);
    CloseHandle(event);
}

/* A copy-on-write view: written privately. */
TEST(WriteProcessMemory, copy_on_write)
{
    NEED(WriteProcessMemory);
    HANDLE mapping = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL);
    BYTE *shared = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    BYTE *copy = MapViewOfFile(mapping, FILE_MAP_COPY, 0, 0, 0);
    BYTE byte = 0x99;
    SIZE_T done = UNTOUCHED;
    CHECK(WRITE_PAGE, "a copy-on-write view");
    SET_SENTINEL();
    BOOL ok = pWriteProcessMemory(GetCurrentProcess(), copy + 5, &byte, 1, &done);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_UINT("bytes written", done, 1);
    EXPECT_HEX("byte in the view", copy[5], 0x99);
    EXPECT_HEX("byte in the shared view", shared[5], 0);
    CHECK(WRITE_PAGE, "a read-only view");
    byte = 0x88;
    done = UNTOUCHED;
    BYTE *readonly = MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);
    SET_SENTINEL();
    ok = pWriteProcessMemory(GetCurrentProcess(), readonly + 6, &byte, 1, &done);
    EXPECT_ERROR(ERROR_NOACCESS);
    EXPECT_BOOL("return", ok, FALSE);
    EXPECT_HEX("byte in the shared view", shared[6], 0);
    UnmapViewOfFile(readonly);
    UnmapViewOfFile(copy);
    UnmapViewOfFile(shared);
    CloseHandle(mapping);
}

TEST_FLAGS(Toolhelp32ReadProcessMemory, processes, TEST_SLOW)
{
    NEED(Toolhelp32ReadProcessMemory);
    BYTE source[16] = "fifteen letters", buffer[16] = { 0 };
    SIZE_T done = UNTOUCHED;
    CHECK(TOOLHELP_PAGE, "identifier 0: this process, 16 bytes");
    SET_SENTINEL();
    BOOL ok = pToolhelp32ReadProcessMemory(0, source, buffer, 16, &done);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_UINT("bytes read", done, 16);
    EXPECT_TRUE("content", !memcmp(source, buffer, 16));
    memset(buffer, 0, sizeof(buffer));
    CHECK(TOOLHELP_PAGE, "this process's identifier, 16 bytes, no count wanted");
    SET_SENTINEL();
    ok = pToolhelp32ReadProcessMemory(GetCurrentProcessId(), source, buffer, 16, NULL);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_TRUE("content", !memcmp(source, buffer, 16));
    CHECK(TOOLHELP_PAGE, "identifier 0, address NULL");
    done = UNTOUCHED;
    SET_SENTINEL();
    ok = pToolhelp32ReadProcessMemory(0, NULL, buffer, 16, &done);
    NOTE_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    CHECK(TOOLHELP_PAGE, "an identifier that no process has");
    SET_SENTINEL();
    ok = pToolhelp32ReadProcessMemory(0xfffffff0, source, buffer, 16, &done);
    NOTE_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    HANDLE process = conform_peer_start();
    BYTE *there = VirtualAllocEx(process, NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    SIZE_T written;
    WriteProcessMemory(process, there, source, 16, &written);
    memset(buffer, 0, sizeof(buffer));
    CHECK(TOOLHELP_PAGE, "another process, 16 bytes");
    SET_SENTINEL();
    ok = pToolhelp32ReadProcessMemory(GetProcessId(process), there, buffer, 16, &done);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_UINT("bytes read", done, 16);
    EXPECT_TRUE("content", !memcmp(source, buffer, 16));
    CHECK(TOOLHELP_PAGE, "another process, past the end of its pages");
    done = UNTOUCHED;
    SET_SENTINEL();
    ok = pToolhelp32ReadProcessMemory(GetProcessId(process), there + 0xff8, buffer, 16, &done);
    NOTE_ERROR();
    EXPECT_BOOL("return", ok, FALSE);
    conform_peer_end(process);
}

TEST(FlushInstructionCache, handles)
{
    NEED(FlushInstructionCache);
    HANDLE self = GetCurrentProcess(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE real = OpenProcess(PROCESS_ALL_ACCESS, FALSE, GetCurrentProcessId());
    BYTE *code = VirtualAlloc(NULL, 0x1000, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    const struct {
        const char *name;
        HANDLE process;
        void *base;
        SIZE_T bytes;
        BOOL ok;
        DWORD error;
    } cases[] = { { "this process, all", self, NULL, 0, TRUE, SENTINEL },
                  { "this process, NULL and a size", self, NULL, 100, TRUE, SENTINEL },
                  { "this process, a page of code", self, code, 0x1000, TRUE, SENTINEL },
                  { "a real handle to this process, a page of code", real, code, 0x1000, TRUE, SENTINEL },
                  { "process NULL", NULL, NULL, 0, FALSE, ERROR_INVALID_HANDLE },
                  { "no handle", (HANDLE)0xdeadbee0, code, 16, FALSE, ERROR_INVALID_HANDLE },
                  { "an event's handle", event, code, 16, FALSE, ERROR_INVALID_HANDLE } };
    for (unsigned i = 0; i < COUNT(cases); i++) {
        CHECK(FLUSH_PAGE, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pFlushInstructionCache(cases[i].process, cases[i].base, cases[i].bytes);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("return", ok, cases[i].ok);
    }
    CHECK(FLUSH_PAGE, "code written, flushed and run");
    static const BYTE returns[2][6] = { { 0xb8, 1, 0, 0, 0, 0xc3 }, { 0xb8, 2, 0, 0, 0, 0xc3 } }; /* mov eax, n; ret */
    for (unsigned i = 0; i < 2; i++) {
        memcpy(code, returns[i], 6);
        EXPECT_TRUE("return", pFlushInstructionCache(self, code, 6));
        EXPECT_UINT("the code's result", ((int (*)(void))(void *)code)(), i + 1);
    }
    VirtualFree(code, 0, MEM_RELEASE);
    CloseHandle(real);
    CloseHandle(event);
}

FAMILY(process)
