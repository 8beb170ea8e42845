/* strings.c - ntdll's functions that free a buffer which its caller may have allocated, from k32mem's heap by now. */
#include "../heap/heap.h"
#include "hooks.h"
#include "stats.h"

/* Frees the buffer if it is a block of ours. */
static BOOL buffer_free(PVOID buffer)
{
    if (!buffer || slab_of(buffer) == &slab_nobody) return FALSE;
    DWORD error = last_error_get();
    heap_calls.free(nt_process_heap(), 0, buffer);
    last_error_set(error);
    return TRUE;
}

/* The four differ in nothing but the kind of characters. */
#define STRING_FREE(name, type)                                                                                      \
    void NTAPI hook_##name(type string)                                                                              \
    {                                                                                                                \
        if (!buffer_free(string->Buffer)) hook_original.name(string);                                                \
        else memset(string, 0, sizeof(*string));                                                                     \
    }
STRING_FREE(RtlFreeUnicodeString, PUNICODE_STRING)
STRING_FREE(RtlFreeAnsiString, PANSI_STRING)
STRING_FREE(RtlFreeOemString, POEM_STRING)
STRING_FREE(RtlFreeUTF8String, PANSI_STRING)

PVOID NTAPI hook_RtlFreeSid(PSID sid) { return buffer_free(sid) ? NULL : hook_original.RtlFreeSid(sid); }
