/* query.h - what VirtualQuery must know of the other functions' doings. */
#ifndef K32MEM_QUERY_H
#define K32MEM_QUERY_H

#include "../nt/nt.h"

/* Has this process ever decommitted pages through k32mem? Until then a run of reserved pages needs no second look. */
extern volatile BOOL pages_were_decommitted;

#endif
