/* free_never_allocated.c - addresses that never were blocks: on the stack, in the NULL page, in the kernel's half, in
 * images, in reservations, views and free address space, and inside the heap's own memory between its blocks. */
#include "heaptest.h"

static int writable_global[16] = { 1 };
static const int constant_global[16] = { 2 };
static int zero_global[4096];

static void attack_stack(HANDLE heap)
{
    BYTE local[20000];
    local[0] = local[sizeof local - 1] = 1;
    for (SIZE_T at = 0; at < 256; at++) expect_refused(heap, local + at, "the stack");
    expect_refused(heap, local + 10000, "the stack");
    expect_refused(heap, __builtin_frame_address(0), "a frame");
}

static void attack_low_and_high(HANDLE heap)
{
    for (ULONG_PTR at = 1; at < 0x10000; at += at < 64 ? 1 : at / 5) expect_refused(heap, (void *)at, "the NULL page");
    expect_refused(heap, (void *)0xffff, "the NULL page's end");
    static const ULONG_PTR high[] = { (ULONG_PTR)-1, (ULONG_PTR)-8, (ULONG_PTR)-16, (ULONG_PTR)-4096, (ULONG_PTR)-65536,
#ifdef _WIN64
                                      0x7fffffff0000, 0x7fffffffffff, 0x800000000000, 0xffff800000000000, 0x8000000000000000,
                                      0xfffff80000000000, 0x7fff000000000000, 0x0001000000000000, 0x00007ffffffe0000
#else
                                      0x7ffe0000, 0x7fff0000, 0x80000000, 0xc0000000, 0xfffe0000
#endif
    };
    for (unsigned i = 0; i < sizeof high / sizeof high[0]; i++) expect_refused(heap, (void *)high[i], "a high address");
}

static void attack_images(HANDLE heap)
{
    expect_refused(heap, writable_global, "a global");
    expect_refused(heap, &writable_global[4], "a global");
    expect_refused(heap, constant_global, "a constant");
    for (int i = 0; i < 4096; i += 4) expect_refused(heap, zero_global + i, "zeroed image data");
    expect_refused(heap, (void *)(ULONG_PTR)attack_images, "code");
    expect_refused(heap, GetModuleHandleA(NULL), "the program's base");
    expect_refused(heap, GetModuleHandleA("ntdll.dll"), "ntdll's base");
    expect_refused(heap, (void *)(ULONG_PTR)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtClose"), "ntdll's code");
}

static void attack_regions(HANDLE heap)
{
    BYTE *reserved = VirtualAlloc(NULL, 1 << 20, MEM_RESERVE, PAGE_NOACCESS);
    BYTE *committed = VirtualAlloc(NULL, 1 << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 1 << 20, NULL);
    BYTE *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    expect(reserved && committed && view, "regions to attack with");
    for (SIZE_T at = 0; at < 1 << 20; at += at < 4096 ? 16 : 4096) {
        expect_refused(heap, reserved + at, "reserved memory");
        expect_refused(heap, committed + at, "committed memory");
        expect_refused(heap, view + at, "a view");
    }
    memset(committed, 0xff, 1 << 20);
    for (SIZE_T at = 0; at < 1 << 20; at += 4096) expect_refused(heap, committed + at, "committed memory full of ones");
    VirtualFree(reserved, 0, MEM_RELEASE);
    VirtualFree(committed, 0, MEM_RELEASE);
    UnmapViewOfFile(view);
    CloseHandle(section);
    for (SIZE_T at = 0; at < 1 << 20; at += 65536) {
        expect_refused(heap, committed + at, "memory that was freed");
        expect_refused(heap, view + at, "a view that was unmapped");
    }
}

/* All around live blocks, at every alignment that a block could have: what HeapValidate does not know as a block, the
 * other functions refuse too. The blocks are few, so most addresses are unused places or bookkeeping. */
static void attack_surroundings(HANDLE heap)
{
    enum { COUNT = 40 };
    void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) expect(blocks[i] = HeapAlloc(heap, 0, block_sizes[i % BLOCK_SIZES]), "block");
    for (int i = 0; i < COUNT; i++) {
        for (ptrdiff_t at = -2048; at < 2048; at += 8) {
            BYTE *pointer = (BYTE *)blocks[i] + at;
            if (!HeapValidate(heap, 0, pointer)) expect_refused(heap, pointer, "an address near a block");
        }
        for (unsigned shift = 12; shift < 25; shift++) {
            BYTE *pointer = (BYTE *)((ULONG_PTR)blocks[i] >> shift << shift);
            for (int j = 0; j < 8; j++, pointer += 16 << j)
                if (!HeapValidate(heap, 0, pointer)) expect_refused(heap, pointer, "an address where bookkeeping may be");
        }
    }
    for (int i = 0; i < COUNT; i++) expect(HeapFree(heap, 0, blocks[i]), "free of block %d", i);
}

/* Anywhere at all, the same in every run. */
static void attack_anywhere(HANDLE heap)
{
    uint64_t seed = 99;
    for (int i = 0; i < 20000; i++) {
        ULONG_PTR at = ((ULONG_PTR)random_next(&seed) << 17) ^ random_next(&seed);
#ifdef _WIN64
        if (i & 1) at |= (ULONG_PTR)random_next(&seed) << 47;
#endif
        at &= ~(ULONG_PTR)15;
        if (at && !HeapValidate(heap, 0, (void *)at)) expect_refused(heap, (void *)at, "a random address");
    }
}

static void attack(HANDLE heap)
{
    attack_stack(heap);
    attack_low_and_high(heap);
    attack_images(heap);
    attack_regions(heap);
    attack_surroundings(heap);
    attack_anywhere(heap);
}

int main(void) { return attack_main(attack); }
