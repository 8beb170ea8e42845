/* installed.c - how much memory is plugged in, as the firmware's tables (SMBIOS, DMTF standard DSP0134) tell. */
#include "../core/touch.h"
#include "../nt/system.h"

#define SMBIOS_HEADER_BYTES 8 /* RawSMBIOSData: calling method, version, revision, length of the tables */
#define SMBIOS_TYPE_DEVICE 17
#define SMBIOS_TYPE_END 127

/* The size in KB of the module that a memory device structure describes: 0 for an empty or unknown slot. */
static ULONG64 device_kilobytes(const BYTE *structure, ULONG bytes)
{
    USHORT size;
    if (bytes < 0x0e) return 0;
    size = (USHORT)(structure[0x0c] | structure[0x0d] << 8);
    if (size == 0xffff) return 0;
    if (size == 0x7fff) { /* the size is in the extended field, in MB */
        if (bytes < 0x20) return 0;
        return (ULONG64)(structure[0x1c] | structure[0x1d] << 8 | structure[0x1e] << 16 |
                         (ULONG)(structure[0x1f] & 0x7f) << 24)
               << 10;
    }
    return size & 0x8000 ? size & 0x7fff : (ULONG64)size << 10;
}

/* Adds up the memory devices of an SMBIOS table. FALSE when the table is malformed. */
static BOOL smbios_kilobytes(const BYTE *table, ULONG bytes, ULONG64 *kilobytes)
{
    ULONG at = 0;
    *kilobytes = 0;
    while (at + 4 <= bytes) {
        ULONG type = table[at], length = table[at + 1], end = at + length;
        if (length < 4 || end > bytes) return FALSE;
        if (type == SMBIOS_TYPE_DEVICE) *kilobytes += device_kilobytes(table + at, length);
        if (type == SMBIOS_TYPE_END) return TRUE;
        /* The strings that belong to the structure end with an empty one. */
        while (end + 2 <= bytes && (table[end] || table[end + 1])) end++;
        if (end + 2 > bytes) return FALSE;
        at = end + 2;
    }
    return TRUE;
}

/* Writes the installed memory in KB. Where the firmware lists no memory module, as under Wine, that is the memory
 * which the system can use. Any thread; on failure *TotalMemoryInKilobytes is left alone.
 * Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_NOACCESS (another bad pointer); ERROR_INVALID_DATA (the table is malformed, or tells of less memory than the
 * system uses). Page: sysinfoapi/nf-sysinfoapi-getphysicallyinstalledsystemmemory */
K32MEM_API BOOL WINAPI GetPhysicallyInstalledSystemMemory(PULONGLONG TotalMemoryInKilobytes)
{
    struct firmware_table ask = { .provider = FIRMWARE_SMBIOS, .action = FIRMWARE_GET };
    struct system_basic basic;
    PVOID buffer = NULL;
    SIZE_T size;
    ULONG64 kilobytes = 0, usable;
    BOOL sound = TRUE;
    NTSTATUS status;

    if (!TotalMemoryInKilobytes) return error_fail(ERROR_INVALID_PARAMETER);
    if (touch_output(TotalMemoryInKilobytes, sizeof(*TotalMemoryInKilobytes))) return error_fail(ERROR_NOACCESS);
    status = system_query(SYSTEM_BASIC, &basic, sizeof(basic));
    if (status < 0) return status_fail(status);
    usable = (ULONG64)basic.physical_pages * (PAGE_BYTES / 1024);

    /* The first call tells the size of the table, if the system has one. */
    system_query(SYSTEM_FIRMWARE_TABLE, &ask, sizeof(ask));
    size = sizeof(ask) + ask.bytes;
    if (ask.bytes > SMBIOS_HEADER_BYTES &&
        NtAllocateVirtualMemory(CURRENT_PROCESS, &buffer, 0, &size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) >= 0) {
        struct firmware_table *table = buffer;
        ULONG bytes = ask.bytes;
        table->provider = FIRMWARE_SMBIOS;
        table->action = FIRMWARE_GET;
        if (system_query(SYSTEM_FIRMWARE_TABLE, table, (ULONG)sizeof(ask) + bytes) >= 0) {
            if (table->bytes < bytes) bytes = table->bytes;
            sound = bytes > SMBIOS_HEADER_BYTES &&
                    smbios_kilobytes(table->data + SMBIOS_HEADER_BYTES, bytes - SMBIOS_HEADER_BYTES, &kilobytes);
        }
        size = 0;
        NtFreeVirtualMemory(CURRENT_PROCESS, &buffer, &size, MEM_RELEASE);
    }
    if (sound && !kilobytes) kilobytes = usable;
    if (!sound || kilobytes < usable) return error_fail(ERROR_INVALID_DATA);
    *TotalMemoryInKilobytes = kilobytes;
    return TRUE;
}
