/* copied.c - asks the working set which pages are copies. */
#include "copied.h"

#include "request.h"

#define PAGES_AT_ONCE 64

/* A page's entry, as the public QueryWorkingSetEx describes it. */
struct working_set_page {
    LPCVOID address;
    ULONG_PTR flags;
};
#define PAGE_IS_VALID 1u
#define PAGE_IS_SHARED 0x8000u

static BOOL page_copied(const struct working_set_page *page)
{
    return (page->flags & (PAGE_IS_VALID | PAGE_IS_SHARED)) == PAGE_IS_VALID;
}

SIZE_T copied_run(LPCVOID base, SIZE_T pages, BOOL *copies)
{
    struct working_set_page chunk[PAGES_AT_ONCE];
    SIZE_T run = 0;
    /* Most questions are about a page or two: begin small. */
    for (SIZE_T count = 4; run < pages; count = PAGES_AT_ONCE) {
        if (count > pages - run) count = pages - run;
        for (SIZE_T i = 0; i < count; i++) {
            chunk[i].address = (const BYTE *)base + (run + i) * PAGE_BYTES;
            chunk[i].flags = 0;
        }
        if (NtQueryVirtualMemory(CURRENT_PROCESS, NULL, VM_WORKING_SET_EX, chunk, count * sizeof(chunk[0]), NULL) < 0)
            return run;
        if (!run) *copies = page_copied(&chunk[0]);
        for (SIZE_T i = 0; i < count; i++, run++)
            if (page_copied(&chunk[i]) != *copies) return run;
    }
    return run;
}

BOOL copied_all(LPCVOID base, SIZE_T pages)
{
    BOOL copies = FALSE;
    return copied_run(base, pages, &copies) == pages && copies;
}

ULONG copied_protect(ULONG protect)
{
    if (protect & PAGE_WRITECOPY) protect ^= PAGE_WRITECOPY ^ PAGE_READWRITE;
    if (protect & PAGE_EXECUTE_WRITECOPY) protect ^= PAGE_EXECUTE_WRITECOPY ^ PAGE_EXECUTE_READWRITE;
    return protect;
}
