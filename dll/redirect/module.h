/* module.h - patching the slots of modules. Under the loader lock. */
#ifndef K32MEM_REDIRECT_MODULE_H
#define K32MEM_REDIRECT_MODULE_H

#include "redirect.h"

/* Points the module's slots at the stand-ins. Again does nothing. FALSE: a page could not be made writable. */
BOOL module_patch(void *base);
/* Writes one slot, whatever its page's protection. */
BOOL slot_write(void **slot, void *value);
/* Patches all loaded modules, and from now on each new one. FALSE when a module could not be patched. */
BOOL modules_patch(void);
/* k32mem's own full path, as the loader has it; empty when it is not found. */
UNICODE_STRING module_own_path(void);
/* Keeps k32mem loaded until the process ends. */
void module_pin(void);

#endif
