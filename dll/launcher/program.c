/* program.c - looking at the file before anything is started. */
#include "program.h"
#include "message.h"

static BOOL is_file(const WCHAR *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

void program_find(const WCHAR *name, WCHAR path[PROGRAM_PATH])
{
    static const WCHAR *const endings[] = { L"", L".exe" };
    WCHAR tried[PROGRAM_PATH / 16];
    SIZE_T length = 0;
    while (name[length]) length++;
    if (!length || length + 5 >= COUNT_OF(tried)) fail(EXIT_NOT_FOUND, NULL, "no program is named");
    for (unsigned i = 0; i < COUNT_OF(endings); i++) {
        for (SIZE_T n = 0; n <= length; n++) tried[n] = name[n];
        for (SIZE_T n = 0; (tried[length + n] = endings[i][n]); n++) {}
        DWORD taken = GetFullPathNameW(tried, PROGRAM_PATH, path, NULL);
        if (taken && taken < PROGRAM_PATH && is_file(path)) return;
    }
    DWORD taken = SearchPathW(NULL, name, L".exe", PROGRAM_PATH, path, NULL);
    if (taken && taken < PROGRAM_PATH && is_file(path)) return;
    fail(EXIT_NOT_FOUND, name, "there is no such program");
}

static BOOL ends_with(const WCHAR *path, const char *ending)
{
    SIZE_T length = 0, least = 0;
    while (path[length]) length++;
    while (ending[least]) least++;
    if (length < least) return FALSE;
    for (SIZE_T i = 0; i < least; i++)
        if ((path[length - least + i] | 0x20) != (WCHAR)(ending[i] | 0x20)) return FALSE;
    return TRUE;
}

USHORT program_machine(const WCHAR *path)
{
    static const char not_a_program[] = "this is not a Windows program (.exe)";
    IMAGE_DOS_HEADER dos;
    struct {
        ULONG signature;
        IMAGE_FILE_HEADER file;
    } headers;
    DWORD done;
    if (ends_with(path, ".bat") || ends_with(path, ".cmd")) return 0;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) fail_number(EXIT_NOT_RUNNABLE, path, "the program cannot be read; error", GetLastError());
    if (!ReadFile(file, &dos, sizeof(dos), &done, NULL) || done != sizeof(dos) || dos.e_magic != IMAGE_DOS_SIGNATURE ||
        SetFilePointer(file, dos.e_lfanew, NULL, FILE_BEGIN) == INVALID_SET_FILE_POINTER ||
        !ReadFile(file, &headers, sizeof(headers), &done, NULL) || done != sizeof(headers) ||
        headers.signature != IMAGE_NT_SIGNATURE)
        fail(EXIT_NOT_RUNNABLE, path, not_a_program);
    CloseHandle(file);
    if (headers.file.Characteristics & IMAGE_FILE_DLL) fail(EXIT_NOT_RUNNABLE, path, "this is a DLL, not a program");
    if (headers.file.Machine != IMAGE_FILE_MACHINE_AMD64 && headers.file.Machine != IMAGE_FILE_MACHINE_I386)
        fail_number(EXIT_NOT_RUNNABLE, path, "k32mem is for programs of x86_64 and x86; this one is for machine",
                    headers.file.Machine);
    return headers.file.Machine;
}
