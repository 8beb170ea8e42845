/* volatile.c - CopyVolatileMemory and its family. They are no exports but part of a header (k32mem_volatile.h here, a
 * static library on Windows), so the target does not matter. */
#include "conform.h"
#include "k32mem.h"

FAMILY(volatile)

/* Of Microsoft's win32 documentation, desktop-src. */
#define P_COPY "Memory/winbase-copyvolatilememory"
#define P_COPY_DEVICE "Memory/winbase-copydevicememory"
#define P_MOVE "Memory/winbase-movevolatilememory"
#define P_FILL "Memory/winbase-fillvolatilememory"
#define P_ZERO "Memory/winbase-zerovolatilememory"
#define P_SECURE "Memory/winbase-securezeromemory2"

#define ROOM 10000
static BYTE block[ROOM], wanted[ROOM];
static const unsigned sizes[] = { 0, 1, 3, 8, 15, 16, 17, 64, 100, 1000, 4096 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void pattern(void)
{
    for (unsigned i = 0; i < ROOM; i++) block[i] = wanted[i] = (BYTE)(i * 7 + i / 251);
}

#define COPY_TEST(FUNCTION, PAGE_NAME)                                                                               \
    TEST(FUNCTION, sizes)                                                                                            \
    {                                                                                                                \
        for (unsigned i = 0; i < SIZES; i++) {                                                                       \
            pattern();                                                                                               \
            memcpy(wanted + 5001, wanted + 2, sizes[i]);                                                             \
            CHECK(PAGE_NAME, "%u bytes", sizes[i]);                                                                  \
            EXPECT_TRUE("return is the destination", FUNCTION(block + 5001, block + 2, sizes[i]) == block + 5001);    \
            EXPECT_TRUE("those bytes and no others", !memcmp(block, wanted, ROOM));                                  \
        }                                                                                                            \
    }
COPY_TEST(CopyVolatileMemory, P_COPY)
COPY_TEST(CopyDeviceMemory, P_COPY_DEVICE)
COPY_TEST(MoveVolatileMemory, P_MOVE)

TEST(MoveVolatileMemory, overlaps)
{
    static const int distances[] = { -100, -16, -1, 0, 1, 5, 16, 100 };
    for (unsigned d = 0; d < 8; d++) {
        pattern();
        memmove(wanted + 2000 + distances[d], wanted + 2000, 777);
        CHECK(P_MOVE, "777 bytes by %d", distances[d]);
        MoveVolatileMemory(block + 2000 + distances[d], block + 2000, 777);
        EXPECT_TRUE("those bytes and no others", !memcmp(block, wanted, ROOM));
    }
}

TEST(FillVolatileMemory, values)
{
    static const int values[] = { 0, 1, 0x5a, 0xff, 0x1ab, -1 };
    for (unsigned v = 0; v < 6; v++) {
        pattern();
        memset(wanted + 33, values[v], 500);
        CHECK(P_FILL, "500 bytes of %d", values[v]);
        EXPECT_TRUE("return is the destination", FillVolatileMemory(block + 33, 500, values[v]) == block + 33);
        EXPECT_TRUE("those bytes and no others", !memcmp(block, wanted, ROOM));
    }
}

#define ZERO_TEST(FUNCTION, PAGE_NAME)                                                                               \
    TEST(FUNCTION, sizes)                                                                                            \
    {                                                                                                                \
        for (unsigned i = 0; i < SIZES; i++) {                                                                       \
            pattern();                                                                                               \
            memset(wanted + 77, 0, sizes[i]);                                                                        \
            CHECK(PAGE_NAME, "%u bytes", sizes[i]);                                                                  \
            EXPECT_TRUE("return is the destination", FUNCTION(block + 77, sizes[i]) == block + 77);                   \
            EXPECT_TRUE("those bytes and no others", !memcmp(block, wanted, ROOM));                                  \
        }                                                                                                            \
    }
ZERO_TEST(ZeroVolatileMemory, P_ZERO)
ZERO_TEST(SecureZeroMemory2, P_SECURE)

/* Overlapping blocks end the process at once: code 0xc0000409, STATUS_STACK_BUFFER_OVERRUN. */
CHILD(volatile_overlap)
{
    pattern();
    CopyVolatileMemory(block + 10 + (argument[0] - '0'), block + 10, argument[1] == 's' ? 1 : 100);
    return 7;
}

TEST(CopyVolatileMemory, overlaps)
{
    CHECK(P_COPY, "100 bytes by 5");
    EXPECT_HEX("exit code of the process", (DWORD)conform_in_child("volatile_overlap", "5"), 0xc0000409);
    CHECK(P_COPY, "100 bytes by 0");
    EXPECT_HEX("exit code of the process", (DWORD)conform_in_child("volatile_overlap", "0"), 0xc0000409);
    CHECK(P_COPY, "1 byte by 1");
    EXPECT_HEX("exit code of the process", (DWORD)conform_in_child("volatile_overlap", "1s"), 7);
}

/* Bytes that nobody reads any more must be zero all the same. Looked at where they were on the stack. */
static void __attribute__((noinline)) secret_use(uintptr_t *where)
{
    BYTE secret[64];
    *where = (uintptr_t)secret;
    for (unsigned i = 0; i < sizeof(secret); i++) ((volatile BYTE *)secret)[i] = (BYTE)(0xa0 + i % 16);
    SecureZeroMemory2(secret, sizeof(secret));
}

TEST(SecureZeroMemory2, last_use)
{
    volatile BYTE room[4096]; /* pushes secret's place far below anything that runs afterwards */
    uintptr_t where = 0;
    unsigned left = 0;
    room[0] = 0;
    secret_use(&where);
    for (unsigned i = 0; i < 64; i++) left += ((volatile BYTE *)where)[i] == 0xa0 + i % 16;
    CHECK(P_SECURE, "a local array in its last use");
    EXPECT_UINT("bytes that are still there", left, room[0]);
}
