/* mapping_common.h - what the tests of file mapping share: files with a known content, and all forms of
 * CreateFileMapping behind one signature, so that each is held to the same checks. */
#ifndef MAPPING_COMMON_H
#define MAPPING_COMMON_H

#include "conform.h"
#include <stdio.h>

#ifndef FILE_MAP_EXECUTE
#define FILE_MAP_EXECUTE 0x20
#endif
#define LARGE_PAGES 0x80000000u /* SEC_LARGE_PAGES */
#define GRANULE 0x10000u
#define ANY_NODE 0xffffffffu /* NUMA_NO_PREFERRED_NODE */

static inline BYTE pattern(ULONG64 at) { return (BYTE)(at * 7 + at / 4096 + 1); }

/* A file of bytes bytes of the pattern, opened with access (GENERIC_*). */
static inline HANDLE file_make(DWORD access, DWORD bytes)
{
    const WCHAR *path = conform_temp_file();
    DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, written;
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, share, NULL, OPEN_EXISTING, 0, NULL);
    BYTE block[4096];
    for (DWORD at = 0; at < bytes; at += written) {
        DWORD count = bytes - at < sizeof(block) ? bytes - at : sizeof(block);
        for (DWORD i = 0; i < count; i++)
            block[i] = pattern(at + i);
        if (!WriteFile(file, block, count, &written, NULL) || !written)
            break;
    }
    CloseHandle(file);
    return CreateFileW(path, access, share, NULL, OPEN_EXISTING, 0, NULL);
}

static inline DWORD file_bytes(HANDLE file) { return GetFileSize(file, NULL); }

/* A file that holds a program. */
static inline HANDLE image_open(DWORD access)
{
    WCHAR path[MAX_PATH];
    GetModuleFileNameW(GetModuleHandleW(L"ntdll.dll"), path, MAX_PATH);
    return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
}

/* A name of this process's own, so that runs beside each other do not meet. */
static inline const char *own_name(const char *name)
{
    static char buffer[4][300];
    static unsigned next;
    char *mine = buffer[next++ % 4];
    snprintf(mine, 300, "%s-%lu", name, GetCurrentProcessId());
    return mine;
}
static inline const WCHAR *widen(WCHAR *buffer, const char *name)
{
    unsigned i = 0;
    while ((buffer[i] = (WCHAR)(BYTE)name[i]) != 0)
        i++;
    return buffer;
}

static inline const char *protect_name(ULONG protect)
{
    switch (protect) {
    case PAGE_READONLY: return "PAGE_READONLY";
    case PAGE_READWRITE: return "PAGE_READWRITE";
    case PAGE_WRITECOPY: return "PAGE_WRITECOPY";
    case PAGE_EXECUTE_READ: return "PAGE_EXECUTE_READ";
    case PAGE_EXECUTE_READWRITE: return "PAGE_EXECUTE_READWRITE";
    case PAGE_EXECUTE_WRITECOPY: return "PAGE_EXECUTE_WRITECOPY";
    }
    return "?";
}
static const ULONG protections[] = { PAGE_READONLY,     PAGE_READWRITE,         PAGE_WRITECOPY,
                                     PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY };
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One form of CreateFileMapping. */
struct create_form {
    const char *page;
    HANDLE (*create)(HANDLE file, SECURITY_ATTRIBUTES *security, ULONG protect, ULONG64 bytes, const char *name);
};

