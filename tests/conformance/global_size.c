/* global_size.c - Size, Handle, Free and the compacting names; blocks that the system allocated. */
#include "global.h"

FUNCTION(SIZE_T, GlobalCompact, (DWORD))
FUNCTION(SIZE_T, LocalCompact, (UINT))
FUNCTION(SIZE_T, LocalShrink, (HLOCAL, UINT))

FAMILY(global)

BOTH(Size, exact)
{
    static const SIZE_T sizes[] = { 1, 3, 8, 13, 16, 24, 100, 1000, 4096, 16384, 65537, 1000001 };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (UINT flags = FIXED; flags <= MOVEABLE; flags += MOVEABLE) {
            CHECK(f->size_page, "%s of %u bytes", KIND_NAME(flags), (unsigned)sizes[i]);
            HANDLE h = f->alloc(flags, sizes[i]);
            SET_SENTINEL();
            SIZE_T size = f->size(h);
            EXPECT_ERROR(SENTINEL);
            EXPECT_BOOL("at least the size asked for", size >= sizes[i], TRUE);
            NOTE_UINT("return", size);
            void *p = f->lock(h);
            EXPECT_BOOL("the same when locked", f->size(h) == size, TRUE);
            EXPECT_BOOL("the same for the address", f->size(p) == size, TRUE);
            f->free(h);
        }
}

BOTH(Size, discarded)
{
    CHECK(f->size_page, "discarded object");
    HANDLE h = f->alloc(MOVEABLE, 100);
    f->realloc(h, 0, MOVEABLE);
    SET_SENTINEL();
    EXPECT_UINT("return", f->size(h), 0);
    NOTE_ERROR();
    f->free(h);
}

BOTH(Handle, of_an_address)
{
    HANDLE h[3] = { f->alloc(MOVEABLE, 100), f->alloc(MOVEABLE, 200000), f->alloc(MOVEABLE, 8) };
    for (unsigned i = 0; i < 3; i++)
        for (unsigned locked = 0; locked < 2; locked++) {
            void *p = f->lock(h[i]);
            if (!locked) f->unlock(h[i]);
            CHECK(f->handle_page, "address of a moveable object, %s (%u)", locked ? "locked" : "no longer locked", i);
            SET_SENTINEL();
            EXPECT_BOOL("the object's handle", f->handle(p) == h[i], TRUE);
            EXPECT_ERROR(SENTINEL);
        }
    for (unsigned i = 0; i < 3; i++) f->free(h[i]);
    CHECK(f->handle_page, "fixed memory");
    HANDLE fixed = f->alloc(FIXED, 100);
    SET_SENTINEL();
    EXPECT_BOOL("the address itself", f->handle(fixed) == fixed, TRUE);
    EXPECT_ERROR(SENTINEL);
    f->free(fixed);
    CHECK(f->handle_page, "NULL");
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->handle(NULL) != NULL, FALSE);
    NOTE_ERROR();
}

BOTH(Handle, inside_a_block)
{
    HANDLE h = f->alloc(MOVEABLE, 4096);
    BYTE *p = f->lock(h);
    static const unsigned offsets[] = { 1, 8, 16, 64, 4095 };
    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        CHECK(f->handle_page, "address of a moveable object + %u", offsets[i]);
        SET_SENTINEL();
        EXPECT_BOOL("succeeds", f->handle(p + offsets[i]) != NULL, FALSE);
        EXPECT_BOOL("last error set", GetLastError() != SENTINEL, TRUE);
    }
    f->free(h);
}

BOTH(Free, each_kind)
{
    static const struct {
        const char *name;
        UINT flags;
        SIZE_T bytes;
        unsigned locks;
    } kinds[] = {
        { "fixed memory", FIXED, 100, 0 },          { "large fixed memory", FIXED, 2000000, 0 },
        { "moveable object", MOVEABLE, 100, 0 },    { "large moveable object", MOVEABLE, 2000000, 0 },
        { "object locked once", MOVEABLE, 100, 1 }, { "object locked three times", MOVEABLE, 100, 3 },
        { "discarded object", MOVEABLE, 0, 0 },     { "fixed memory, locked", FIXED, 100, 1 },
    };
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        CHECK(f->free_page, "%s", kinds[i].name);
        HANDLE h = f->alloc(kinds[i].flags, kinds[i].bytes);
        for (unsigned j = 0; j < kinds[i].locks; j++) f->lock(h);
        SET_SENTINEL();
        EXPECT_BOOL("return is NULL", f->free(h) == NULL, TRUE);
        EXPECT_ERROR(SENTINEL);
        if (kinds[i].flags & MOVEABLE) {
            SET_SENTINEL();
            EXPECT_HEX("flags afterwards", f->flags(h), INVALID_HANDLE);
            EXPECT_ERROR(ERROR_INVALID_HANDLE);
        }
    }
    CHECK(f->free_page, "NULL");
    SET_SENTINEL();
    EXPECT_BOOL("return is NULL", f->free(NULL) == NULL, TRUE);
    EXPECT_ERROR(SENTINEL);
}

