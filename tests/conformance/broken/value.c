/* value.c - a wrong DLL: IsBadWritePtr looks whether memory can be read. */
#include "nt/nt.h"

BOOL WINAPI wrong_IsBadWritePtr(LPVOID address, UINT_PTR size);
BOOL WINAPI wrong_IsBadWritePtr(LPVOID address, UINT_PTR size) { return IsBadReadPtr(address, size); }
