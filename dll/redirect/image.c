/* image.c - headers are taken at their word only where the image is large enough for it. */
#include "image.h"

#ifdef _WIN64
#define MACHINE IMAGE_FILE_MACHINE_AMD64
#else
#define MACHINE IMAGE_FILE_MACHINE_I386
#endif

void *image_at(const struct image *image, ULONG offset, SIZE_T bytes)
{
    if (!offset || offset >= image->bytes || bytes > image->bytes - offset) return NULL;
    return image->base + offset;
}

BOOL image_open(struct image *image, void *base)
{
    IMAGE_DOS_HEADER *dos = base;
    image->base = base;
    image->bytes = PAGE_BYTES; /* the headers' first page is there in any module */
    if (dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew <= 0) return FALSE;
    MEMORY_BASIC_INFORMATION info;
    IMAGE_NT_HEADERS *headers = image_at(image, (ULONG)dos->e_lfanew, sizeof(*headers));
    if (!headers && NtQueryVirtualMemory(CURRENT_PROCESS, base, VM_BASIC, &info, sizeof(info), NULL) >= 0) {
        image->bytes = info.RegionSize;
        headers = image_at(image, (ULONG)dos->e_lfanew, sizeof(*headers));
    }
    if (!headers || headers->Signature != IMAGE_NT_SIGNATURE || headers->FileHeader.Machine != MACHINE) return FALSE;
    if (headers->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR_MAGIC) return FALSE;
    image->headers = headers;
    image->bytes = headers->OptionalHeader.SizeOfImage;
    return TRUE;
}

void *image_directory(const struct image *image, unsigned index, SIZE_T least, ULONG *bytes)
{
    if (index >= image->headers->OptionalHeader.NumberOfRvaAndSizes) return NULL;
    const IMAGE_DATA_DIRECTORY *entry = &image->headers->OptionalHeader.DataDirectory[index];
    if (bytes) *bytes = entry->Size;
    return entry->Size >= least ? image_at(image, entry->VirtualAddress, entry->Size) : NULL;
}

void image_exports(const struct image *image, void (*each)(const char *name, void *address, void *context), void *context)
{
    ULONG bytes;
    const IMAGE_EXPORT_DIRECTORY *exports = image_directory(image, IMAGE_DIRECTORY_ENTRY_EXPORT, sizeof(*exports), &bytes);
    if (!exports) return;
    const ULONG *names = image_at(image, exports->AddressOfNames, exports->NumberOfNames * sizeof(ULONG));
    const USHORT *ordinals = image_at(image, exports->AddressOfNameOrdinals, exports->NumberOfNames * sizeof(USHORT));
    const ULONG *functions = image_at(image, exports->AddressOfFunctions, exports->NumberOfFunctions * sizeof(ULONG));
    if (!names || !ordinals || !functions) return;
    for (ULONG i = 0; i < exports->NumberOfNames; i++) {
        const char *name = image_at(image, names[i], 1);
        if (!name || ordinals[i] >= exports->NumberOfFunctions) continue;
        each(name, image->base + functions[ordinals[i]], context);
    }
}

/* The slots of one imported DLL: slots and names run side by side and end with 0. */
static BOOL slots_of(const struct image *image, ULONG dll_at, ULONG slots_at, ULONG names_at,
                     BOOL (*each)(const struct image_slot *slot, void *context), void *context)
{
    for (ULONG i = 0;; i++) {
        struct image_slot slot = { image_at(image, slots_at + i * sizeof(void *), sizeof(void *)), NULL,
                                   image_at(image, dll_at, 1) };
        if (!slot.slot || !*slot.slot) return TRUE;
        const ULONG_PTR *name = names_at ? image_at(image, names_at + i * sizeof(void *), sizeof(void *)) : NULL;
        if (names_at && (!name || !*name)) return TRUE;
        if (name && !IMAGE_SNAP_BY_ORDINAL(*name)) {
            const IMAGE_IMPORT_BY_NAME *by_name = image_at(image, (ULONG)*name, sizeof(*by_name));
            if (by_name) slot.name = by_name->Name;
        }
        if (!each(&slot, context)) return FALSE;
    }
}

BOOL image_slots(const struct image *image, BOOL (*each)(const struct image_slot *slot, void *context), void *context)
{
    ULONG bytes;
    const IMAGE_IMPORT_DESCRIPTOR *import = image_directory(image, IMAGE_DIRECTORY_ENTRY_IMPORT, sizeof(*import), &bytes);
    /* The list ends with an empty descriptor; its given size is not to be relied on. */
    for (; import && import->Name && import->FirstThunk; import++) {
        /* Without a table of names the slots held the names, and are filled over them. */
        ULONG names = import->OriginalFirstThunk == import->FirstThunk ? 0 : import->OriginalFirstThunk;
        if (!slots_of(image, import->Name, import->FirstThunk, names, each, context)) return FALSE;
        if (!image_at(image, (ULONG)((BYTE *)(import + 1) - image->base), sizeof(*import))) break;
    }
    const IMAGE_DELAYLOAD_DESCRIPTOR *delayed =
        image_directory(image, IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT, sizeof(*delayed), &bytes);
    for (; delayed && delayed->DllNameRVA && delayed->ImportAddressTableRVA; delayed++) {
        /* Very old tables hold addresses instead of offsets. */
        if (!delayed->Attributes.RvaBased) break;
        if (!slots_of(image, delayed->DllNameRVA, delayed->ImportAddressTableRVA, delayed->ImportNameTableRVA, each, context))
            return FALSE;
        if (!image_at(image, (ULONG)((BYTE *)(delayed + 1) - image->base), sizeof(*delayed))) break;
    }
    return TRUE;
}
