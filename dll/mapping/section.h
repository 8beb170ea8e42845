/* section.h - creating file mapping objects ("sections" at the NT layer). */
#ifndef K32MEM_SECTION_H
#define K32MEM_SECTION_H

#include "../nt/nt.h"

/* The section attributes that travel in the protection argument of most functions. */
#define SECTION_ATTRIBUTES 0xffc00000u

struct section_request {
    HANDLE file;       /* INVALID_HANDLE_VALUE or NULL: backed by the paging file */
    const SECURITY_ATTRIBUTES *security;
    ACCESS_MASK access; /* 0: what the protection implies */
    ULONG protect;      /* PAGE_*, without attributes */
    ULONG attributes;   /* SEC_*; 0 means SEC_COMMIT */
    ULONG64 bytes;      /* 0: the file's size */
    LPCWSTR name;       /* NULL: unnamed */
    ULONG node;         /* preferred NUMA node or NUMA_NO_PREFERRED_NODE */
};

/* Checks the request as the documentation tells, creates the section or opens the one that has the name already, and
 * sets the last error: 0, ERROR_ALREADY_EXISTS, or with a NULL return the reason of the failure. */
HANDLE section_create(const struct section_request *request);

/* FILE_MAP_* as access rights: FILE_MAP_EXECUTE is a bit of its own and stands for the right to map for execution;
 * FILE_MAP_COPY is no right and needs the one to map for reading. */
static inline ACCESS_MASK section_rights(ULONG access)
{
    ACCESS_MASK rights = access & ~(ACCESS_MASK)FILE_MAP_EXECUTE;
    if (access & FILE_MAP_EXECUTE) rights |= SECTION_MAP_EXECUTE;
    return access == FILE_MAP_COPY ? SECTION_MAP_READ : rights;
}

#endif
