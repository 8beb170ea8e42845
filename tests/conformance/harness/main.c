/* main.c - the command line of conform.exe. */
#include "../diff/diff.h"

static const char usage[] =
    "conform [--target DLL] [options]       run the tests against a DLL (default: the system's kernel32.dll)\n"
    "  --list             name the tests, don't run them\n"
    "  --filter PATTERN   only this family, function or test; '*' stands for anything; may be given several times\n"
    "  --record FILE      write what was observed as canonical JSON\n"
    "  --expect FILE      a manifest of known differences: others fail, and so do those that vanished; may be given again\n"
    "  --propose FILE     write a manifest to be reviewed, listing everything that differs now\n"
    "  --timeout MS       for each test, instead of 30000 (120000 for slow ones)\n"
    "  --quiet            only the closing lines\n"
    "  --own              the harness's own tests, some of which fail on purpose, instead of the real ones\n"
    "\n"
    "conform --diff A.json B.json [...]     records side by side, as text; exit code 1 if they differ\n"
    "  --table            only the table of functions\n"
    "  --html FILE        as a page for people, instead of text\n"
    "  --junit FILE       as JUnit XML for CI, instead of text\n"
    "\n"
    "conform --coverage DEF RECORD.json [LEAST]  the checks for each function that a module definition file exports;\n"
    "                     exit code 1 if one has none, or there are fewer distinct checks than LEAST\n"
    "\n"
    "Exit code: 0 all agree or differ as listed, 1 something failed, 2 it could not run.\n";

static char *next_argument(char ***at)
{
    if (!(*at)[1])
        die("%s wants an argument; see --help", **at);
    return *++*at;
}

static void list_tests(void)
{
    for (unsigned i = 0; i < test_count; i++)
        printf("%s\t%s.%s\n", tests[i]->family, tests[i]->function, tests[i]->label);
}

static int diff_main(char **argv)
{
    struct record *records[26];
    const char *html = NULL, *junit = NULL;
    unsigned count = 0;
    bool table = false;
    for (char **at = argv; *at; at++) {
        if (!strcmp(*at, "--html"))
            html = next_argument(&at);
        else if (!strcmp(*at, "--junit"))
            junit = next_argument(&at);
        else if (!strcmp(*at, "--table"))
            table = true;
        else if (**at == '-')
            die("unknown option %s; see --help", *at);
        else if (count == sizeof(records) / sizeof(records[0]))
            die("at most %u records can be compared", count);
        else
            records[count++] = record_read(*at);
    }
    if (count < 2)
        die("--diff wants at least two records");
    struct diff *diff = diff_make(records, count);
    if (html)
        diff_html(diff, html);
    if (junit)
        diff_junit(diff, junit);
    if (!html && !junit)
        diff_text(diff, table);
    for (unsigned i = 0; i < diff->row_count; i++)
        if (diff->rows[i].kind != SAME && diff->rows[i].kind != PAGE)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    const char *target = "kernel32.dll", *record_path = NULL, *propose_path = NULL;
    char **filters = calloc(argc, sizeof(*filters));
    struct run_options options = { .filters = filters };
    bool list = false, own = false;
    HANDLE pipe = NULL;
    unsigned first = 0;

    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    setvbuf(stdout, NULL, _IOFBF, 1 << 14);
    if (argc > 1 && !strcmp(argv[1], "--diff"))
        return diff_main(argv + 2);
    if (argc > 3 && !strcmp(argv[1], "--coverage"))
        return coverage_main(argv[2], argv[3], argc > 4 ? strtoul(argv[4], NULL, 10) : 0);
    for (char **at = argv + 1; *at; at++) {
        if (!strcmp(*at, "--target")) {
            target = next_argument(&at);
        } else if (!strcmp(*at, "--filter")) {
            filters[options.filter_count++] = next_argument(&at);
        } else if (!strcmp(*at, "--record")) {
            record_path = next_argument(&at);
        } else if (!strcmp(*at, "--expect")) {
            options.manifest = manifest_read(options.manifest, next_argument(&at));
        } else if (!strcmp(*at, "--propose")) {
            propose_path = next_argument(&at);
        } else if (!strcmp(*at, "--timeout")) {
            options.timeout = strtoul(next_argument(&at), NULL, 10);
        } else if (!strcmp(*at, "--quiet")) {
            options.quiet = true;
        } else if (!strcmp(*at, "--list")) {
            list = true;
        } else if (!strcmp(*at, "--own")) {
            own = options.own = true;
        } else if (!strcmp(*at, "--worker")) { /* internal: pipe handle, first test */
            pipe = (HANDLE)(ULONG_PTR)strtoul(next_argument(&at), NULL, 10);
            first = strtoul(next_argument(&at), NULL, 10);
        } else if (!strcmp(*at, "--child")) { /* internal: action, argument */
            char *action = next_argument(&at);
            target_load(target);
            SetUnhandledExceptionFilter(crash_filter);
            return child_run(action, next_argument(&at));
        } else if (!strcmp(*at, "--help") || !strcmp(*at, "-h")) {
            fputs(usage, stdout);
            return 0;
        } else {
            die("unknown option %s; see --help", *at);
        }
    }
    tests_select(filters, options.filter_count, own);
    if (list) {
        list_tests();
        return 0;
    }
    target_load(target);
    if (pipe)
        return worker_main(pipe, first);
    if (!test_count)
        die("no test matches");

    struct record record = { 0 };
    record_identify(&record);
    run_all(&record, &options);
    if (record_path)
        record_write(&record, record_path);
    if (propose_path)
        manifest_propose(options.manifest, &record, propose_path);
    return tap_finish(&record, options.manifest, !options.filter_count);
}
