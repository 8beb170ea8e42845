/* pagefiles.c - the system's paging files. */
#include "psapi.h"

/* NtQuerySystemInformation(SYSTEM_PAGE_FILES): sizes in pages, names as the NT layer has them (\??\C:\pagefile.sys). */
struct page_file {
    ULONG next; /* bytes to the next one, 0 in the last */
    ULONG total, used, peak;
    UNICODE_STRING name;
};

/* Calls a program's callback. On i686 Microsoft's header leaves the calling convention to the program's compiler, so
 * the stack is set right again whichever side clears the arguments. */
static BOOL callback_call(PVOID callback, PVOID context, PENUM_PAGE_FILE_INFORMATION info, const void *name)
{
#ifdef _WIN64
    return ((BOOL(*)(PVOID, PENUM_PAGE_FILE_INFORMATION, const void *))callback)(context, info, name);
#else
    BOOL result;
    __asm__ volatile("mov %%esp, %%edi\n\t"
                     "and $-16, %%esp\n\t"
                     "sub $4, %%esp\n\t"
                     "push %4\n\t"
                     "push %2\n\t"
                     "push %1\n\t"
                     "call *%3\n\t"
                     "mov %%edi, %%esp"
                     : "=a"(result), "+c"(context), "+d"(info)
                     : "b"(callback), "S"(name)
                     : "edi", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
    return result;
#endif
}

/* A system that does not list its paging files (Wine): what can be committed beyond physical memory is reported as one
 * file under the usual name, and no file when there is nothing beyond. */
static NTSTATUS files_guess(struct page_file *file)
{
    static const WCHAR usual[] = L"\\??\\C:\\pagefile.sys";
    struct system_basic basic;
    struct system_performance performance;
    NTSTATUS status = system_query(SYSTEM_BASIC, &basic, sizeof(basic));
    if (status >= 0) status = system_query(SYSTEM_PERFORMANCE, &performance, sizeof(performance));
    if (status < 0) return status;
    ULONG limit = performance.commit_limit_pages, physical = basic.physical_pages;
    file->next = 0;
    file->total = limit > physical ? limit - physical : 0;
    file->used = 0;
    file->peak = 0;
    file->name.Buffer = (PWSTR)usual;
    file->name.Length = sizeof(usual) - sizeof(WCHAR);
    file->name.MaximumLength = sizeof(usual);
    return STATUS_SUCCESS;
}

/* The name as programs know it: without the prefix of the NT layer, terminated, in buffer (of count characters). */
static void name_copy(WCHAR *buffer, ULONG count, const UNICODE_STRING *name)
{
    static const WCHAR prefix[] = L"\\??\\";
    ULONG length = name->Length / sizeof(WCHAR), skip = 0, i;
    while (skip < 4 && skip < length && name->Buffer[skip] == prefix[skip]) skip++;
    if (skip < 4) skip = 0;
    for (i = 0; skip + i < length && i + 1 < count; i++) buffer[i] = name->Buffer[skip + i];
    buffer[i] = 0;
}

/* FALSE when the callback wants no more. */
static BOOL file_report(const struct page_file *file, PVOID callback, PVOID context, BOOL wide)
{
    ENUM_PAGE_FILE_INFORMATION info = { .cb = sizeof(info),
                                        .TotalSize = file->total,
                                        .TotalInUse = file->used,
                                        .PeakUsage = file->peak };
    WCHAR name[MAX_PATH];
    CHAR narrow[MAX_PATH * 2];
    name_copy(name, MAX_PATH, &file->name);
    if (wide) return callback_call(callback, context, &info, name);
    UNICODE_STRING string;
    ANSI_STRING ansi = { 0, sizeof(narrow), narrow };
    RtlInitUnicodeString(&string, name);
    if (RtlUnicodeStringToAnsiString(&ansi, &string, FALSE) < 0) narrow[0] = 0;
    return callback_call(callback, context, &info, narrow);
}

static BOOL files_enumerate(PVOID callback, PVOID context, BOOL wide)
{
    PVOID list;
    struct page_file guess;
    if (!callback) return error_fail(ERROR_INVALID_PARAMETER);
    NTSTATUS status = answer_get(SYSTEM_PAGE_FILES, &list);
    if (status == STATUS_INVALID_INFO_CLASS || status == STATUS_NOT_IMPLEMENTED) {
        status = files_guess(&guess);
        if (status >= 0 && guess.total) file_report(&guess, callback, context, wide);
        return status_bool(status);
    }
    if (status < 0) return status_fail(status);
    for (const struct page_file *file = list;; file = (const void *)((const BYTE *)file + file->next))
        if (!file->name.Length || !file_report(file, callback, context, wide) || !file->next) break;
    answer_free(list);
    return TRUE;
}

/* Calls callback(context, information, name) for each paging file, sizes in pages, until it returns FALSE. Success
 * leaves the last error alone (unless the callback changes it). Any thread. Errors: ERROR_INVALID_PARAMETER (no callback).
 * Page: psapi/nf-psapi-enumpagefilesw */
K32MEM_API BOOL WINAPI K32EnumPageFilesW(PENUM_PAGE_FILE_CALLBACKW callback, LPVOID context)
{
    return files_enumerate((PVOID)callback, context, TRUE);
}

PSAPI_NAME(EnumPageFilesW, (PENUM_PAGE_FILE_CALLBACKW callback, LPVOID context), (callback, context))

/* K32EnumPageFilesW with names in the ANSI code page. Page: psapi/nf-psapi-enumpagefilesa */
K32MEM_API BOOL WINAPI K32EnumPageFilesA(PENUM_PAGE_FILE_CALLBACKA callback, LPVOID context)
{
    return files_enumerate((PVOID)callback, context, FALSE);
}

PSAPI_NAME(EnumPageFilesA, (PENUM_PAGE_FILE_CALLBACKA callback, LPVOID context), (callback, context))
