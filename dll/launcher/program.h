/* program.h - the program file to be run. */
#ifndef K32MEM_LAUNCHER_PROGRAM_H
#define K32MEM_LAUNCHER_PROGRAM_H

#include "../nt/nt.h"

#define PROGRAM_PATH 32768

/* Finds the program as named on the command line: in the current folder, or where Windows looks for programs; without
 * .exe too. Ends the launcher when there is none. */
void program_find(const WCHAR *name, WCHAR path[PROGRAM_PATH]);
/* What it is made for: IMAGE_FILE_MACHINE_*; 0 for a script, which another program runs. Ends the launcher for what is no
 * Windows program. */
USHORT program_machine(const WCHAR *path);

#endif
