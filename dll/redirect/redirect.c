/* redirect.c - redirecting the process that k32mem is in. */
#include "redirect.h"
#include "../../include/k32mem.h"
#include "../core/stack.h"
#include "../global/system.h"
#include "../heap/helpers.h"
#include "children.h"
#include "file.h"
#include "image.h"
#include "inject.h"
#include "module.h"
#include "options.h"
#include "report.h"
#include "stats.h"
#include "table.h"

static BOOL is_on;

/* ---- options ---- */
static void complain(const char *where, const char *problem, const WCHAR *word, SIZE_T length)
{
    struct report report;
    report.length = 0;
    report_add(&report, "k32mem: ");
    report_add(&report, where);
    report_add(&report, problem);
    report_add_wide(&report, word, length);
    report_add(&report, "\n");
    report_send(&report, L"");
}

static BOOL options_take(const char *where, const WCHAR *text, SIZE_T length)
{
    SIZE_T bad_length;
    const WCHAR *bad = options_parse(text, length, &bad_length);
    if (bad) complain(where, ": this option is not known, or its value not possible: ", bad, bad_length);
    return !bad;
}

static void options_too_long(const char *where) { complain(where, " is too long; its options are left out", NULL, 0); }

/* The program's file and the environment: a word that is not understood is told, and what follows it left out. */
static void options_gather(void)
{
    static const WCHAR variable[] = L"K32MEM_OPTIONS";
    WCHAR text[PAYLOAD_OPTIONS];
    UNICODE_STRING name = { sizeof(variable) - sizeof(WCHAR), sizeof(variable), (PWSTR)variable };
    UNICODE_STRING value = { 0, sizeof(text), text };
    SIZE_T length = file_read_options(text, PAYLOAD_OPTIONS);
    if (length > PAYLOAD_OPTIONS) options_too_long("the program's option file");
    else if (length) options_take("the program's option file", text, length);
    NTSTATUS status = RtlQueryEnvironmentVariable_U(NULL, &name, &value);
    if (status == STATUS_BUFFER_TOO_SMALL) options_too_long("K32MEM_OPTIONS");
    else if (status >= 0) options_take("K32MEM_OPTIONS", text, value.Length / sizeof(WCHAR));
}

/* ---- the work ---- */
static BYTE *program_base(void) { return *(BYTE **)(nt_peb() + PEB_IMAGE_BASE); }

static BOOL redirect(void)
{
    /* Switched off, only the children are still looked after: see options_redirects. */
    if (options.off) {
        options.stats = options.zero = FALSE;
        options.pad = options.delay = 0;
    }
    if (options.pad || options.delay || options.zero) helpers_enable(options.pad, options.delay, options.zero);
    /* Found now, past our own hooks. */
    system_resolve();
    stats_attach();
    module_pin();
    if (!table_build() || !modules_patch()) return FALSE;
    stack_trims = !options.off;
    return is_on = TRUE;
}

/* The payload, if the launcher or a parent left one. */
static struct payload *payload_find(IMAGE_OPTIONAL_HEADER **optional)
{
    static const char magic[] = PAYLOAD_MAGIC;
    BYTE *base = program_base();
    IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    *optional = &headers->OptionalHeader;
    if ((*optional)->NumberOfRvaAndSizes <= IMAGE_DIRECTORY_ENTRY_IMPORT) return NULL;
    ULONG import = (*optional)->DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    if (import < (*optional)->SizeOfImage) return NULL;
    struct payload *payload = (struct payload *)ALIGN_DOWN(base + import, GRANULE_BYTES);
    return memcmp(payload->magic, magic, sizeof(payload->magic)) ? NULL : payload;
}

