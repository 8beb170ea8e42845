/* memory_bytes.c - the exported Rtl names behind CopyMemory, MoveMemory, FillMemory and ZeroMemory. */
#include "conform.h"

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory

FAMILY(memory)

FUNCTION(void, RtlCopyMemory, (void *, const void *, SIZE_T))
FUNCTION(void, RtlMoveMemory, (void *, const void *, SIZE_T))
FUNCTION(void, RtlFillMemory, (void *, SIZE_T, BYTE))
FUNCTION(void, RtlZeroMemory, (void *, SIZE_T))

/* Of Microsoft's driver documentation, wdk-ddi-src/content. */
#define P_COPY "wdm/nf-wdm-rtlcopymemory"
#define P_MOVE "wdm/nf-wdm-rtlmovememory"
#define P_FILL "wdm/nf-wdm-rtlfillmemory"
#define P_ZERO "wdm/nf-wdm-rtlzeromemory"

#define ROOM 12000
static BYTE block[ROOM], wanted[ROOM];

static const unsigned sizes[] = { 0,  1,  2,  3,  4,  7,   8,    15,   16,   17,  31,
                                  32, 33, 63, 64, 100, 1023, 1024, 1025, 4096, 5000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void pattern(void)
{
    for (unsigned i = 0; i < ROOM; i++) block[i] = wanted[i] = (BYTE)(i * 7 + i / 251);
}

TEST(RtlCopyMemory, sizes)
{
    NEED(RtlCopyMemory);
    for (unsigned i = 0; i < SIZES; i++) {
        BOOL right = TRUE;
        for (unsigned offset = 0; offset < 20; offset += 19) {
            pattern();
            for (unsigned j = 0; j < sizes[i]; j++) wanted[6001 - offset + j] = wanted[offset + j];
            pRtlCopyMemory(block + 6001 - offset, block + offset, sizes[i]);
            right = right && !memcmp(block, wanted, ROOM);
        }
        CHECK(P_COPY, "%u bytes, at two alignments", sizes[i]);
        EXPECT_TRUE("those bytes and no others", right);
    }
}

TEST(RtlMoveMemory, overlaps)
{
    NEED(RtlMoveMemory);
    static const int distances[] = { -1000, -33, -16, -7, -1, 0, 1, 2, 8, 15, 17, 64, 1000 };
    for (unsigned i = 0; i < SIZES; i++) {
        BOOL right = TRUE;
        for (unsigned d = 0; d < sizeof(distances) / sizeof(distances[0]); d++) {
            static BYTE copy[ROOM];
            pattern();
            memcpy(copy, wanted, ROOM);
            for (unsigned j = 0; j < sizes[i]; j++) wanted[2000 + distances[d] + j] = copy[2000 + j];
            pRtlMoveMemory(block + 2000 + distances[d], block + 2000, sizes[i]);
            right = right && !memcmp(block, wanted, ROOM);
        }
        CHECK(P_MOVE, "%u bytes, 13 distances from -1000 to 1000", sizes[i]);
        EXPECT_TRUE("those bytes and no others", right);
    }
}

TEST(RtlFillMemory, sizes)
{
    NEED(RtlFillMemory);
    for (unsigned i = 0; i < SIZES; i++) {
        BOOL right = TRUE;
        for (unsigned offset = 0; offset < 4; offset++) {
            pattern();
            for (unsigned j = 0; j < sizes[i]; j++) wanted[100 + offset + j] = (BYTE)(0x5a + offset * 0x50);
            pRtlFillMemory(block + 100 + offset, sizes[i], (BYTE)(0x5a + offset * 0x50));
            right = right && !memcmp(block, wanted, ROOM);
        }
        CHECK(P_FILL, "%u bytes, four alignments and values", sizes[i]);
        EXPECT_TRUE("those bytes and no others", right);
    }
}

TEST(RtlZeroMemory, sizes)
{
    NEED(RtlZeroMemory);
    for (unsigned i = 0; i < SIZES; i++) {
        BOOL right = TRUE;
        for (unsigned offset = 0; offset < 4; offset++) {
            pattern();
            for (unsigned j = 0; j < sizes[i]; j++) wanted[100 + offset + j] = 0;
            pRtlZeroMemory(block + 100 + offset, sizes[i]);
            right = right && !memcmp(block, wanted, ROOM);
        }
        CHECK(P_ZERO, "%u bytes, four alignments", sizes[i]);
        EXPECT_TRUE("those bytes and no others", right);
    }
}

static void zero_null(void *bytes) { pRtlZeroMemory(NULL, *(SIZE_T *)bytes); }
static void move_from_null(void *bytes) { pRtlMoveMemory(block, NULL, *(SIZE_T *)bytes); }

/* An access violation must reach the caller's handler, through the function that raised it. */
TEST(RtlZeroMemory, null)
{
    NEED(RtlZeroMemory);
    static const SIZE_T lengths[] = { 0, 1, 16, 4096 };
    for (unsigned i = 0; i < 4; i++) {
        SIZE_T bytes = lengths[i];
        CHECK(P_ZERO, "NULL, %u bytes", (unsigned)bytes);
        DWORD code = conform_catch(zero_null, &bytes);
        EXPECT_HEX("exception", code, bytes ? EXCEPTION_ACCESS_VIOLATION : 0);
    }
}

TEST(RtlMoveMemory, null)
{
    NEED(RtlMoveMemory);
    static const SIZE_T lengths[] = { 0, 1, 16, 4096 };
    for (unsigned i = 0; i < 4; i++) {
        SIZE_T bytes = lengths[i];
        CHECK(P_MOVE, "from NULL, %u bytes", (unsigned)bytes);
        DWORD code = conform_catch(move_from_null, &bytes);
        EXPECT_HEX("exception", code, bytes ? EXCEPTION_ACCESS_VIOLATION : 0);
    }
}
