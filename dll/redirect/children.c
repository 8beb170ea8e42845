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

NTSTATUS child_inject(HANDLE process, const WCHAR *options_text, uint64_t event)
{
    struct target target;
    char path[PATH_MOST];
    UNICODE_STRING own = module_own_path();
    NTSTATUS status = target_open(&target, process);
    if (status >= 0) status = path_for_machine(own.Buffer, own.Length / sizeof(WCHAR), target.machine, path);
    if (status >= 0) status = target_inject(&target, path, options_text, event);
    return status;
}

/* Every way to start a program comes through here. The new process does not run before k32mem is in it, and runs without
 * where that cannot be (no k32mem.dll for its architecture): what it would be without us, never half. */
NTSTATUS NTAPI hook_NtCreateUserProcess(PHANDLE process, PHANDLE thread, ACCESS_MASK process_access,
                                        ACCESS_MASK thread_access, const OBJECT_ATTRIBUTES *process_attributes,
                                        const OBJECT_ATTRIBUTES *thread_attributes, ULONG process_flags,
                                        ULONG thread_flags, PVOID parameters, PVOID create_info, PVOID attributes)
{
    enum { SUSPENDED = 1 };
    if (options.no_children)
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
