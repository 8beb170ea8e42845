/* payload.h - what is left in a new process for k32mem to find, and the import table that makes the loader load it.
 *
 * One block of memory behind the program's image, within reach of the image's 32-bit offsets, laid out as
 *   the payload | import descriptors: k32mem's, then the program's own | k32mem's slots | its path
 * Found through the program's import directory, which leads into it until redirect_attach puts the old one back. In a
 * process that was injected twice, what the second one saved leads to the first one's block.
 * Written by a process of either architecture for one of either: only fixed-size fields.
 */
#ifndef K32MEM_REDIRECT_PAYLOAD_H
#define K32MEM_REDIRECT_PAYLOAD_H

#include "redirect.h"

#define PAYLOAD_MAGIC "k32mem payload 1"
#define PAYLOAD_OPTIONS 1024 /* characters, with the end */
#define PAYLOAD_SAVED 3

struct payload {
    char magic[16];
    /* The directories as they were, to be put back: import, bound import, address table. */
    IMAGE_DATA_DIRECTORY saved[PAYLOAD_SAVED];
    /* An event of the new process, set when everything is redirected; 0: nobody waits. */
    uint64_t event;
    WCHAR options[PAYLOAD_OPTIONS];
};

static const unsigned char payload_directories[PAYLOAD_SAVED] = {
    IMAGE_DIRECTORY_ENTRY_IMPORT, IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT, IMAGE_DIRECTORY_ENTRY_IAT
};

#endif
