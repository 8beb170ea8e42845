/* file.c - finding and reading the option file. */
#include "file.h"
#include "module.h"
#include "path.h"

static HANDLE options_open(void)
{
    static const WCHAR suffix[] = L".k32mem";
    WCHAR path[PATH_MOST];
    UNICODE_STRING own = module_own_path();
    BYTE *parameters = *(BYTE **)(nt_peb() + PEB_PARAMETERS);
    const UNICODE_STRING *image = (const UNICODE_STRING *)(parameters + PARAMETERS_IMAGE);
    SIZE_T folder = path_last(own.Buffer, own.Length / sizeof(WCHAR)), whole = image->Length / sizeof(WCHAR);
    SIZE_T start = path_last(image->Buffer, whole), length = whole - start;
    if (folder + length + COUNT_OF(suffix) > PATH_MOST) return NULL;
    memcpy(path, own.Buffer, folder * sizeof(WCHAR));
    memcpy(path + folder, image->Buffer + start, length * sizeof(WCHAR));
    memcpy(path + folder + length, suffix, sizeof(suffix));
    return path_open(path, FILE_READ_DATA, FILE_OPEN);
}

SIZE_T file_read_options(WCHAR *text, SIZE_T most)
{
    char bytes[4096]; /* comments and all */
    IO_STATUS_BLOCK io;
    SIZE_T length = 0;
    HANDLE file = options_open();
    if (!file) return 0;
    NTSTATUS status = NtReadFile(file, NULL, NULL, NULL, &io, bytes, sizeof(bytes), NULL, NULL);
    NtClose(file);
    if (status < 0) return 0;
    BOOL line_start = TRUE, comment = FALSE;
    if (io.Information == sizeof(bytes)) return most + 1;
    for (SIZE_T i = 0; i < io.Information; i++) {
        if (line_start) comment = bytes[i] == '#';
        line_start = bytes[i] == '\n';
        if (comment && !line_start) continue;
        if (length == most) return most + 1;
        text[length++] = (WCHAR)(BYTE)bytes[i];
    }
    return length;
}
