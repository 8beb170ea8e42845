/* awe.c - what mapping frames costs, against copying them: k32mem's Address Windowing Extensions, and a plain copy of as
 * many bytes, in turns; the best of many rounds each.
 *
 * Aims: mapping 256 frames where others are mapped, at most twice a copy of them; mapping them again where they last were,
 * no copy at all: two changes of the window's protection, whatever the number of frames. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define FRAMES 256
#define BYTES (FRAMES * 4096u)
#define ROUNDS 400

enum { ROW_COPY, ROW_MAP, ROW_AGAIN, ROWS };
static const char *const names[ROWS] = { "memcpy of 1 MB", "MapUserPhysicalPages, 256 frames for 256 others",
                                         "unmapping 256 frames, and mapping them again" };

struct functions {
    BOOL(WINAPI *allocate)(HANDLE, PULONG_PTR, PULONG_PTR);
    BOOL(WINAPI *map)(PVOID, ULONG_PTR, PULONG_PTR);
    LPVOID(WINAPI *reserve)(LPVOID, SIZE_T, DWORD, DWORD);
};

static BOOL functions_load(struct functions *f)
{
    HMODULE module = LoadLibraryA("k32mem.dll");
    if (!module) return FALSE;
    f->allocate = (void *)GetProcAddress(module, "AllocateUserPhysicalPages");
    f->map = (void *)GetProcAddress(module, "MapUserPhysicalPages");
    f->reserve = (void *)GetProcAddress(module, "VirtualAlloc");
    return f->allocate && f->map && f->reserve;
}

static double microseconds(void)
{
    LARGE_INTEGER frequency, now;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return 1e6 * (double)now.QuadPart / (double)frequency.QuadPart;
}

int main(int argc, char **argv)
{
    static ULONG_PTR frames[2 * FRAMES];
    struct functions f;
    double best[ROWS] = { 1e9, 1e9, 1e9 };
    ULONG_PTR count = 2 * FRAMES;
    SetEnvironmentVariableA("K32MEM_LOCK_MEMORY", "1");
    if (!functions_load(&f) || !f.allocate(GetCurrentProcess(), &count, frames) || count != 2 * FRAMES) {
        fprintf(stderr, "k32mem.dll gives no physical pages (error %lu)\n", GetLastError());
        return 1;
    }
    char *window = f.reserve(NULL, BYTES, MEM_RESERVE | MEM_PHYSICAL, PAGE_READWRITE);
    char *plain = f.reserve(NULL, 2 * BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (!window || !plain) return 1;
    memset(plain, 1, 2 * BYTES);
    for (int half = 0; half < 2; half++) {
        f.map(window, FRAMES, frames + half * FRAMES);
        memset(window, half, BYTES);
    }
    for (int round = 0; round < ROUNDS; round++) {
        int half = round & 1;
        double at[ROWS + 1];
        at[0] = microseconds();
        memcpy(plain + half * BYTES, plain + !half * BYTES, BYTES);
        at[1] = microseconds();
        BOOL ok = f.map(window, FRAMES, frames + half * FRAMES);
        at[2] = microseconds();
        ok = ok && f.map(window, FRAMES, NULL) && f.map(window, FRAMES, frames + half * FRAMES);
        at[3] = microseconds();
        if (!ok || window[0] != half || window[BYTES - 1] != half) {
            fprintf(stderr, "round %d: not the frames' content\n", round);
            return 1;
        }
        for (int row = 0; row < ROWS; row++)
            if (at[row + 1] - at[row] < best[row]) best[row] = at[row + 1] - at[row];
    }
    FILE *table = argc > 1 ? fopen(argv[1], "w") : NULL;
    printf("%-50s %12s %10s\n", "physical pages", "microseconds", "of a copy");
    if (table) fprintf(table, "row\tmicroseconds\tratio\n");
    for (unsigned row = 0; row < ROWS; row++) {
        printf("%-50s %12.1f %10.2f\n", names[row], best[row], best[row] / best[ROW_COPY]);
        if (table) fprintf(table, "%s\t%.1f\t%.3f\n", names[row], best[row], best[row] / best[ROW_COPY]);
    }
    if (table) fclose(table);
    return 0;
}
