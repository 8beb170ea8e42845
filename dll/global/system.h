/* system.h - moveable handles that are not ours: those of the system's own GlobalAlloc and LocalAlloc.
 *
 * A program meets them when it calls k32mem for some of its work only: a handle that it made before it was redirected,
 * or that a module made which still calls the system. They are the same HGLOBALs to it, so a handle that our table
 * does not know is shown to the system's GlobalFlags, and passed on when that knows it. The system's functions are
 * looked up by name in kernelbase.dll or kernel32.dll, when one of them is loaded, the first time that a handle needs
 * it; a valid handle of ours never comes here.
 *
 * The other way round there is no help: the system's functions do not know our moveable handles. A module that is to
 * lock, size or free them (user32 for the clipboard, ole32) must call k32mem too, as it does when all modules of the
 * process are redirected. Fixed memory has no such limit on the way out of k32mem as long as the receiver frees it
 * through k32mem.
 *
 * The functions return errors as object.h's do: ERROR_INVALID_HANDLE when the system does not know the handle either.
 */
#ifndef K32MEM_SYSTEM_H
#define K32MEM_SYSTEM_H

#include "../nt/nt.h"

/* Looks the system's functions up now. For redirection, to be called before it changes what their names lead to; an
 * export that leads back to k32mem is not used. */
void system_resolve(void);

DWORD system_free(HANDLE handle);
DWORD system_resize(HANDLE handle, SIZE_T bytes, UINT flags, HANDLE *result);
DWORD system_lock(HANDLE handle, void **address);
DWORD system_unlock(HANDLE handle, unsigned *left);
DWORD system_flags(HANDLE handle, UINT *flags);
DWORD system_size(HANDLE handle, SIZE_T *bytes);
/* For the address of a block of the process heap that no object of ours owns: the handle that the system knows it
 * by, or else the address, as for all fixed memory. */
HANDLE system_handle(LPCVOID address);

#endif
