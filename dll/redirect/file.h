/* file.h - a program's own option file: PROGRAM.exe.k32mem, beside k32mem.dll. */
#ifndef K32MEM_REDIRECT_FILE_H
#define K32MEM_REDIRECT_FILE_H

#include "redirect.h"

/* Reads the file's text, ASCII, up to most characters; lines that begin with # are left out. 0: there is none;
 * most + 1: there is more, or the file is larger than 4 KB. */
SIZE_T file_read_options(WCHAR *text, SIZE_T most);

#endif