#define CREATE_FUNCTIONS                                                                                             \
    FUNCTION(HANDLE, CreateFileMappingW, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR))              \
    FUNCTION(HANDLE, CreateFileMappingA, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCSTR))               \
    FUNCTION(HANDLE, CreateFileMappingNumaW, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCWSTR, DWORD))   \
    FUNCTION(HANDLE, CreateFileMappingNumaA, (HANDLE, LPSECURITY_ATTRIBUTES, DWORD, DWORD, DWORD, LPCSTR, DWORD))    \
    FUNCTION(HANDLE, CreateFileMappingFromApp, (HANDLE, PSECURITY_ATTRIBUTES, ULONG, ULONG64, PCWSTR))               \
    FUNCTION(HANDLE, CreateFileMapping2,                                                                             \
             (HANDLE, SECURITY_ATTRIBUTES *, ULONG, ULONG, ULONG, ULONG64, PCWSTR, void *, ULONG))                   \
    static HANDLE create_w(HANDLE f, SECURITY_ATTRIBUTES *s, ULONG p, ULONG64 n, const char *name)                   \
    {                                                                                                                \
        WCHAR w[400];                                                                                                \
        return pCreateFileMappingW(f, s, p, (DWORD)(n >> 32), (DWORD)n, name ? widen(w, name) : NULL);               \
    }                                                                                                                \
    static HANDLE create_a(HANDLE f, SECURITY_ATTRIBUTES *s, ULONG p, ULONG64 n, const char *name)                   \
    {                                                                                                                \
        return pCreateFileMappingA(f, s, p, (DWORD)(n >> 32), (DWORD)n, name);                                       \
    }                                                                                                                \
    static HANDLE create_numa_w(HANDLE f, SECURITY_ATTRIBUTES *s, ULONG p, ULONG64 n, const char *name)              \
    {                                                                                                                \
        WCHAR w[400];                                                                                                \
        return pCreateFileMappingNumaW(f, s, p, (DWORD)(n >> 32), (DWORD)n, name ? widen(w, name) : NULL, ANY_NODE); \
    }                                                                                                                \
    static HANDLE create_numa_a(HANDLE f, SECURITY_ATTRIBUTES *s, ULONG p, ULONG64 n, const char *name)              \
    {                                                                                                                \
        return pCreateFileMappingNumaA(f, s, p, (DWORD)(n >> 32), (DWORD)n, name, ANY_NODE);                         \
    }                                                                                                                \
    static HANDLE create_app(HANDLE f, SECURITY_ATTRIBUTES *s, ULONG p, ULONG64 n, const char *name)                 \
    {                                                                                                                \
        WCHAR w[400];                                                                                                \
        return pCreateFileMappingFromApp(f, s, p, n, name ? widen(w, name) : NULL);                                  \
    }                                                                                                                \
    /* FILE_MAP_ALL_ACCESS holds every right, so the protection must allow it: asks for what the others get. */      \
    static HANDLE create_2(HANDLE f, SECURITY_ATTRIBUTES *s, ULONG p, ULONG64 n, const char *name)                   \
    {                                                                                                                \
        WCHAR w[400];                                                                                                \
        ULONG access = STANDARD_RIGHTS_REQUIRED | SECTION_QUERY | SECTION_MAP_READ;                                  \
        if (p & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) access |= SECTION_MAP_WRITE;                              \
        if (p & (PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) access |= SECTION_MAP_EXECUTE;\
        return pCreateFileMapping2(f, s, access, p & 0x3fffff, p & ~0x3fffffu, n, name ? widen(w, name) : NULL,      \
                                   NULL, 0);                                                                         \
    }                                                                                                                \
    static const struct create_form form_w = { "memoryapi/nf-memoryapi-createfilemappingw", create_w };              \
    static const struct create_form form_a = { "winbase/nf-winbase-createfilemappinga", create_a };                  \
    static const struct create_form form_numa_w = { "memoryapi/nf-memoryapi-createfilemappingnumaw",                 \
                                                    create_numa_w };                                                 \
    static const struct create_form form_numa_a = { "winbase/nf-winbase-createfilemappingnumaa", create_numa_a };    \
    static const struct create_form form_app = { "memoryapi/nf-memoryapi-createfilemappingfromapp", create_app };    \
    static const struct create_form form_2 = { "memoryapi/nf-memoryapi-createfilemapping2", create_2 };              \
    /* Not every file that includes this uses every form. */                                                         \
    static const struct create_form *const create_forms[] __attribute__((unused)) = { &form_w, &form_a,              \
        &form_numa_w, &form_numa_a, &form_app, &form_2 };

/* TEST(form, label) for each form, each running battery(form). */
#define FOR_EACH_CREATE_FLAGS(label, battery, flags)                                                                 \
    TEST_FLAGS(CreateFileMappingW, label, flags) { NEED(CreateFileMappingW); battery(&form_w); }                     \
    TEST_FLAGS(CreateFileMappingA, label, flags) { NEED(CreateFileMappingA); battery(&form_a); }                     \
    TEST_FLAGS(CreateFileMappingNumaW, label, flags) { NEED(CreateFileMappingNumaW); battery(&form_numa_w); }        \
    TEST_FLAGS(CreateFileMappingNumaA, label, flags) { NEED(CreateFileMappingNumaA); battery(&form_numa_a); }        \
    TEST_FLAGS(CreateFileMappingFromApp, label, flags) { NEED(CreateFileMappingFromApp); battery(&form_app); }       \
    TEST_FLAGS(CreateFileMapping2, label, flags) { NEED(CreateFileMapping2); battery(&form_2); }
#define FOR_EACH_CREATE(label, battery) FOR_EACH_CREATE_FLAGS(label, battery, 0)

/* Judges what a form returned. error: the expected one for a failure, ANY_ERROR to only record it. */
#define ANY_ERROR 0xffffffffu
#define EXPECT_CREATED(handle, error)                                                                                \
    do {                                                                                                             \
        EXPECT_ERROR(error);                                                                                         \
        EXPECT_BOOL("handle", handle, TRUE);                                                                         \
        if (handle) CloseHandle(handle);                                                                             \
    } while (0)
#define EXPECT_NONE(handle, error)                                                                                   \
    do {                                                                                                             \
        if ((error) == ANY_ERROR) NOTE_ERROR();                                                                      \
        else EXPECT_ERROR(error);                                                                                    \
        EXPECT_BOOL("handle", handle, FALSE);                                                                        \
        if (handle) CloseHandle(handle);                                                                             \
    } while (0)

/* A check of one creation, which is to succeed or to fail with this last error. */
static inline void try_create(const struct create_form *form, const char *what, HANDLE file, SECURITY_ATTRIBUTES *security,
                              ULONG protect, ULONG64 bytes, const char *name, BOOL created, DWORD error)
{
    CHECK(form->page, "%s", what);
    SET_SENTINEL();
    HANDLE mapping = form->create(file, security, protect, bytes, name);
    if (created) EXPECT_CREATED(mapping, error);
    else EXPECT_NONE(mapping, error);
}

#endif
