/* isbad_string.c - IsBadStringPtrA and W: strings that end at the very edge of what can be read. */
#include "isbad.h"

FAMILY(isbad)

static const unsigned lengths[] = { 0, 1, 2, 3, 7, 8, 14, 15, 16, 17, 30, 31, 32, 33, 47, 64, 100, 1000, 4000 };
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* A string of length characters, as the last thing before a page that cannot be read: with its NUL, and without. */
TEST(IsBadStringPtrA, at_the_edge)
{
    NEED(IsBadStringPtrA);
    char *pages = pages_make(PAGE_READWRITE, 0), *end = pages + 2 * PAGE;
    for (unsigned i = 0; i < LENGTHS; i++) {
        unsigned n = lengths[i];
        memset(pages, 'x', 2 * PAGE);
        end[-1] = 0;
        CHECK(P_STRING, "%u characters and a NUL before a bad page, maximum 100000", n);
        SET_SENTINEL();
        DWORD answer = probe_ask((void *)pIsBadStringPtrA, end - 1 - n, 100000);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("return", answer, 0);
        memset(pages, 'x', 2 * PAGE);
        CHECK(P_STRING, "%u characters before a bad page, maximum %u", n, n);
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrA, end - n, n), 0);
        CHECK(P_STRING, "%u characters before a bad page, maximum %u", n, n + 1);
        SET_SENTINEL();
        answer = probe_ask((void *)pIsBadStringPtrA, end - n, n + 1);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("return", answer, 1);
    }
    pages_free(pages);
}

TEST(IsBadStringPtrW, at_the_edge)
{
    NEED(IsBadStringPtrW);
    char *pages = pages_make(PAGE_READWRITE, 0), *end = pages + 2 * PAGE;
    for (unsigned i = 0; i < LENGTHS; i++) {
        unsigned n = lengths[i];
        if (n > 3000) continue;
        memset(pages, 'x', 2 * PAGE);
        end[-1] = end[-2] = 0;
        CHECK(P_STRING_W, "%u characters and a NUL before a bad page, maximum 100000", n);
        SET_SENTINEL();
        DWORD answer = probe_ask((void *)pIsBadStringPtrW, end - 2 - 2 * n, 100000);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("return", answer, 0);
        memset(pages, 'x', 2 * PAGE);
        CHECK(P_STRING_W, "%u characters before a bad page, maximum %u", n, n);
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, end - 2 * n, n), 0);
        CHECK(P_STRING_W, "%u characters before a bad page, maximum %u", n, n + 1);
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, end - 2 * n, n + 1), 1);
        /* at an odd address: one byte of the next character would lie in the bad page */
        end[-2] = end[-3] = 0;
        CHECK(P_STRING_W, "%u characters and a NUL at an odd address before a bad page, maximum 100000", n);
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, end - 3 - 2 * n, 100000), 0);
        memset(pages, 'x', 2 * PAGE);
        CHECK(P_STRING_W, "%u characters at an odd address before a bad page, maximum %u", n, n);
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, end - 1 - 2 * n, n), 0);
        CHECK(P_STRING_W, "%u characters at an odd address before a bad page, maximum %u", n, n + 1);
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, end - 1 - 2 * n, n + 1), 1);
    }
    pages_free(pages);
}

static void check_pointers(const char *function, const char *page, void *pointer, unsigned width)
{
    char *pages = pages_make(PAGE_READWRITE, 0), *none = pages_make(PAGE_NOACCESS, 0);
    const struct {
        const char *name;
        const void *at;
        UINT_PTR size;
        int bad;
    } cases[] = { { "NULL, maximum 0", NULL, 0, 0 },
                  { "NULL, maximum 1", NULL, 1, 1 },
                  { "NULL, maximum -1", NULL, ~(UINT_PTR)0, 1 },
                  { "PAGE_NOACCESS, maximum 0", none, 0, 0 },
                  { "PAGE_NOACCESS, maximum 1", none, 1, 1 },
                  { "empty string, maximum 0", pages, 0, 0 },
                  { "empty string, maximum 1", pages, 1, 0 },
                  { "empty string, maximum -1", pages, ~(UINT_PTR)0, 0 },
                  { "one past the last good byte, maximum 0", pages + 2 * PAGE, 0, 0 },
                  { "one past the last good byte, maximum 1", pages + 2 * PAGE, 1, 1 },
                  { "highest even address, maximum 1", (void *)(~(uintptr_t)0 - 1), 1, 1 },
                  { "address 1, maximum 1", (void *)1, 1, 1 } };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        conform_check(function, page, "%s", cases[i].name);
        SET_SENTINEL();
        DWORD answer = probe_ask(pointer, cases[i].at, cases[i].size);
        EXPECT_ERROR(SENTINEL);
        EXPECT_HEX("return", answer, cases[i].bad);
    }
    /* The NUL in the first page; the second cannot be read: nothing behind the NUL may matter. */
    DWORD old;
    memset(pages, 'x', 2 * PAGE);
    for (unsigned at = 1; at <= 33; at += 8) {
        VirtualProtect(pages + PAGE, PAGE, PAGE_READWRITE, &old);
        memset(pages, 'x', PAGE);
        memset(pages + PAGE - width * at, 0, width);
        VirtualProtect(pages + PAGE, PAGE, PAGE_NOACCESS, &old);
        conform_check(function, page, "a NUL %u characters before the end of the good page", at);
        EXPECT_HEX("return", probe_ask(pointer, pages + 8, ~(UINT_PTR)0), 0);
    }
    pages_free(pages);
    pages_free(none);
}

TEST(IsBadStringPtrA, pointers)
{
    NEED(IsBadStringPtrA);
    check_pointers("IsBadStringPtrA", P_STRING, (void *)pIsBadStringPtrA, 1);
}

TEST(IsBadStringPtrW, pointers)
{
    NEED(IsBadStringPtrW);
    check_pointers("IsBadStringPtrW", P_STRING_W, (void *)pIsBadStringPtrW, 2);
}

/* A zero byte is not a NUL of a wide string, wherever it lies. */
TEST(IsBadStringPtrW, zero_bytes)
{
    NEED(IsBadStringPtrW);
    char *pages = pages_make(PAGE_READWRITE, 0), *end = pages + 2 * PAGE;
    for (unsigned odd = 0; odd < 2; odd++) {
        memset(pages, 0, 2 * PAGE);
        for (char *at = pages + odd; at < end; at += 2) *at = 'x';
        CHECK(P_STRING_W, "ASCII text as wide characters up to a bad page, %s address", odd ? "odd" : "even");
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, pages + odd, 100000), 1);
        memset(pages, 0, 2 * PAGE);
        for (char *at = pages + odd + 1; at < end; at += 2) *at = 'x';
        CHECK(P_STRING_W, "wide characters with a zero low byte up to a bad page, %s address", odd ? "odd" : "even");
        EXPECT_HEX("return", probe_ask((void *)pIsBadStringPtrW, pages + odd, 100000), 1);
    }
    pages_free(pages);
}
