/* foreign.c - blocks and heaps that ntdll made, before or beside us, work through the heap API: they are told from ours
 * by address, and wild pointers are still refused.
 */
#include "heaptest.h"

static PVOID(NTAPI *rtl_allocate)(HANDLE, ULONG, SIZE_T);
static BOOLEAN(NTAPI *rtl_free)(HANDLE, ULONG, PVOID);
static SIZE_T(NTAPI *rtl_size)(HANDLE, ULONG, LPCVOID);
static HANDLE(NTAPI *rtl_create)(ULONG, PVOID, SIZE_T, SIZE_T, PVOID, PVOID);
static HANDLE(NTAPI *rtl_destroy)(HANDLE);

static int find_ntdll(void **state)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    (void)state;
    rtl_allocate = (void *)(ULONG_PTR)GetProcAddress(ntdll, "RtlAllocateHeap");
    rtl_free = (void *)(ULONG_PTR)GetProcAddress(ntdll, "RtlFreeHeap");
    rtl_size = (void *)(ULONG_PTR)GetProcAddress(ntdll, "RtlSizeHeap");
    rtl_create = (void *)(ULONG_PTR)GetProcAddress(ntdll, "RtlCreateHeap");
    rtl_destroy = (void *)(ULONG_PTR)GetProcAddress(ntdll, "RtlDestroyHeap");
    return rtl_allocate && rtl_free && rtl_size && rtl_create && rtl_destroy ? 0 : -1;
}

/* A block of ntdll's, from heap, through our calls. */
static void use_block(HANDLE heap, SIZE_T size)
{
    BYTE *block = rtl_allocate(heap, 0, size);
    expect(block, "RtlAllocateHeap of %u", (unsigned)size);
    pattern_write(block, size, 3);
    expect(HeapSize(heap, 0, block) == size, "HeapSize of ntdll's block of %u", (unsigned)size);
    expect(HeapValidate(heap, 0, block), "HeapValidate of ntdll's block of %u", (unsigned)size);
    BYTE *grown = HeapReAlloc(heap, HEAP_ZERO_MEMORY, block, size * 2 + 10);
    expect(grown, "HeapReAlloc of ntdll's block of %u", (unsigned)size);
    expect(pattern_differs(grown, size, NO_SIZE, 3) == NO_SIZE, "content after HeapReAlloc");
    expect(is_zero(grown, size, size * 2 + 10), "the grown part is zero");
    expect(HeapSize(heap, 0, grown) == size * 2 + 10, "HeapSize after HeapReAlloc");
    expect(!HeapReAlloc(heap, 0, grown, NO_SIZE / 2), "an impossible HeapReAlloc");
    expect(HeapFree(heap, 0, grown), "HeapFree of ntdll's block");
    SetLastError(SENTINEL);
    if (size < 100000) { /* ntdll gives larger ones back to the system, and looks at their memory */
        expect(!HeapFree(heap, 0, grown), "ntdll's block was freed twice");
        expect(GetLastError() == ERROR_INVALID_PARAMETER, "error %lu", GetLastError());
    }
    expect(HeapValidate(heap, 0, NULL), "the heap");
}

static void blocks_of_the_process_heap(void **state)
{
    static const SIZE_T sizes[] = { 1, 16, 100, 3000, 30000, 700000, 5 << 20 };
    (void)state;
    for (int round = 0; round < 50; round++)
        for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) use_block(GetProcessHeap(), sizes[i]);
}

