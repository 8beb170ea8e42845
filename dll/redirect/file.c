/* file.c - finding and reading the option file. */
#include "file.h"
#include "module.h"
#include "path.h"

static SIZE_T last_part(const UNICODE_STRING *path)
{
    SIZE_T at = path->Length / sizeof(WCHAR);
    while (at && path->Buffer[at - 1] != '\\' && path->Buffer[at - 1] != '/') at--;
    return at;
}

static HANDLE file_open(void)
{
    static const WCHAR suffix[] = L".k32mem";
    WCHAR path[PATH_MOST];
    UNICODE_STRING own = module_own_path(), name;
    BYTE *parameters = *(BYTE **)(nt_peb() + PEB_PARAMETERS);
    const UNICODE_STRING *image = (const UNICODE_STRING *)(parameters + PARAMETERS_IMAGE);
    SIZE_T folder = last_part(&own), start = last_part(image), length = image->Length / sizeof(WCHAR) - start;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK io;
    HANDLE file = NULL;
    if (folder + length + COUNT_OF(suffix) > PATH_MOST) return NULL;
    memcpy(path, own.Buffer, folder * sizeof(WCHAR));
    memcpy(path + folder, image->Buffer + start, length * sizeof(WCHAR));
    memcpy(path + folder + length, suffix, sizeof(suffix));
    if (!(BOOLEAN)RtlDosPathNameToNtPathName_U(path, &name, NULL, NULL)) return NULL;
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    NTSTATUS status = NtCreateFile(&file, FILE_READ_DATA | SYNCHRONIZE, &attributes, &io, NULL, 0, FILE_SHARE_READ,
                                   FILE_OPEN, FILE_NON_DIRECTORY_FILE | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    RtlFreeUnicodeString(&name);
    return status < 0 ? NULL : file;
}

SIZE_T file_read_options(WCHAR *text, SIZE_T most)
{
    char bytes[1024];
    IO_STATUS_BLOCK io;
    SIZE_T length = 0;
    HANDLE file = file_open();
    if (!file) return 0;
    NTSTATUS status = NtReadFile(file, NULL, NULL, NULL, &io, bytes, sizeof(bytes), NULL, NULL);
    NtClose(file);
    if (status < 0) return 0;
    BOOL line_start = TRUE, comment = FALSE;
    for (SIZE_T i = 0; i < io.Information && length < most; i++) {
        if (line_start) comment = bytes[i] == '#';
        line_start = bytes[i] == '\n';
        if (!comment || line_start) text[length++] = (WCHAR)(BYTE)bytes[i];
    }
    return length;
}
