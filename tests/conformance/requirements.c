/* requirements.c - MEM_ADDRESS_REQUIREMENTS and the other extended parameters of VirtualAlloc2 and MapViewOfFile3. */
#include "conform.h"

FUNCTION(PVOID, VirtualAlloc2, (HANDLE, PVOID, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG))
FUNCTION(PVOID, MapViewOfFile3,
         (HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG))
FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
FUNCTION(BOOL, UnmapViewOfFile, (LPCVOID))
FUNCTION(HANDLE, CreateFileMappingW, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR))

#define REQUIREMENTS_PAGE "winnt/ns-winnt-mem_address_requirements"
#define PARAMETER_PAGE "winnt/ns-winnt-mem_extended_parameter"
#define MAP_PAGE "memoryapi/nf-memoryapi-mapviewoffile3"
#define PAGE 4096
#define KB64 65536
#define MB ((ULONG_PTR)1 << 20)

static const struct {
    ULONG_PTR lowest, highest; /* highest 0: none */
    SIZE_T alignment, bytes;
    BOOL top_down;
} good[] = {
    { 0, 0, 0, KB64, FALSE },
    { 0, 0, MB, KB64, FALSE },
    { 0, 0, 16 * MB, 3 * PAGE, FALSE },
    { 0, 0x7ffeffff, 0, KB64, FALSE },
    { 0, 0x3fffffff, MB, MB, FALSE },
    { 0x20000000, 0, 0, KB64, FALSE },
    { 0x20000000, 0x2fffffff, 0, MB, FALSE },
    { 0x30000000, 0x30ffffff, 4 * MB, 2 * MB, FALSE },
    { 0x20000000, 0x2000ffff, 0, KB64, FALSE },
    { 0x20000000, 0x2fffffff, 0, MB, TRUE },
    { 0x20000000, 0x2fffffff, 32 * MB, MB, TRUE },
#ifdef _WIN64
    { 0x200000000, 0x2ffffffff, 0, KB64, FALSE },
    { 0x100000000, 0, 256 * MB, MB, FALSE },
    { 0x7000000000, 0x7fffffffff, MB, MB, TRUE },
#endif
};

static void expect_place(const void *base, unsigned i)
{
    ULONG_PTR at = (ULONG_PTR)base;
    EXPECT_TRUE("not below the lowest address", base && at >= good[i].lowest);
    EXPECT_TRUE("not above the highest", base && (!good[i].highest || at + good[i].bytes - 1 <= good[i].highest));
    EXPECT_UINT("base modulo alignment", at % (good[i].alignment ? good[i].alignment : KB64), 0);
}

static void parameter_set(MEM_EXTENDED_PARAMETER *p, MEM_ADDRESS_REQUIREMENTS *r)
{
    memset(p, 0, sizeof(*p));
    p->Type = MemExtendedParameterAddressRequirements;
    p->Pointer = r;
}

TEST(VirtualAlloc2, requirements)
{
    NEED(VirtualAlloc2);
    NEED(VirtualFree);
    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        MEM_ADDRESS_REQUIREMENTS r = { (PVOID)good[i].lowest, (PVOID)good[i].highest, good[i].alignment };
        MEM_EXTENDED_PARAMETER p;
        void *got[3];
        parameter_set(&p, &r);
        for (int n = 0; n < 3; n++) {
            ULONG type = MEM_RESERVE | (n == 1 ? MEM_COMMIT : 0) | (good[i].top_down ? MEM_TOP_DOWN : 0);
            if (n == 2) type |= 0x40000;
            got[n] = NULL;
            /* The fifth range holds one granule: one allocation only fits. */
            if (n && good[i].highest && good[i].highest - good[i].lowest < 4 * good[i].bytes && !good[i].alignment) continue;
            CHECK(REQUIREMENTS_PAGE, "%#llx to %#llx, alignment %#llx, %u bytes, type %#x",
                  (unsigned long long)good[i].lowest, (unsigned long long)good[i].highest,
                  (unsigned long long)good[i].alignment, (unsigned)good[i].bytes, (unsigned)type);
            SET_SENTINEL();
            got[n] = pVirtualAlloc2(NULL, NULL, good[i].bytes, type, n == 1 ? PAGE_READWRITE : PAGE_NOACCESS, &p, 1);
            EXPECT_ERROR(SENTINEL);
            expect_place(got[n], i);
        }
        for (int n = 0; n < 3; n++)
            if (got[n]) pVirtualFree(got[n], 0, MEM_RELEASE);
    }
}

