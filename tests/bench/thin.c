/* thin.c - what the thin calls cost: k32mem's against kernel32's, on the same work in the same process.
 *
 *   bench-thin [--rounds N] [--ms N] [FILE.tsv]
 *
 * A round measures every row for both DLLs by turns, ten short stretches each (a millisecond or so), the
 * first turn changing from round to round, and keeps the quickest stretch of each, so that other programs on the
 * machine count little. Given are the medians over the rounds, in nanoseconds for one repetition, and as ratio the
 * median over the rounds of k32mem's time by kernel32's time in that round.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTIONS(X)                                                                                                 \
    X(LPVOID, VirtualAlloc, (LPVOID, SIZE_T, DWORD, DWORD))                                                          \
    X(BOOL, VirtualFree, (LPVOID, SIZE_T, DWORD))                                                                    \
    X(BOOL, VirtualProtect, (LPVOID, SIZE_T, DWORD, PDWORD))                                                         \
    X(SIZE_T, VirtualQuery, (LPCVOID, PMEMORY_BASIC_INFORMATION, SIZE_T))                                            \
    X(LPVOID, MapViewOfFile, (HANDLE, DWORD, DWORD, DWORD, SIZE_T))                                                  \
    X(BOOL, UnmapViewOfFile, (LPCVOID))                                                                              \
    X(BOOL, IsBadReadPtr, (const VOID *, UINT_PTR))                                                                  \
    X(BOOL, IsBadWritePtr, (LPVOID, UINT_PTR))                                                                       \
    X(BOOL, GlobalMemoryStatusEx, (LPMEMORYSTATUSEX))                                                                \
    X(BOOL, ReadProcessMemory, (HANDLE, LPCVOID, LPVOID, SIZE_T, SIZE_T *))

struct api {
#define X(ret, name, params) ret(WINAPI *name) params;
    FUNCTIONS(X)
#undef X
};

static char *page;      /* 1 MB, readable and writable, all touched */
static char *reserved;  /* 1 MB, reserved only */
static HANDLE section;  /* 64 KB of the paging file */
static volatile ULONG_PTR sink;

/* ---- rows: the same work n times; FALSE if a call failed ---- */
static BOOL alloc_free(const struct api *api, unsigned n, SIZE_T size, BOOL touch)
{
    BOOL ok = TRUE;
    while (n--) {
        char *block = api->VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        if (!block) return FALSE;
        if (touch) block[0] = 1;
        ok &= api->VirtualFree(block, 0, MEM_RELEASE);
    }
    return ok;
}
static BOOL row_alloc_64k(const struct api *api, unsigned n) { return alloc_free(api, n, 65536, FALSE); }
static BOOL row_alloc_1m(const struct api *api, unsigned n) { return alloc_free(api, n, 1 << 20, TRUE); }

static BOOL row_reserve(const struct api *api, unsigned n)
{
    BOOL ok = TRUE;
    while (n--) {
        void *base = api->VirtualAlloc(NULL, 1 << 20, MEM_RESERVE, PAGE_NOACCESS);
        ok &= base && api->VirtualFree(base, 0, MEM_RELEASE);
    }
    return ok;
}
static BOOL row_commit(const struct api *api, unsigned n)
{
    BOOL ok = TRUE;
    while (n--)
        ok &= api->VirtualAlloc(reserved + 65536, 4096, MEM_COMMIT, PAGE_READWRITE) != NULL &&
              api->VirtualFree(reserved + 65536, 4096, MEM_DECOMMIT);
    return ok;
}
static BOOL row_protect(const struct api *api, unsigned n)
{
    DWORD old;
    BOOL ok = TRUE;
    while (n--)
        ok &= api->VirtualProtect(page + 8192, 4096, PAGE_READONLY, &old) &&
              api->VirtualProtect(page + 8192, 4096, PAGE_READWRITE, &old);
    return ok;
}
static BOOL query(const struct api *api, unsigned n, const void *at)
{
    MEMORY_BASIC_INFORMATION region;
    BOOL ok = TRUE;
    while (n--) ok &= api->VirtualQuery(at, &region, sizeof(region)) == sizeof(region);
    return ok;
}
static BOOL row_query_private(const struct api *api, unsigned n) { return query(api, n, page); }
static BOOL row_query_image(const struct api *api, unsigned n) { return query(api, n, (void *)(UINT_PTR)row_commit); }
static BOOL row_query_stack(const struct api *api, unsigned n) { return query(api, n, &n); }

