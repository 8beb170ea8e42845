/* path.h - where the k32mem.dll of an architecture is. Also part of the launcher. */
#ifndef K32MEM_REDIRECT_PATH_H
#define K32MEM_REDIRECT_PATH_H

#include "redirect.h"

#define PATH_MOST 520

/* Opens the file at a Win32 path. disposition: FILE_OPEN, FILE_OPEN_IF, ... NULL when that cannot be. */
HANDLE path_open(const WCHAR *path, ACCESS_MASK access, ULONG disposition);

/* Where the last part of a path of length characters begins: what follows its last separator. */
SIZE_T path_last(const WCHAR *path, SIZE_T length);

/* From the full path of a file beside one k32mem.dll (length characters): the path of the k32mem.dll for a machine
 * (IMAGE_FILE_MACHINE_*). One of this process's own architecture lies in the same folder; one of the other in the
 * folder x86_64 or i686 beside this folder, or in the folder of that name inside it. In plain ASCII, as an import table
 * has it. STATUS_DLL_NOT_FOUND: there is none; STATUS_OBJECT_NAME_INVALID: its path is not plain ASCII, or too long. */
NTSTATUS path_for_machine(const WCHAR *beside, SIZE_T length, USHORT machine, char path[PATH_MOST]);

#endif