TEST(MapViewOfFile3, requirements)
{
    NEED(MapViewOfFile3);
    NEED(CreateFileMappingW);
    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        MEM_ADDRESS_REQUIREMENTS r = { (PVOID)good[i].lowest, (PVOID)good[i].highest, good[i].alignment };
        MEM_EXTENDED_PARAMETER p;
        if (good[i].top_down) continue;
        HANDLE section = pCreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)good[i].bytes, NULL);
        parameter_set(&p, &r);
        CHECK(MAP_PAGE, "%#llx to %#llx, alignment %#llx, %u bytes", (unsigned long long)good[i].lowest,
              (unsigned long long)good[i].highest, (unsigned long long)good[i].alignment, (unsigned)good[i].bytes);
        SET_SENTINEL();
        BYTE *view = pMapViewOfFile3(section, NULL, NULL, 0, i & 1 ? good[i].bytes : 0, 0, PAGE_READWRITE, &p, 1);
        EXPECT_ERROR(SENTINEL);
        expect_place(view, i);
        if (view) pUnmapViewOfFile(view);
        CloseHandle(section);
    }
}

TEST(VirtualAlloc2, requirements_failures)
{
    NEED(VirtualAlloc2);
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    ULONG_PTR top = (ULONG_PTR)system.lpMaximumApplicationAddress;
    const struct {
        const char *what;
        ULONG_PTR base, lowest, highest;
        SIZE_T alignment, bytes;
        DWORD error;
    } cases[] = {
        { "alignment that is no power of 2", 0, 0, 0, 0x30000, KB64, ERROR_INVALID_PARAMETER },
        { "alignment of a page", 0, 0, 0, PAGE, KB64, ERROR_INVALID_PARAMETER },
        { "alignment of 32 KB", 0, 0, 0, 0x8000, KB64, ERROR_INVALID_PARAMETER },
        { "alignment 1", 0, 0, 0, 1, KB64, ERROR_INVALID_PARAMETER },
        { "highest inside a page", 0, 0, 0x7ffffff0, 0, KB64, ERROR_INVALID_PARAMETER },
        { "highest the first byte of a page", 0, 0, 0x70000000, 0, KB64, ERROR_INVALID_PARAMETER },
        { "highest above the user's addresses", 0, 0, top + KB64 * 16, 0, KB64, ERROR_INVALID_PARAMETER },
        { "lowest not on 64 KB", 0, 0x20001000, 0, 0, KB64, ERROR_INVALID_PARAMETER },
        { "lowest above highest", 0, 0x30000000, 0x2fffffff, 0, KB64, ERROR_INVALID_PARAMETER },
        { "lowest above the user's addresses", 0, (top + 1) & ~(ULONG_PTR)0xffff, 0, 0, KB64, ERROR_INVALID_PARAMETER },
        { "a base and an alignment", 0x20000000, 0, 0, MB, KB64, ERROR_INVALID_PARAMETER },
        { "a base and a lowest address", 0x20000000, 0x20000000, 0, 0, KB64, ERROR_INVALID_PARAMETER },
        { "a base and a highest address", 0x20000000, 0, 0x7fffffff, 0, KB64, ERROR_INVALID_PARAMETER },
        { "size not whole pages", 0, 0, 0, MB, 100, ERROR_INVALID_PARAMETER },
        { "size 0", 0, 0, 0, MB, 0, ERROR_INVALID_PARAMETER },
        { "more than the range", 0, 0x20000000, 0x2000ffff, 0, 2 * KB64, ERROR_NOT_ENOUGH_MEMORY },
        { "no aligned address in the range", 0, 0x20010000, 0x200fffff, MB, KB64, ERROR_NOT_ENOUGH_MEMORY },
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        MEM_ADDRESS_REQUIREMENTS r = { (PVOID)cases[i].lowest, (PVOID)cases[i].highest, cases[i].alignment };
        MEM_EXTENDED_PARAMETER p;
        parameter_set(&p, &r);
        CHECK(REQUIREMENTS_PAGE, "%s", cases[i].what);
        SET_SENTINEL();
        void *got = pVirtualAlloc2(NULL, (PVOID)cases[i].base, cases[i].bytes, MEM_RESERVE, PAGE_NOACCESS, &p, 1);
        EXPECT_ERROR(cases[i].error);
        EXPECT_BOOL("returned a base", got != NULL, FALSE);
    }
    MEM_ADDRESS_REQUIREMENTS none = { 0 };
    MEM_EXTENDED_PARAMETER p;
    parameter_set(&p, &none);
    CHECK(REQUIREMENTS_PAGE, "all zero, with a base");
    void *base = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, NULL, 0);
    pVirtualFree(base, 0, MEM_RELEASE);
    SET_SENTINEL();
    void *again = pVirtualAlloc2(NULL, base, KB64, MEM_RESERVE, PAGE_NOACCESS, &p, 1);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("same base", again && again == base);
    if (again) pVirtualFree(again, 0, MEM_RELEASE);
    CHECK(REQUIREMENTS_PAGE, "highest is the last user address");
    none.HighestEndingAddress = system.lpMaximumApplicationAddress;
    again = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, &p, 1);
    EXPECT_TRUE("returned a base", again != NULL);
    if (again) pVirtualFree(again, 0, MEM_RELEASE);
}

