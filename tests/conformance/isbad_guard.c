/* isbad_guard.c - the IsBad functions on guard pages and on stacks. A guard page is not accessible: the answer must be
 * "bad", and no exception may leave the function. Whether the guard stays is told by no page; it is recorded. */
#include "isbad.h"

FAMILY(isbad)

#define GUARD_TEST(FUNCTION, PAGE_NAME, SIZE)                                                                        \
    TEST(FUNCTION, guard_page)                                                                                       \
    {                                                                                                                \
        NEED(FUNCTION);                                                                                              \
        check_guard(#FUNCTION, PAGE_NAME, (void *)p##FUNCTION, SIZE);                                                \
    }

static void check_guard(const char *function, const char *page, void *pointer, UINT_PTR size)
{
    static const struct {
        const char *name;
        DWORD protection;
    } kinds[] = { { "PAGE_READWRITE|PAGE_GUARD", PAGE_READWRITE | PAGE_GUARD },
                  { "PAGE_READONLY|PAGE_GUARD", PAGE_READONLY | PAGE_GUARD },
                  { "PAGE_EXECUTE_READWRITE|PAGE_GUARD", PAGE_EXECUTE_READWRITE | PAGE_GUARD } };
    for (unsigned i = 0; i < 3; i++) {
        char *at = pages_make(kinds[i].protection, 0);
        conform_check(function, page, "%s", kinds[i].name);
        SET_SENTINEL();
        DWORD answer = probe_ask(pointer, at, size);
        NOTE_ERROR();
        EXPECT_HEX("return", answer, 1);
        conform_check(function, page, "%s, afterwards", kinds[i].name);
        UNDECIDED("reading sets off the guard; no page says that asking must not, or must");
        NOTE_HEX("protection of the page", page_protection(at));
        NOTE_HEX("protection of the next page", page_protection(at + PAGE));
        NOTE_HEX("return of a second call", probe_ask(pointer, at, size));
        pages_free(at);

        at = pages_make(PAGE_READWRITE, kinds[i].protection);
        if (size > 1) {
            for (unsigned j = 0; j < 2 * PAGE; j++) at[j] = 'x';
            conform_check(function, page, "from a good page into %s", kinds[i].name);
            EXPECT_HEX("return", probe_ask(pointer, at + 2 * PAGE - 4, size), 1);
            conform_check(function, page, "from %s into a good page", kinds[i].name);
            EXPECT_HEX("return", probe_ask(pointer, at - 2, size), 1);
        }
        pages_free(at);
    }
}

GUARD_TEST(IsBadReadPtr, P_READ, 100)
GUARD_TEST(IsBadWritePtr, P_WRITE, 100)
GUARD_TEST(IsBadHugeReadPtr, P_HUGE_READ, 100)
GUARD_TEST(IsBadHugeWritePtr, P_HUGE_WRITE, 100)
GUARD_TEST(IsBadCodePtr, P_CODE, 0)
GUARD_TEST(IsBadStringPtrA, P_STRING, 100)
GUARD_TEST(IsBadStringPtrW, P_STRING_W, 100)

/* ---- another thread's stack ---- */
static char *volatile other_base;
static HANDLE ready, finish;

/* Uses its whole stack, as far as it may, after somebody has asked about it. */
static unsigned descend(unsigned pages)
{
    volatile char frame[4096];
    frame[0] = (char)pages;
    frame[4095] = frame[0];
    return pages ? descend(pages - 1) + (unsigned)frame[4095] : 0;
}

static DWORD WINAPI other_thread(void *unused)
{
    MEMORY_BASIC_INFORMATION info;
    volatile char here = 0;
    (void)unused;
    VirtualQuery((const void *)&here, &info, sizeof(info));
    other_base = info.AllocationBase;
    SetEvent(ready);
    WaitForSingleObject(finish, INFINITE);
    return descend(20);
}

/* The lowest page of a stack that is a guard page, or NULL. */
static char *guard_find(char *base)
{
    MEMORY_BASIC_INFORMATION info;
    for (char *at = base; VirtualQuery(at, &info, sizeof(info)) && info.AllocationBase == base;
         at = (char *)info.BaseAddress + info.RegionSize)
        if (info.State == MEM_COMMIT && info.Protect & PAGE_GUARD) return info.BaseAddress;
    return NULL;
}

TEST(IsBadReadPtr, stack_of_another_thread)
{
    NEED(IsBadReadPtr);
    NEED(IsBadWritePtr);
    ready = CreateEventA(NULL, FALSE, FALSE, NULL);
    finish = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, other_thread, NULL, 0, NULL);
    WaitForSingleObject(ready, INFINITE);
    char *guard = guard_find(other_base);
    CHECK(P_READ, "guard page of another thread's stack");
    EXPECT_TRUE("there is one", guard);
    EXPECT_HEX("return", probe_ask((void *)pIsBadReadPtr, guard, 1), 1);
    CHECK_OF(IsBadWritePtr, P_WRITE, "guard page of another thread's stack, after IsBadReadPtr");
    UNDECIDED("the remarks warn that asking can disable the growth of the other stack");
    NOTE_HEX("protection", page_protection(guard));
    NOTE_HEX("return", probe_ask((void *)pIsBadWritePtr, guard, 1));
    NOTE_HEX("protection afterwards", page_protection(guard));
    CHECK(P_READ, "the other thread goes on using its stack");
    UNDECIDED("the remarks warn that the process may end");
    SetEvent(finish);
    WaitForSingleObject(thread, INFINITE);
    DWORD code = 0;
    GetExitCodeThread(thread, &code);
    NOTE_UINT("its exit code", code);
    CloseHandle(thread);
    CloseHandle(ready);
    CloseHandle(finish);
}

