/* heap_toolhelp.c - Heap32ListFirst and its kin: the heaps of a process, and their blocks, through a snapshot. */
#include "conform.h"
#include <tlhelp32.h>

FUNCTION(HANDLE, HeapCreate, (DWORD, SIZE_T, SIZE_T))
FUNCTION(BOOL, HeapDestroy, (HANDLE))
FUNCTION(LPVOID, HeapAlloc, (HANDLE, DWORD, SIZE_T))
FUNCTION(BOOL, Heap32ListFirst, (HANDLE, LPHEAPLIST32))
FUNCTION(BOOL, Heap32ListNext, (HANDLE, LPHEAPLIST32))
FUNCTION(BOOL, Heap32First, (LPHEAPENTRY32, DWORD, ULONG_PTR))
FUNCTION(BOOL, Heap32Next, (LPHEAPENTRY32))

#define PAGE_OF(name) "tlhelp32/nf-tlhelp32-" name

/* Wine gives no handle for a snapshot of the heaps alone. */
static HANDLE snapshot(void)
{
    return CreateToolhelp32Snapshot(TH32CS_SNAPHEAPLIST | TH32CS_SNAPMODULE, GetCurrentProcessId());
}

TEST(Heap32ListFirst, sizes)
{
    NEED(Heap32ListFirst); NEED(Heap32ListNext);
    HANDLE list = snapshot();
    HEAPLIST32 entry = { .dwSize = 0 };
    CHECK(PAGE_OF("heap32listfirst"), "dwSize 0");
    EXPECT_BOOL("return", pHeap32ListFirst(list, &entry), FALSE);
    entry.dwSize = sizeof(entry);
    CHECK(PAGE_OF("heap32listfirst"), "this process");
    EXPECT_BOOL("return", pHeap32ListFirst(list, &entry), TRUE);
    EXPECT_BOOL("process id", entry.th32ProcessID == GetCurrentProcessId(), TRUE);
    EXPECT_BOOL("heap id", entry.th32HeapID, TRUE);
    CHECK_OF(Heap32ListNext, PAGE_OF("heap32listnext"), "to the end");
    unsigned count = 1;
    SET_SENTINEL();
    while (count < 1000 && pHeap32ListNext(list, &entry))
        count++;
    EXPECT_ERROR(ERROR_NO_MORE_FILES);
    EXPECT_BOOL("ends", count < 1000, TRUE);
    CloseHandle(list);
}

TEST(Heap32First, blocks_of_a_heap)
{
    NEED(HeapCreate); NEED(HeapDestroy); NEED(HeapAlloc); NEED(Heap32First); NEED(Heap32Next); NEED(Heap32ListFirst);
    NEED(Heap32ListNext);
    HANDLE heap = pHeapCreate(0, 0, 0);
    LPVOID block = pHeapAlloc(heap, 0, 12345);
    HEAPENTRY32 entry = { .dwSize = sizeof(entry) };
    BOOL found = FALSE;
    SIZE_T size = 0;
    CHECK(PAGE_OF("heap32first"), "a heap with a block of 12345 bytes");
    BOOL more = pHeap32First(&entry, GetCurrentProcessId(), (ULONG_PTR)heap);
    EXPECT_BOOL("return", more, TRUE);
    EXPECT_BOOL("process id", entry.th32ProcessID == GetCurrentProcessId(), TRUE);
    EXPECT_BOOL("heap id", entry.th32HeapID == (ULONG_PTR)heap, TRUE);
    for (unsigned i = 0; more && i < 10000; i++) {
        if (entry.dwAddress == (ULONG_PTR)block && !(entry.dwFlags & LF32_FREE)) {
            found = TRUE;
            size = entry.dwBlockSize;
        }
        more = pHeap32Next(&entry);
    }
    CHECK_OF(Heap32Next, PAGE_OF("heap32next"), "to the end of a heap with a block of 12345 bytes");
    EXPECT_BOOL("lists the block", found, TRUE);
    EXPECT_BOOL("with at least its size", size >= 12345, TRUE);
    EXPECT_BOOL("ends", more, FALSE);
    CHECK(PAGE_OF("heap32first"), "no such heap");
    entry.dwSize = sizeof(entry);
    EXPECT_BOOL("return", pHeap32First(&entry, GetCurrentProcessId(), 0x12345), FALSE);
    CHECK(PAGE_OF("heap32first"), "dwSize 0");
    entry.dwSize = 0;
    EXPECT_BOOL("return", pHeap32First(&entry, GetCurrentProcessId(), (ULONG_PTR)heap), FALSE);
    pHeapDestroy(heap);
}

FAMILY(heap)
