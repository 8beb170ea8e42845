/* children.c - following the processes that a side-loaded program starts; and its own end. */
#include "children.h"
#include "hooks.h"
#include "inject.h"
#include "module.h"
#include "options.h"
#include "path.h"
#include "stats.h"

static WCHAR child_options[PAYLOAD_OPTIONS];

void children_options(const WCHAR *text, SIZE_T length)
{
    if (length >= PAYLOAD_OPTIONS) length = PAYLOAD_OPTIONS - 1;
    memcpy(child_options, text, length * sizeof(WCHAR));
    child_options[length] = 0;
}

#ifndef _WIN64
/* ---- children of 64 bits ---- */
/* Their memory is out of this process's reach: the other launcher does it, in a process of its own. */
typedef BOOL(WINAPI *create_process)(LPCWSTR, LPWSTR, LPSECURITY_ATTRIBUTES, LPSECURITY_ATTRIBUTES, BOOL, DWORD, LPVOID,
                                     LPCWSTR, LPSTARTUPINFOW, LPPROCESS_INFORMATION);

static SIZE_T append(WCHAR *line, SIZE_T length, const WCHAR *text)
{
    while (*text && length < PATH_MOST * 2 + PAYLOAD_OPTIONS - 1) line[length++] = *text++;
    line[length] = 0;
    return length;
}

static NTSTATUS wide_inject(HANDLE process, const WCHAR *options_text)
{
    WCHAR line[PATH_MOST * 2 + PAYLOAD_OPTIONS], digits[12];
    char path[PATH_MOST];
    UNICODE_STRING own = module_own_path();
    PROCESS_BASIC_INFORMATION basic;
    STARTUPINFOW startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION helper;
    PVOID kernel32 = nt_module_find(L"kernel32.dll");
    create_process create = kernel32 ? (create_process)nt_function_find(kernel32, "CreateProcessW") : NULL;
    NTSTATUS status = NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof(basic), NULL);
    if (status < 0 || !create) return STATUS_INVALID_IMAGE_FORMAT;
    status = path_for_machine(own.Buffer, own.Length / sizeof(WCHAR), IMAGE_FILE_MACHINE_AMD64, path);
    if (status < 0) return status;
    SIZE_T length = append(line, 0, L"\"");
    for (SIZE_T i = 0; path[i]; i++) line[length++] = (WCHAR)path[i];
    while (line[length - 1] != '\\') length--;
    length = append(line, length, L"k32run.exe\" --inject=");
    unsigned at = COUNT_OF(digits) - 1;
    digits[at] = 0;
    for (ULONG_PTR id = basic.UniqueProcessId; id; id /= 10) digits[--at] = (WCHAR)('0' + id % 10);
    length = append(line, append(line, length, digits + at), L" ");
    append(line, length, options_text);
    if (!create(NULL, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &startup, &helper)) return STATUS_DLL_NOT_FOUND;
    NtWaitForSingleObject(helper.hProcess, FALSE, NULL);
    /* It ends with the status: what target_inject gave, or the exception that it ended by. */
    status = NtQueryInformationProcess(helper.hProcess, ProcessBasicInformation, &basic, sizeof(basic), NULL);
    NtClose(helper.hThread);
    NtClose(helper.hProcess);
    if (status < 0 || !basic.ExitStatus) return status;
    return basic.ExitStatus < 0 ? basic.ExitStatus : STATUS_UNSUCCESSFUL;
}

static BOOL is_wide(HANDLE process)
{
    /* On a 64-bit system, set for processes of 32 bits; on a 32-bit one there are no others. */
    ULONG_PTR theirs = 0, own = 0;
    return NtQueryInformationProcess(CURRENT_PROCESS, ProcessWow64Information, &own, sizeof(own), NULL) >= 0 && own &&
           NtQueryInformationProcess(process, ProcessWow64Information, &theirs, sizeof(theirs), NULL) >= 0 && !theirs;
}
#endif

NTSTATUS child_inject(HANDLE process, const WCHAR *options_text, uint64_t event)
{
    struct target target;
    char path[PATH_MOST];
    UNICODE_STRING own = module_own_path();
#ifndef _WIN64
    if (is_wide(process)) return event ? STATUS_INVALID_IMAGE_FORMAT : wide_inject(process, options_text);
#endif
    NTSTATUS status = target_open(&target, process);
    if (status >= 0) status = path_for_machine(own.Buffer, own.Length / sizeof(WCHAR), target.machine, path);
    if (status >= 0) status = target_inject(&target, path, options_text, event);
    return status;
}

/* Programs of the system's that live on beside the one that happened to start them and serve others too, or that look at
 * one that crashed; and the launcher, which injects by itself, also for wide_inject. */
static BOOL is_servant(const BYTE *parameters)
{
    static const char *const names[] = { "conhost.exe", "explorer.exe", "services.exe", "svchost.exe", "rpcss.exe",
                                         "plugplay.exe", "winedevice.exe", "wineboot.exe", "werfault.exe", "winedbg.exe",
                                         "k32run.exe" };
    const UNICODE_STRING *image = (const UNICODE_STRING *)(parameters + PARAMETERS_IMAGE);
    SIZE_T length = image->Length / sizeof(WCHAR), start = path_last(image->Buffer, length);
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        SIZE_T at = 0;
        while (names[i][at] && start + at < length && (image->Buffer[start + at] | 0x20) == (WCHAR)(names[i][at] | 0x20)) at++;
        if (!names[i][at] && start + at == length) return TRUE;
    }
    return FALSE;
}

/* Every way to start a program comes through here. The new process does not run before k32mem is in it, and runs without
 * where that cannot be (no k32mem.dll for its architecture): what it would be without us, never half. */
NTSTATUS NTAPI hook_NtCreateUserProcess(PHANDLE process, PHANDLE thread, ACCESS_MASK process_access,
                                        ACCESS_MASK thread_access, const OBJECT_ATTRIBUTES *process_attributes,
                                        const OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags,
                                        ULONG thread_flags, PVOID parameters, PVOID create_info, PVOID attributes)
{
    enum { SUSPENDED = 1 };
    BOOL follow = !options.no_children && !is_servant(parameters);
    if (!follow)
        return hook_original.NtCreateUserProcess(process, thread, process_access, thread_access, process_attributes,
                                                 thread_attributes, process_flags, thread_flags, parameters, create_info,
                                                 attributes);
    NTSTATUS status = hook_original.NtCreateUserProcess(process, thread, process_access, thread_access, process_attributes,
                                                        thread_attributes, process_flags, thread_flags | SUSPENDED,
                                                        parameters, create_info, attributes);
    if (status < 0) return status;
    child_inject(*process, child_options, 0);
    if (!(thread_flags & SUSPENDED)) NtResumeThread(*thread, NULL);
    return status;
}

/* A process that ends itself this way runs no initialisers for the end: the statistics would be lost. */
NTSTATUS NTAPI hook_NtTerminateProcess(HANDLE process, NTSTATUS code)
{
    if (process == CURRENT_PROCESS) stats_send();
    return hook_original.NtTerminateProcess(process, code);
}
