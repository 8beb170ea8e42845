/* touch.c - what happens when a touch meets memory that is not accessible. */
#include "touch.h"

extern const char touch_bad[] __asm__("touch_bad");

/* EXCEPTION_DISPOSITION's values; the header's enumeration comes with the C runtime's own declarations. */
enum { RESUME = 0, PASS_ON = 1 };
#define UNWINDING 0x66 /* any of the flags of an unwind in progress */

int touch_caught(EXCEPTION_RECORD *record, PVOID frame, CONTEXT *context, PVOID dispatcher);

/* A guard page gives its alarm once: the access that met it has taken the guard off. A stack's guard page that is
 * taken off by a stranger costs that thread its growth, and then the process. So the guard is put on again. */
static void guard_restore(ULONG_PTR address)
{
    MEMORY_BASIC_INFORMATION region;
    PVOID page = (PVOID)ALIGN_DOWN(address, PAGE_BYTES);
    SIZE_T bytes = PAGE_BYTES;
    ULONG old;
    if (NtQueryVirtualMemory(CURRENT_PROCESS, page, VM_BASIC, &region, sizeof(region), NULL) < 0) return;
    if (region.State != MEM_COMMIT || (region.Protect & (PAGE_GUARD | PAGE_NOACCESS))) return;
    NtProtectVirtualMemory(CURRENT_PROCESS, &page, &bytes, region.Protect | PAGE_GUARD, &old);
}

/* The exception handler of all touches, called by the system's dispatcher: makes the touch return 1. Exceptions that
 * are no answer about memory (a breakpoint, an unwind passing through) go on to the next handler. */
int touch_caught(EXCEPTION_RECORD *record, PVOID frame, CONTEXT *context, PVOID dispatcher)
{
    (void)frame;
    (void)dispatcher;
    if (record->ExceptionFlags & (EXCEPTION_NONCONTINUABLE | UNWINDING)) return PASS_ON;
    switch ((ULONG)record->ExceptionCode) {
    case EXCEPTION_GUARD_PAGE:
        if (record->NumberParameters >= 2) guard_restore(record->ExceptionInformation[1]);
        break;
    case EXCEPTION_STACK_OVERFLOW: /* the last guard page of this thread's own stack, which the system took for use */
        if (record->NumberParameters >= 2) {
            guard_restore(record->ExceptionInformation[1]);
            teb_write(TEB_STACK_LIMIT, ALIGN_DOWN(record->ExceptionInformation[1], PAGE_BYTES) + PAGE_BYTES);
        }
        break;
    case EXCEPTION_ACCESS_VIOLATION:
    case EXCEPTION_IN_PAGE_ERROR: break;
    default: return PASS_ON;
    }
#ifdef __x86_64__
    context->Rip = (ULONG_PTR)touch_bad;
#else
    context->Eip = (ULONG_PTR)touch_bad;
#endif
    return RESUME;
}
