/* handles.c - the handle table from outside: stale and forged handles, many handles, and the handles that are not
 * k32mem's own. One thread; race.c has the threads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <cmocka.h>

/* The part of a handle that names its entry, whatever its generation (see dll/global/table.h). */
static ULONG_PTR entry_of(HGLOBAL h)
{
#ifdef _WIN64
    return (ULONG_PTR)h & (((ULONG_PTR)1 << 47) - 1);
#else
    return (ULONG_PTR)h & 0xfffff;
#endif
}

static uint64_t random_next(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static int order(const void *a, const void *b)
{
    ULONG_PTR x = (ULONG_PTR) * (HGLOBAL const *)a, y = (ULONG_PTR) * (HGLOBAL const *)b;
    return (x > y) - (x < y);
}

/* No call may succeed on h, or change anything. */
static void refuse(HGLOBAL h)
{
    SetLastError(0);
    assert_null(GlobalLock(h));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_int_equal(GlobalFlags(h), GMEM_INVALID_HANDLE);
    assert_int_equal(GlobalSize(h), 0);
    assert_null(GlobalReAlloc(h, 10, GMEM_MOVEABLE));
    assert_null(GlobalHandle(h));
    assert_ptr_equal(GlobalFree(h), h);
    SetLastError(0);
    GlobalUnlock(h);
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
}

/* Handles of freed objects are refused for good, also when their entries are in use again. */
static void stale_handles(void **state)
{
    enum { STALE = 500, CHURN = 400000, LIVE = 3000 };
    static HGLOBAL stale[STALE], live[LIVE];
    static ULONG_PTR entries[STALE];
    (void)state;
    for (unsigned i = 0; i < STALE; i++) assert_non_null(stale[i] = GlobalAlloc(GMEM_MOVEABLE, 8));
    for (unsigned i = 0; i < STALE; i++) {
        GlobalFree(stale[i]);
        entries[i] = entry_of(stale[i]);
    }
    qsort(stale, STALE, sizeof(stale[0]), order);
    qsort(entries, STALE, sizeof(entries[0]), order);
    unsigned reused = 0;
    for (unsigned i = 0; i < CHURN; i++) {
        HGLOBAL *h = &live[i % LIVE];
        if (*h) assert_null(GlobalFree(*h));
        assert_non_null(*h = GlobalAlloc(GMEM_MOVEABLE, 8));
        assert_null(bsearch(h, stale, STALE, sizeof(stale[0]), order));
        ULONG_PTR entry = entry_of(*h);
        if (bsearch(&entry, entries, STALE, sizeof(entries[0]), order)) {
            reused++;
            refuse(stale[i % STALE]);
        }
    }
    assert_true(reused >= STALE);
    for (unsigned i = 0; i < STALE; i++) refuse(stale[i]);
    for (unsigned i = 0; i < LIVE; i++) {
        assert_int_equal(GlobalFlags(live[i]), 0);
        assert_null(GlobalFree(live[i]));
    }
}

/* Freeing one object again and again uses a new handle each time. */
static void handles_differ(void **state)
{
    enum { MANY = 300000 };
    HGLOBAL *seen = malloc(MANY * sizeof(*seen));
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        assert_non_null(seen[i] = GlobalAlloc(GMEM_MOVEABLE, 0));
        assert_null(GlobalFree(seen[i]));
    }
    qsort(seen, MANY, sizeof(*seen), order);
    for (unsigned i = 1; i < MANY; i++) assert_true(seen[i] != seen[i - 1]);
    free(seen);
}

static BOOL in_a_module(const void *address)
{
    MEMORY_BASIC_INFORMATION info;
    return VirtualQuery(address, &info, sizeof(info)) && info.State != MEM_FREE && info.Type == MEM_IMAGE;
}

