/* global.c - the Global* functions of kernel32.dll and of k32mem.dll, in turns: the best of several rounds each.
 *
 * Aims: GlobalLock with GlobalUnlock at least 5 times as fast as kernel32's; fixed memory at the speed of HeapAlloc with
 * HeapFree, measured beside it. */
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

#define ROUNDS 15
#define CALLS 40000

struct functions {
    HANDLE(WINAPI *alloc)(UINT, SIZE_T);
    HANDLE(WINAPI *free)(HANDLE);
    LPVOID(WINAPI *lock)(HANDLE);
    BOOL(WINAPI *unlock)(HANDLE);
    SIZE_T(WINAPI *size)(HANDLE);
    HANDLE(WINAPI *handle)(LPCVOID);
    HANDLE(WINAPI *resize)(HANDLE, SIZE_T, UINT);
    LPVOID(WINAPI *heap_alloc)(HANDLE, DWORD, SIZE_T);
    BOOL(WINAPI *heap_free)(HANDLE, DWORD, LPVOID);
};

static BOOL functions_load(struct functions *f, const char *name)
{
    HMODULE module = LoadLibraryA(name);
    const struct {
        const char *name;
        void *slot;
    } wanted[] = {
        { "GlobalAlloc", &f->alloc },   { "GlobalFree", &f->free },       { "GlobalLock", &f->lock },
        { "GlobalUnlock", &f->unlock }, { "GlobalSize", &f->size },       { "GlobalHandle", &f->handle },
        { "HeapAlloc", &f->heap_alloc }, { "HeapFree", &f->heap_free },   { "GlobalReAlloc", &f->resize },
    };
    for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (!(*(FARPROC *)wanted[i].slot = module ? GetProcAddress(module, wanted[i].name) : NULL)) {
            fprintf(stderr, "%s has no %s\n", name, wanted[i].name);
            return FALSE;
        }
    return TRUE;
}

enum { ROW_LOCK, ROW_LOCK_FIXED, ROW_FIXED, ROW_HEAP, ROW_MOVEABLE, ROW_RESIZE, ROW_SIZE, ROW_HANDLE, ROWS };
static const char *const names[ROWS] = {
    "GlobalLock + GlobalUnlock, moveable", "GlobalLock + GlobalUnlock, fixed", "GlobalAlloc + GlobalFree, fixed 64 B",
    "HeapAlloc + HeapFree, 64 B",          "GlobalAlloc + GlobalFree, moveable 64 B",
    "GlobalReAlloc 64 B, 96 B",            "GlobalSize, moveable",             "GlobalHandle, moveable",
};

static void row_run(const struct functions *f, unsigned row, HANDLE h, HANDLE fixed, const void *address)
{
    for (unsigned i = 0; i < CALLS; i++) switch (row) {
        case ROW_LOCK: f->lock(h), f->unlock(h); break;
        case ROW_LOCK_FIXED: f->lock(fixed), f->unlock(fixed); break;
        case ROW_FIXED: f->free(f->alloc(GMEM_FIXED, 64)); break;
        case ROW_HEAP: f->heap_free(GetProcessHeap(), 0, f->heap_alloc(GetProcessHeap(), 0, 64)); break;
        case ROW_MOVEABLE: f->free(f->alloc(GMEM_MOVEABLE, 64)); break;
        case ROW_RESIZE: f->resize(h, i & 1 ? 96 : 64, GMEM_MOVEABLE); break;
        case ROW_SIZE: f->size(h); break;
        case ROW_HANDLE: f->handle(address); break;
        }
}

int main(int argc, char **argv)
{
    struct functions dlls[2];
    double best[2][ROWS] = { { 0 } };
    LARGE_INTEGER frequency, from, to;
    if (!functions_load(&dlls[0], "kernel32.dll") || !functions_load(&dlls[1], "k32mem.dll")) return 1;
    QueryPerformanceFrequency(&frequency);
    for (unsigned row = 0; row < ROWS; row++)
        for (unsigned round = 0; round < 2 * ROUNDS; round++) {
            const struct functions *f = &dlls[round % 2];
            HANDLE h = f->alloc(GMEM_MOVEABLE, 64), fixed = f->alloc(GMEM_FIXED, 64);
            const void *address = f->lock(h);
            f->unlock(h);
            QueryPerformanceCounter(&from);
            row_run(f, row, h, fixed, address);
            QueryPerformanceCounter(&to);
            double ns = 1e9 * (double)(to.QuadPart - from.QuadPart) / (double)frequency.QuadPart / CALLS;
            double *mine = &best[round % 2][row];
            if (!*mine || ns < *mine) *mine = ns;
            f->free(h);
            f->free(fixed);
        }
    FILE *table = argc > 1 ? fopen(argv[1], "w") : NULL;
    printf("%-42s %10s %10s %8s\n", "nanoseconds", "kernel32", "k32mem", "ratio");
    if (table) fprintf(table, "row\tkernel32_ns\tk32mem_ns\tratio\n");
    for (unsigned row = 0; row < ROWS; row++) {
        printf("%-42s %10.1f %10.1f %8.2f\n", names[row], best[0][row], best[1][row], best[1][row] / best[0][row]);
        if (table) fprintf(table, "%s\t%.2f\t%.2f\t%.3f\n", names[row], best[0][row], best[1][row],
                           best[1][row] / best[0][row]);
    }
    if (table) fclose(table);
    return 0;
}
