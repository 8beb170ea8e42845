/* secure.c - the hook of secure.h. */
#include "secure.h"

BOOL (*volatile secure_release)(PVOID base, SIZE_T bytes);
