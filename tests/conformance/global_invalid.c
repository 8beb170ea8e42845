/* global_invalid.c - handles and addresses that are none.
 *
 * What has the form of a moveable handle is an invalid handle; what has the form of an address is an inaccessible one,
 * for the functions that tell the two apart. On Windows a wrong address given to the heap can end the process; so the
 * calls that do, and the addresses for which they do, have tests of their own.
 */
#include "global.h"

FAMILY(global)

struct wrong {
    const char *name;
    HANDLE handle;
    BOOL address; /* has the form of an address */
    BOOL memory;  /* and there is memory at it, in which no block begins */
};

/* A function that is given such an address may tell by the heap, or by the form alone. */
static void judge(const struct wrong *w)
{
    if (w->memory) UNDECIDED("how carefully an address that is no block's is looked at is not described");
}

static void ask(const struct family *f, const struct wrong *w)
{
    CHECK_ON(Lock, f->lock_page, "%s", w->name);
    judge(w);
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->lock(w->handle) != NULL, FALSE);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    CHECK_ON(Unlock, f->unlock_page, "%s", w->name);
    judge(w);
    SET_SENTINEL();
    EXPECT_BOOL("return", f->unlock(w->handle), !f->local);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    CHECK_ON(Flags, f->flags_page, "%s", w->name);
    judge(w);
    SET_SENTINEL();
    EXPECT_HEX("return", f->flags(w->handle), INVALID_HANDLE);
    EXPECT_ERROR(f->local && w->address ? ERROR_NOACCESS : ERROR_INVALID_HANDLE);
    CHECK_ON(Size, f->size_page, "%s", w->name);
    SET_SENTINEL();
    EXPECT_UINT("return", f->size(w->handle), 0);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    CHECK_ON(Handle, f->handle_page, "%s", w->name);
    judge(w);
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->handle(w->handle) != NULL, FALSE);
    EXPECT_ERROR(f->local && w->address ? ERROR_NOACCESS : ERROR_INVALID_HANDLE);
}

static void change(const struct family *f, const struct wrong *w)
{
    static const UINT flags[] = { 0, MOVEABLE, MODIFY, MODIFY | MOVEABLE };
    for (unsigned i = 0; i < 4; i++) {
        CHECK_ON(ReAlloc, f->realloc_page, "%s, 100 bytes, flags %#x", w->name, flags[i]);
        SET_SENTINEL();
        EXPECT_BOOL("succeeds", f->realloc(w->handle, 100, flags[i]) != NULL, FALSE);
        if (w->memory) NOTE_ERROR();
        else EXPECT_ERROR(w->address ? ERROR_NOACCESS : ERROR_INVALID_HANDLE);
    }
    CHECK_ON(Free, f->free_page, "%s", w->name);
    SET_SENTINEL();
    EXPECT_BOOL("returns the handle", f->free(w->handle) == w->handle, TRUE);
    if (w->memory) NOTE_ERROR();
    else EXPECT_ERROR(w->address ? ERROR_NOACCESS : ERROR_INVALID_HANDLE);
}

/* A number that is no block; the process has nothing near it. */
#define NOWHERE ((ULONG_PTR)0xdeadbee0u)

BOTH(Lock, freed_handle)
{
    HANDLE h = f->alloc(MOVEABLE, 100);
    f->lock(h);
    f->free(h);
    struct wrong w = { "handle of a freed object", h, FALSE, FALSE };
    ask(f, &w);
    change(f, &w);
}

BOTH(Lock, forged_handle)
{
    struct wrong w = { "number with a moveable handle's form", (HANDLE)(NOWHERE + sizeof(void *)), FALSE, FALSE };
    ask(f, &w);
    change(f, &w);
}