static BOOL row_map(const struct api *api, unsigned n)
{
    BOOL ok = TRUE;
    while (n--) {
        void *view = api->MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
        ok &= view && api->UnmapViewOfFile(view);
    }
    return ok;
}
static BOOL bad_read(const struct api *api, unsigned n, const void *at, UINT_PTR size, BOOL bad)
{
    BOOL ok = TRUE;
    while (n--) ok &= !api->IsBadReadPtr(at, size) == !bad;
    return ok;
}
static BOOL row_read_16(const struct api *api, unsigned n) { return bad_read(api, n, page, 16, FALSE); }
static BOOL row_read_64k(const struct api *api, unsigned n) { return bad_read(api, n, page, 65536, FALSE); }
static BOOL row_read_1m(const struct api *api, unsigned n) { return bad_read(api, n, page, 1 << 20, FALSE); }
static BOOL row_read_stack(const struct api *api, unsigned n) { return bad_read(api, n, &n, sizeof(n), FALSE); }
static BOOL row_read_null(const struct api *api, unsigned n) { return bad_read(api, n, NULL, 16, TRUE); }
static BOOL row_read_reserved(const struct api *api, unsigned n) { return bad_read(api, n, reserved, 16, TRUE); }
static BOOL row_write_16(const struct api *api, unsigned n)
{
    BOOL ok = TRUE;
    while (n--) ok &= !api->IsBadWritePtr(page, 16);
    return ok;
}
static BOOL row_status(const struct api *api, unsigned n)
{
    MEMORYSTATUSEX status = { .dwLength = sizeof(status) };
    BOOL ok = TRUE;
    while (n--) ok &= api->GlobalMemoryStatusEx(&status);
    sink += (ULONG_PTR)status.ullTotalPhys;
    return ok;
}
static BOOL row_read_process(const struct api *api, unsigned n)
{
    char buffer[64];
    SIZE_T done;
    BOOL ok = TRUE;
    while (n--) ok &= api->ReadProcessMemory(GetCurrentProcess(), page, buffer, sizeof(buffer), &done);
    return ok;
}

static const struct row {
    const char *name;
    BOOL (*run)(const struct api *api, unsigned n);
} rows[] = {
    { "VirtualAlloc+VirtualFree 64 KB", row_alloc_64k },
    { "VirtualAlloc+VirtualFree 1 MB, touched", row_alloc_1m },
    { "VirtualAlloc+VirtualFree 1 MB, reserve", row_reserve },
    { "VirtualAlloc commit+VirtualFree decommit 4 KB", row_commit },
    { "VirtualProtect 4 KB, there and back", row_protect },
    { "VirtualQuery private memory", row_query_private },
    { "VirtualQuery image", row_query_image },
    { "VirtualQuery stack", row_query_stack },
    { "MapViewOfFile+UnmapViewOfFile 64 KB", row_map },
    { "IsBadReadPtr 16 B", row_read_16 },
    { "IsBadReadPtr 64 KB", row_read_64k },
    { "IsBadReadPtr 1 MB", row_read_1m },
    { "IsBadReadPtr stack", row_read_stack },
    { "IsBadReadPtr bad: NULL", row_read_null },
    { "IsBadReadPtr bad: reserved", row_read_reserved },
    { "IsBadWritePtr 16 B", row_write_16 },
    { "GlobalMemoryStatusEx", row_status },
    { "ReadProcessMemory 64 B of itself", row_read_process },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]), MAX_ROUNDS = 201, STRETCHES = 10 };

static struct {
    double time[2][MAX_ROUNDS], ratio[MAX_ROUNDS];
    unsigned repeat;
    BOOL failed;
} measured[ROWS];

static double now(void)
{
    static double scale;
    LARGE_INTEGER value;
    if (scale == 0) {
        QueryPerformanceFrequency(&value);
        scale = 1e9 / (double)value.QuadPart;
    }
    QueryPerformanceCounter(&value);
    return (double)value.QuadPart * scale;
}

