/* image.h - reading a module's headers, where the loader has mapped it. */
#ifndef K32MEM_REDIRECT_IMAGE_H
#define K32MEM_REDIRECT_IMAGE_H

#include "redirect.h"

struct image {
    BYTE *base;
    SIZE_T bytes;
    IMAGE_NT_HEADERS *headers;
};

/* Takes the module at base apart. FALSE for what is not a module of this architecture. */
BOOL image_open(struct image *image, void *base);
/* The address of bytes bytes at an offset into the image; NULL when they are not inside of it. */
void *image_at(const struct image *image, ULONG offset, SIZE_T bytes);
/* A data directory's content; NULL when there is none. */
void *image_directory(const struct image *image, unsigned index, SIZE_T least, ULONG *bytes);
/* Calls back for each exported name. */
void image_exports(const struct image *image, void (*each)(const char *name, void *address, void *context), void *context);

/* One import: a slot and what it is called by. */
struct image_slot {
    void **slot;
    const char *name; /* NULL: by number, or not known */
    const char *dll;  /* whose function it is; NULL: not known */
};
/* Calls back for each filled slot of the ordinary import tables, then of the delayed ones (those may be filled or still
 * lead into the module's own code). FALSE from the callback ends it. */
BOOL image_slots(const struct image *image, BOOL (*each)(const struct image_slot *slot, void *context), void *context);

#endif
