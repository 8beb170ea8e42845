/* table.c - two hash tables: by name what k32mem has, by address where the system has the same. Written under the
 * loader lock while no slot leads here, or an entry at a time; read without a lock. */
#include "table.h"
#include "hooks.h"
#include "image.h"
#include "options.h"

struct hook_original hook_original;

struct stand_in {
    const char *name;
    void *address;
    void **original; /* a hook's; NULL for k32mem's own functions */
};

#define NAMES 1024    /* slots of the tables: powers of two, less than half full */
#define ADDRESSES 2048
static struct stand_in names[NAMES];
static struct {
    const void *volatile original;
    const struct stand_in *stand_in;
} addresses[ADDRESSES];
static unsigned name_count, address_count;

static BOOL equal(const char *a, const char *b)
{
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

static struct stand_in *name_place(const char *name)
{
    ULONG hash = 2166136261u;
    for (const char *at = name; *at; at++) hash = (hash ^ (BYTE)*at) * 16777619u;
    for (ULONG i = hash;; i++) {
        struct stand_in *place = &names[i % NAMES];
        if (!place->name || equal(place->name, name)) return place;
    }
}

static ULONG address_hash(const void *address) { return (ULONG)(((ULONG_PTR)address >> 4) * 2654435761u >> 16); }

static void address_add(const void *original, const struct stand_in *stand_in)
{
    for (ULONG i = address_hash(original);; i++) {
        unsigned place = i % ADDRESSES;
        if (addresses[place].original == original) return;
        if (addresses[place].original) continue;
        if (address_count >= ADDRESSES / 2) return;
        address_count++;
        addresses[place].stand_in = stand_in;
        __atomic_store_n(&addresses[place].original, original, __ATOMIC_RELEASE);
        return;
    }
}

static void name_add(const char *name, void *address, void **original)
{
    struct stand_in *place = name_place(name);
    if (place->name || name_count >= NAMES / 2 || !options_redirects(name)) return;
    name_count++;
    *place = (struct stand_in){ name, address, original };
}

void table_replace(const char *name, void *stand_in) { name_add(name, stand_in, NULL); }

static void export_add(const char *name, void *address, void *context)
{
    (void)context;
    name_add(name, address, NULL);
}

enum { KERNELBASE, KERNEL32, PSAPI, MODULES };
static PVOID modules[MODULES];

BOOL table_build(void)
{
    PVOID ntdll = nt_module_find(L"ntdll.dll");
    modules[KERNELBASE] = nt_module_find(L"kernelbase.dll");
    modules[KERNEL32] = nt_module_find(L"kernel32.dll");
    modules[PSAPI] = nt_module_find(L"psapi.dll");
    static BOOL named;
    if (!ntdll) return FALSE;
    if (!named) {
        named = TRUE;
        struct image own;
        if (!image_open(&own, &__ImageBase)) return FALSE;
#define X(ret, name, params)                                                                                         \
    *(PVOID *)&hook_original.name = nt_function_find(ntdll, #name);                                                  \
    if (hook_original.name) name_add(#name, (void *)hook_##name, (void **)&hook_original.name);
        HOOKS(X)
#undef X
        /* kernel32's name for the same function. */
        name_add("ResolveDelayLoadedAPI", (void *)hook_LdrResolveDelayLoadedAPI,
                 (void **)&hook_original.LdrResolveDelayLoadedAPI);
        image_exports(&own, export_add, NULL);
    }
    for (unsigned i = 0; i < NAMES; i++) {
        const struct stand_in *stand_in = &names[i];
        if (!stand_in->name) continue;
        if (stand_in->original) {
            address_add(*stand_in->original, stand_in);
            continue;
        }
        for (unsigned m = 0; m < MODULES; m++) {
            void *original = modules[m] ? nt_function_find(modules[m], stand_in->name) : NULL;
            if (original) address_add(original, stand_in);
        }
    }
    return TRUE;
}

/* One address may have several names: HeapAlloc is RtlAllocateHeap, and a compiler may have folded functions with equal
 * code into one. So the name decides where there is one; without it what was found first. */
void *table_find(const void *address, const char *name)
{
    for (ULONG i = address_hash(address);; i++) {
        const void *original = __atomic_load_n(&addresses[i % ADDRESSES].original, __ATOMIC_ACQUIRE);
        if (!original) return NULL;
        if (original != address) continue;
        const struct stand_in *stand_in = name ? name_place(name) : addresses[i % ADDRESSES].stand_in;
        return stand_in->name ? stand_in->address : NULL;
    }
}

/* ---- what the system lacks ---- */
static void *own_find(const char *name)
{
    /* k32mem's own extensions are nobody else's. */
    if (name[0] == 'K' && name[3] == 'm') return NULL;
    const struct stand_in *stand_in = name_place(name);
    return stand_in->name && !stand_in->original ? stand_in->address : NULL;
}

static BOOL begins(const char *text, const char *lower)
{
    while (*lower && (*text | 0x20) == (*lower | 0x20)) text++, lower++;
    return !*lower;
}

void *table_find_missing(const char *dll, const char *name)
{
    BOOL memory = begins(dll, "kernel32.") || begins(dll, "kernelbase.") || begins(dll, "psapi.") ||
                  begins(dll, "api-ms-win-core-memory-") || begins(dll, "api-ms-win-core-heap-");
    return memory ? own_find(name) : NULL;
}

void *table_find_missing_in(const void *module, const char *name)
{
    for (unsigned m = 0; m < MODULES; m++)
        if (module && module == modules[m]) return own_find(name);
    return NULL;
}

BOOL table_is_home(const void *module) { return module == modules[KERNELBASE] || module == modules[KERNEL32]; }

BOOL table_is_moveable(const char *name) { return begins(name, "global") || begins(name, "local"); }
