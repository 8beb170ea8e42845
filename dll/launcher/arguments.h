/* arguments.h - the launcher's command line: its own options, then the program's command line, untouched. */
#ifndef K32MEM_LAUNCHER_ARGUMENTS_H
#define K32MEM_LAUNCHER_ARGUMENTS_H

#include "../redirect/payload.h"

struct arguments {
    WCHAR options[PAYLOAD_OPTIONS]; /* option words, as redirect/options.h has them */
    WCHAR program[1024];            /* as named */
    WCHAR *rest;                    /* the command line from the program's name on */
    WCHAR *behind_name;             /* and from what follows the name on */
    DWORD inject;                   /* a process to be injected instead, its options in rest; 0: none */
    BOOL full_name;                 /* the program is to see its own full path as its name */
};

/* Takes the command line apart. Ends the launcher when it is not understood, or only help was asked for. */
void arguments_read(struct arguments *arguments, WCHAR *command_line);

#endif
