/* virtual_copy.c - views and their protections; copy-on-write pages before and after they are written. */
#include "virtual.h"

FAMILY(virtual)

/* That only the written page changes, and also as the old protection, is known of Windows from public conformance
 * testing; that it does is on the page of the protection constants. */
static void copy_view(char *view)
{
    MEMORY_BASIC_INFORMATION info;
    DWORD old = 0;
    CHECK_OF(VirtualQuery, P_CONSTANTS, "a page of the view that was read");
    (void)*(volatile char *)view;
    pVirtualQuery(view, &info, sizeof(info));
    EXPECT_HEX("protection", info.Protect, PAGE_WRITECOPY);
    EXPECT_HEX("type", info.Type, MEM_MAPPED);
    EXPECT_UINT("region size", info.RegionSize, 8 * PAGE);

    *(volatile char *)(view + 3 * PAGE) = 1;
    *(volatile char *)(view + 4 * PAGE) = 2;
    CHECK_OF(VirtualQuery, P_CONSTANTS, "the first page after the fourth and fifth were written");
    pVirtualQuery(view, &info, sizeof(info));
    EXPECT_HEX("protection", info.Protect, PAGE_WRITECOPY);
    EXPECT_UINT("region size", info.RegionSize, 3 * PAGE);

    CHECK_OF(VirtualQuery, P_CONSTANTS, "the fourth page, which was written");
    pVirtualQuery(view + 3 * PAGE, &info, sizeof(info));
    EXPECT_HEX("protection", info.Protect, PAGE_READWRITE);
    EXPECT_HEX("allocation protection", info.AllocationProtect, PAGE_WRITECOPY);
    EXPECT_UINT("region size", info.RegionSize, 2 * PAGE);
    EXPECT_HEX("type", info.Type, MEM_MAPPED);

    CHECK_OF(VirtualQuery, P_CONSTANTS, "the pages behind the written ones");
    pVirtualQuery(view + 5 * PAGE, &info, sizeof(info));
    EXPECT_HEX("protection", info.Protect, PAGE_WRITECOPY);
    EXPECT_UINT("region size", info.RegionSize, 3 * PAGE);

    CHECK_OF(VirtualProtect, P_PROTECT, "the written page, to PAGE_READONLY");
    BOOL ok = pVirtualProtect(view + 3 * PAGE, PAGE, PAGE_READONLY, &old);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("old protection", old, PAGE_READWRITE);
    EXPECT_HEX("writing it", conform_catch(write_byte, view + 3 * PAGE), EXCEPTION_ACCESS_VIOLATION);

    CHECK_OF(VirtualProtect, P_PROTECT, "the written page, back to PAGE_WRITECOPY");
    ok = pVirtualProtect(view + 3 * PAGE, PAGE, PAGE_WRITECOPY, &old);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("old protection", old, PAGE_READONLY);
    EXPECT_HEX("writing it", conform_catch(write_byte, view + 3 * PAGE), 0);
    EXPECT_UINT("content", view[4 * PAGE], 2);

    CHECK_OF(VirtualProtect, P_PROTECT, "an unwritten page, to PAGE_READONLY");
    ok = pVirtualProtect(view + 6 * PAGE, PAGE, PAGE_READONLY, &old);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("old protection", old, PAGE_WRITECOPY);

    CHECK_OF(VirtualProtect, P_PROTECT, "the written page, to PAGE_READONLY and to PAGE_READWRITE, its old protection");
    UNDECIDED("for a copy-on-write view PAGE_READWRITE does not fit, but a written page has it");
    pVirtualProtect(view + 4 * PAGE, PAGE, PAGE_READONLY, &old);
    NOTE_HEX("old protection", old);
    NOTE_BOOL("return", pVirtualProtect(view + 4 * PAGE, PAGE, PAGE_READWRITE, &old));
}

TEST(VirtualQuery, copy_on_write_file)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    HANDLE file = CreateFileW(conform_temp_file(), GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                              NULL, CREATE_ALWAYS, 0, NULL);
    SetFilePointer(file, 8 * 4096, NULL, FILE_BEGIN);
    SetEndOfFile(file);
    HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, 0, NULL);
    char *view = MapViewOfFile(mapping, FILE_MAP_COPY, 0, 0, 0);
    copy_view(view);
    CHECK(P_CONSTANTS, "the file's own content after writing to the copy-on-write view");
    char byte = 77;
    DWORD read = 0;
    SetFilePointer(file, 4 * 4096, NULL, FILE_BEGIN);
    EXPECT_TRUE("reading the file", ReadFile(file, &byte, 1, &read, NULL));
    EXPECT_UINT("byte", byte, 0);
    UnmapViewOfFile(view);
    CloseHandle(mapping);
    CloseHandle(file);
}

TEST(VirtualQuery, copy_on_write_section)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    char *view = section_view(8 * PAGE, PAGE_READWRITE, FILE_MAP_COPY);
    copy_view(view);
    UnmapViewOfFile(view);
}

/* Which protections fit a view is on no page in full. What is certain: fewer rights always fit, and a read-only view
 * never becomes writable. */
