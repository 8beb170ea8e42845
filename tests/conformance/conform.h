/* conform.h - what a conformance test is written with.
 *
 * GLOSSARY
 *   target    the DLL under test: kernel32.dll (with kernelbase.dll and psapi.dll behind it) or k32mem.dll.
 *   test      one C function, TEST(function, label): the unit of isolation. A crash or a hang costs one test.
 *   check     one statement about one call: the function, its inputs, the values observed, the values the
 *             documentation promises, and the page that promises them. A test makes one or more checks.
 *   observed  a named value of a check: return value, last error, a field of an output. Recorded always.
 *   expected  what the page says an observed value is. An observed value without one is recorded, not judged.
 *   verdict   agree, differ, or observed (nothing was expected); per test also missing (the export is not there),
 *             crash, timeout.
 *
 * Addresses, handles and times differ from run to run and must not be recorded: record their properties instead
 * (non-NULL, alignment, difference of two addresses).
 *
 * A test file:
 *
 *     #include "conform.h"
 *     FUNCTION(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))
 *     FUNCTION(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))
 *
 *     TEST(VirtualFree, release_with_size)
 *     {
 *         NEED(VirtualAlloc); NEED(VirtualFree);
 *         void *base = pVirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_NOACCESS);
 *         CHECK("memoryapi/nf-memoryapi-virtualfree", "base of 64 KB reservation, 4096, MEM_RELEASE");
 *         SET_SENTINEL();
 *         BOOL ok = pVirtualFree(base, 4096, MEM_RELEASE);
 *         EXPECT_ERROR(ERROR_INVALID_PARAMETER);          // first: later calls may change the last error
 *         EXPECT_BOOL("return", ok, FALSE);
 *         pVirtualFree(base, 0, MEM_RELEASE);
 *     }
 *     FAMILY(virtual)   // last line: every TEST above belongs to this family
 *
 * A test needs a FUNCTION line for each function it calls through p<Name>. NEED ends the test with the verdict
 * "missing" when the target lacks the export. Checks are named function.label/ordinal; keep them in a stable order.
 */
#ifndef CONFORM_H
#define CONFORM_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdint.h>
#include <string.h>

/* The last error set before a call, so that "left alone" can be told from any error. */
#define SENTINEL 0xdeadbeefu
#define SET_SENTINEL() SetLastError(SENTINEL)

struct conform_test {
    const char *function; /* the exported function that the test is about */
    const char *label;
    void (*run)(void);
    const char *family;
    unsigned flags; /* TEST_* */
    struct conform_test *next;
};
enum {
    TEST_SLOW = 1, /* may take two minutes instead of half a minute */
    TEST_OWN = 2,  /* a test of the harness itself: runs only with --own */
};

/* ---- functions under test ---- */
struct conform_function {
    const char *name;
    FARPROC *slot;
    struct conform_function *next;
};
void conform_register_function(struct conform_function *function);
void conform_register_test(struct conform_test *test);

