/* touch_i686.c - the touches with an exception frame on the stack, linked into the thread's chain at fs:[0]. The DLL
 * has no table of safe handlers, so the system accepts any handler inside it. */
#ifdef __i386__
#include "touch.h"
#include "touch_loops.h"

#define TOUCH(NAME, LOOP)                                                                                            \
    ".p2align 4\n"                                                                                                   \
    ".globl " NAME "\n" NAME ":\n"                                                                                   \
    "pushl $_touch_caught\n"                                                                                         \
    "pushl %fs:0\n"                                                                                                  \
    "movl %esp, %fs:0\n"                                                                                             \
    LOOP                                                                                                             \
    "xor %eax, %eax\n"                                                                                               \
    "popl %fs:0\n"                                                                                                   \
    "add $4, %esp\n"                                                                                                 \
    "ret\n"

__asm__(".text\n"
        TOUCH_ALL("%ecx", "%edx", "%eax", "%cl")
        /* Where touch_caught resumes: the frame is still on the stack. */
        ".p2align 4\n"
        ".globl touch_bad\n"
        "touch_bad:\n"
        "mov $1, %eax\n"
        "popl %fs:0\n"
        "add $4, %esp\n"
        "ret\n");
#endif
