/* inject.h - making a new process load k32mem before all else. Also part of the launcher. */
#ifndef K32MEM_REDIRECT_INJECT_H
#define K32MEM_REDIRECT_INJECT_H

#include "payload.h"

/* A process that was created suspended and has not run yet. */
struct target {
    HANDLE process;
    uint64_t base; /* where its program is */
    USHORT machine; /* IMAGE_FILE_MACHINE_* */
    ULONG headers;  /* where its headers begin, after base */
};

#ifdef _WIN64
#define OWN_MACHINE IMAGE_FILE_MACHINE_AMD64
#else
#define OWN_MACHINE IMAGE_FILE_MACHINE_I386
#endif

/* Finds the program. STATUS_INVALID_IMAGE_FORMAT: not one that k32mem has a DLL for. */
NTSTATUS target_open(struct target *target, HANDLE process);

/* Makes the k32mem.dll at path (in plain ASCII, as import tables have it) the first import of the target, and leaves
 * options. event: a handle of the target's to be set once it is redirected, or 0. After a failure the process is as it
 * was. STATUS_NOT_SUPPORTED: a program of .NET code alone. */
NTSTATUS target_inject(const struct target *target, const char *path, const WCHAR *options, uint64_t event);

#endif