/* Nanoseconds for one repetition. */
static double sample(const struct row *row, const struct api *api, unsigned repeat, BOOL *failed)
{
    double start = now();
    if (!row->run(api, repeat)) *failed = TRUE;
    return (now() - start) / repeat;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double median(double *values, int count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static void load(struct api *api, const char *path)
{
    HMODULE dll = LoadLibraryA(path);
    if (!dll) {
        fprintf(stderr, "bench-thin: %s does not load (error %lu)\n", path, GetLastError());
        exit(2);
    }
#define X(ret, name, params)                                                                                         \
    api->name = (ret(WINAPI *) params)(void *)GetProcAddress(dll, #name);                                           \
    if (!api->name) {                                                                                                \
        fprintf(stderr, "bench-thin: %s lacks %s\n", path, #name);                                                   \
        exit(2);                                                                                                     \
    }
    FUNCTIONS(X)
#undef X
}

int main(int argc, char **argv)
{
    struct api api[2];
    char path[MAX_PATH];
    const char *tsv = NULL;
    int rounds = 21;
    double sample_ns = 10e6;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--rounds") && i + 1 < argc) {
            rounds = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--ms") && i + 1 < argc) {
            sample_ns = atof(argv[++i]) * 1e6;
        } else {
            tsv = argv[i];
        }
    }
    if (rounds < 1 || rounds > MAX_ROUNDS) rounds = 21;
    GetModuleFileNameA(NULL, path, sizeof(path));
    strcpy(strrchr(path, '\\') + 1, "k32mem.dll");
    load(&api[0], "kernel32.dll");
    load(&api[1], path);
    page = VirtualAlloc(NULL, 1 << 20, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    reserved = VirtualAlloc(NULL, 1 << 20, MEM_RESERVE, PAGE_NOACCESS);
    section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 65536, NULL);
    if (!page || !reserved || !section) return 2;
    memset(page, 1, 1 << 20);

    for (int r = 0; r < ROWS; r++) {
        measured[r].repeat = 1;
        while (measured[r].repeat < 1u << 24) {
            double each = sample(&rows[r], &api[0], measured[r].repeat, &measured[r].failed);
            for (int again = 0; again < 3; again++) {
                double time = sample(&rows[r], &api[0], measured[r].repeat, &measured[r].failed);
                if (time < each) each = time;
            }
            if (each * measured[r].repeat > sample_ns / STRETCHES / 2) break;
            measured[r].repeat *= 2;
        }
        sample(&rows[r], &api[1], 1, &measured[r].failed);
    }
    for (int round = 0; round < rounds; round++)
        for (int r = 0; r < ROWS; r++) {
            for (int turn = 0; turn < 2 * STRETCHES; turn++) {
                int which = (turn + round + r) & 1;
                double time = sample(&rows[r], &api[which], measured[r].repeat, &measured[r].failed);
                double *quickest = &measured[r].time[which][round];
                if (turn < 2 || time < *quickest) *quickest = time;
            }
            measured[r].ratio[round] = measured[r].time[1][round] / measured[r].time[0][round];
        }

    FILE *file = tsv ? fopen(tsv, "w") : NULL;
    if (tsv && !file) {
        fprintf(stderr, "bench-thin: cannot write %s\n", tsv);
        return 2;
    }
    if (file) fprintf(file, "row\tkernel32_ns\tk32mem_ns\tratio\n");
    printf("%-48s %12s %12s %8s\n", "thin calls", "kernel32 ns", "k32mem ns", "ratio");
    int over = 0;
    for (int r = 0; r < ROWS; r++) {
        double system = median(measured[r].time[0], rounds), ours = median(measured[r].time[1], rounds);
        double ratio = median(measured[r].ratio, rounds);
        const char *note = measured[r].failed ? "  A CALL FAILED" : ratio > 1.1 ? "  over 1.10" : "";
        over += ratio > 1.1 || measured[r].failed;
        printf("%-48s %12.1f %12.1f %8.3f%s\n", rows[r].name, system, ours, ratio, note);
        if (file) fprintf(file, "%s\t%.1f\t%.1f\t%.3f\n", rows[r].name, system, ours, ratio);
    }
    printf("%d of %d rows above 1.10; medians of %d interleaved rounds\n", over, ROWS, rounds);
    if (file && fclose(file)) return 2;
    return 0;
}
