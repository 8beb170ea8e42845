/* range.h - what a range of a process's memory allows, page region by page region. */
#ifndef K32MEM_RANGE_H
#define K32MEM_RANGE_H

#include "../nt/nt.h"

/* The rest of the range [address, address + bytes) that lies in one region of equal state and protection. */
struct range_piece {
    BYTE *base;
    SIZE_T bytes;
    ULONG state;
    ULONG protect;
    ULONG type;
};

/* Describes the first piece of a range. bytes is not 0. */
NTSTATUS range_first(HANDLE process, const void *address, SIZE_T bytes, struct range_piece *piece);

/* A handle that can ask about process's memory: the handle itself, or a duplicate of it with the right to ask. NULL
 * when neither can be had. *close tells whether it is to be closed. */
HANDLE range_handle(HANDLE process, BOOL *close);

#endif
