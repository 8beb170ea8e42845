/* global_walk.c - moveable objects as HeapWalk shows them. */
#include "global.h"

FUNCTION(HANDLE, GetProcessHeap, (void))
FUNCTION(BOOL, HeapWalk, (HANDLE, LPPROCESS_HEAP_ENTRY))
FUNCTION(BOOL, HeapLock, (HANDLE))
FUNCTION(BOOL, HeapUnlock, (HANDLE))

FAMILY(global)

#define PAGE "minwinbase/ns-minwinbase-process_heap_entry"

/* The busy entry of the process heap that is at block. */
static BOOL walk_find(const void *block, PROCESS_HEAP_ENTRY *entry)
{
    BOOL found = FALSE;
    memset(entry, 0, sizeof(*entry));
    pHeapLock(pGetProcessHeap());
    while (!found && pHeapWalk(pGetProcessHeap(), entry))
        found = entry->wFlags & PROCESS_HEAP_ENTRY_BUSY && entry->lpData == block;
    pHeapUnlock(pGetProcessHeap());
    return found;
}

TEST(HeapWalk, moveable_objects)
{
    NEED(GetProcessHeap);
    NEED(HeapWalk);
    NEED(HeapLock);
    NEED(HeapUnlock);
    NEED(GlobalAlloc);
    NEED(GlobalLock);
    NEED(GlobalReAlloc);
    NEED(GlobalFree);
    static const struct {
        const char *name;
        UINT flags;
        SIZE_T bytes;
    } kinds[] = {
        { "GMEM_FIXED, 100 bytes", GMEM_FIXED, 100 },
        { "GMEM_MOVEABLE, 1 byte", GMEM_MOVEABLE, 1 },
        { "GMEM_MOVEABLE, 100 bytes", GMEM_MOVEABLE, 100 },
        { "GMEM_MOVEABLE, 5000 bytes", GMEM_MOVEABLE, 5000 },
        { "GMEM_MOVEABLE, 4 MB", GMEM_MOVEABLE, 4 << 20 },
        { "GMEM_MOVEABLE | GMEM_DDESHARE, 100 bytes", GMEM_MOVEABLE | GMEM_DDESHARE, 100 },
    };
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        for (unsigned step = 0; step < 2; step++) {
            PROCESS_HEAP_ENTRY entry;
            UINT flags = kinds[i].flags;
            HGLOBAL h = pGlobalAlloc(flags, step ? 40 : kinds[i].bytes);
            if (step) {
                HGLOBAL next = pGlobalReAlloc(h, kinds[i].bytes, GMEM_MOVEABLE);
                h = next ? next : h;
            }
            void *p = pGlobalLock(h);
            CHECK(PAGE, "%s%s", kinds[i].name, step ? ", resized from 40" : "");
            EXPECT_BOOL("found", walk_find(p, &entry), TRUE);
            EXPECT_UINT("cbData", entry.cbData, kinds[i].bytes);
            EXPECT_BOOL("PROCESS_HEAP_ENTRY_MOVEABLE", entry.wFlags & PROCESS_HEAP_ENTRY_MOVEABLE,
                        flags & GMEM_MOVEABLE);
            EXPECT_BOOL("PROCESS_HEAP_ENTRY_DDESHARE", entry.wFlags & PROCESS_HEAP_ENTRY_DDESHARE,
                        flags & GMEM_DDESHARE);
            if (flags & GMEM_MOVEABLE) EXPECT_BOOL("hMem is the handle", entry.Block.hMem == h, TRUE);
            pGlobalFree(h);
            CHECK(PAGE, "%s%s, freed", kinds[i].name, step ? ", resized from 40" : "");
            EXPECT_BOOL("found busy and moveable",
                        walk_find(p, &entry) && entry.wFlags & PROCESS_HEAP_ENTRY_MOVEABLE, FALSE);
        }
}

TEST(HeapWalk, fixed_made_moveable)
{
    NEED(GetProcessHeap);
    NEED(HeapWalk);
    NEED(HeapLock);
    NEED(HeapUnlock);
    NEED(GlobalAlloc);
    NEED(GlobalLock);
    NEED(GlobalReAlloc);
    NEED(GlobalFree);
    PROCESS_HEAP_ENTRY entry;
    CHECK(PAGE, "fixed memory of 100 bytes after GlobalReAlloc(GMEM_MODIFY | GMEM_MOVEABLE)");
    HGLOBAL h = pGlobalReAlloc(pGlobalAlloc(GMEM_FIXED, 100), 0, GMEM_MODIFY | GMEM_MOVEABLE);
    EXPECT_BOOL("found", walk_find(pGlobalLock(h), &entry), TRUE);
    EXPECT_UINT("cbData", entry.cbData, 100);
    EXPECT_BOOL("PROCESS_HEAP_ENTRY_MOVEABLE", entry.wFlags & PROCESS_HEAP_ENTRY_MOVEABLE, TRUE);
    EXPECT_BOOL("hMem is the handle", entry.Block.hMem == h, TRUE);
    pGlobalFree(h);
}
