/* json_read.c - a record from its JSON file, parsed by cJSON. */
#include "harness.h"
#include <cJSON.h>

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static const char *need(const cJSON *object, const char *key, const char *path)
{
    const char *text = text_of(object, key);
    if (!text)
        die("%s is not a conform record: \"%s\" is missing", path, key);
    return text;
}

static unsigned name_index(const char *const *names, unsigned count, const char *name, const char *path)
{
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return i;
    die("%s: unknown word \"%s\"", path, name);
}

/* The check's test is its id up to the slash; checks follow their tests' order. */
static struct result *owner(struct record *record, const char *id, unsigned *at)
{
    const char *slash = strrchr(id, '/');
    size_t length = slash ? (size_t)(slash - id) : strlen(id);
    for (unsigned tried = 0; tried < record->result_count; tried++, *at = (*at + 1) % record->result_count)
        if (!strncmp(record->results[*at].name, id, length) && !record->results[*at].name[length])
            return &record->results[*at];
    die("%s: check %s belongs to no test", record->path, id);
}

static void read_check(struct record *record, const cJSON *item, unsigned *at)
{
    const char *path = record->path;
    struct result *result = owner(record, need(item, "id", path), at);
    struct check *check =
        result_add_check(result, need(item, "function", path), need(item, "page", path), need(item, "inputs", path));
    const char *undecided = text_of(item, "undecided");
    const cJSON *value, *expected = cJSON_GetObjectItemCaseSensitive(item, "expected");
    expected = expected ? expected->child : NULL;
    cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(item, "observed"))
    {
        const char *name = need(value, "name", path), *promised = NULL;
        enum verdict verdict = OBSERVED;
        /* "expected" lists some of the observed values, in the same order. */
        if (expected && !strcmp(need(expected, "name", path), name)) {
            promised = need(expected, "value", path);
            verdict = name_index(verdict_names, VERDICT_COUNT, need(expected, "verdict", path), path);
            expected = expected->next;
        }
        check_add_value(check, name, need(value, "value", path), promised, verdict);
    }
    check->undecided = undecided ? text_copy(undecided) : NULL;
    check->verdict = name_index(verdict_names, VERDICT_COUNT, need(item, "verdict", path), path);
}

struct record *record_read(const char *path)
{
    char *text = file_read(path, NULL);
    if (!text)
        die("cannot read %s", path);
    cJSON *root = cJSON_Parse(text);
    const char *format = text_of(root, "format");
    if (!format || strcmp(format, "conform record 1"))
        die("%s is not a conform record", path);
    const cJSON *platform = cJSON_GetObjectItemCaseSensitive(root, "platform"), *item;
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "tests");
    struct record *record = calloc(1, sizeof(*record));
    record->path = text_copy(path);
    record->system = text_copy(need(platform, "system", path));
    record->architecture = text_copy(need(platform, "architecture", path));
    record->target = text_copy(need(platform, "target", path));
    record->version = text_copy(need(platform, "version", path));
    record->results = calloc(cJSON_GetArraySize(list) + 1, sizeof(struct result));
    cJSON_ArrayForEach(item, list)
    {
        struct result *result = &record->results[record->result_count++];
        const char *detail = text_of(item, "detail");
        result->name = text_copy(need(item, "name", path));
        result->function = text_copy(need(item, "function", path));
        result->family = text_copy(need(item, "family", path));
        result->outcome = name_index(outcome_names, OUTCOME_COUNT, need(item, "outcome", path), path);
        result->detail = detail ? text_copy(detail) : NULL;
    }
    unsigned at = 0;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "checks")) read_check(record, item, &at);
    cJSON_Delete(root);
    free(text);
    return record;
}