TEST(VirtualProtect, views)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    enum { FAILS, WORKS, UNKNOWN };
    static const DWORD protections[] = { PAGE_NOACCESS,     PAGE_READONLY,          PAGE_READWRITE, PAGE_WRITECOPY,
                                         PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_READONLY | PAGE_GUARD };
    static const struct {
        const char *name;
        DWORD section, access, before;
        char expected[7];
    } views[] = {
        { "FILE_MAP_READ", PAGE_READWRITE, FILE_MAP_READ, PAGE_READONLY,
          { WORKS, WORKS, FAILS, UNKNOWN, FAILS, FAILS, WORKS } },
        { "FILE_MAP_WRITE", PAGE_READWRITE, FILE_MAP_WRITE, PAGE_READWRITE,
          { WORKS, WORKS, WORKS, UNKNOWN, FAILS, FAILS, WORKS } },
        { "FILE_MAP_COPY", PAGE_READWRITE, FILE_MAP_COPY, PAGE_WRITECOPY,
          { WORKS, WORKS, UNKNOWN, WORKS, FAILS, FAILS, WORKS } },
        { "FILE_MAP_WRITE|FILE_MAP_EXECUTE", PAGE_EXECUTE_READWRITE, FILE_MAP_WRITE | FILE_MAP_EXECUTE,
          PAGE_EXECUTE_READWRITE, { WORKS, WORKS, WORKS, UNKNOWN, WORKS, WORKS, WORKS } },
    };
    for (unsigned i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        for (unsigned p = 0; p < 7; p++) {
            char *view = section_view(2 * PAGE, views[i].section, views[i].access);
            DWORD old = 0, expected = views[i].expected[p];
            CHECK(P_PROTECT, "a page of a view of a section, %s, to %s", views[i].name, protect_name(protections[p]));
            if (expected == UNKNOWN) UNDECIDED("compatible with the view's access? The page does not say");
            SET_SENTINEL();
            BOOL ok = pVirtualProtect(view, PAGE, protections[p], &old);
            if (expected == FAILS)
                EXPECT_SOME_ERROR();
            else
                EXPECT_ERROR(SENTINEL);
            EXPECT_BOOL("return", ok, expected == WORKS);
            if (ok) EXPECT_HEX("old protection", old, views[i].before);
            EXPECT_PROTECT("protection", view, ok ? protections[p] : views[i].before);
            UnmapViewOfFile(view);
        }
    CHECK(P_PROTECT, "a page of a read-only file's view, to PAGE_WRITECOPY, then writing it");
    UNDECIDED("works on Windows according to public conformance testing; the page does not say");
    char *view = file_view(2 * PAGE, PAGE_READONLY, FILE_MAP_READ);
    DWORD old = 0;
    BOOL ok = pVirtualProtect(view, PAGE, PAGE_WRITECOPY, &old);
    NOTE_BOOL("return", ok);
    NOTE_HEX("writing", ok ? conform_catch(write_byte, view) : 0);
    NOTE_HEX("protection then", page_info(view).Protect);
    UnmapViewOfFile(view);
}

static char image_data[3 * 4096] __attribute__((aligned(4096))) = { 1 };

TEST(VirtualProtect, image)
{
    NEED_BASICS();
    NEED(VirtualProtect);
    DWORD old = 0;
    CHECK_OF(VirtualQuery, P_CONSTANTS, "a page of the program's initialised data after it was written");
    ((volatile char *)image_data)[4096] = 1;
    EXPECT_PROTECT("protection", image_data + PAGE, PAGE_READWRITE);
    EXPECT_HEX("type", page_info(image_data + PAGE).Type, MEM_IMAGE);

    CHECK(P_PROTECT, "that page to PAGE_READONLY");
    EXPECT_TRUE("return", pVirtualProtect(image_data + PAGE, PAGE, PAGE_READONLY, &old));
    EXPECT_HEX("old protection", old, PAGE_READWRITE);
    EXPECT_PROTECT("protection", image_data + PAGE, PAGE_READONLY);
    EXPECT_HEX("writing", conform_catch(write_byte, image_data + PAGE), EXCEPTION_ACCESS_VIOLATION);

    CHECK(P_PROTECT, "that page back to the old protection");
    EXPECT_TRUE("return", pVirtualProtect(image_data + PAGE, PAGE, old, &old));
    EXPECT_HEX("writing", conform_catch(write_byte, image_data + PAGE), 0);

    CHECK(P_PROTECT, "a page of code to PAGE_EXECUTE_READWRITE and back");
    char *code = (char *)((uintptr_t)run_code & ~(uintptr_t)(PAGE - 1));
    EXPECT_TRUE("return", pVirtualProtect(code, PAGE, PAGE_EXECUTE_READWRITE, &old));
    EXPECT_HEX("old protection", old, PAGE_EXECUTE_READ);
    DWORD between = 0;
    EXPECT_TRUE("return of the way back", pVirtualProtect(code, PAGE, old, &between));
    NOTE_HEX("protection between", between);
    EXPECT_PROTECT("protection", code, PAGE_EXECUTE_READ);
}
