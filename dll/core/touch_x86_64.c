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
        TOUCH("touch_read", TOUCH_READ_LOOP("%rcx", "%rdx", "%rax"))
        TOUCH("touch_write", TOUCH_WRITE_LOOP("%rcx", "%rdx", "%rax"))
        TOUCH("touch_string_a", TOUCH_STRING_A_LOOP("%rcx", "%rdx", "%cl"))
        TOUCH("touch_string_w", TOUCH_STRING_W_LOOP("%rcx", "%rdx", "%cl"))
        /* Where touch_caught resumes: the stack is as at the call. */
        ".p2align 4\n"
        ".globl touch_bad\n"
        "touch_bad:\n"
        "mov $1, %eax\n"
        "ret\n");
#endif
