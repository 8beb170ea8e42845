/* touch_loops.h - the loops of the touches, in assembly, the same for both architectures but for the names of the two
 * argument registers: P (an address), N (an address or a count), PB (the low byte of P), and of the register A that is
 * theirs to use, as are xmm0 and xmm1. Each falls through to its end when all was accessible. The stack pointer does
 * not move.
 */
#ifndef K32MEM_TOUCH_LOOPS_H
#define K32MEM_TOUCH_LOOPS_H

/* The first byte, the last byte, and in between one byte of each page: not always the same one, since bytes that are
 * 4096 apart compete for the same few lines of the processor's cache. P walks over the pages' last bytes. */
#define TOUCH_PAGES(P, N, A, ACCESS)                                                                                 \
    ACCESS " (" P ")\n"                                                                                              \
    "or $0xfff, " P "\n"                                                                                             \
    "cmp " N ", " P "\n"                                                                                             \
    "jae 2f\n"                                                                                                       \
    ACCESS " (" N ")\n"                                                                                              \
    "jmp 3f\n"                                                                                                       \
    "1: mov " P ", " A "\n"                                                                                          \
    "shr $6, " A "\n"                                                                                                \
    "and $0xfc0, " A "\n"                                                                                            \
    ACCESS " -0xfff(" P ", " A ")\n"                                                                                 \
    "3: add $0x1000, " P "\n"                                                                                        \
    "cmp " N ", " P "\n"                                                                                             \
    "jb 1b\n"                                                                                                        \
    "2:\n"
#define TOUCH_READ_LOOP(P, N, A) TOUCH_PAGES(P, N, A, "testb $0,")
#define TOUCH_WRITE_LOOP(P, N, A) TOUCH_PAGES(P, N, A, "lock orb $0,")

/* Single characters up to a 16-byte boundary, then blocks of 16 bytes. A block may reach past the NUL or past count,
 * but it lies in one page with a character that had to be read. */
#define TOUCH_STRING(P, N, PB, COMPARE, CHAR_BYTES, BLOCK_CHARS, COMPARE_BLOCK)                                      \
    "1: testb $15, " PB "\n"                                                                                         \
    "jz 2f\n"                                                                                                        \
    COMPARE " $0, (" P ")\n"                                                                                         \
    "je 4f\n"                                                                                                        \
    "add $" CHAR_BYTES ", " P "\n"                                                                                   \
    "sub $1, " N "\n"                                                                                                \
    "jnz 1b\n"                                                                                                       \
    "jmp 4f\n"                                                                                                       \
    "2: pxor %xmm0, %xmm0\n"                                                                                         \
    "3: movdqa (" P "), %xmm1\n"                                                                                     \
    COMPARE_BLOCK " %xmm0, %xmm1\n"                                                                                  \
    "pmovmskb %xmm1, %eax\n"                                                                                         \
    "test %eax, %eax\n"                                                                                              \
    "jnz 4f\n"                                                                                                       \
    "add $16, " P "\n"                                                                                               \
    "sub $" BLOCK_CHARS ", " N "\n"                                                                                  \
    "ja 3b\n"                                                                                                        \
    "4:\n"
#define TOUCH_STRING_A_LOOP(P, N, PB) TOUCH_STRING(P, N, PB, "cmpb", "1", "16", "pcmpeqb")
/* A string at an odd address never meets a 16-byte boundary: it goes character by character. */
#define TOUCH_STRING_W_LOOP(P, N, PB)                                                                                \
    "testb $1, " PB "\n"                                                                                             \
    "jz 1f\n"                                                                                                        \
    "5: cmpw $0, (" P ")\n"                                                                                          \
    "je 4f\n"                                                                                                        \
    "add $2, " P "\n"                                                                                                \
    "sub $1, " N "\n"                                                                                                \
    "jnz 5b\n"                                                                                                       \
    "jmp 4f\n"                                                                                                       \
    TOUCH_STRING(P, N, PB, "cmpw", "2", "8", "pcmpeqw")

/* All touches, each by TOUCH(NAME, LOOP), which is the includer's: the function around the loop. */
#define TOUCH_ALL(P, N, A, PB)                                                                                       \
    TOUCH("touch_read", TOUCH_READ_LOOP(P, N, A))                                                                    \
    TOUCH("touch_write", TOUCH_WRITE_LOOP(P, N, A))                                                                  \
    TOUCH("touch_string_a", TOUCH_STRING_A_LOOP(P, N, PB))                                                           \
    TOUCH("touch_string_w", TOUCH_STRING_W_LOOP(P, N, PB))

#endif