/* ---- this thread's stack ---- */
TEST(IsBadReadPtr, own_stack)
{
    NEED(IsBadReadPtr);
    MEMORY_BASIC_INFORMATION info;
    volatile char frame[1000];
    frame[0] = 0;
    VirtualQuery((const void *)frame, &info, sizeof(info));
    CHECK(P_READ, "this thread's stack, 1000 bytes of the frame");
    EXPECT_HEX("return", probe_ask((void *)pIsBadReadPtr, (const void *)frame, sizeof(frame)), 0);
    char *guard = guard_find(info.AllocationBase);
    CHECK(P_READ, "the guard page of this thread's own stack");
    UNDECIDED("touching it makes the stack grow, or ends it where it has no more room");
    DWORD answer = guard ? probe_ask((void *)pIsBadReadPtr, guard, 1) : 2;
    NOTE_BOOL("an exception", answer > 2);
    CHECK(P_READ, "the frame, after the guard page was asked about");
    EXPECT_HEX("return", probe_ask((void *)pIsBadReadPtr, (const void *)frame, sizeof(frame)), 0);
    EXPECT_UINT("deep calls work", descend(20), 210);
}

static volatile LONG wrong;
static char *good, *bad;
static DWORD WINAPI asker(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 300; i++) {
        if (probe_ask((void *)pIsBadReadPtr, good, PAGE) != 0) wrong++;
        if (i % 4 == 0 && probe_ask((void *)pIsBadReadPtr, bad, PAGE) != 1) wrong++;
    }
    return 0;
}

TEST(IsBadReadPtr, threads)
{
    NEED(IsBadReadPtr);
    HANDLE threads[3];
    good = pages_make(PAGE_READWRITE, 0);
    bad = pages_make(PAGE_NOACCESS, 0);
    wrong = 0;
    for (unsigned i = 0; i < 3; i++) threads[i] = CreateThread(NULL, 0, asker, NULL, 0, NULL);
    WaitForMultipleObjects(3, threads, TRUE, INFINITE);
    for (unsigned i = 0; i < 3; i++) CloseHandle(threads[i]);
    CHECK(P_READ, "three threads ask about a good and a bad page");
    EXPECT_UINT("wrong answers", wrong, 0);
    pages_free(good);
    pages_free(bad);
}
