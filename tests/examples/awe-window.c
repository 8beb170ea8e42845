/* awe-window.c - 64 MB of physical pages, seen through a window of 1 MB.
 *
 * Fills every page with a pattern of its own, then reads all of it back in another order, single pages out of order
 * included, and checks every byte.
 *
 * The program needs SeLockMemoryPrivilege, and enables it; on a layer that has none to give, run it with
 * K32MEM_LOCK_MEMORY=1 in the environment (it sets that itself, to be able to run as a test).
 *
 * Links with libk32mem.a: the memory calls are k32mem's, everything else is the system's.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdio.h>
#include <string.h>

#define PAGE 4096u
#define FRAMES 16384u /* 64 MB */
#define WINDOW 256u   /* pages: 1 MB */

static ULONG_PTR frames[FRAMES];

static void privilege_enable(void)
{
    HANDLE token;
    TOKEN_PRIVILEGES wanted = { 1, { { { 0, 0 }, SE_PRIVILEGE_ENABLED } } };
    SetEnvironmentVariableW(L"K32MEM_LOCK_MEMORY", L"1");
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return;
    if (LookupPrivilegeValueW(NULL, L"SeLockMemoryPrivilege", &wanted.Privileges[0].Luid))
        AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
    CloseHandle(token);
}

static unsigned word_of(unsigned frame, unsigned at) { return frame * 2654435761u + at; }

static void page_fill(unsigned *page, unsigned frame)
{
    for (unsigned at = 0; at < PAGE / sizeof(*page); at++) page[at] = word_of(frame, at);
}

static unsigned page_wrong(const unsigned *page, unsigned frame)
{
    unsigned wrong = 0;
    for (unsigned at = 0; at < PAGE / sizeof(*page); at++) wrong += page[at] != word_of(frame, at);
    return wrong;
}

static int fail(const char *what)
{
    printf("%s failed, error %lu\n", what, GetLastError());
    puts("0 passed, 1 failed");
    return 1;
}

int main(void)
{
    ULONG_PTR count = FRAMES;
    unsigned wrong = 0;
    privilege_enable();
    if (!AllocateUserPhysicalPages(GetCurrentProcess(), &count, frames)) return fail("AllocateUserPhysicalPages");
    if (count != FRAMES) {
        printf("only %u of %u pages were to be had\n0 passed, 1 failed\n", (unsigned)count, FRAMES);
        return 1;
    }
    unsigned char *window = VirtualAlloc(NULL, WINDOW * PAGE, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    if (!window) return fail("VirtualAlloc");

    for (unsigned first = 0; first < FRAMES; first += WINDOW) {
        if (!MapUserPhysicalPages(window, WINDOW, frames + first)) return fail("MapUserPhysicalPages");
        for (unsigned i = 0; i < WINDOW; i++) page_fill((unsigned *)(window + i * PAGE), first + i);
    }

    /* From the last megabyte to the first. */
    for (unsigned first = FRAMES; first > 0; first -= WINDOW) {
        if (!MapUserPhysicalPages(window, WINDOW, frames + first - WINDOW)) return fail("MapUserPhysicalPages");
        for (unsigned i = 0; i < WINDOW; i++) wrong += page_wrong((unsigned *)(window + i * PAGE), first - WINDOW + i);
    }
    printf("64 MB through 1 MB, backwards: %u wrong words\n", wrong);

    /* Every page at a place of its own: frame f at page (f * 37) mod 256, in scattered batches. */
    if (!MapUserPhysicalPages(window, WINDOW, NULL)) return fail("MapUserPhysicalPages (unmapping)");
    for (unsigned first = 0; first < FRAMES; first += WINDOW) {
        PVOID places[WINDOW];
        for (unsigned i = 0; i < WINDOW; i++) places[i] = window + (i * 37 % WINDOW) * PAGE;
        if (!MapUserPhysicalPagesScatter(places, WINDOW, frames + first)) return fail("MapUserPhysicalPagesScatter");
        for (unsigned i = 0; i < WINDOW; i++) wrong += page_wrong(places[i], first + i);
    }
    printf("64 MB through 1 MB, scattered: %u wrong words in all\n", wrong);

    if (!VirtualFree(window, 0, MEM_RELEASE)) return fail("VirtualFree");
    if (!FreeUserPhysicalPages(GetCurrentProcess(), &count, frames)) return fail("FreeUserPhysicalPages");
    if (count != FRAMES) wrong++;
    printf("%d passed, %d failed\n", wrong == 0, wrong != 0);
    return wrong != 0;
}
