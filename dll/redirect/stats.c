/* stats.c - the counting functions, and what is made of their counts. */
#include "stats.h"
#include "../core/lock.h"
#include "../global/object.h"
#include "../heap/heap.h"
#include "options.h"
#include "path.h"
#include "report.h"
#include "table.h"

struct heap_calls heap_calls = { HeapAlloc, HeapReAlloc, HeapFree };

static struct {
    volatile LONGLONG allocated, resized, freed, failed, global, mapped;
    volatile LONG_PTR live_blocks, live_bytes, peak_bytes;
    volatile LONG_PTR largest[5]; /* different sizes, largest first */
    struct lock lock;             /* of largest */
    ULONGLONG begun;
    volatile LONG sent;
    WCHAR path[2 * OPTIONS_PATH]; /* options.stats_path in full */
} stats;

static void count(volatile LONGLONG *counter) { __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED); }

static void live_add(LONG_PTR blocks, LONG_PTR bytes)
{
    __atomic_fetch_add(&stats.live_blocks, blocks, __ATOMIC_RELAXED);
    LONG_PTR now = __atomic_add_fetch(&stats.live_bytes, bytes, __ATOMIC_RELAXED), peak = stats.peak_bytes;
    while (now > peak && !__atomic_compare_exchange_n(&stats.peak_bytes, &peak, now, FALSE, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

static void size_note(SIZE_T bytes)
{
    if (bytes <= (SIZE_T)stats.largest[COUNT_OF(stats.largest) - 1]) return;
    lock_acquire(&stats.lock);
    unsigned place = COUNT_OF(stats.largest);
    while (place && bytes > (SIZE_T)stats.largest[place - 1]) place--;
    if (place < COUNT_OF(stats.largest) && !(place && (SIZE_T)stats.largest[place - 1] == bytes)) {
        for (unsigned i = COUNT_OF(stats.largest) - 1; i > place; i--) stats.largest[i] = stats.largest[i - 1];
        stats.largest[place] = (LONG_PTR)bytes;
    }
    lock_release(&stats.lock);
}

static void block_made(SIZE_T bytes)
{
    count(&stats.allocated);
    live_add(1, (LONG_PTR)bytes);
    size_note(bytes);
}

static void block_resized(SIZE_T had, SIZE_T bytes)
{
    count(&stats.resized);
    live_add(0, (LONG_PTR)bytes - (LONG_PTR)had);
    size_note(bytes);
}

static void block_freed(SIZE_T had)
{
    count(&stats.freed);
    live_add(-1, -(LONG_PTR)had);
}

static BOOL is_ours(const void *p) { return p && slab_of(p) != &slab_nobody; }

static LPVOID WINAPI counting_alloc(HANDLE heap, DWORD flags, SIZE_T bytes)
{
    void *p = HeapAlloc(heap, flags, bytes);
    if (!p) {
        count(&stats.failed);
    } else if (is_ours(p)) {
        block_made(bytes);
    }
    return p;
}

static LPVOID WINAPI counting_realloc(HANDLE heap, DWORD flags, LPVOID p, SIZE_T bytes)
{
    BOOL ours = is_ours(p);
    SIZE_T had = ours ? HeapSize(heap, 0, p) : 0;
    void *result = HeapReAlloc(heap, flags, p, bytes);
    if (!result) {
        count(&stats.failed);
    } else if (ours) {
        block_resized(had, bytes);
    }
    return result;
}

static BOOL WINAPI counting_free(HANDLE heap, DWORD flags, LPVOID p)
{
    BOOL ours = is_ours(p);
    DWORD error = last_error_get();
    SIZE_T had = ours ? HeapSize(heap, 0, p) : 0;
    last_error_set(error);
    BOOL freed = HeapFree(heap, flags, p);
    if (!freed) {
        count(&stats.failed);
    } else if (ours) {
        block_freed(had);
    }
    return freed;
}

/* ---- Global* and Local*: their objects' memory are blocks too ---- */
static BOOL object_is_ours(HANDLE handle, SIZE_T *bytes)
{
    uint32_t identity;
    BOOL ours = handle_is_moveable(handle) ? handle_entry(handle, &identity) != NULL : is_ours(handle);
    return ours && object_size(handle, bytes) == NO_ERROR;
}

static HANDLE object_made(HANDLE handle)
{
    SIZE_T bytes;
    count(&stats.global);
    if (!handle) {
        count(&stats.failed);
    } else if (object_is_ours(handle, &bytes)) {
        block_made(bytes);
    }
    return handle;
}

static HGLOBAL WINAPI counting_global(UINT flags, SIZE_T bytes) { return object_made(GlobalAlloc(flags, bytes)); }
static HLOCAL WINAPI counting_local(UINT flags, SIZE_T bytes) { return object_made(LocalAlloc(flags, bytes)); }

/* GlobalReAlloc and LocalReAlloc, and the two Free functions, differ in nothing. */
static HGLOBAL WINAPI counting_resize(HGLOBAL handle, SIZE_T bytes, UINT flags)
{
    SIZE_T had, has;
    BOOL ours = object_is_ours(handle, &had);
    HGLOBAL result = GlobalReAlloc(handle, bytes, flags);
    if (!result) {
        count(&stats.failed);
    } else if (ours && object_is_ours(result, &has)) {
        block_resized(had, has);
    }
    return result;
}

static HGLOBAL WINAPI counting_release(HGLOBAL handle)
{
    SIZE_T had;
    BOOL ours = object_is_ours(handle, &had);
    HGLOBAL result = GlobalFree(handle);
    if (result) {
        count(&stats.failed);
    } else if (ours) {
        block_freed(had);
    }
    return result;
}

static LPVOID WINAPI counting_virtual(LPVOID base, SIZE_T bytes, DWORD type, DWORD protect)
{
    count(&stats.mapped);
    return VirtualAlloc(base, bytes, type, protect);
}

/* In units of 100 ns. */
static ULONGLONG clock_read(void) { return *(const volatile ULONGLONG *)(SHARED_DATA + SHARED_INTERRUPT_TIME); }

void stats_attach(void)
{
    if (!options.stats || stats.begun) return;
    stats.begun = clock_read();
    /* Now: the program may go to another folder. A name that does not fit: as it is. */
    ULONG bytes = options.stats_path[0] ? RtlGetFullPathName_U(options.stats_path, sizeof(stats.path), stats.path, NULL) : 0;
    if (!bytes || bytes >= sizeof(stats.path)) memcpy(stats.path, options.stats_path, sizeof(options.stats_path));
    heap_calls = (struct heap_calls){ counting_alloc, counting_realloc, counting_free };
    table_replace("HeapAlloc", (void *)counting_alloc);
    table_replace("HeapReAlloc", (void *)counting_realloc);
    table_replace("HeapFree", (void *)counting_free);
    table_replace("GlobalAlloc", (void *)counting_global);
    table_replace("LocalAlloc", (void *)counting_local);
    table_replace("GlobalReAlloc", (void *)counting_resize);
    table_replace("LocalReAlloc", (void *)counting_resize);
    table_replace("GlobalFree", (void *)counting_release);
    table_replace("LocalFree", (void *)counting_release);
    table_replace("VirtualAlloc", (void *)counting_virtual);
}

static void line(struct report *report, const char *what, ULONGLONG number, const char *unit)
{
    SIZE_T column = report->length + 26;
    report_add(report, "  ");
    report_add(report, what);
    while (report->length < column) report_add(report, " ");
    report_add_number(report, number, 16);
    report_add(report, unit);
    report_add(report, "\n");
}

/* Of blocks that were there before only the end is seen, and of some functions' blocks where not all are redirected. */
static ULONGLONG at_least_none(LONG_PTR number) { return number > 0 ? (ULONGLONG)number : 0; }

void stats_send(void)
{
    struct report report;
    report.length = 0;
    if (!stats.begun || __atomic_exchange_n(&stats.sent, 1, __ATOMIC_RELAXED)) return;
    BYTE *parameters = *(BYTE **)(nt_peb() + PEB_PARAMETERS);
    const UNICODE_STRING *image = (const UNICODE_STRING *)(parameters + PARAMETERS_IMAGE);
    SIZE_T length = image->Length / sizeof(WCHAR), start = path_last(image->Buffer, length);
    report_add(&report, "k32mem: ");
    report_add_wide(&report, image->Buffer + start, length - start);
    report_add(&report, ", process ");
    report_add_number(&report, nt_process_id(), 0);
    report_add(&report, "\n");
    line(&report, "heap blocks allocated", (ULONGLONG)stats.allocated, "");
    line(&report, "resized", (ULONGLONG)stats.resized, "");
    line(&report, "freed", (ULONGLONG)stats.freed, "");
    line(&report, "failed calls", (ULONGLONG)stats.failed, "");
    line(&report, "Global/LocalAlloc calls", (ULONGLONG)stats.global, "");
    line(&report, "VirtualAlloc calls", (ULONGLONG)stats.mapped, "");
    line(&report, "live at the end", at_least_none(stats.live_blocks), " blocks");
    line(&report, "", at_least_none(stats.live_bytes), " bytes");
    line(&report, "most at one time", (ULONGLONG)stats.peak_bytes, " bytes");
    for (unsigned i = 0; i < COUNT_OF(stats.largest) && stats.largest[i]; i++)
        line(&report, i ? "" : "largest sizes", (ULONGLONG)stats.largest[i], " bytes");
    VM_COUNTERS counters;
    if (NtQueryInformationProcess(CURRENT_PROCESS, ProcessVmCounters, &counters, sizeof(counters), NULL) >= 0)
        line(&report, "peak working set", counters.PeakWorkingSetSize >> 10, " KB");
    line(&report, "time", (clock_read() - stats.begun) / 10000, " ms");
    report_send(&report, stats.path);
}
