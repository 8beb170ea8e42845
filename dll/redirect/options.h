/* options.h - the one option string: words between commas or blanks, later ones win. Double quotes keep both of
 * these in a word, and are no part of it: stats="C:\My Documents\a, b".
 *
 *   only=LIST     redirect only these functions      LIST: family names (heap, global, virtual, mapping, isbad) and
 *   except=LIST   redirect all but these             function names, which may end in *, with + between them
 *   off           redirect nothing but the program's children (for a program's own file)
 *   children=no   do not follow the processes that the program starts; children=yes (the default) undoes it
 *   stats         statistics at the end, on standard error; stats=FILE appends them to a file (a relative name:
 *                 of the folder in which the process begins), or to standard error where that cannot be written
 *   delay=N       a freed block is really freed after N more: helps programs that read what they have freed
 *   zero          every new block reads as zero: helps programs that read what they never wrote
 *   pad=N         N bytes of room behind every block: helps programs that write behind its end
 *
 * Read in this order: the program's file (PROGRAM.exe.k32mem beside k32mem.dll), the environment variable
 * K32MEM_OPTIONS, the launcher's command line. Also part of the launcher, which checks its words before it starts anything.
 */
#ifndef K32MEM_REDIRECT_OPTIONS_H
#define K32MEM_REDIRECT_OPTIONS_H

#include "redirect.h"

#define OPTIONS_LIST 256
#define OPTIONS_PATH 512
#define OPTIONS_WORD (OPTIONS_PATH + 8) /* with its key */
#define DELAY_MAX 65536
#define PAD_MAX 4096

struct options {
    BOOL off, no_children, stats, zero;
    ULONG delay, pad;
    char only[OPTIONS_LIST], except[OPTIONS_LIST]; /* empty: no such list */
    WCHAR stats_path[OPTIONS_PATH];
};
extern struct options options;

/* Takes in the words of text, length characters. NULL, or the first word that is not understood (*bad_length characters
 * of text); the words before it count. */
const WCHAR *options_parse(const WCHAR *text, SIZE_T length, SIZE_T *bad_length);

/* Whether a function of this name is to be redirected. */
BOOL options_redirects(const char *name);

#endif
