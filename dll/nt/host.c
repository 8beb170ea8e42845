/* host.c - asking the system below the NT layer. */
#include "host.h"

#ifdef _WIN64
#define SYSTEM_CALL "syscall"
#define SYSTEM_MREMAP 25
#else
#define SYSTEM_CALL "int $0x80"
#define SYSTEM_MREMAP 163
#endif
#define MREMAP_MAYMOVE_FIXED 3

/* mremap of no bytes of a shared mapping makes a second mapping of the same pages, and leaves the first alone. */
static LONG_PTR remap(PVOID to, PVOID from, SIZE_T bytes)
{
    LONG_PTR result;
#ifdef _WIN64
    register LONG_PTR r10 __asm__("r10") = MREMAP_MAYMOVE_FIXED;
    register PVOID r8 __asm__("r8") = to;
    __asm__ volatile(SYSTEM_CALL
                     : "=a"(result)
                     : "a"((LONG_PTR)SYSTEM_MREMAP), "D"(from), "S"((SIZE_T)0), "d"(bytes), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
#else
    __asm__ volatile(SYSTEM_CALL
                     : "=a"(result)
                     : "a"(SYSTEM_MREMAP), "b"(from), "c"(0), "d"(bytes), "S"(MREMAP_MAYMOVE_FIXED), "D"(to)
                     : "memory");
#endif
    return result;
}

static BOOL host_is_linux(void)
{
    static const char name[] = "Linux";
    const char *system = NULL, *release = NULL;
    void(__cdecl * ask)(const char **, const char **) = (void *)nt_optional.wine_get_host_version;
    if (!ask) return FALSE;
    ask(&system, &release);
    if (!system) return FALSE;
    for (SIZE_T i = 0; i < sizeof(name); i++)
        if (system[i] != name[i]) return FALSE;
    return TRUE;
}

/* Lays a page of a section over a page of ours, writes in one place and reads in the other. */
static BOOL alias_works(void)
{
    HANDLE section;
    LARGE_INTEGER size = { .QuadPart = GRANULE_BYTES };
    PVOID view = NULL, pages = NULL;
    SIZE_T view_bytes = 0, bytes = GRANULE_BYTES, none = 0;
    BOOL works = FALSE;
    if (NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, PAGE_READWRITE, SEC_COMMIT, NULL) < 0) return FALSE;
    if (NtMapViewOfSection(section, CURRENT_PROCESS, &view, 0, 0, NULL, &view_bytes, VIEW_UNMAP, 0, PAGE_READWRITE) >= 0) {
        if (NtAllocateVirtualMemory(CURRENT_PROCESS, &pages, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) >= 0) {
            volatile BYTE *there = (BYTE *)view + PAGE_BYTES, *here = (BYTE *)pages + 2 * PAGE_BYTES;
            *there = 1;
            works = remap((PVOID)here, (PVOID)there, PAGE_BYTES) == (LONG_PTR)here && *here == 1;
            if (works) {
                *here = 2;
                works = *there == 2;
            }
            NtFreeVirtualMemory(CURRENT_PROCESS, &pages, &none, MEM_RELEASE);
        }
        NtUnmapViewOfSection(CURRENT_PROCESS, view);
    }
    NtClose(section);
    return works;
}

BOOL host_can_alias(void)
{
    static volatile LONG answer; /* 0 not known yet, 1 no, 2 yes */
    if (!answer) answer = host_is_linux() && alias_works() ? 2 : 1;
    return answer == 2;
}

BOOL host_alias(PVOID to, PVOID from, SIZE_T bytes) { return remap(to, from, bytes) == (LONG_PTR)to; }