#define FUNCTION(ret, name, params)                                                                                  \
    static ret(WINAPI *p##name) params __attribute__((unused));                                                      \
    __attribute__((constructor)) static void function_##name(void)                                                   \
    {                                                                                                                \
        static struct conform_function f = { #name, (FARPROC *)&p##name, NULL };                                     \
        conform_register_function(&f);                                                                               \
    }
/* Ends the test with the verdict "missing" unless the target exports the function. */
#define NEED(name)                                                                                                   \
    do {                                                                                                             \
        if (!p##name) {                                                                                              \
            conform_missing(#name);                                                                                  \
            return;                                                                                                  \
        }                                                                                                            \
    } while (0)
void conform_missing(const char *name);

/* ---- tests ---- */
#define TEST_FLAGS(function, label, flags)                                                                           \
    static const char *conform_family(void);                                                                         \
    static void test_##function##_##label(void);                                                                     \
    __attribute__((constructor)) static void register_##function##_##label(void)                                     \
    {                                                                                                                \
        static struct conform_test t = { #function, #label, test_##function##_##label, NULL, flags, NULL };          \
        t.family = conform_family();                                                                                 \
        conform_register_test(&t);                                                                                   \
    }                                                                                                                \
    static void test_##function##_##label(void)
#define TEST(function, label) TEST_FLAGS(function, label, 0)
/* Names the file's family. May stand anywhere at file scope, once. */
#define FAMILY(name)                                                                                                 \
    static const char *conform_family(void) { return #name; }

/* ---- checks ---- */
/* Opens a check (and closes the one before). page: path inside Microsoft's sdk-api documentation, without ".md".
 * inputs: printf-style description of the call's inputs, the same in every run. */
void conform_check(const char *function, const char *page, const char *inputs, ...)
    __attribute__((format(gnu_printf, 3, 4)));
/* In a TEST the check is about the TEST's function; CHECK_OF names another. */
#define CHECK(page, ...) conform_check(NULL, page, __VA_ARGS__)
#define CHECK_OF(function, page, ...) conform_check(#function, page, __VA_ARGS__)
/* The documentation is silent, contradicts itself, or is contradicted: record the open check, judge nothing in it. */
void conform_undecided(const char *why);
#define UNDECIDED(why) conform_undecided(why)

enum conform_kind { KIND_BOOL, KIND_UINT, KIND_HEX, KIND_ERROR, KIND_STATUS, KIND_TEXT };
void conform_observe(enum conform_kind kind, const char *name, uint64_t value);
void conform_expect(enum conform_kind kind, const char *name, uint64_t value, uint64_t expected);
void conform_observe_text(const char *name, const char *value);
void conform_expect_text(const char *name, const char *value, const char *expected);
/* The value may be any of several (ends the list with -1). */
void conform_expect_any(enum conform_kind kind, const char *name, uint64_t value, const uint64_t *expected,
                        unsigned count);

/* EXPECT_* judge and record, NOTE_* only record. BOOL values are compared as zero or not zero. */
#define EXPECT_BOOL(name, value, expected) conform_expect(KIND_BOOL, name, !!(value), !!(expected))
#define EXPECT_TRUE(name, value) EXPECT_BOOL(name, value, TRUE)
#define EXPECT_UINT(name, value, expected) conform_expect(KIND_UINT, name, (uint64_t)(value), (uint64_t)(expected))
#define EXPECT_HEX(name, value, expected) conform_expect(KIND_HEX, name, (uint64_t)(value), (uint64_t)(expected))
#define EXPECT_TEXT(name, value, expected) conform_expect_text(name, value, expected)
#define EXPECT_ANY(name, value, ...)                                                                                 \
    do {                                                                                                             \
        const uint64_t any_[] = { __VA_ARGS__ };                                                                     \
        conform_expect_any(KIND_HEX, name, (uint64_t)(value), any_, sizeof(any_) / sizeof(any_[0]));                 \
    } while (0)
#define NOTE_BOOL(name, value) conform_observe(KIND_BOOL, name, !!(value))
#define NOTE_UINT(name, value) conform_observe(KIND_UINT, name, (uint64_t)(value))
#define NOTE_HEX(name, value) conform_observe(KIND_HEX, name, (uint64_t)(value))
#define NOTE_TEXT(name, value) conform_observe_text(name, value)
/* The thread's last error, against the documented one; SENTINEL means "left alone". Use right after the call. */
#define EXPECT_ERROR(expected)                                                                                       \
    do {                                                                                                             \
        DWORD error_ = GetLastError();                                                                               \
        conform_expect(KIND_ERROR, "last error", error_, expected);                                                  \
        SetLastError(error_);                                                                                        \
    } while (0)
#define NOTE_ERROR()                                                                                                 \
    do {                                                                                                             \
        DWORD error_ = GetLastError();                                                                               \
        conform_observe(KIND_ERROR, "last error", error_);                                                           \
        SetLastError(error_);                                                                                        \
    } while (0)

/* A call whose result is true or not; its last error and its result are judged. */
#define TRY(call, expected, error)                                                                                   \
    do {                                                                                                             \
        SET_SENTINEL();                                                                                              \
        BOOL result_ = (call) != 0;                                                                                       \
        EXPECT_ERROR(error);                                                                                         \
        EXPECT_BOOL("return", result_, expected);                                                                    \
    } while (0)
/* A call that must fail, with an error that no page names. */
#define TRY_FAILS(call)                                                                                              \
    do {                                                                                                             \
        SET_SENTINEL();                                                                                              \
        BOOL result_ = (call) != 0;                                                                                       \
        NOTE_ERROR();                                                                                                \
        EXPECT_BOOL("return", result_, FALSE);                                                                       \
    } while (0)

/* ---- helpers for tests ---- */
/* Runs call(context); returns 0, or the code of the exception that it raised (and survived). Uses a vectored handler,
 * since GCC has no __try. Not for stack overflow. */
DWORD conform_catch(void (*call)(void *context), void *context);
/* Runs this program again for one internal action in a child process (for calls that cannot be undone); returns its
 * exit code. action is a function registered with CHILD(name) {...} returning int; it sees the same target. */
int conform_in_child(const char *action, const char *argument);
struct conform_child {
    const char *name;
    int (*run)(const char *argument);
    struct conform_child *next;
};
void conform_register_child(struct conform_child *child);
#define CHILD(name)                                                                                                  \
    static int child_##name(const char *argument);                                                                   \
    __attribute__((constructor)) static void register_child_##name(void)                                             \
    {                                                                                                                \
        static struct conform_child c = { #name, child_##name, NULL };                                               \
        conform_register_child(&c);                                                                                  \
    }                                                                                                                \
    static int child_##name(__attribute__((unused)) const char *argument)
/* Another process: this program again, suspended before it runs; its address space is there to work on. */
HANDLE conform_peer_start(void);
void conform_peer_end(HANDLE process);
/* TRUE when the DLL under test is k32mem. For choosing what to look at, never for choosing what is expected. */
BOOL conform_target_is_k32mem(void);
/* The path of a new empty temporary file, deleted when the test ends. Valid until then. */
const WCHAR *conform_temp_file(void);

#endif