/* Numbers near and far from live handles: only the live ones are taken. */
static void forged_handles(void **state)
{
    enum { LIVE = 1000, TRIES = 400000 };
    static HGLOBAL live[LIVE];
    unsigned hits = 0;
    (void)state;
    for (unsigned i = 0; i < LIVE; i++) assert_non_null(live[i] = GlobalAlloc(GMEM_MOVEABLE, i + 1));
    qsort(live, LIVE, sizeof(live[0]), order);
    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t r = random_next();
        ULONG_PTR forged = (ULONG_PTR)live[r % LIVE];
        switch (r >> 60 & 7) {
        case 0: forged = (ULONG_PTR)random_next(); break;
        case 1: forged += (LONG_PTR)(random_next() % 4097) - 2048; break;
        case 2: forged ^= (ULONG_PTR)1 << random_next() % (sizeof(void *) * 8); break;
        case 3: forged += (ULONG_PTR)(random_next() % 64) << 20; break;
        case 4: forged = (ULONG_PTR)random_next() | sizeof(void *); break;
        case 5: forged = entry_of((HGLOBAL)forged) | (ULONG_PTR)(random_next() << 47); break;
        case 6: forged += (ULONG_PTR)(random_next() % 0x200000) * sizeof(void *); break;
        default: forged = (ULONG_PTR)GlobalLock((HGLOBAL)forged) + 1 + random_next() % 64; break;
        }
        HGLOBAL h = (HGLOBAL)forged;
        BOOL known = bsearch(&h, live, LIVE, sizeof(live[0]), order) != NULL;
        if (known) {
            hits++;
            continue;
        }
        if (GlobalHandle((void *)h) || in_a_module(h)) continue; /* the start of another block; perhaps a resource */
        assert_null(GlobalLock(h));
        assert_int_equal(GlobalFlags(h), GMEM_INVALID_HANDLE);
        assert_int_equal(GlobalSize(h), 0);
        assert_ptr_equal(GlobalFree(h), h);
    }
    assert_true(hits < TRIES / 2);
    for (unsigned i = 0; i < LIVE; i++) assert_null(GlobalFree(live[i]));
}

/* Wrong addresses: refused by the heap, never looked at. */
static void wrong_addresses(void **state)
{
    BYTE local[64] __attribute__((aligned(16)));
    static BYTE fixed_data[64] __attribute__((aligned(16)));
    BYTE *block = GlobalAlloc(GMEM_FIXED, 256), *freed = GlobalAlloc(GMEM_FIXED, 256);
    BYTE *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    BYTE *reserved = VirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_NOACCESS);
    (void)state;
    memset(local, 0x77, sizeof(local));
    memset(block, 0x77, 256);
    GlobalFree(freed);
    BYTE *wrong[] = { local, fixed_data, block + 16, block + 8, block + 4, block + 1, freed, pages, pages + 4096,
                      reserved, (BYTE *)16, (BYTE *)65536, (BYTE *)(LONG_PTR)-16, (BYTE *)(LONG_PTR)-4096 };
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) refuse(wrong[i]);
    for (unsigned i = 0; i < 64; i++) assert_int_equal(local[i], 0x77);
    for (unsigned i = 0; i < 256; i++) assert_int_equal(block[i], 0x77);
    assert_null(GlobalFree(block));
    VirtualFree(pages, 0, MEM_RELEASE);
    VirtualFree(reserved, 0, MEM_RELEASE);
}

/* As many objects as there can be, all with a block, all different; then a clean failure, and recovery. */
static void all_handles(void **state)
{
    enum { ROOM = 1100000 };
    HGLOBAL *h = malloc(ROOM * sizeof(*h));
    unsigned made = 0;
    (void)state;
    while (made < ROOM && (h[made] = GlobalAlloc(made % 8 ? GMEM_MOVEABLE : GHND, made % 8 ? 0 : 12))) made++;
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    print_message("  %u handles\n", made);
    assert_true(made >= 65535);
    assert_true(made < ROOM);
    assert_null(GlobalReAlloc(GlobalAlloc(GMEM_FIXED, 40), 0, GMEM_MODIFY | GMEM_MOVEABLE));
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = round; i < made; i += 7) assert_null(GlobalFree(h[i]));
        for (unsigned i = round; i < made; i += 7) assert_non_null(h[i] = GlobalAlloc(GMEM_MOVEABLE, 0));
        assert_null(GlobalAlloc(GMEM_MOVEABLE, 0));
    }
    qsort(h, made, sizeof(*h), order);
    for (unsigned i = 1; i < made; i++) assert_true(h[i] != h[i - 1]);
    for (unsigned i = 0; i < made; i++) assert_null(GlobalFree(h[i]));
    free(h);
}

