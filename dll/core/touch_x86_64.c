/* touch_x86_64.c - the touches as leaf functions with a table-based exception handler: entering one costs nothing. */
#ifdef __x86_64__
#include "touch.h"
#include "touch_loops.h"

#define TOUCH(NAME, LOOP)                                                                                            \
    ".p2align 4\n"                                                                                                   \
    ".globl " NAME "\n"                                                                                              \
    ".def " NAME "; .scl 2; .type 32; .endef\n"                                                                      \
    ".seh_proc " NAME "\n" NAME ":\n"                                                                                \
    ".seh_handler touch_caught, @except\n"                                                                           \
    ".seh_endprologue\n"                                                                                             \
    LOOP                                                                                                             \
    "xor %eax, %eax\n"                                                                                               \
    "ret\n"                                                                                                          \
    ".seh_endproc\n"

__asm__(".text\n"
        TOUCH_ALL("%rcx", "%rdx", "%rax", "%cl")
        /* Where touch_caught resumes: the stack is as at the call. */
        ".p2align 4\n"
        ".globl touch_bad\n"
        "touch_bad:\n"
        "mov $1, %eax\n"
        "ret\n");
#endif