BOTH(Lock, handle_beside_a_handle)
{
    HANDLE h = f->alloc(MOVEABLE, 100);
    static const int offsets[] = { -1, 1, 2, 3 };
    for (unsigned i = 0; i < 4; i++) {
        char name[40];
        HANDLE other = (HANDLE)((ULONG_PTR)h + offsets[i]);
        strcpy(name, "a moveable handle, and ...");
        name[24] = offsets[i] < 0 ? '-' : '+';
        name[25] = (char)('0' + (offsets[i] < 0 ? -offsets[i] : offsets[i]));
        CHECK(f->lock_page, "%s", name);
        SET_SENTINEL();
        EXPECT_BOOL("succeeds", f->lock(other) != NULL, FALSE);
        EXPECT_ERROR(ERROR_INVALID_HANDLE);
        CHECK_ON(Free, f->free_page, "%s", name);
        EXPECT_BOOL("returns the handle", f->free(other) == other, TRUE);
    }
    CHECK_ON(Flags, f->flags_page, "the moveable handle itself, after that");
    EXPECT_HEX("return", f->flags(h), 0);
    EXPECT_BOOL("freed", f->free(h) == NULL, TRUE);
}

BOTH(Lock, forged_address)
{
    struct wrong w = { "number with an address's form", (HANDLE)NOWHERE, TRUE, FALSE };
    ask(f, &w);
    change(f, &w);
}

BOTH(Lock, first_page)
{
    struct wrong w = { "address 16", (HANDLE)16, TRUE, FALSE };
    ask(f, &w);
    change(f, &w);
}

BOTH(Lock, end_of_the_address_space)
{
    struct wrong w = { "the last 16 bytes", (HANDLE)(LONG_PTR)-16, TRUE, FALSE };
    ask(f, &w);
    change(f, &w);
}

BOTH(Lock, stack_address)
{
    static const char name[] = "address on the stack";
    struct {
        BYTE bytes[64];
    } __attribute__((aligned(16))) local;
    memset(&local, 0, sizeof(local));
    struct wrong w = { name, &local, TRUE, TRUE };
    ask(f, &w);
    EXPECT_UINT("stack untouched", zeros_right(&local, 0, sizeof(local)), sizeof(local));
}

BOTH(Free, stack_address)
{
    struct {
        BYTE bytes[64];
    } __attribute__((aligned(16))) local;
    memset(&local, 0, sizeof(local));
    struct wrong w = { "address on the stack", &local, TRUE, TRUE };
    change(f, &w);
}

BOTH(Lock, inside_fixed_memory)
{
    BYTE *h = f->alloc(FIXED, 256);
    memset(h, 0, 256);
    struct wrong w = { "fixed memory + 32", h + 32, TRUE, TRUE };
    ask(f, &w);
    f->free(h);
}

BOTH(Free, inside_fixed_memory)
{
    BYTE *h = f->alloc(FIXED, 256);
    memset(h, 0, 256);
    struct wrong w = { "fixed memory + 32", h + 32, TRUE, TRUE };
    change(f, &w);
    CHECK(f->free_page, "the fixed memory itself, after that");
    EXPECT_BOOL("return is NULL", f->free(h) == NULL, TRUE);
}

BOTH(Lock, freed_fixed_memory)
{
    HANDLE h = f->alloc(FIXED, 100);
    f->free(h);
    struct wrong w = { "fixed memory that was freed", h, TRUE, TRUE };
    ask(f, &w);
}

BOTH(Free, freed_fixed_memory)
{
    HANDLE h = f->alloc(FIXED, 100);
    f->free(h);
    struct wrong w = { "fixed memory that was freed", h, TRUE, TRUE };
    change(f, &w);
}

BOTH(Lock, null)
{
    CHECK(f->lock_page, "NULL");
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->lock(NULL) != NULL, FALSE);
    NOTE_ERROR();
    CHECK_ON(Unlock, f->unlock_page, "NULL");
    UNDECIDED("whether NULL is an invalid handle like another is not described");
    SET_SENTINEL();
    NOTE_BOOL("return", f->unlock(NULL));
    NOTE_ERROR();
    CHECK_ON(Flags, f->flags_page, "NULL");
    SET_SENTINEL();
    EXPECT_HEX("return", f->flags(NULL), INVALID_HANDLE);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    CHECK_ON(Size, f->size_page, "NULL");
    SET_SENTINEL();
    EXPECT_UINT("return", f->size(NULL), 0);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
    CHECK_ON(ReAlloc, f->realloc_page, "NULL, 100 bytes, MOVEABLE");
    SET_SENTINEL();
    EXPECT_BOOL("succeeds", f->realloc(NULL, 100, MOVEABLE) != NULL, FALSE);
    EXPECT_ERROR(ERROR_INVALID_HANDLE);
}
