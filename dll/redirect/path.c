/* path.c - paths of both architectures' DLLs. */
#include "path.h"
#include "inject.h"

HANDLE path_open(const WCHAR *path, ACCESS_MASK access, ULONG disposition)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file;
    if (!(BOOLEAN)RtlDosPathNameToNtPathName_U(path, &name, NULL, NULL)) return NULL;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtCreateFile(&file, access | SYNCHRONIZE, &attributes, &io, NULL, FILE_ATTRIBUTE_NORMAL,
                                   FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, disposition,
                                   FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    RtlFreeUnicodeString(&name);
    return status >= 0 ? file : NULL;
}

static BOOL file_exists(const WCHAR *path)
{
    HANDLE file = path_open(path, FILE_READ_ATTRIBUTES, FILE_OPEN);
    if (file) NtClose(file);
    return file != NULL;
}

static SIZE_T append(WCHAR *path, SIZE_T length, const char *text)
{
    while (*text && length < PATH_MOST - 1) path[length++] = (WCHAR)(BYTE)*text++;
    path[length] = 0;
    return length;
}

SIZE_T path_last(const WCHAR *path, SIZE_T length)
{
    while (length && path[length - 1] != '\\' && path[length - 1] != '/') length--;
    return length;
}

NTSTATUS path_for_machine(const WCHAR *beside, SIZE_T length, USHORT machine, char path[PATH_MOST])
{
    static const char name[] = "k32mem.dll";
    const char *folder = machine == IMAGE_FILE_MACHINE_AMD64 ? "x86_64\\" : "i686\\";
    WCHAR wide[PATH_MOST];
    SIZE_T own = path_last(beside, length), end;
    if (!own || own + sizeof(name) + 8 >= PATH_MOST) return STATUS_OBJECT_NAME_INVALID;
    memcpy(wide, beside, own * sizeof(WCHAR));
    if (machine == OWN_MACHINE) {
        end = append(wide, own, name);
        if (!file_exists(wide)) return STATUS_DLL_NOT_FOUND;
    } else {
        end = append(wide, append(wide, path_last(wide, own - 1), folder), name);
        if (!file_exists(wide)) {
            memcpy(wide, beside, own * sizeof(WCHAR));
            end = append(wide, append(wide, own, folder), name);
            if (!file_exists(wide)) return STATUS_DLL_NOT_FOUND;
        }
    }
    for (SIZE_T i = 0; i <= end; i++) {
        if (wide[i] >= 0x80) return STATUS_OBJECT_NAME_INVALID;
        path[i] = (char)wide[i];
    }
    return STATUS_SUCCESS;
}
