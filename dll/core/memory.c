/* memory.c - memcpy and its family, so that nothing but ntdll.dll is imported.
 *
 * Small sizes are done with overlapping moves (no loop, no tail), middle sizes with 16-byte registers, or 32-byte ones
 * where the processor has them, and large ones with the string instructions, which every current processor turns into
 * whole cache lines.
 */
#include "memory.h"
#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>

#define STRING_BYTES 2048 /* from here on the string instructions' start-up cost pays */
#define WIDE_BYTES 128    /* from here on 32-byte registers pay; measured, half the time for 1 KB */
#define WIDE_SET_BYTES ((size_t)16 << 10) /* up to here they set faster than the string instructions */

static int wide; /* there are 32-byte registers, and the system keeps them over a switch of threads */

void memory_attach(void)
{
    unsigned a, b, c = 0, d, kept, kept_high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & (bit_OSXSAVE | bit_AVX)) != (bit_OSXSAVE | bit_AVX)) return;
    __asm__("xgetbv" : "=a"(kept), "=d"(kept_high) : "c"(0));
    wide = (kept & 6) == 6;
}

typedef uint64_t __attribute__((may_alias, aligned(1))) loose64;
typedef uint32_t __attribute__((may_alias, aligned(1))) loose32;
typedef uint16_t __attribute__((may_alias, aligned(1))) loose16;

static inline __m128i load16(const void *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline void store16(void *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }

/* Copies up to 32 bytes; everything is read before anything is written, so the ranges may overlap. */
static inline void copy_small(char *to, const char *from, size_t bytes)
{
    if (bytes >= 16) {
        __m128i head = load16(from), tail = load16(from + bytes - 16);
        store16(to, head);
        store16(to + bytes - 16, tail);
    } else if (bytes >= 8) {
        uint64_t head = *(const loose64 *)from, tail = *(const loose64 *)(from + bytes - 8);
        *(loose64 *)to = head;
        *(loose64 *)(to + bytes - 8) = tail;
    } else if (bytes >= 4) {
        uint32_t head = *(const loose32 *)from, tail = *(const loose32 *)(from + bytes - 4);
        *(loose32 *)to = head;
        *(loose32 *)(to + bytes - 4) = tail;
    } else if (bytes >= 2) {
        uint16_t head = *(const loose16 *)from, tail = *(const loose16 *)(from + bytes - 2);
        *(loose16 *)to = head;
        *(loose16 *)(to + bytes - 2) = tail;
    } else if (bytes) {
        *to = *from;
    }
}

static void copy_forward(char *to, const char *from, size_t bytes)
{
    __m128i tail = load16(from + bytes - 16);
    char *last = to + bytes - 16;
    for (; to < last; to += 16, from += 16) store16(to, load16(from));
    store16(last, tail);
}

__attribute__((target("avx"), noinline)) static void copy_forward_wide(char *to, const char *from, size_t bytes)
{
    __m256i tail0 = _mm256_loadu_si256((const __m256i *)(from + bytes - 64));
    __m256i tail1 = _mm256_loadu_si256((const __m256i *)(from + bytes - 32));
    char *last = to + bytes - 64;
    for (; to < last; to += 64, from += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)from), b = _mm256_loadu_si256((const __m256i *)(from + 32));
        _mm256_storeu_si256((__m256i *)to, a);
        _mm256_storeu_si256((__m256i *)(to + 32), b);
    }
    _mm256_storeu_si256((__m256i *)last, tail0);
    _mm256_storeu_si256((__m256i *)(last + 32), tail1);
}

static void copy_backward(char *to, const char *from, size_t bytes)
{
    __m128i head = load16(from);
    size_t at = bytes;
    for (; at > 16; at -= 16) store16(to + at - 16, load16(from + at - 16));
    store16(to, head);
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if (bytes <= 32) copy_small(to, from, bytes);
    else if ((uintptr_t)to - (uintptr_t)from >= bytes) return memcpy(to, from, bytes);
    else copy_backward(to, from, bytes);
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    if (bytes <= 32) {
        copy_small(to, from, bytes);
    } else if (bytes < STRING_BYTES) {
        if (wide && bytes >= WIDE_BYTES) copy_forward_wide(to, from, bytes);
        else copy_forward(to, from, bytes);
    } else {
        void *d = to;
        const void *s = from;
        __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(bytes) : : "memory");
    }
    return to;
}

static __attribute__((noinline)) void *set_string(void *to, int value, size_t bytes)
{
    void *d = to;
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(bytes) : "a"(value) : "memory");
    return to;
}

static void set_small(char *p, int value, size_t bytes)
{
    if (bytes >= 4) {
        uint32_t v = (uint8_t)value * 0x01010101u;
        size_t half = bytes & 8 ? 4 : 0;
        *(loose32 *)p = v;
        *(loose32 *)(p + half) = v;
        *(loose32 *)(p + bytes - 4 - half) = v;
        *(loose32 *)(p + bytes - 4) = v;
    } else {
        while (bytes) p[--bytes] = (char)value;
    }
}

__attribute__((target("avx"), noinline)) static void *set_wide(void *to, int value, size_t bytes)
{
    const __m256i v = _mm256_set1_epi8((char)value);
    char *p = to, *last = p + bytes - 64;
    _mm256_storeu_si256((__m256i *)p, v);
    for (p = (char *)(((uintptr_t)p + 32) & ~(uintptr_t)31); p < last; p += 64) {
        _mm256_store_si256((__m256i *)p, v);
        _mm256_store_si256((__m256i *)(p + 32), v);
    }
    _mm256_storeu_si256((__m256i *)last, v);
    _mm256_storeu_si256((__m256i *)(last + 32), v);
    return to;
}

/* From both ends towards the middle, so that sizes up to 128 need no loop. */
void *memset(void *to, int value, size_t bytes)
{
    if (bytes > WIDE_BYTES) {
        if (wide && bytes <= WIDE_SET_BYTES) return set_wide(to, value, bytes);
        if (bytes >= STRING_BYTES) return set_string(to, value, bytes);
    }
    if (bytes < 16) {
        set_small(to, value, bytes);
        return to;
    }
    __m128i v = _mm_set1_epi8((char)value);
    char *p = to, *last = p + bytes - 16;
    store16(p, v);
    store16(last, v);
    if (bytes <= 32) return to;
    store16(p + 16, v);
    store16(last - 16, v);
    if (bytes <= 64) return to;
    store16(p + 32, v);
    store16(p + 48, v);
    store16(last - 32, v);
    store16(last - 48, v);
    for (p += 64; p < last - 48; p += 64) {
        store16(p, v);
        store16(p + 16, v);
        store16(p + 32, v);
        store16(p + 48, v);
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    for (; bytes >= 8 && *(const loose64 *)x == *(const loose64 *)y; bytes -= 8) x += 8, y += 8;
    for (; bytes; bytes--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}
