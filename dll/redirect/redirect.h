/* redirect.h - side-loading: a process's calls to the system's memory functions are made to arrive here.
 *
 * GLOSSARY
 *   original    a function of the system (kernel32, kernelbase, psapi, ntdll) that k32mem has an answer to.
 *   stand-in    what takes an original's place: an exported function of k32mem, or one of the hooks below.
 *   slot        a pointer through which a module calls an imported function: an entry of its import address table,
 *               ordinary or delay-loaded. Redirecting is writing the stand-in's address into the slot, which is atomic:
 *               other threads may be calling through it. No code is changed.
 *   hook        a stand-in for a function that is not part of k32mem's surface: ntdll's heap names (rtl.c), the look-up
 *               of functions by name (lookup.c), starting processes (children.c), ntdll's freeing of strings (strings.c).
 *   payload     what the launcher leaves in a process before its first instruction (payload.h): that it was side-loaded,
 *               and the options.
 *   helper      a compatibility helper: what the options ask the heap to do for programs with bugs.
 *
 * WHAT HAPPENS, IN ORDER
 *   1. inject.c, in the starting process: makes k32mem.dll the first import of the new, suspended process's program.
 *   2. The system's loader, in the new process: maps everything and fills all slots, then calls the initialisers in
 *      order of dependency. k32mem depends on ntdll.dll only and is the program's first import: of all that the program
 *      brings, its initialiser is the first.
 *   3. redirect.c, in that initialiser: undoes 1 (nobody who looks at the program's headers sees a difference), builds
 *      the table of originals (table.c), and patches the slots of every module (module.c). From then on the loader tells
 *      of each new module after its slots are filled and before its initialiser runs, and it is patched then.
 *   4. Blocks that the system's own heap made before, or makes inside of ntdll, are foreign (heap/foreign.h) and go
 *      back to where they came from. The system's handles of moveable memory go back likewise (global/system.h).
 */
#ifndef K32MEM_REDIRECT_H
#define K32MEM_REDIRECT_H

#include "../core/memory.h"
#include "../nt/nt.h"

/* k32mem's own module. */
extern BYTE __ImageBase;

/* At process attach, after everything else is ready. FALSE refuses the load: the process was side-loaded, and cannot be
 * redirected. */
int redirect_attach(void);
/* At process detach, when the process ends: statistics. */
void redirect_process_end(void);

#endif
