/* inject.c - the import table of a suspended process. */
#include "inject.h"

#define IMPORTS_MAX 2000 /* descriptors: more of them would not fit into the first 64 KB of the block */
#define REACH ((uint64_t)1 << 31)

static NTSTATUS read(const struct target *target, uint64_t offset, void *to, SIZE_T bytes)
{
    SIZE_T done = 0;
    NTSTATUS status = NtReadVirtualMemory(target->process, (PVOID)(ULONG_PTR)(target->base + offset), to, bytes, &done);
    return status >= 0 && done != bytes ? STATUS_PARTIAL_COPY : status;
}

static NTSTATUS write(const struct target *target, uint64_t offset, const void *from, SIZE_T bytes)
{
    PVOID at = (PVOID)(ULONG_PTR)(target->base + offset), page = at;
    SIZE_T done = 0, page_bytes = bytes;
    ULONG old, ignored;
    NTSTATUS status = NtProtectVirtualMemory(target->process, &page, &page_bytes, PAGE_READWRITE, &old);
    if (status < 0) return status;
    status = NtWriteVirtualMemory(target->process, at, from, bytes, &done);
    NtProtectVirtualMemory(target->process, &page, &page_bytes, old, &ignored);
    return status;
}

NTSTATUS target_open(struct target *target, HANDLE process)
{
    PROCESS_BASIC_INFORMATION basic;
    IMAGE_DOS_HEADER dos;
    struct {
        ULONG signature;
        IMAGE_FILE_HEADER file;
        USHORT magic;
    } headers;
    ULONG_PTR base;
    SIZE_T done;
    target->process = process;
    NTSTATUS status = NtQueryInformationProcess(process, ProcessBasicInformation, &basic, sizeof(basic), NULL);
    if (status < 0) return status;
    if (!basic.PebBaseAddress) return STATUS_INVALID_IMAGE_FORMAT;
    status = NtReadVirtualMemory(process, (BYTE *)basic.PebBaseAddress + PEB_IMAGE_BASE, &base, sizeof(base), &done);
    if (status < 0) return status;
    target->base = base;
    if ((status = read(target, 0, &dos, sizeof(dos))) < 0) return status;
    if (dos.e_magic != IMAGE_DOS_SIGNATURE || dos.e_lfanew <= 0) return STATUS_INVALID_IMAGE_FORMAT;
    target->headers = (ULONG)dos.e_lfanew;
    if ((status = read(target, target->headers, &headers, sizeof(headers))) < 0) return status;
    target->machine = headers.file.Machine;
    if (headers.signature == IMAGE_NT_SIGNATURE &&
        ((headers.file.Machine == IMAGE_FILE_MACHINE_AMD64 && headers.magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC) ||
         (headers.file.Machine == IMAGE_FILE_MACHINE_I386 && headers.magic == IMAGE_NT_OPTIONAL_HDR32_MAGIC)))
        return STATUS_SUCCESS;
    return STATUS_INVALID_IMAGE_FORMAT;
}

/* What differs between the two forms of headers. */
struct layout {
    ULONG image_bytes, directories_at, slot_bytes;
    IMAGE_DATA_DIRECTORY directories[IMAGE_NUMBEROF_DIRECTORY_ENTRIES];
    ULONG sections_at, sections;
    ULONG count; /* of directories: a program may have fewer than are known; it then has other things in their place */
};

