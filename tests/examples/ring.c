/* ring.c - a ring buffer without a seam: one section shown twice, side by side, in the place of two placeholders.
 *
 * A record that passes the end of the buffer is written and read like any other, for the second view begins where the
 * first ends. Two threads pass records of changing length through it; the reader checks every byte. Done for a buffer
 * of 64 KB, and for one of a single page, which needs views that start on any page.
 *
 * Links with libk32mem.a: the memory calls are k32mem's, everything else is the system's.
 */
#define WIN32_LEAN_AND_MEAN
#include <k32mem.h>
#include <stdio.h>
#include <string.h>

#define RECORDS 20000

struct ring {
    unsigned char *bytes; /* the first view; the second follows it */
    size_t size;
    volatile LONG64 written, read;
    unsigned bad;
};

/* 0, or what failed. */
static const char *ring_create(struct ring *ring, size_t size)
{
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, (DWORD)size, NULL);
    if (!section) return "CreateFileMapping";
    unsigned char *first =
        VirtualAlloc2(NULL, NULL, 2 * size, MEM_RESERVE | MEM_RESERVE_PLACEHOLDER, PAGE_NOACCESS, NULL, 0);
    if (!first) return "VirtualAlloc2";
    if (!VirtualFree(first, size, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER)) return "VirtualFree (split)";
    for (int i = 0; i < 2; i++)
        if (MapViewOfFile3(section, NULL, first + i * size, 0, size, MEM_REPLACE_PLACEHOLDER, PAGE_READWRITE, NULL,
                           0) != first + i * size)
            return "MapViewOfFile3";
    CloseHandle(section); /* the views keep it */
    *ring = (struct ring){ .bytes = first, .size = size };
    return NULL;
}

static size_t record_length(unsigned number, size_t size) { return 1 + (number * 7919u) % (size - 1); }
static unsigned char record_byte(unsigned number, size_t at) { return (unsigned char)(number * 31 + at); }

static DWORD WINAPI reader(void *context)
{
    struct ring *ring = context;
    for (unsigned number = 0; number < RECORDS; number++) {
        size_t length = record_length(number, ring->size);
        while (ring->written - ring->read < (LONG64)length) Sleep(0);
        const unsigned char *record = ring->bytes + ring->read % ring->size;
        for (size_t at = 0; at < length; at++) ring->bad += record[at] != record_byte(number, at);
        InterlockedExchangeAdd64(&ring->read, (LONG64)length);
    }
    return 0;
}

static int ring_run(size_t size)
{
    struct ring ring;
    const char *failed = ring_create(&ring, size);
    if (failed) {
        printf("ring of %u bytes: %s failed, error %lu\n", (unsigned)size, failed, GetLastError());
        return 1;
    }
    HANDLE thread = CreateThread(NULL, 0, reader, &ring, 0, NULL);
    unsigned over = 0;
    for (unsigned number = 0; number < RECORDS; number++) {
        size_t length = record_length(number, size), start = (size_t)(ring.written % (LONG64)size);
        while (ring.written + (LONG64)length - ring.read > (LONG64)size) Sleep(0);
        for (size_t at = 0; at < length; at++) ring.bytes[start + at] = record_byte(number, at);
        over += start + length > size;
        InterlockedExchangeAdd64(&ring.written, (LONG64)length);
    }
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    printf("ring of %u bytes: %u records, %u of them over the end, %u wrong bytes\n", (unsigned)size, RECORDS, over, ring.bad);
    BOOL unmapped = UnmapViewOfFile(ring.bytes) && UnmapViewOfFile(ring.bytes + size);
    if (!unmapped) printf("UnmapViewOfFile failed, error %lu\n", GetLastError());
    return ring.bad || !over || !unmapped;
}

int main(void)
{
    int large = ring_run(65536), small = ring_run(4096);
    printf("%d passed, %d failed\n", 2 - large - small, large + small);
    return large || small;
}
