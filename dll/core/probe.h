/* probe.h - may a caller's pointer be used?
 *
 * Functions that the system implements wholly below the NT layer answer ERROR_NOACCESS for a bad pointer; where k32mem
 * reads or writes the caller's memory itself it asks first, so that the answer is the same and the process lives on.
 * The answer holds as long as no other thread changes the memory, which is all that the system's own checks give.
 */
#ifndef K32MEM_PROBE_H
#define K32MEM_PROBE_H

#include "../nt/nt.h"

/* Is every byte of the range committed and readable (writable)? Guard pages are not. bytes 0: TRUE. */
BOOL probe_read(LPCVOID address, SIZE_T bytes);
BOOL probe_write(PVOID address, SIZE_T bytes);

/* Length in characters of a terminated string, at most limit; -1 when it runs into memory that cannot be read. */
LONG_PTR probe_length_wide(LPCWSTR string, SIZE_T limit);
LONG_PTR probe_length_ansi(LPCSTR string, SIZE_T limit);

/* The last address of user space. Some systems take wanted addresses beyond it without a word. */
ULONG_PTR user_top(void);

#endif