/* The range is full but for one granule in its middle: that is where the allocation must go. */
TEST(VirtualAlloc2, requirements_last_place)
{
    NEED(VirtualAlloc2);
    NEED(VirtualAlloc);
    MEM_ADDRESS_REQUIREMENTS r = { NULL, (PVOID)(ULONG_PTR)0x4fffffff, 16 * MB };
    MEM_EXTENDED_PARAMETER p;
    parameter_set(&p, &r);
    BYTE *area = pVirtualAlloc2(NULL, NULL, 16 * KB64, MEM_RESERVE, PAGE_NOACCESS, &p, 1);
    CHECK(REQUIREMENTS_PAGE, "1 MB on 16 MB, below 0x4fffffff");
    EXPECT_TRUE("returned a base", area != NULL);
    if (!area) return;
    pVirtualFree(area, 0, MEM_RELEASE);
    for (int i = 0; i < 16; i++)
        if (i != 9) pVirtualAlloc(area + i * KB64, KB64, MEM_RESERVE, PAGE_NOACCESS);
    r = (MEM_ADDRESS_REQUIREMENTS){ area, area + 16 * KB64 - 1, 0 };
    for (int n = 0; n < 2; n++) {
        CHECK(REQUIREMENTS_PAGE, "one free granule of sixteen, type %s", n ? "MEM_TOP_DOWN" : "0");
        BYTE *got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | (n ? MEM_TOP_DOWN : 0), PAGE_NOACCESS, &p, 1);
        EXPECT_TRUE("there", got == area + 9 * KB64);
        CHECK(REQUIREMENTS_PAGE, "none of sixteen, type %s", n ? "MEM_TOP_DOWN" : "0");
        SET_SENTINEL();
        BYTE *more = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | (n ? MEM_TOP_DOWN : 0), PAGE_NOACCESS, &p, 1);
        EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY);
        EXPECT_BOOL("returned a base", more != NULL, FALSE);
        if (got) pVirtualFree(got, 0, MEM_RELEASE);
    }
    for (int i = 0; i < 16; i++)
        if (i != 9) pVirtualFree(area + i * KB64, 0, MEM_RELEASE);
}

TEST(VirtualAlloc2, parameters)
{
    NEED(VirtualAlloc2);
    MEM_ADDRESS_REQUIREMENTS r = { NULL, NULL, MB };
    MEM_EXTENDED_PARAMETER p[2];
    static const unsigned invalid[] = { 0, 6, 0x55, 0xff };
    memset(p, 0, sizeof(p));
    for (unsigned i = 0; i < 4; i++) {
        p[0].Type = invalid[i];
        CHECK(PARAMETER_PAGE, "type %u", invalid[i]);
        if (invalid[i] == 6) UNDECIDED("newer systems have more types than the older documentation");
        SET_SENTINEL();
        void *got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, p, 1);
        if (invalid[i] == 6) NOTE_BOOL("returned a base", got != NULL);
        else EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        if (invalid[i] != 6) EXPECT_BOOL("returned a base", got != NULL, FALSE);
        if (got) pVirtualFree(got, 0, MEM_RELEASE);
    }
    parameter_set(&p[0], &r);
    parameter_set(&p[1], &r);
    CHECK(PARAMETER_PAGE, "address requirements twice");
    SET_SENTINEL();
    void *got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, p, 2);
    EXPECT_ERROR(ERROR_INVALID_PARAMETER);
    EXPECT_BOOL("returned a base", got != NULL, FALSE);
    memset(&p[1], 0, sizeof(p[1]));
    p[1].Type = MemExtendedParameterNumaNode;
    p[1].ULong = 0;
    CHECK(PARAMETER_PAGE, "address requirements and NUMA node 0");
    SET_SENTINEL();
    got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, p, 2);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("returned a base", got != NULL);
    EXPECT_UINT("base modulo 1 MB", (ULONG_PTR)got % MB, 0);
    if (got) pVirtualFree(got, 0, MEM_RELEASE);
    CHECK(PARAMETER_PAGE, "NUMA node 0 alone, committed");
    got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, &p[1], 1);
    EXPECT_TRUE("returned a base", got != NULL);
    if (got) pVirtualFree(got, 0, MEM_RELEASE);
    CHECK(PARAMETER_PAGE, "one parameter, pointer NULL");
    SET_SENTINEL();
    got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, NULL, 1);
    NOTE_ERROR();
    EXPECT_BOOL("returned a base", got != NULL, FALSE);
    CHECK(PARAMETER_PAGE, "requirements that cannot be read");
    p[0].Pointer = (PVOID)(ULONG_PTR)16;
    SET_SENTINEL();
    got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, p, 1);
    EXPECT_ERROR(ERROR_NOACCESS);
    EXPECT_BOOL("returned a base", got != NULL, FALSE);
    CHECK(PARAMETER_PAGE, "parameters that cannot be read");
    SET_SENTINEL();
    got = pVirtualAlloc2(NULL, NULL, KB64, MEM_RESERVE, PAGE_NOACCESS, (MEM_EXTENDED_PARAMETER *)(ULONG_PTR)16, 1);
    EXPECT_ERROR(ERROR_NOACCESS);
    EXPECT_BOOL("returned a base", got != NULL, FALSE);
}

FAMILY(placeholder)
