/* children.h - the processes that this one starts. */
#ifndef K32MEM_REDIRECT_CHILDREN_H
#define K32MEM_REDIRECT_CHILDREN_H

#include "redirect.h"

/* What the children are to be told: the launcher's options. length characters. */
void children_options(const WCHAR *text, SIZE_T length);
/* Injects k32mem into a suspended process of either architecture. event: see target_inject. */
NTSTATUS child_inject(HANDLE process, const WCHAR *options, uint64_t event);

#endif
