/* resource.c - looks into the headers of the module at an address. */
#include "resource.h"

static BOOL copy_from(LPCVOID address, void *to, SIZE_T bytes)
{
    SIZE_T done = 0;
    return NtReadVirtualMemory(CURRENT_PROCESS, address, to, bytes, &done) >= 0 && done == bytes;
}

BOOL resource_contains(LPCVOID address)
{
    MEMORY_BASIC_INFORMATION info;
    IMAGE_DOS_HEADER dos;
    IMAGE_NT_HEADERS headers;
    if ((ULONG_PTR)address < GRANULE_BYTES ||
        NtQueryVirtualMemory(CURRENT_PROCESS, address, VM_BASIC, &info, sizeof(info), NULL) < 0 ||
        info.State != MEM_COMMIT || info.Type != MEM_IMAGE)
        return FALSE;
    BYTE *base = info.AllocationBase;
    if (!copy_from(base, &dos, sizeof(dos)) || dos.e_magic != IMAGE_DOS_SIGNATURE ||
        !copy_from(base + dos.e_lfanew, &headers, sizeof(headers)) || headers.Signature != IMAGE_NT_SIGNATURE ||
        headers.OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR_MAGIC)
        return FALSE;
    const IMAGE_DATA_DIRECTORY *resources =
        &headers.OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_RESOURCE];
    return (ULONG_PTR)address - (ULONG_PTR)(base + resources->VirtualAddress) < resources->Size &&
           resources->VirtualAddress;
}
