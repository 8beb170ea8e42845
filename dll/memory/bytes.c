/* bytes.c - the Rtl names behind CopyMemory, MoveMemory, FillMemory and ZeroMemory. */
#include "../core/memory.h"
#include "../nt/nt.h"

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlFillMemory
#undef RtlZeroMemory

/* Copies bytes; the two blocks may overlap. Any thread. Page: wdm/nf-wdm-rtlmovememory (driver documentation) */
K32MEM_API void WINAPI RtlMoveMemory(PVOID to, const VOID *from, SIZE_T bytes) { memmove(to, from, bytes); }

/* Copies bytes. The page asks for blocks that do not overlap; here they may. Page: wdm/nf-wdm-rtlcopymemory */
K32MEM_API void WINAPI RtlCopyMemory(PVOID to, const VOID *from, SIZE_T bytes) { memmove(to, from, bytes); }

/* Sets every byte to fill; note the order of the arguments. Page: wdm/nf-wdm-rtlfillmemory */
K32MEM_API void WINAPI RtlFillMemory(PVOID to, SIZE_T bytes, BYTE fill) { memset(to, fill, bytes); }

/* Sets every byte to 0. Page: wdm/nf-wdm-rtlzeromemory */
K32MEM_API void WINAPI RtlZeroMemory(PVOID to, SIZE_T bytes) { memset(to, 0, bytes); }
