/* badmemory.c - the system's reports of failing memory.
 *
 * Windows tells of bad pages through the event \KernelObjects\MemoryErrors. Where that is missing (Wine) nothing ever
 * detects bad memory: a registration is kept, and its callback has no occasion to run; the capabilities say so.
 */
#include "../core/touch.h"
#include "../nt/nt.h"

struct registration {
    PBAD_MEMORY_CALLBACK_ROUTINE callback;
    HANDLE event, wait; /* NULL where the system has no such event */
    struct registration *next;
};

static volatile LONG lock;
static struct registration *registrations;

static void list_lock(void)
{
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) NtYieldExecution();
}

static void list_unlock(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }

/* Runs on a thread of the system's pool when the event is signalled. */
static void NTAPI memory_failed(PVOID context, BOOLEAN timed_out)
{
    if (!timed_out) ((struct registration *)context)->callback();
}

static HANDLE errors_event_open(void)
{
    static const WCHAR text[] = L"\\KernelObjects\\MemoryErrors";
    UNICODE_STRING name = { sizeof(text) - sizeof(WCHAR), sizeof(text), (PWSTR)text };
    OBJECT_ATTRIBUTES attributes;
    HANDLE event;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenEvent(&event, SYNCHRONIZE | EVENT_QUERY_STATE, &attributes) >= 0 ? event : NULL;
}

/* Writes the MEHC_* flags: 0 where the system does not tell of failing memory. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_NOACCESS (another bad pointer).
 * Page: memoryapi/nf-memoryapi-getmemoryerrorhandlingcapabilities */
K32MEM_API BOOL WINAPI GetMemoryErrorHandlingCapabilities(PULONG Capabilities)
{
    HANDLE event;
    if (!Capabilities) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(Capabilities, sizeof(*Capabilities))) return error_fail(ERROR_NOACCESS);
    event = errors_event_open();
    *Capabilities = event ? MEHC_PATROL_SCRUBBER_PRESENT : 0;
    if (event) NtClose(event);
    return TRUE;
}

/* Has Callback called, on a thread of the system's pool, each time the system detects bad pages that it cannot remove.
 * Returns a handle for UnregisterBadMemoryNotification, or NULL. Any thread.
 * Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_NOT_ENOUGH_MEMORY.
 * Page: memoryapi/nf-memoryapi-registerbadmemorynotification */
K32MEM_API PVOID WINAPI RegisterBadMemoryNotification(PBAD_MEMORY_CALLBACK_ROUTINE Callback)
{
    struct registration *made;
    NTSTATUS status;
    if (!Callback) return error_null(ERROR_INVALID_PARAMETER);
    made = RtlAllocateHeap(nt_process_heap(), 0, sizeof(*made));
    if (!made) return error_null(ERROR_NOT_ENOUGH_MEMORY);
    made->callback = Callback;
    made->wait = NULL;
    made->event = errors_event_open();
    if (made->event) {
        status = RtlRegisterWait(&made->wait, made->event, memory_failed, made, INFINITE, WT_EXECUTEDEFAULT);
        if (status < 0) {
            NtClose(made->event);
            RtlFreeHeap(nt_process_heap(), 0, made);
            status_fail(status);
            return NULL;
        }
    }
    list_lock();
    made->next = registrations;
    registrations = made;
    list_unlock();
    return made;
}

/* Ends a registration; waits for a callback that is just running, so it must not be called from one. Any other thread.
 * Errors: ERROR_INVALID_HANDLE (no registration's handle, or ended already).
 * Page: memoryapi/nf-memoryapi-unregisterbadmemorynotification */
K32MEM_API BOOL WINAPI UnregisterBadMemoryNotification(PVOID RegistrationHandle)
{
    struct registration **link, *found;
    list_lock();
    for (link = &registrations; *link && *link != RegistrationHandle; link = &(*link)->next) {}
    found = *link;
    if (found) *link = found->next;
    list_unlock();
    if (!found) return error_fail(ERROR_INVALID_HANDLE);
    if (found->wait) RtlDeregisterWaitEx(found->wait, INVALID_HANDLE_VALUE);
    if (found->event) NtClose(found->event);
    RtlFreeHeap(nt_process_heap(), 0, found);
    return TRUE;
}
