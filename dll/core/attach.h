/* attach.h - hooks that the families offer to the DLL's entry point, in the order in which they run. */
#ifndef K32MEM_ATTACH_H
#define K32MEM_ATTACH_H

#endif
