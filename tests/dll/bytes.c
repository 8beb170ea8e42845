/* bytes.c - the DLL's own memcpy, memmove, memset and memcmp: every way that a size, an alignment or an overlap takes
 * through them, with the processor's wide registers and without, against a loop over bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#define memcmp own_memcmp
#include "../../dll/core/memory.c"

enum { ROOM = 40000, EDGE = 64 };
static unsigned char area[ROOM], expected[ROOM], source[ROOM];

static void areas_fill(void)
{
    for (unsigned i = 0; i < ROOM; i++) area[i] = expected[i] = (unsigned char)(i * 7 + i / 251), source[i] = (unsigned char)(i * 13 + 5);
}

static void areas_compare(const char *what, size_t bytes, size_t offset)
{
    for (unsigned i = 0; i < ROOM; i++)
        if (area[i] != expected[i]) fail_msg("%s, %u bytes, offset %u: byte %u", what, (unsigned)bytes, (unsigned)offset, i);
}

/* All small sizes, and some around each bound. */
static size_t next_size(size_t bytes)
{
    static const size_t bounds[] = { 512, 1024, 2048, 4096, 16384, 20000 };
    if (bytes < 300) return bytes + 1;
    for (unsigned i = 0; i < sizeof bounds / sizeof bounds[0]; i++)
        if (bytes < bounds[i] + 33) return bytes < bounds[i] - 33 ? bounds[i] - 33 : bytes + 11;
    return 0;
}

static void set_all(void)
{
    static const size_t offsets[] = { 0, 1, 16, 31, 40 };
    for (size_t bytes = 1; bytes; bytes = next_size(bytes)) {
        for (unsigned o = 0; o < 5; o++) {
            areas_fill();
            unsigned char *to = area + EDGE + offsets[o];
            for (size_t i = 0; i < bytes; i++) expected[EDGE + offsets[o] + i] = 0xa5;
            assert_ptr_equal(own_memset(to, 0x7a5, bytes), to);
            areas_compare("memset", bytes, offsets[o]);
        }
    }
}

static void copy_all(void)
{
    for (size_t bytes = 1; bytes; bytes = next_size(bytes)) {
        for (unsigned o = 0; o < 4; o++) {
            areas_fill();
            unsigned char *to = area + EDGE + 11 * o;
            for (size_t i = 0; i < bytes; i++) expected[EDGE + 11 * o + i] = source[5 * o + i];
            assert_ptr_equal(own_memcpy(to, source + 5 * o, bytes), to);
            areas_compare("memcpy", bytes, o);
        }
    }
}

static void move_all(void)
{
    static const int distances[] = { -700, -65, -64, -33, -32, -17, -16, -5, -1, 0, 1, 5, 16, 17, 31, 32, 63, 64, 65, 700 };
    for (size_t bytes = 1; bytes; bytes = next_size(bytes)) {
        for (unsigned d = 0; d < sizeof distances / sizeof distances[0]; d++) {
            areas_fill();
            unsigned char *from = area + 1000, *to = from + distances[d];
            for (size_t i = 0; i < bytes; i++) expected[1000 + distances[d] + (int)i] = area[1000 + i];
            assert_ptr_equal(own_memmove(to, from, bytes), to);
            areas_compare("memmove", bytes, (size_t)(ptrdiff_t)distances[d]);
        }
    }
}

static void compare_all(void)
{
    for (size_t bytes = 1; bytes; bytes = next_size(bytes)) {
        areas_fill();
        assert_int_equal(own_memcmp(area, expected, bytes), 0);
        area[bytes - 1] ^= 0x80;
        int difference = own_memcmp(area, expected, bytes);
        assert_true(area[bytes - 1] > expected[bytes - 1] ? difference > 0 : difference < 0);
        assert_true((own_memcmp(expected, area, bytes) > 0) == (difference < 0));
    }
}

static void narrow(void **state)
{
    (void)state;
    wide = 0;
    set_all();
    copy_all();
    move_all();
    compare_all();
}

static void as_the_processor_has(void **state)
{
    (void)state;
    memory_attach();
    print_message("%s registers\n", wide ? "wide" : "narrow");
    set_all();
    copy_all();
    move_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(narrow), cmocka_unit_test(as_the_processor_has) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
