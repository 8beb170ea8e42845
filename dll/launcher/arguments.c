/* arguments.c - words by the rules of the Windows command line, as far as names and options need them. */
#include "arguments.h"
#include "../core/version.h"
#include "../redirect/options.h"
#include "message.h"

/* --inject=PROCESS is not told: the DLL of 32 bits has its 64-bit children injected by it. */
static const char help[] =
    "k32run [options] [--] program.exe [arguments...]\n"
    "Runs an unmodified Windows program with its memory functions served by k32mem.dll.\n"
    "\n"
    "  --stats[=FILE]   print statistics at the end, to standard error or a file\n"
    "  --no-children    do not follow the processes that the program starts\n"
    "  --only=LIST      redirect only these functions; LIST: family names (heap, global, virtual, mapping, isbad) and\n"
    "                   function names, which may end in *, with + between them\n"
    "  --except=LIST    redirect all but these\n"
    "  --delay=N        free every block only after N more were freed (for programs that use freed memory)\n"
    "  --zero           give zeroed blocks only (for programs that use memory they never wrote)\n"
    "  --pad=N          leave N bytes of room behind every block (for programs that write behind its end)\n"
    "  --full-name      the program sees its full path as its own name, whatever it was called by\n"
    "  --help, --version\n"
    "\n"
    "The same words, without dashes and with commas between them, may stand in the environment variable K32MEM_OPTIONS\n"
    "and in the file PROGRAM.exe.k32mem beside k32mem.dll; double quotes around a FILE with blanks or commas.\n"
    "The exit code is the program's own; 125: k32run failed, 126: the program cannot be run, 127: there is none.\n";

static BOOL is_blank(WCHAR c) { return c == ' ' || c == '\t'; }

/* Copies the next word without its quotes, but with those that have a backslash before them. Returns what follows it. */
static WCHAR *word_take(WCHAR *at, WCHAR *word, SIZE_T most)
{
    BOOL quoted = FALSE;
    SIZE_T length = 0;
    for (; *at && (quoted || !is_blank(*at)); at++) {
        if (*at == '"') {
            quoted = !quoted;
            continue;
        }
        if (at[0] == '\\' && at[1] == '"') at++;
        if (length + 1 >= most) fail(EXIT_SELF, NULL, "a word of the command line is too long");
        word[length++] = *at;
    }
    word[length] = 0;
    while (is_blank(*at)) at++;
    return at;
}

static BOOL equal(const WCHAR *a, const char *b)
{
    while (*a && *a == (WCHAR)(BYTE)*b) a++, b++;
    return *a == (WCHAR)(BYTE)*b;
}

static BOOL begins(const WCHAR *a, const char *b)
{
    while (*b && *a == (WCHAR)(BYTE)*b) a++, b++;
    return !*b;
}

static DWORD number(const WCHAR *digits)
{
    DWORD result = 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) result = result * 10 + (*digits - '0');
    return result;
}

/* Blanks in a word of the command line are part of a name: within the option string they need quotes. */
static void option_add(struct arguments *arguments, const WCHAR *word)
{
    SIZE_T length = 0, start, bad_length;
    BOOL quoted = FALSE;
    while (arguments->options[length]) length++;
    if (length) arguments->options[length++] = ',';
    for (start = length; *word; word++) {
        BOOL protect = is_blank(*word) && !quoted;
        if (length + 4 > PAYLOAD_OPTIONS) fail(EXIT_SELF, NULL, "the options are too long");
        if (*word == '"') quoted = !quoted;
        if (protect) arguments->options[length++] = '"';
        arguments->options[length++] = *word;
        if (protect) arguments->options[length++] = '"';
    }
    arguments->options[length] = 0;
    if (options_parse(arguments->options + start, length - start, &bad_length))
        fail(EXIT_SELF, arguments->options + start, "this option is not known, or its value not possible; k32run --help tells");
}

void arguments_read(struct arguments *arguments, WCHAR *command_line)
{
    WCHAR word[1024];
    WCHAR *at = word_take(command_line, word, COUNT_OF(word));
    arguments->options[0] = 0;
    for (;;) {
        arguments->rest = at;
        arguments->behind_name = at = word_take(at, word, COUNT_OF(word));
        if (word[0] != '-') break;
        if (equal(word, "--")) {
            arguments->rest = at;
            arguments->behind_name = word_take(at, word, COUNT_OF(word));
            break;
        }
        if (equal(word, "--help")) {
            say(FALSE, help);
            ExitProcess(0);
        }
        if (equal(word, "--version")) {
            say(FALSE, "k32run " K32MEM_VERSION_TEXT "\n");
            ExitProcess(0);
        }
        if (word[1] != '-') fail(EXIT_SELF, word, "options begin with two dashes; k32run --help tells");
        if (equal(word, "--full-name")) {
            arguments->full_name = TRUE;
            continue;
        }
        if (begins(word, "--inject=")) {
            arguments->inject = number(word + 9);
            arguments->rest = at;
            return;
        }
        option_add(arguments, equal(word, "--no-children") ? L"children=no" : word + 2);
    }
    if (!word[0]) fail(EXIT_SELF, NULL, "no program is named; k32run --help tells");
    for (SIZE_T i = 0; i <= COUNT_OF(arguments->program) - 1; i++)
        if (!(arguments->program[i] = word[i])) break;
}
