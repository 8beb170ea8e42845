/* rows_steps.c - how many instructions an operation takes, exactly: the processor's trap flag raises an exception
 * after each instruction, and the handler counts those that lie outside this program, that is, in the peer's DLL and
 * whatever that calls. The same run counts the locked ones. x86_64 only.
 */
#include "heapbench.h"

#ifdef _WIN64
static volatile BOOL stepping;
static volatile LONG steps, locked;
static ULONG_PTR program_first, program_end;

/* Is the instruction at code an atomic access to memory: a lock prefix, or an exchange with memory? */
static BOOL is_locked(const BYTE *code)
{
    for (int i = 0; i < 15; i++, code++) {
        switch (*code) {
        case 0xf0: return TRUE;
        case 0x66: case 0x67: case 0xf2: case 0xf3: case 0x2e: case 0x36: case 0x3e: case 0x26: case 0x64: case 0x65:
            continue;
        }
        if ((*code & 0xf0) == 0x40) continue; /* REX */
        return (code[0] == 0x86 || code[0] == 0x87) && (code[1] & 0xc0) != 0xc0;
    }
    return FALSE;
}

static LONG CALLBACK on_step(EXCEPTION_POINTERS *exception)
{
    CONTEXT *context = exception->ContextRecord;
    if (exception->ExceptionRecord->ExceptionCode != (DWORD)EXCEPTION_SINGLE_STEP) return EXCEPTION_CONTINUE_SEARCH;
    if (stepping) {
        if (context->Rip < program_first || context->Rip >= program_end) {
            steps++;
            locked += is_locked((const BYTE *)context->Rip);
        }
        context->EFlags |= 0x100;
    }
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void steps_begin(void)
{
    steps = locked = 0;
    stepping = TRUE;
    __asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
}
static void steps_end(void) { stepping = FALSE; }

/* a: block size. The values are of the cheapest of several pairs, after a warm-up. */
static int run_steps(const struct row *row, double *values)
{
    ULONG_PTR base = (ULONG_PTR)GetModuleHandleA(NULL);
    const IMAGE_NT_HEADERS *headers = (const void *)(base + (ULONG_PTR)((IMAGE_DOS_HEADER *)base)->e_lfanew);
    program_first = base;
    program_end = base + headers->OptionalHeader.SizeOfImage;
    for (int i = 0; i < 2000; i++) block_delete(block_new(row->a));
    void *handler = AddVectoredExceptionHandler(1, on_step);
    values[0] = values[1] = values[2] = values[3] = 1e9;
    for (int i = 0; i < 5; i++) {
        steps_begin();
        void *block = peer.alloc(peer.heap, 0, row->a);
        steps_end();
        LONG alloc_steps = steps, alloc_locked = locked;
        steps_begin();
        peer.free(peer.heap, 0, block);
        steps_end();
        if (alloc_steps + steps < values[2]) {
            values[0] = alloc_steps;
            values[1] = steps;
            values[2] = alloc_steps + steps;
            values[3] = alloc_locked + locked;
        }
    }
    RemoveVectoredExceptionHandler(handler);
    return 4;
}

#define STEP_VALUES "alloc free pair locked"
#endif

const struct row rows_steps[] = {
#ifdef _WIN64
    { "instructions 64", ROW_COUNT | ROW_OWN, run_steps, 64, 0, STEP_VALUES, 1, 0 },
    { "instructions 1024", ROW_COUNT | ROW_OWN, run_steps, 1024, 0, STEP_VALUES, 1, 0 },
#endif
    { 0 },
};
