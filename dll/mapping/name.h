/* name.h - names of file mapping objects.
 *
 * GLOSSARY
 *   session directory   \Sessions\<number>\BaseNamedObjects (session 0: \BaseNamedObjects), where a process's named
 *                       objects live. It holds links called Local and Global, which is how the prefixes of a name
 *                       work; any other backslash leads to a directory that does not exist (ERROR_PATH_NOT_FOUND).
 */
#ifndef K32MEM_MAPPING_NAME_H
#define K32MEM_MAPPING_NAME_H

#include "../nt/nt.h"

/* A name and everything else that NtCreateSection and NtOpenSection take about an object. */
struct object_name {
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING string;
};

/* Describes the object called name (NULL or empty: none), relative to the session directory. flags: OBJ_* attributes.
 * security may be NULL. The name must outlive *object. Fails with STATUS_ACCESS_VIOLATION for unreadable pointers. */
NTSTATUS object_name_set(struct object_name *object, LPCWSTR name, const SECURITY_ATTRIBUTES *security, ULONG flags);

/* A name given in the ANSI code page, converted: at most MAX_PATH characters, the limit that the pages of the other
 * named objects state (synchapi/nf-synchapi-createeventa). */
struct ansi_name {
    WCHAR buffer[MAX_PATH + 1];
};

/* Returns wide->buffer, or NULL with the last error set (ERROR_FILENAME_EXCED_RANGE: too long). name is not NULL. */
LPCWSTR ansi_name_convert(struct ansi_name *wide, LPCSTR name);

/* Closes the session directory: the DLL is being unloaded. */
void object_name_detach(void);

#endif
