/* global.h - what the tests of the Global* and Local* functions share: one body for both families where their pages
 * promise the same, with the family's functions and pages in a structure. */
#ifndef CONFORM_GLOBAL_H
#define CONFORM_GLOBAL_H

#include "conform.h"

FUNCTION(HGLOBAL, GlobalAlloc, (UINT, SIZE_T))
FUNCTION(HGLOBAL, GlobalReAlloc, (HGLOBAL, SIZE_T, UINT))
FUNCTION(HGLOBAL, GlobalFree, (HGLOBAL))
FUNCTION(LPVOID, GlobalLock, (HGLOBAL))
FUNCTION(BOOL, GlobalUnlock, (HGLOBAL))
FUNCTION(UINT, GlobalFlags, (HGLOBAL))
FUNCTION(SIZE_T, GlobalSize, (HGLOBAL))
FUNCTION(HGLOBAL, GlobalHandle, (LPCVOID))
FUNCTION(HLOCAL, LocalAlloc, (UINT, SIZE_T))
FUNCTION(HLOCAL, LocalReAlloc, (HLOCAL, SIZE_T, UINT))
FUNCTION(HLOCAL, LocalFree, (HLOCAL))
FUNCTION(LPVOID, LocalLock, (HLOCAL))
FUNCTION(BOOL, LocalUnlock, (HLOCAL))
FUNCTION(UINT, LocalFlags, (HLOCAL))
FUNCTION(SIZE_T, LocalSize, (HLOCAL))
FUNCTION(HLOCAL, LocalHandle, (LPCVOID))

struct family {
    BOOL local;
    HANDLE(WINAPI *alloc)(UINT, SIZE_T);
    HANDLE(WINAPI *realloc)(HANDLE, SIZE_T, UINT);
    HANDLE(WINAPI *free)(HANDLE);
    LPVOID(WINAPI *lock)(HANDLE);
    BOOL(WINAPI *unlock)(HANDLE);
    UINT(WINAPI *flags)(HANDLE);
    SIZE_T(WINAPI *size)(HANDLE);
    HANDLE(WINAPI *handle)(LPCVOID);
    const char *alloc_page, *realloc_page, *free_page, *lock_page, *unlock_page, *flags_page, *size_page,
        *handle_page, *discard_page;
};

#define FAMILY_TEST(prefix, low, is_local, function, label, flags_)                                                  \
    TEST_FLAGS(prefix##function, label, flags_)                                                                      \
    {                                                                                                                \
        NEED(prefix##Alloc);                                                                                         \
        NEED(prefix##ReAlloc);                                                                                       \
        NEED(prefix##Free);                                                                                          \
        NEED(prefix##Lock);                                                                                          \
        NEED(prefix##Unlock);                                                                                        \
        NEED(prefix##Flags);                                                                                         \
        NEED(prefix##Size);                                                                                          \
        NEED(prefix##Handle);                                                                                        \
        const struct family family = {                                                                               \
            is_local,                                                                                                \
            p##prefix##Alloc,                                                                                        \
            p##prefix##ReAlloc,                                                                                      \
            p##prefix##Free,                                                                                         \
            p##prefix##Lock,                                                                                         \
            p##prefix##Unlock,                                                                                       \
            p##prefix##Flags,                                                                                        \
            p##prefix##Size,                                                                                         \
            p##prefix##Handle,                                                                                       \
            "winbase/nf-winbase-" low "alloc",                                                                       \
            "winbase/nf-winbase-" low "realloc",                                                                     \
            "winbase/nf-winbase-" low "free",                                                                        \
            "winbase/nf-winbase-" low "lock",                                                                        \
            "winbase/nf-winbase-" low "unlock",                                                                      \
            "winbase/nf-winbase-" low "flags",                                                                       \
            "winbase/nf-winbase-" low "size",                                                                        \
            "winbase/nf-winbase-" low "handle",                                                                      \
            is_local ? "minwinbase/nf-minwinbase-localdiscard" : "winbase/nf-winbase-globaldiscard",                 \
        };                                                                                                           \
        body_##function##_##label(&family);                                                                          \
    }

/* A test of GlobalFUNCTION and of LocalFUNCTION; its body sees the family as f. */
#define BOTH_FLAGS(function, label, flags_)                                                                          \
    static void body_##function##_##label(const struct family *f);                                                   \
    FAMILY_TEST(Global, "global", FALSE, function, label, flags_)                                                    \
    FAMILY_TEST(Local, "local", TRUE, function, label, flags_)                                                       \
    static void body_##function##_##label(const struct family *f)
#define BOTH(function, label) BOTH_FLAGS(function, label, 0)

/* A check about another function of the family than the test's. */
#define CHECK_ON(function, page, ...) conform_check(f->local ? "Local" #function : "Global" #function, page, __VA_ARGS__)

/* The names of the flags that both families have with the same value. */
#define FIXED 0x0000u
#define MOVEABLE 0x0002u
#define ZEROINIT 0x0040u
#define MODIFY 0x0080u
#define DISCARDABLE(f) ((f)->local ? LMEM_DISCARDABLE : GMEM_DISCARDABLE)
#define DISCARDED 0x4000u
#define INVALID_HANDLE 0x8000u
#define LOCKCOUNT 0x00ffu

#define KIND_NAME(flags) ((flags)&MOVEABLE ? "MOVEABLE" : "FIXED")

/* Does the handle have the form of a moveable one: an address that no block can have? */
static inline BOOL handle_form(HANDLE handle) { return ((ULONG_PTR)handle & sizeof(void *)) != 0; }

/* Fills bytes with a pattern of their own, and tells how many are still right. */
static inline void pattern_fill(void *memory, SIZE_T bytes, unsigned seed)
{
    for (SIZE_T i = 0; i < bytes; i++) ((BYTE *)memory)[i] = (BYTE)(i * 7 + seed + (i >> 8));
}
static inline SIZE_T pattern_right(const void *memory, SIZE_T bytes, unsigned seed)
{
    SIZE_T i = 0;
    while (memory && i < bytes && ((const BYTE *)memory)[i] == (BYTE)(i * 7 + seed + (i >> 8))) i++;
    return i;
}
static inline SIZE_T zeros_right(const void *memory, SIZE_T from, SIZE_T to)
{
    SIZE_T i = from;
    while (memory && i < to && !((const BYTE *)memory)[i]) i++;
    return i - from;
}

#endif
