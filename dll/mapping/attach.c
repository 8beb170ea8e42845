/* attach.c - this family's hooks at the DLL's entry point. */
#include "../core/attach.h"
#include "name.h"
#include "permanent.h"

void mapping_attach(void) { permanent_attach(); }
void mapping_detach(void) { object_name_detach(); }
