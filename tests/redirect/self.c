/* self.c - a program that redirects itself while it runs: blocks of before and threads of before cross over. */
#include "redirect.h"

typedef BOOL(WINAPI *redirect_fn)(LPCWSTR);
enum { THREADS = 4, BLOCKS = 200 };
static void *before[BLOCKS];
static volatile LONG stop, wrong;

/* Allocates, checks and frees all the while, from before redirecting to after it. */
static DWORD WINAPI busy(LPVOID number)
{
    BYTE *blocks[64] = { 0 };
    SIZE_T sizes[64] = { 0 };
    BYTE mark = (BYTE)(ULONG_PTR)number;
    HANDLE heap = GetProcessHeap();
    for (unsigned i = 0; !stop || i < 64; i++) {
        unsigned slot = i % 64;
        if (blocks[slot]) {
            if (HeapSize(heap, 0, blocks[slot]) != sizes[slot] || blocks[slot][sizes[slot] - 1] != mark) InterlockedIncrement(&wrong);
            if (i % 3 == 0) {
                blocks[slot] = HeapReAlloc(heap, 0, blocks[slot], sizes[slot] += 50);
                if (!blocks[slot]) return InterlockedIncrement(&wrong);
                memset(blocks[slot], mark, sizes[slot]);
                continue;
            }
            if (!HeapFree(heap, 0, blocks[slot])) InterlockedIncrement(&wrong);
        }
        sizes[slot] = 1 + i % 3000;
        blocks[slot] = HeapAlloc(heap, 0, sizes[slot]);
        if (!blocks[slot]) return InterlockedIncrement(&wrong);
        memset(blocks[slot], mark, sizes[slot]);
    }
    for (unsigned i = 0; i < 64; i++)
        if (!HeapFree(heap, 0, blocks[i])) InterlockedIncrement(&wrong);
    return 0;
}

/* A function of its own: a compiler may keep an imported function's address for the length of a function. */
__attribute__((noinline)) static void served_by_k32mem(HANDLE heap)
{
    void *p = HeapAlloc(heap, 0, 10);
    assert_true(is_k32mem(heap, p, 10));
    assert_true(HeapFree(heap, 0, p));
}

__attribute__((noinline)) static void free_before(HANDLE heap)
{
    for (int i = 0; i < BLOCKS; i++) {
        assert_int_equal(HeapSize(heap, 0, before[i]), (SIZE_T)i * 37 + 1);
        if (i % 2) assert_non_null(before[i] = HeapReAlloc(heap, 0, before[i], (SIZE_T)i * 50 + 1));
        /* Not a second time: the busy threads may have been given the place by then. */
        assert_true(HeapFree(heap, 0, before[i]));
    }
}

/* Two threads redirect at once: the second waits until the first is done, and then changes nothing. This thread holds the
 * loader's lock, which redirecting needs, so the other comes as far as it can before. */
static redirect_fn redirect;
static HANDLE ready, go;

static DWORD WINAPI redirect_less(LPVOID unused)
{
    (void)unused;
    SetEvent(ready);
    WaitForSingleObject(go, INFINITE);
    return (DWORD)redirect(L"children=no,except=heap");
}

static void redirect_at_once(void)
{
    typedef LONG(NTAPI * lock_fn)(ULONG, PULONG, PULONG_PTR);
    typedef LONG(NTAPI * unlock_fn)(ULONG, ULONG_PTR);
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    lock_fn lock = (lock_fn)(void *)GetProcAddress(ntdll, "LdrLockLoaderLock");
    unlock_fn unlock = (unlock_fn)(void *)GetProcAddress(ntdll, "LdrUnlockLoaderLock");
    ULONG_PTR cookie = 0;
    DWORD code = FALSE;
    ready = CreateEventA(NULL, TRUE, FALSE, NULL);
    go = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE other = CreateThread(NULL, 0, redirect_less, NULL, 0, NULL);
    assert_int_equal(WaitForSingleObject(ready, 60000), WAIT_OBJECT_0);
    assert_int_equal(lock(0, NULL, &cookie), 0);
    SetEvent(go);
    Sleep(200);
    assert_true(redirect(L"children=no"));
    assert_int_equal(unlock(0, cookie), 0);
    assert_int_equal(WaitForSingleObject(other, 60000), WAIT_OBJECT_0);
    GetExitCodeThread(other, &code);
    assert_true(code);
    CloseHandle(other);
    CloseHandle(ready);
    CloseHandle(go);
}

static void redirects_itself(void **state)
{
    char path[MAX_PATH + 16];
    HANDLE threads[THREADS], heap = GetProcessHeap(), private_heap = HeapCreate(0, 0, 0);
    (void)state;
    void *in_private = HeapAlloc(private_heap, 0, 500);
    HGLOBAL moveable = GlobalAlloc(GMEM_MOVEABLE, 300);
    HLOCAL fixed = LocalAlloc(LMEM_FIXED, 200);
    for (int i = 0; i < BLOCKS; i++) before[i] = HeapAlloc(heap, 0, (SIZE_T)i * 37 + 1);
    for (int i = 0; i < THREADS; i++) threads[i] = CreateThread(NULL, 0, busy, (LPVOID)(ULONG_PTR)(i + 1), 0, NULL);
    Sleep(50);

    snprintf(path, sizeof(path), "%sk32mem.dll", own_folder());
    HMODULE dll = LoadLibraryA(path);
    assert_non_null(dll);
    redirect = (redirect_fn)(void *)GetProcAddress(dll, "K32memRedirect");
    assert_non_null(redirect);
    /* All or nothing: what stands before the bad word is not kept either, or served_by_k32mem fails below. */
    assert_false(redirect(L"children=no,except=heap,nonsense"));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    void *p = HeapAlloc(heap, 0, 10);
    assert_true(is_system(heap, p));
    redirect_at_once();
    assert_true(redirect(NULL));
    assert_true(HeapFree(heap, 0, p));
    served_by_k32mem(heap);
    free_before(heap);
    assert_int_equal(GlobalSize(moveable), 300);
    memset(GlobalLock(moveable), 1, 300);
    assert_false(GlobalUnlock(moveable));
    assert_null(GlobalFree(moveable));
    assert_null(LocalFree(fixed));
    assert_true(HeapFree(private_heap, 0, in_private));
    assert_true(HeapDestroy(private_heap));
    Sleep(50);
    stop = 1;
    assert_int_equal(WaitForMultipleObjects(THREADS, threads, TRUE, 60000), WAIT_OBJECT_0);
    assert_int_equal(wrong, 0);
    /* What is redirected stays. */
    FreeLibrary(dll);
    FreeLibrary(dll);
    assert_true(is_redirected());
    assert_true(HeapFree(heap, 0, HeapAlloc(heap, 0, 1)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(redirects_itself) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