static NTSTATUS layout_read(const struct target *target, struct layout *layout)
{
    union {
        IMAGE_NT_HEADERS32 narrow;
        IMAGE_NT_HEADERS64 wide;
    } headers;
    BOOL wide = target->machine == IMAGE_FILE_MACHINE_AMD64;
    NTSTATUS status = read(target, target->headers, &headers, wide ? sizeof(headers.wide) : sizeof(headers.narrow));
    if (status < 0) return status;
    if (wide) {
        layout->image_bytes = headers.wide.OptionalHeader.SizeOfImage;
        layout->directories_at = offsetof(IMAGE_NT_HEADERS64, OptionalHeader.DataDirectory);
        layout->count = headers.wide.OptionalHeader.NumberOfRvaAndSizes;
        memcpy(layout->directories, headers.wide.OptionalHeader.DataDirectory, sizeof(layout->directories));
    } else {
        layout->image_bytes = headers.narrow.OptionalHeader.SizeOfImage;
        layout->directories_at = offsetof(IMAGE_NT_HEADERS32, OptionalHeader.DataDirectory);
        layout->count = headers.narrow.OptionalHeader.NumberOfRvaAndSizes;
        memcpy(layout->directories, headers.narrow.OptionalHeader.DataDirectory, sizeof(layout->directories));
    }
    for (ULONG i = layout->count; i < IMAGE_NUMBEROF_DIRECTORY_ENTRIES; i++)
        layout->directories[i] = (IMAGE_DATA_DIRECTORY){ 0 };
    layout->directories_at += target->headers;
    layout->slot_bytes = wide ? 8 : 4;
    layout->sections = headers.narrow.FileHeader.NumberOfSections;
    layout->sections_at =
        target->headers + (ULONG)offsetof(IMAGE_NT_HEADERS32, OptionalHeader) + headers.narrow.FileHeader.SizeOfOptionalHeader;
    return layout->count > IMAGE_DIRECTORY_ENTRY_IMPORT ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

/* Memory of the target behind its image, at most REACH away. */
static BYTE *block_allocate(const struct target *target, ULONG image_bytes, SIZE_T bytes)
{
    uint64_t at = ALIGN_UP(target->base + image_bytes, GRANULE_BYTES), end = target->base + REACH;
    while (at < end) {
        MEMORY_BASIC_INFORMATION info;
        PVOID block = (PVOID)(ULONG_PTR)at;
        SIZE_T take = bytes;
        if (NtQueryVirtualMemory(target->process, block, VM_BASIC, &info, sizeof(info), NULL) < 0) return NULL;
        if (info.State == MEM_FREE && (ULONG_PTR)info.BaseAddress + info.RegionSize - at >= bytes &&
            NtAllocateVirtualMemory(target->process, &block, 0, &take, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) >= 0)
            return block;
        at = ALIGN_UP((ULONG_PTR)info.BaseAddress + info.RegionSize, GRANULE_BYTES);
    }
    return NULL;
}

/* The number of the target's own import descriptors. */
static NTSTATUS imports_count(const struct target *target, ULONG at, ULONG *count)
{
    IMAGE_IMPORT_DESCRIPTOR import;
    for (*count = 0; at; at += sizeof(import), ++*count) {
        NTSTATUS status = read(target, at, &import, sizeof(import));
        if (status < 0) return status;
        if (*count > IMPORTS_MAX) return STATUS_INVALID_IMAGE_FORMAT;
        if (!import.Name || !import.FirstThunk) break;
    }
    return STATUS_SUCCESS;
}

/* Where a program has no directory of its slots, the loader makes the section with the import directory writable while
 * it fills them. That directory moves; this one then names the section. */
static NTSTATUS slots_directory(const struct target *target, const struct layout *layout, IMAGE_DATA_DIRECTORY *slots)
{
    ULONG import = layout->directories[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    if (slots->VirtualAddress || !import) return STATUS_SUCCESS;
    for (ULONG i = 0; i < layout->sections; i++) {
        IMAGE_SECTION_HEADER section;
        NTSTATUS status = read(target, layout->sections_at + i * sizeof(section), &section, sizeof(section));
        if (status < 0) return status;
        ULONG bytes = section.Misc.VirtualSize ? section.Misc.VirtualSize : section.SizeOfRawData;
        if (import - section.VirtualAddress >= bytes) continue;
        slots->VirtualAddress = section.VirtualAddress;
        slots->Size = bytes;
    }
    return STATUS_SUCCESS;
}

/* A program of .NET code alone: the loader leaves its imports aside and hands it to the runtime. */
static BOOL is_managed(const struct target *target, const struct layout *layout)
{
    const IMAGE_DATA_DIRECTORY *directory = &layout->directories[IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR];
    IMAGE_COR20_HEADER header;
    return layout->count > IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR && directory->VirtualAddress &&
           read(target, directory->VirtualAddress, &header, sizeof(header)) >= 0 && header.Flags & COMIMAGE_FLAGS_ILONLY;
}

NTSTATUS target_inject(const struct target *target, const char *path, const WCHAR *options, uint64_t event)
{
    static const char magic[] = PAYLOAD_MAGIC;
    struct layout layout;
    ULONG count, path_bytes = 0, options_bytes = 0;
    NTSTATUS status = layout_read(target, &layout);
    if (status < 0) return status;
    if (is_managed(target, &layout)) return STATUS_NOT_SUPPORTED;
    IMAGE_DATA_DIRECTORY *import = &layout.directories[IMAGE_DIRECTORY_ENTRY_IMPORT];
    if ((status = imports_count(target, import->VirtualAddress, &count)) < 0) return status;
    while (path[path_bytes++]) {}
    while (options[options_bytes++]) {}
    if (options_bytes > PAYLOAD_OPTIONS) return STATUS_NAME_TOO_LONG;

    /* The block, as this process sees it first. */
    SIZE_T descriptors_at = sizeof(struct payload), descriptors_bytes = (count + 2) * sizeof(IMAGE_IMPORT_DESCRIPTOR);
    SIZE_T slots_at = ALIGN_UP(descriptors_at + descriptors_bytes, 16), path_at = slots_at + 4 * layout.slot_bytes;
    SIZE_T bytes = path_at + path_bytes, draft_bytes = bytes;
    PVOID draft = NULL;
    status = NtAllocateVirtualMemory(CURRENT_PROCESS, &draft, 0, &draft_bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (status < 0) return status;
    BYTE *block = block_allocate(target, layout.image_bytes, bytes);
    if (!block) status = STATUS_NO_MEMORY;
    ULONG rva = (ULONG)((uint64_t)(ULONG_PTR)block - target->base);

    struct payload *payload = draft;
    memcpy(payload->magic, magic, sizeof(payload->magic));
    for (unsigned i = 0; i < PAYLOAD_SAVED; i++) payload->saved[i] = layout.directories[payload_directories[i]];
    payload->event = event;
    memcpy(payload->options, options, options_bytes * sizeof(WCHAR));
    IMAGE_IMPORT_DESCRIPTOR *own = (IMAGE_IMPORT_DESCRIPTOR *)((BYTE *)draft + descriptors_at);
    own->OriginalFirstThunk = rva + (ULONG)slots_at;
    own->FirstThunk = rva + (ULONG)slots_at + 2 * layout.slot_bytes;
    own->Name = rva + (ULONG)path_at;
    /* Function number 1 of k32mem, whichever it is: an import must name something. */
    for (unsigned i = 0; i < 2; i++) {
        BYTE *slot = (BYTE *)draft + slots_at + i * 2 * layout.slot_bytes;
        if (layout.slot_bytes == 8) *(uint64_t *)slot = IMAGE_ORDINAL_FLAG64 | 1;
        else *(uint32_t *)slot = IMAGE_ORDINAL_FLAG32 | 1;
    }
    memcpy((BYTE *)draft + path_at, path, path_bytes);
    if (status >= 0 && count) status = read(target, import->VirtualAddress, own + 1, count * sizeof(*own));

    SIZE_T done;
    if (status >= 0) status = NtWriteVirtualMemory(target->process, block, draft, bytes, &done);
    if (status >= 0) status = slots_directory(target, &layout, &layout.directories[IMAGE_DIRECTORY_ENTRY_IAT]);
    if (status >= 0) {
        import->VirtualAddress = rva + (ULONG)descriptors_at;
        import->Size = (ULONG)descriptors_bytes;
        /* Tables bound to DLLs of another time would be used without k32mem's. */
        memset(&layout.directories[IMAGE_DIRECTORY_ENTRY_BOUND_IMPORT], 0, sizeof(IMAGE_DATA_DIRECTORY));
        /* The last step, and one write: before it nothing has changed for the target. */
        ULONG changed = layout.count > IMAGE_DIRECTORY_ENTRY_IAT ? IMAGE_DIRECTORY_ENTRY_IAT + 1 : layout.count;
        status = write(target, layout.directories_at, layout.directories, changed * sizeof(IMAGE_DATA_DIRECTORY));
    }
    draft_bytes = 0;
    NtFreeVirtualMemory(CURRENT_PROCESS, &draft, &draft_bytes, MEM_RELEASE);
    if (status < 0 && block) {
        SIZE_T none = 0;
        PVOID base = block;
        NtFreeVirtualMemory(target->process, &base, &none, MEM_RELEASE);
    }
    return status;
}