/* Memory that the system allocates for the caller to free with LocalFree. */
TEST(LocalFree, blocks_of_the_system)
{
    NEED(LocalFree);
    NEED(LocalSize);
    NEED(LocalFlags);
    NEED(LocalLock);
    NEED(LocalHandle);
    HMODULE shell = LoadLibraryA("shell32.dll"), security = LoadLibraryA("advapi32.dll");
    LPWSTR *(WINAPI *split)(LPCWSTR, int *) = (void *)GetProcAddress(shell, "CommandLineToArgvW");
    BOOL(WINAPI *parse)
    (LPCWSTR, DWORD, PVOID *, PULONG) = (void *)GetProcAddress(security,
                                                               "ConvertStringSecurityDescriptorToSecurityDescriptorW");
    char *text = NULL;
    WCHAR *wide = NULL;
    PVOID descriptor = NULL;
    ULONG length = 0;
    int count = 0;
    FormatMessageA(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_STRING, "forty-two", 0, 0, (char *)&text, 0,
                   NULL);
    FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                   ERROR_ACCESS_DENIED, 0, (WCHAR *)&wide, 0, NULL);
    LPWSTR *arguments = split ? split(L"program one \"two three\"", &count) : NULL;
    if (parse) parse(L"D:(A;;GA;;;WD)", 1, &descriptor, &length);
    const struct {
        const char *name;
        void *block;
        SIZE_T least;
    } blocks[] = {
        { "FormatMessageA's buffer", text, 10 },
        { "FormatMessageW's buffer", wide, 4 },
        { "CommandLineToArgvW's array", arguments, 3 * sizeof(WCHAR *) },
        { "ConvertStringSecurityDescriptor...'s descriptor", descriptor, length },
    };
    for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        CHECK_OF(LocalSize, "winbase/nf-winbase-localsize", "%s", blocks[i].name);
        EXPECT_BOOL("present", blocks[i].block != NULL, TRUE);
        EXPECT_BOOL("at least its content", pLocalSize(blocks[i].block) >= blocks[i].least, TRUE);
        CHECK_OF(LocalFlags, "winbase/nf-winbase-localflags", "%s", blocks[i].name);
        EXPECT_HEX("return", pLocalFlags(blocks[i].block), 0);
        CHECK_OF(LocalLock, "winbase/nf-winbase-locallock", "%s", blocks[i].name);
        EXPECT_BOOL("address is the handle", pLocalLock(blocks[i].block) == blocks[i].block, TRUE);
        CHECK_OF(LocalHandle, "winbase/nf-winbase-localhandle", "%s", blocks[i].name);
        EXPECT_BOOL("the address itself", pLocalHandle(blocks[i].block) == blocks[i].block, TRUE);
        CHECK("winbase/nf-winbase-localfree", "%s", blocks[i].name);
        SET_SENTINEL();
        EXPECT_BOOL("return is NULL", pLocalFree(blocks[i].block) == NULL, TRUE);
        EXPECT_ERROR(SENTINEL);
    }
}

/* These have had no page since 16-bit Windows, where they returned the size of the largest free block, and of the
 * local heap. */
TEST(GlobalCompact, returns)
{
    NEED(GlobalCompact);
    NEED(GlobalAlloc);
    NEED(GlobalFree);
    HGLOBAL h = pGlobalAlloc(GMEM_MOVEABLE, 100000);
    static const DWORD wanted[] = { 0, 1, 0x10000, 0xffffffff };
    for (unsigned i = 0; i < 4; i++) {
        CHECK("winbase/nf-winbase-globalalloc", "wanted %#x", (unsigned)wanted[i]);
        SET_SENTINEL();
        SIZE_T largest = pGlobalCompact(wanted[i]);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("no more than the address space", largest < ((SIZE_T)-1) / 2, TRUE);
    }
    CHECK_OF(GlobalFree, "winbase/nf-winbase-globalfree", "after compacting");
    EXPECT_BOOL("return is NULL", pGlobalFree(h) == NULL, TRUE);
}

TEST(LocalCompact, returns)
{
    NEED(LocalCompact);
    static const UINT wanted[] = { 0, 1, 0x10000, 0xffffffff };
    for (unsigned i = 0; i < 4; i++) {
        CHECK("winbase/nf-winbase-localalloc", "wanted %#x", wanted[i]);
        SET_SENTINEL();
        SIZE_T largest = pLocalCompact(wanted[i]);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("no more than the address space", largest < ((SIZE_T)-1) / 2, TRUE);
    }
}

TEST(LocalShrink, returns)
{
    NEED(LocalShrink);
    NEED(LocalAlloc);
    NEED(LocalLock);
    NEED(LocalFree);
    HLOCAL h = pLocalAlloc(LMEM_MOVEABLE, 5000);
    pattern_fill(pLocalLock(h), 5000, 12);
    HLOCAL handles[] = { NULL, h };
    for (unsigned i = 0; i < 2; i++) {
        CHECK("winbase/nf-winbase-localalloc", "%s, 0 bytes", i ? "a locked object's handle" : "NULL");
        SET_SENTINEL();
        SIZE_T size = pLocalShrink(handles[i], 0);
        EXPECT_ERROR(SENTINEL);
        EXPECT_BOOL("no more than the address space", size < ((SIZE_T)-1) / 2, TRUE);
        EXPECT_UINT("bytes of a locked object kept", pattern_right(pLocalLock(h), 5000, 12), 5000);
    }
    pLocalFree(h);
}
