/* view.h - mapping and unmapping views, for this folder and for the placeholders' own functions.
 *
 * GLOSSARY
 *   view      a range of addresses that shows a part of a file mapping object ("section").
 *   address requirements, placeholders: see placeholder/.
 */
#ifndef K32MEM_VIEW_H
#define K32MEM_VIEW_H

#include "../nt/nt.h"

/* Maps *bytes bytes (0: to the end) of section from offset into process. *base: the wanted address, a multiple of a
 * granule, or NULL for any; on success the view's address, and *bytes its size. type: 0, MEM_RESERVE, MEM_TOP_DOWN,
 * MEM_LARGE_PAGES. protect: PAGE_*. node: a preference, NUMA_NO_PREFERRED_NODE for none. */
NTSTATUS view_map(HANDLE section, HANDLE process, PVOID *base, ULONG64 offset, SIZE_T *bytes, ULONG type, ULONG protect,
                  ULONG node);

/* Unmaps the view that starts exactly at base. flags: MEM_UNMAP_WITH_TRANSIENT_BOOST, MEM_PRESERVE_PLACEHOLDER. */
NTSTATUS view_unmap(HANDLE process, PVOID base, ULONG flags);

/* The page protection that FILE_MAP_* access to a view stands for. */
ULONG view_protect(ULONG access);

#endif
