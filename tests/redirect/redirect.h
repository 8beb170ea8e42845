/* redirect.h - what the programs of this folder share: starting themselves under the launcher, and telling whose a block
 * is without asking anybody who may be redirected. */
#ifndef TESTS_REDIRECT_H
#define TESTS_REDIRECT_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "../start.h"

/* The address of an exported function, from the module's own table: GetProcAddress would give the stand-in. */
static inline void *raw_export(const char *module, const char *name)
{
    BYTE *base = (BYTE *)GetModuleHandleA(module);
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_EXPORT_DIRECTORY *exports =
        (IMAGE_EXPORT_DIRECTORY *)(base + headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT].VirtualAddress);
    DWORD *names = (DWORD *)(base + exports->AddressOfNames), *functions = (DWORD *)(base + exports->AddressOfFunctions);
    WORD *ordinals = (WORD *)(base + exports->AddressOfNameOrdinals);
    for (DWORD i = 0; i < exports->NumberOfNames; i++)
        if (!strcmp((char *)base + names[i], name)) return base + functions[ordinals[i]];
    return NULL;
}

typedef BOOLEAN(NTAPI *raw_validate)(HANDLE, ULONG, const void *);
typedef SIZE_T(WINAPI *own_size)(HANDLE, DWORD, const void *);

/* Is p a live block of k32mem's in that heap, of exactly this size? */
static inline BOOL is_k32mem(HANDLE heap, const void *p, SIZE_T bytes)
{
    own_size size = (own_size)raw_export("k32mem.dll", "HeapSize");
    return p && size(heap, 0, p) == bytes && !((raw_validate)raw_export("ntdll.dll", "RtlValidateHeap"))(heap, 0, p);
}

/* Is p a live block of the system's own heap? */
static inline BOOL is_system(HANDLE heap, const void *p)
{
    return p && ((raw_validate)raw_export("ntdll.dll", "RtlValidateHeap"))(heap, 0, p);
}

/* Runs a command line and returns the exit code; 0xdead when it cannot be started or does not end. */
static inline DWORD command_run(const char *format, ...)
{
    char line[2048];
    va_list arguments;
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    DWORD code = 0xdead;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fflush(stdout);
    if (!process_start(NULL, line, TRUE, 0, &startup, &process)) return code;
    if (WaitForSingleObject(process.hProcess, 120000) == WAIT_OBJECT_0) GetExitCodeProcess(process.hProcess, &code);
    else TerminateProcess(process.hProcess, code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* The folder of this program, with a backslash behind it. */
static inline const char *own_folder(void)
{
    static char folder[MAX_PATH];
    if (!folder[0]) {
        GetModuleFileNameA(NULL, folder, sizeof(folder));
        *(strrchr(folder, '\\') + 1) = 0;
    }
    return folder;
}

static inline BOOL is_redirected(void) { return GetModuleHandleA("k32mem.dll") != NULL; }

#endif
