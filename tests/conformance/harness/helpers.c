/* helpers.c - what conform.h offers to tests beyond checks: exceptions caught, child processes, temporary files. */
#include "harness.h"
#include "../../start.h"

/* ---- exceptions ----
 * GCC has no __try. catch_call() is a frame of our own with a handler of our own, so that handlers inside the called
 * function (a probe that catches its own faults) come first, as they do in a program compiled with __try. */
DWORD catch_call(void (*call)(void *context), void *context) __asm__("catch_call");
extern char catch_landing[] __asm__("catch_landing");

#ifdef __x86_64__
__asm__(".text\n.globl catch_call\n.def catch_call; .scl 2; .type 32; .endef\n"
        ".seh_proc catch_call\ncatch_call:\n"
        "  pushq %rbx\n  .seh_pushreg %rbx\n"
        "  subq $32, %rsp\n  .seh_stackalloc 32\n"
        "  .seh_endprologue\n"
        "  .seh_handler catch_handler, @except\n"
        "  movq %rcx, %rax\n  movq %rdx, %rcx\n"
        "  call *%rax\n  xorl %eax, %eax\n  nop\n"
        ".globl catch_landing\ncatch_landing:\n" /* reached by RtlUnwindEx with the code in eax */
        "  addq $32, %rsp\n  popq %rbx\n  ret\n"
        ".seh_endproc\n");

EXCEPTION_DISPOSITION catch_handler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                    DISPATCHER_CONTEXT *dispatcher) __asm__("catch_handler");
EXCEPTION_DISPOSITION catch_handler(EXCEPTION_RECORD *record, void *frame, CONTEXT *context,
                                    DISPATCHER_CONTEXT *dispatcher)
{
    if (record->ExceptionFlags & (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND))
        return ExceptionContinueSearch;
    RtlUnwindEx(frame, catch_landing, record, (PVOID)(ULONG_PTR)record->ExceptionCode, context,
                dispatcher->HistoryTable);
    return ExceptionContinueSearch;
}
#else
/* The registration record: previous, handler, and behind it what the landing restores. */
__asm__(".text\n.globl catch_call\ncatch_call:\n"
        "  pushl %ebp\n  movl %esp, %ebp\n  pushl %ebx\n  pushl %esi\n  pushl %edi\n"
        "  pushl $catch_handler\n  pushl %fs:0\n  movl %esp, %fs:0\n"
        "  pushl 12(%ebp)\n  call *8(%ebp)\n  addl $4, %esp\n  xorl %eax, %eax\n"
        ".globl catch_landing\ncatch_landing:\n" /* esp: the registration record, eax: the code */
        "  popl %fs:0\n  addl $4, %esp\n"
        "  popl %edi\n  popl %esi\n  popl %ebx\n  popl %ebp\n  ret\n"
        /* (record, frame, context, dispatcher): unwind to the frame, then land in it. */
        "catch_handler:\n"
        "  movl 4(%esp), %eax\n  testl $6, 4(%eax)\n  jnz 1f\n"
        "  pushl %ebp\n  movl %esp, %ebp\n"
        "  pushl $0\n  pushl %eax\n  pushl $2f\n  pushl 12(%ebp)\n  call _RtlUnwind@16\n"
        "2:\n  movl 8(%ebp), %eax\n  movl (%eax), %eax\n  movl 12(%ebp), %esp\n  leal 20(%esp), %ebp\n"
        "  jmp catch_landing\n"
        "1:\n  movl $1, %eax\n  ret\n");
#endif

DWORD conform_catch(void (*call)(void *context), void *context) { return catch_call(call, context); }

/* ---- child processes ---- */
/* 0xffffffff, which no child returns: it was not created, or the layer ended it. */
static DWORD child_once(const char *path, const char *line)
{
    char command[4 * MAX_PATH];
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    DWORD code = 0xffffffff;
    snprintf(command, sizeof(command), "%s", line);
    if (!process_start(path, command, FALSE, 0, &startup, &process)) {
        fprintf(stderr, "# a child was not created: error %lu\n", GetLastError());
        return code;
    }
    WaitForSingleObject(process.hProcess, INFINITE); /* the parent's watch on the test bounds this */
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    if (code == 0xffffffff)
        fprintf(stderr, "# a child ended with code -1\n");
    return code;
}

/* Once in some ten thousand starts a process does not come into being under Wine 8; that is not what is tested. */
int conform_in_child(const char *action, const char *child_argument)
{
    char path[MAX_PATH], line[4 * MAX_PATH];
    DWORD code = 0xffffffff, error = GetLastError();
    GetModuleFileNameA(NULL, path, sizeof(path));
    snprintf(line, sizeof(line), "\"%s\" --target \"%s\" --child %s \"%s\"", path, target_argument(), action,
             child_argument ? child_argument : "");
    for (int start = 0; start < 3 && code == 0xffffffff; start++)
        code = child_once(path, line);
    SetLastError(error);
    return (int)code;
}

HANDLE conform_peer_start(void)
{
    char path[MAX_PATH], command[] = "conform --help";
    STARTUPINFOA startup = { .cb = sizeof(startup) };
    PROCESS_INFORMATION process;
    GetModuleFileNameA(NULL, path, sizeof(path));
    if (!process_start(path, command, FALSE, CREATE_SUSPENDED, &startup, &process))
        die("cannot start another process (error %lu)", GetLastError());
    CloseHandle(process.hThread);
    return process.hProcess;
}

void conform_peer_end(HANDLE process)
{
    TerminateProcess(process, 0);
    WaitForSingleObject(process, INFINITE);
    CloseHandle(process);
}

/* ---- temporary files ---- */
static WCHAR files[32][MAX_PATH];
static unsigned file_count;

/* Names of one length, which GetTempFileNameW's own are not, so that what is recorded of them is the same every time. */
const WCHAR *conform_temp_file(void)
{
    DWORD error = GetLastError();
    HANDLE file = INVALID_HANDLE_VALUE;
    if (file_count == 32)
        die("a test uses more than 32 temporary files");
    WCHAR *path = files[file_count];
    DWORD length = GetTempPathW(MAX_PATH - 20, path);
    for (unsigned try = 0; try < 100 && length && file == INVALID_HANDLE_VALUE; try++) {
        unsigned number = GetTickCount() + (GetCurrentProcessId() << 16) + try;
        swprintf(path + length, 20, L"conform-%08x", number);
        file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    }
    if (file == INVALID_HANDLE_VALUE)
        die("cannot make a temporary file (error %lu)", GetLastError());
    CloseHandle(file);
    file_count++;
    SetLastError(error);
    return path;
}

void helpers_reset(void)
{
    while (file_count)
        DeleteFileW(files[--file_count]);
}
