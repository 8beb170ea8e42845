/* report.tool.c - tells what it was given: command line, standard input, environment, what redirects it. For check-launcher. */
#include "redirect.h"

static int misbehave(const char *how)
{
    HANDLE heap = GetProcessHeap();
    unsigned char *p = HeapAlloc(heap, 0, 100);
    memset(p, 0x5a, 100);
    if (!strcmp(how, "behind")) { /* writes behind the end, up to 32 bytes: no neighbour may be damaged */
        unsigned char *blocks[64];
        for (int i = 0; i < 64; i++) memset(blocks[i] = HeapAlloc(heap, 0, 96), i, 96);
        for (int i = 0; i < 64; i += 2) memset(blocks[i] + 96, 0xee, 32);
        for (int i = 1; i < 64; i += 2)
            for (int n = 0; n < 96; n++)
                if (blocks[i][n] != i) return 1;
        return HeapSize(heap, 0, p) != 100;
    }
    if (!strcmp(how, "freed")) { /* reads what it has freed, while others are allocated */
        /* Its neighbours are freed too, all of them: a single hole might wait long to be used again. */
        enum { OTHERS = 2000 };
        static void *others[OTHERS];
        for (int i = 0; i < OTHERS; i++) others[i] = HeapAlloc(heap, 0, 100);
        for (int i = 0; i < OTHERS; i++) HeapFree(heap, 0, others[i]);
        HeapFree(heap, 0, p);
        if (HeapFree(heap, 0, p) || HeapSize(heap, 0, p) != (SIZE_T)-1) return 2;
        for (int i = 0; i < OTHERS; i++) memset(others[i] = HeapAlloc(heap, 0, 100), 1, 100);
        int differs = 0;
        for (int n = 0; n < 100; n++) differs |= p[n] != 0x5a;
        return differs;
    }
    /* Uses what it never wrote. */
    HeapFree(heap, 0, p);
    for (int i = 0; i < 500; i++) {
        p = HeapAlloc(heap, 0, 100);
        for (int n = 0; n < 100; n++)
            if (p[n]) return 1;
        memset(p, 0x5a, 100);
        p = HeapReAlloc(heap, 0, p, 3000);
        for (int n = 100; n < 3000; n++)
            if (p[n]) return 1;
        memset(p, 0x5a, 3000);
        HeapFree(heap, 0, p);
    }
    return 0;
}

int main(int count, char **words)
{
    char line[256], variable[64] = "", *volatile nowhere = NULL;
    (void)words;
    if (count == 2 && (!strcmp(words[1], "behind") || !strcmp(words[1], "freed") || !strcmp(words[1], "unwritten")))
        return misbehave(words[1]);
    if (count == 3 && !strcmp(words[1], "objects")) { /* Global and Local ones; all are freed, or 777,000 bytes are not */
        HGLOBAL a = GlobalAlloc(GMEM_FIXED, 7000), b = GlobalAlloc(GMEM_MOVEABLE, 5000);
        HLOCAL c = LocalAlloc(LMEM_MOVEABLE, 654321), d = LocalAlloc(LMEM_FIXED, 10000);
        b = GlobalReAlloc(b, 770000, GMEM_MOVEABLE);
        if (!a || !b || LocalFree(c) || !HeapFree(GetProcessHeap(), 0, d)) return 1;
        return strcmp(words[2], "freed") ? 0 : GlobalFree(a) || GlobalFree(b);
    }
    if (count == 2 && !strcmp(words[1], "crash")) *nowhere = 1;
    if (count == 2 && !strcmp(words[1], "elsewhere") && !SetCurrentDirectoryA("C:\\windows")) return 1;
    GetEnvironmentVariableA("CHECK_VARIABLE", variable, sizeof(variable));
    void *p = HeapAlloc(GetProcessHeap(), 0, 10);
    printf("words: %d\ncommand line: %s\nvariable: %s\n", count, GetCommandLineA(), variable);
    printf("loaded: %s\nheap redirected: %s\n", is_redirected() ? "yes" : "no",
           is_redirected() && is_k32mem(GetProcessHeap(), p, 10) ? "yes" : "no");
    while (fgets(line, sizeof(line), stdin)) printf("read: %s", line);
    fprintf(stderr, "to standard error\n");
    return 41;
}