/* Programs from 16-bit times read the address through the handle; it works while the handle is an early one. */
static void address_behind_handle(void **state)
{
    HGLOBAL h = GlobalAlloc(GMEM_MOVEABLE, 100);
    (void)state;
    assert_ptr_equal(*(void **)h, GlobalLock(h));
    assert_ptr_equal(GlobalReAlloc(h, 100000, GMEM_MOVEABLE), h);
    assert_ptr_equal(*(void **)h, GlobalLock(h));
    GlobalFree(h);
}

/* An object freed by its address: the handle goes with it. */
static void free_by_address(void **state)
{
    HGLOBAL h = GlobalAlloc(GMEM_MOVEABLE, 100);
    void *p = GlobalLock(h);
    (void)state;
    assert_int_equal(GlobalSize(p), 100);
    assert_null(GlobalFree(p));
    refuse(h);
    h = GlobalAlloc(GMEM_MOVEABLE, 100);
    p = GlobalLock(h);
    strcpy(p, "kept");
    GlobalUnlock(h);
    p = GlobalReAlloc(p, 100000, GMEM_MOVEABLE);
    assert_non_null(p);
    assert_ptr_equal(GlobalLock(h), p);
    assert_string_equal(p, "kept");
    assert_int_equal(GlobalSize(h), 100000);
    assert_null(GlobalFree(h));
}

/* LoadResource calls what it returns an HGLOBAL. */
static void resources(void **state)
{
    HMODULE module = GetModuleHandleA("k32mem.dll");
    HRSRC found = FindResourceA(module, MAKEINTRESOURCEA(1), (LPCSTR)RT_VERSION);
    HGLOBAL resource = LoadResource(module, found);
    (void)state;
    assert_non_null(resource);
    assert_ptr_equal(GlobalLock(resource), resource);
    assert_true(GlobalUnlock(resource));
    assert_ptr_equal(GlobalFree(resource), resource);
    assert_null(GlobalLock((HGLOBAL)module));
}

/* Moveable handles of the system's own functions, made before a program came to k32mem. */
static void system_handles(void **state)
{
    HMODULE system = GetModuleHandleA("kernel32.dll");
    HGLOBAL(WINAPI *alloc)(UINT, SIZE_T) = (void *)GetProcAddress(system, "GlobalAlloc");
    LPVOID(WINAPI *lock)(HGLOBAL) = (void *)GetProcAddress(system, "GlobalLock");
    UINT(WINAPI *flags)(HGLOBAL) = (void *)GetProcAddress(system, "GlobalFlags");
    (void)state;
    assert_ptr_not_equal(alloc, GlobalAlloc);
    HGLOBAL h = alloc(GMEM_MOVEABLE, 1000);
    char *p = lock(h);
    strcpy(p, "from the system");
    SetLastError(77);
    assert_ptr_equal(GlobalLock(h), p);
    assert_int_equal(flags(h), 2);
    assert_int_equal(GlobalFlags(h), 2);
    assert_int_equal(LocalFlags(h), 2);
    assert_true(GlobalSize(h) >= 1000);
    assert_ptr_equal(GlobalHandle(p), h);
    assert_true(GlobalUnlock(h));
    assert_int_equal(GetLastError(), 77);
    assert_false(LocalUnlock(h));
    assert_int_equal(GetLastError(), NO_ERROR);
    assert_false(GlobalUnlock(h));
    assert_int_equal(GetLastError(), ERROR_NOT_LOCKED);
    assert_ptr_equal(GlobalReAlloc(h, 200000, GMEM_MOVEABLE), h);
    assert_true(LocalSize(h) >= 200000);
    assert_string_equal(GlobalLock(h), "from the system");
    assert_null(GlobalFree(h));
    assert_int_equal(GlobalFlags(h), GMEM_INVALID_HANDLE);
    h = alloc(GMEM_FIXED, 1000);
    assert_ptr_equal(GlobalLock(h), h);
    assert_int_equal(GlobalSize(h), 1000);
    assert_null(GlobalFree(h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_behind_handle), cmocka_unit_test(free_by_address),
        cmocka_unit_test(resources),             cmocka_unit_test(system_handles),
        cmocka_unit_test(wrong_addresses),       cmocka_unit_test(forged_handles),
        cmocka_unit_test(handles_differ),        cmocka_unit_test(stale_handles),
        cmocka_unit_test(all_handles),
    };
    setvbuf(stdout, NULL, _IONBF, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