static void heaps_of_ntdll(void **state)
{
    HANDLE heap = rtl_create(HEAP_GROWABLE, NULL, 0, 0, NULL, NULL), heaps[200];
    (void)state;
    expect(heap, "RtlCreateHeap");
    for (SIZE_T size = 1; size < 3000000; size = size * 3 + 1) use_block(heap, size);
    void *block = HeapAlloc(heap, HEAP_ZERO_MEMORY, 500);
    expect(block && is_zero(block, 0, 500), "HeapAlloc from ntdll's heap");
    expect(rtl_size(heap, 0, block) == 500, "ntdll knows the block");
    expect(!HeapFree(GetProcessHeap(), 0, block), "a block of ntdll's heap, freed in the process heap");
    expect(HeapLock(heap) && HeapUnlock(heap), "the lock of ntdll's heap");
    PROCESS_HEAP_ENTRY entry = { 0 };
    BOOL found = FALSE;
    while (HeapWalk(heap, &entry)) found = found || (entry.lpData == block && (entry.wFlags & PROCESS_HEAP_ENTRY_BUSY));
    expect(GetLastError() == ERROR_NO_MORE_ITEMS && found, "the walk of ntdll's heap");
    DWORD count = GetProcessHeaps(200, heaps);
    found = FALSE;
    for (DWORD i = 0; i < count && i < 200; i++) found = found || heaps[i] == heap;
    expect(found, "GetProcessHeaps lists ntdll's heap");
    /* Wild pointers given to a heap that is not ours. */
    void *ours = HeapAlloc(GetProcessHeap(), 0, 100);
    expect(!HeapFree(heap, 0, ours) && !HeapValidate(heap, 0, ours), "our block in ntdll's heap");
    expect(HeapFree(GetProcessHeap(), 0, ours), "our block in its own heap");
    expect(HeapFree(heap, 0, block), "HeapFree");
    expect(HeapDestroy(heap), "HeapDestroy of ntdll's heap");
    expect(!HeapDestroy(heap) && !HeapAlloc(heap, 0, 10), "ntdll's heap after its end");
}

static void blocks_of_the_system(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        char *text = NULL;
        DWORD length = FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
                                      FORMAT_MESSAGE_IGNORE_INSERTS, NULL, ERROR_ACCESS_DENIED, 0, (char *)&text, 0, NULL);
        expect(length && text, "FormatMessage");
        expect(HeapValidate(GetProcessHeap(), 0, text), "FormatMessage's buffer");
        SIZE_T size = HeapSize(GetProcessHeap(), 0, text);
        expect(size != NO_SIZE && size > length, "its size is %u", (unsigned)size);
        text = HeapReAlloc(GetProcessHeap(), 0, text, 5000);
        expect(text && strlen(text) == length, "its content after HeapReAlloc");
        expect(HeapFree(GetProcessHeap(), 0, text), "HeapFree of it");
    }
}

/* Ours and ntdll's in turn, freed through HeapFree in any order, by several threads. */
static DWORD WINAPI mixer(void *context)
{
    enum { LIVE = 200, STEPS = 20000 };
    void *blocks[LIVE] = { 0 };
    SIZE_T sizes[LIVE];
    uint64_t seed = (ULONG_PTR)context + 5;
    HANDLE heap = GetProcessHeap();
    for (int step = 0; step < STEPS && !thread_failures; step++) {
        unsigned i = random_next(&seed) % LIVE;
        if (blocks[i]) {
            expect_thread(HeapSize(heap, 0, blocks[i]) == sizes[i], "HeapSize");
            expect_thread(pattern_differs(blocks[i], sizes[i], NO_SIZE, i) == NO_SIZE, "content");
            expect_thread(HeapFree(heap, 0, blocks[i]), "HeapFree");
            blocks[i] = NULL;
        } else {
            sizes[i] = random_size(&seed, 5000);
            blocks[i] = random_next(&seed) % 2 ? HeapAlloc(heap, 0, sizes[i]) : rtl_allocate(heap, 0, sizes[i]);
            expect_thread(blocks[i], "a block of %u", (unsigned)sizes[i]);
            pattern_write(blocks[i], sizes[i], i);
        }
    }
    for (unsigned i = 0; i < LIVE; i++)
        if (blocks[i]) expect_thread(HeapFree(heap, 0, blocks[i]), "the last HeapFree");
    return 0;
}
static void mixed_in_threads(void **state)
{
    HANDLE threads[4];
    (void)state;
    for (ULONG_PTR i = 0; i < 4; i++) threads[i] = thread_start(mixer, (void *)i);
    for (int i = 0; i < 4; i++) thread_join(threads[i]);
    expect(!thread_failures, "%ld failures in threads", thread_failures);
    expect(HeapValidate(GetProcessHeap(), 0, NULL), "the process heap");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_the_process_heap), cmocka_unit_test(heaps_of_ntdll),
        cmocka_unit_test(blocks_of_the_system),       cmocka_unit_test(mixed_in_threads),
    };
    return cmocka_run_group_tests(tests, find_ntdll, NULL);
}
