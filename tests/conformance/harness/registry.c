/* registry.c - the tests, the functions they look up, and the DLL in which they look. */
#include "harness.h"

struct conform_test **tests;
unsigned test_count;
static struct conform_test *first_test;
static struct conform_function *first_function;
static struct conform_child *first_child;
static HMODULE modules[4];
static unsigned module_count;
static const char *argument = "kernel32.dll";

void conform_register_test(struct conform_test *test)
{
    test->next = first_test;
    first_test = test;
    test_count++;
}

void conform_register_function(struct conform_function *function)
{
    function->next = first_function;
    first_function = function;
}

void conform_register_child(struct conform_child *child)
{
    child->next = first_child;
    first_child = child;
}

static int test_order(const void *a, const void *b)
{
    const struct conform_test *x = *(struct conform_test *const *)a, *y = *(struct conform_test *const *)b;
    int order = strcmp(x->family, y->family);
    if (!order)
        order = strcmp(x->function, y->function);
    if (!order)
        order = strcmp(x->label, y->label);
    return order;
}

/* A filter is a family, a function, function.label, or a pattern of these with '*'. */
static bool test_selected(const struct conform_test *test, char **filters, unsigned count)
{
    char *name = text_format("%s.%s", test->function, test->label);
    bool selected = !count;
    for (unsigned i = 0; i < count && !selected; i++)
        selected = text_matches(filters[i], test->family) || text_matches(filters[i], test->function) ||
                   text_matches(filters[i], name);
    free(name);
    return selected;
}

void tests_select(char **filters, unsigned filter_count, bool own)
{
    struct conform_test **all = malloc((test_count + 1) * sizeof(*all));
    unsigned count = 0;
    for (struct conform_test *test = first_test; test; test = test->next)
        all[count++] = test;
    qsort(all, count, sizeof(*all), test_order);
    for (unsigned i = 0; i < count; i++)
        for (unsigned j = 0; j < i; j++)
            if (!strcmp(all[j]->label, all[i]->label) && !strcmp(all[j]->function, all[i]->function))
                die("two tests are called %s.%s (families %s and %s)", all[i]->function, all[i]->label, all[j]->family,
                    all[i]->family);
    tests = all;
    test_count = 0;
    for (unsigned i = 0; i < count; i++)
        if (!(all[i]->flags & TEST_OWN) == !own && test_selected(all[i], filters, filter_count))
            tests[test_count++] = all[i];
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && !_stricmp(text + a - b, end);
}

void target_load(const char *target)
{
    static const char *const system_modules[] = { "kernel32.dll", "kernelbase.dll", "psapi.dll" };
    argument = target;
    if (ends_with(target, "kernel32.dll") || ends_with(target, "kernel32")) {
        for (unsigned i = 0; i < 3; i++) {
            HMODULE module = LoadLibraryA(system_modules[i]);
            if (module)
                modules[module_count++] = module;
        }
    } else {
        /* A bare name would be looked for in the system's directories: make it a path. */
        char path[MAX_PATH];
        if (!GetFullPathNameA(target, sizeof(path), path, NULL))
            die("%s: not a usable path (error %lu)", target, GetLastError());
        HMODULE module = LoadLibraryA(path);
        if (!module)
            die("cannot load the target %s (error %lu)", path, GetLastError());
        modules[module_count++] = module;
        argument = text_copy(path);
    }
    for (struct conform_function *function = first_function; function; function = function->next)
        for (unsigned i = 0; i < module_count && !*function->slot; i++)
            *function->slot = GetProcAddress(modules[i], function->name);
}

BOOL conform_target_is_k32mem(void) { return !strcmp(target_label(), "k32mem"); }
const char *target_argument(void) { return argument; }

const char *target_label(void)
{
    static char label[64];
    if (!*label) {
        const char *name = argument;
        for (const char *at = argument; *at; at++)
            if (*at == '/' || *at == '\\')
                name = at + 1;
        snprintf(label, sizeof(label), "%s", name);
        char *dot = strrchr(label, '.');
        if (dot)
            *dot = 0;
        _strlwr(label);
    }
    return label;
}

const char *target_version(void)
{
    HRSRC found = FindResourceA(modules[0], MAKEINTRESOURCEA(1), (LPCSTR)RT_VERSION);
    HGLOBAL loaded = found ? LoadResource(modules[0], found) : NULL;
    const BYTE *bytes = loaded ? LockResource(loaded) : NULL;
    DWORD size = found ? SizeofResource(modules[0], found) : 0;
    for (DWORD i = 0; bytes && i + sizeof(VS_FIXEDFILEINFO) <= size; i += 4) {
        const VS_FIXEDFILEINFO *info = (const void *)(bytes + i);
        if (info->dwSignature == 0xfeef04bd)
            return text_format("%u.%u.%u.%u", HIWORD(info->dwFileVersionMS), LOWORD(info->dwFileVersionMS),
                               HIWORD(info->dwFileVersionLS), LOWORD(info->dwFileVersionLS));
    }
    return "unknown";
}

int child_run(const char *name, const char *child_argument)
{
    for (struct conform_child *child = first_child; child; child = child->next)
        if (!strcmp(child->name, name))
            return child->run(child_argument);
    die("no child action is called %s", name);
}