/* The program's headers as they were before. */
static BOOL directories_restore(const struct payload *payload, IMAGE_OPTIONAL_HEADER *optional)
{
    PVOID page = optional->DataDirectory;
    SIZE_T bytes = sizeof(optional->DataDirectory);
    ULONG old;
    if (NtProtectVirtualMemory(CURRENT_PROCESS, &page, &bytes, PAGE_READWRITE, &old) < 0) return FALSE;
    for (unsigned i = 0; i < PAYLOAD_SAVED; i++)
        if (payload_directories[i] < optional->NumberOfRvaAndSizes)
            optional->DataDirectory[payload_directories[i]] = payload->saved[i];
    NtProtectVirtualMemory(CURRENT_PROCESS, &page, &bytes, old, &old);
    return TRUE;
}

int redirect_attach(void)
{
    IMAGE_OPTIONAL_HEADER *optional;
    struct payload *payload = payload_find(&optional);
    struct image program;
    if (!payload) return TRUE;
    /* Of other modules, those whose headers are not understood are left alone. */
    if (!image_open(&program, program_base())) return FALSE;
    /* A process may have been injected more than once, each time over what was left the time before: the launcher, started
     * by a redirected program; K32memInject, of a child that its parent follows. The last to do it is the one to obey. */
    for (struct payload *inner = payload; inner; inner = payload_find(&optional))
        if (!directories_restore(inner, optional)) return FALSE;
    options_gather();
    SIZE_T length = 0;
    while (length < PAYLOAD_OPTIONS && payload->options[length]) length++;
    options_take("options", payload->options, length);
    children_options(payload->options, length);
    if (!redirect()) return FALSE;
    if (payload->event) {
        HANDLE event = (HANDLE)(ULONG_PTR)payload->event;
        NtSetEvent(event, NULL);
        NtClose(event);
    }
    return TRUE;
}

void redirect_process_end(void)
{
    if (is_on) stats_send();
}

/* 0, or an error. */
static DWORD redirect_by(LPCWSTR text)
{
    SIZE_T length = 0, bad_length;
    struct options before = options;
    options_gather();
    while (text && text[length]) length++;
    if (text && options_parse(text, length, &bad_length)) {
        options = before;
        return ERROR_INVALID_PARAMETER;
    }
    if (text) children_options(text, length);
    return redirect() ? 0 : ERROR_NOT_SUPPORTED;
}

/* ---- exported ---- */
/* Points all memory functions that the modules of this process import, or look up from now on, at k32mem's, for programs
 * that are not started by the launcher. options: the option string (k32mem.h), NULL or empty for none; the environment
 * variable K32MEM_OPTIONS is read before it. k32mem stays loaded until the process ends. Doing it again changes nothing.
 * Blocks allocated before are freed to where they came from. Any thread, also while others run; not from DllMain.
 * Errors: ERROR_INVALID_PARAMETER (an option that is not known: nothing is redirected), ERROR_NOT_SUPPORTED (the
 * system's loader cannot tell of new modules, or a module cannot be changed). */
K32MEM_API BOOL WINAPI K32memRedirect(LPCWSTR text)
{
    /* One at a time, and no module comes or goes. */
    ULONG_PTR lock = 0;
    LdrLockLoaderLock(0, NULL, &lock);
    DWORD error = is_on ? 0 : redirect_by(text);
    LdrUnlockLoaderLock(0, lock);
    return !error || error_fail(error);
}

/* Prepares a process that was created suspended (CREATE_SUSPENDED) and has not run yet to load k32mem before all else and
 * be redirected; of either architecture, where its k32mem.dll is installed. The process handle needs PROCESS_VM_READ,
 * _WRITE and _OPERATION and PROCESS_QUERY_INFORMATION. options as above; of a process that has them already (a child of a
 * redirected one does) these take the place. After a failure the process is as before.
 * Errors: ERROR_BAD_EXE_FORMAT (not a program of x86_64 or x86), ERROR_DLL_NOT_FOUND (no k32mem.dll for it),
 * ERROR_INVALID_NAME (k32mem.dll's path has letters beyond ASCII), ERROR_FILENAME_EXCED_RANGE (more than 1023 characters
 * of options), ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED. */
K32MEM_API BOOL WINAPI K32memInject(HANDLE process, LPCWSTR text)
{
    return status_bool(child_inject(process, text ? text : L"", 0));
}
