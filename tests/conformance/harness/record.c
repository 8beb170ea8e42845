/* record.c - the record in memory: what one run of the tests observed on one platform. */
#include "harness.h"

const char *const verdict_names[VERDICT_COUNT] = { "agree", "differ", "observed" };
const char *const outcome_names[OUTCOME_COUNT] = { "done", "missing", "crash", "timeout", "failed", "skipped" };

/* Grows by doubling; count is the number in use before the new one. */
static void *grow(void *array, unsigned count, size_t size)
{
    if (count & (count - 1))
        return array;
    array = realloc(array, (count ? 2 * count : 1) * size);
    if (!array)
        die("out of memory");
    return array;
}

struct check *result_add_check(struct result *result, const char *function, const char *page, const char *inputs)
{
    result->checks = grow(result->checks, result->check_count, sizeof(struct check));
    struct check *check = &result->checks[result->check_count++];
    *check = (struct check){ .id = text_format("%s/%u", result->name, result->check_count),
                             .function = text_copy(function),
                             .page = text_copy(page),
                             .inputs = text_copy(inputs),
                             .verdict = OBSERVED,
                             .result = result };
    return check;
}

struct value *check_add_value(struct check *check, const char *name, const char *text, const char *expected,
                              enum verdict verdict)
{
    check->values = grow(check->values, check->value_count, sizeof(struct value));
    struct value *value = &check->values[check->value_count++];
    *value = (struct value){ text_copy(name), text_copy(text), expected ? text_copy(expected) : NULL, verdict };
    return value;
}

void check_judge(struct check *check)
{
    check->verdict = OBSERVED;
    for (unsigned i = 0; i < check->value_count; i++) {
        if (check->values[i].verdict == DIFFER)
            check->verdict = DIFFER;
        else if (check->values[i].verdict == AGREE && check->verdict != DIFFER)
            check->verdict = AGREE;
    }
}

/* Wine says so itself; on Windows the version comes from the system, not from what the program claims to support. */
static char *system_name(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    const char *(CDECL * wine_version)(void) = (void *)GetProcAddress(ntdll, "wine_get_version");
    const char *(CDECL * wine_build)(void) = (void *)GetProcAddress(ntdll, "wine_get_build_id");
    if (wine_version) {
        const char *version = wine_version(), *build = wine_build ? wine_build() : "";
        if (!strncmp(build, "wine-", 5))
            build += 5;
        return *build && strcmp(build, version) ? text_format("Wine %s", build) : text_format("Wine %s", version);
    }
    LONG(WINAPI * version)(OSVERSIONINFOW *) = (void *)GetProcAddress(ntdll, "RtlGetVersion");
    OSVERSIONINFOW info = { .dwOSVersionInfoSize = sizeof(info) };
    DWORD revision = 0, size = sizeof(revision);
    HKEY key;
    version(&info);
    if (!RegOpenKeyExA(HKEY_LOCAL_MACHINE, "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", 0,
                       KEY_READ | KEY_WOW64_64KEY, &key)) {
        RegQueryValueExA(key, "UBR", NULL, NULL, (BYTE *)&revision, &size);
        RegCloseKey(key);
    }
    return text_format("Windows %lu.%lu.%lu.%lu", info.dwMajorVersion, info.dwMinorVersion, info.dwBuildNumber,
                       revision);
}

void record_identify(struct record *record)
{
    record->system = system_name();
    record->target = text_copy(target_label());
    record->version = text_copy(target_version());
#ifdef _WIN64
    record->architecture = "x86_64";
#else
    record->architecture = "i686";
#endif
}

char *record_title(const struct record *record)
{
    return text_format("%s %s, %s", record->target, record->architecture, record->system);
}
