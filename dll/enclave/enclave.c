/* enclave.c - enclaves: code and data that the rest of the process cannot look into.
 *
 * The processor (SGX) or the hypervisor (VBS) makes them, so they can be had only through a system that has the calls;
 * nothing else could keep the promise. Elsewhere every function checks its arguments and fails with
 * ERROR_NOT_SUPPORTED.
 */
#include "../core/probe.h"
#include "../core/touch.h"
#include "../nt/nt.h"
#include "k32mem.h"

/* KUSER_SHARED_DATA: one bit for each enclave type that the system supports (0x36c in the public phnt headers). */
#define ENCLAVE_TYPES 128

#define NAME_LIMIT 0x7fff /* characters that a name can have */

static BOOL enclave_supported(DWORD type)
{
    const volatile ULONG *mask = (const volatile ULONG *)(SHARED_DATA + SHARED_ENCLAVE_FEATURES);
    return nt_optional.NtCreateEnclave && type < ENCLAVE_TYPES && mask[type / 32] >> type % 32 & 1;
}

/* Does the system have enclaves of any type? */
static BOOL enclave_any(void)
{
    for (DWORD type = 0; type < ENCLAVE_TYPES; type++)
        if (enclave_supported(type)) return TRUE;
    return FALSE;
}

/* The call's outcome where there are enclaves; otherwise the one documented answer. */
#define ENCLAVE_CALL(name, ...)                                                                                      \
    (enclave_any() && nt_optional.name ? status_bool(nt_optional.name(__VA_ARGS__)) : error_fail(ERROR_NOT_SUPPORTED))

/* TRUE when enclaves of the type can be created. Any thread, as all of this file.
 * Errors: ERROR_NOT_SUPPORTED. Page: enclaveapi/nf-enclaveapi-isenclavetypesupported */
K32MEM_API BOOL WINAPI IsEnclaveTypeSupported(DWORD flEnclaveType)
{
    return enclave_supported(flEnclaveType) ? TRUE : error_fail(ERROR_NOT_SUPPORTED);
}

/* Creates an enclave of dwSize bytes and returns its base, or NULL.
 * Errors: ERROR_NOT_SUPPORTED (the type); ERROR_BAD_LENGTH (dwInfoLength does not fit the type);
 * ERROR_INVALID_PARAMETER (no information, no size, more to commit than the size).
 * Page: enclaveapi/nf-enclaveapi-createenclave */
K32MEM_API LPVOID WINAPI CreateEnclave(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize, SIZE_T dwInitialCommitment,
                                       DWORD flEnclaveType, LPCVOID lpEnclaveInformation, DWORD dwInfoLength,
                                       LPDWORD lpEnclaveError)
{
    DWORD wanted = flEnclaveType < ENCLAVE_TYPE_VBS ? sizeof(ENCLAVE_CREATE_INFO_SGX) : sizeof(ENCLAVE_CREATE_INFO_VBS);
    ULONG enclave_error = 0;
    NTSTATUS status;
    if (!enclave_supported(flEnclaveType)) return error_null(ERROR_NOT_SUPPORTED);
    if (dwInfoLength != wanted) return error_null(ERROR_BAD_LENGTH);
    if (!lpEnclaveInformation || !dwSize || (flEnclaveType < ENCLAVE_TYPE_VBS && dwInitialCommitment > dwSize))
        return error_null(ERROR_INVALID_PARAMETER);
    status = nt_optional.NtCreateEnclave(hProcess, &lpAddress, 0, dwSize, dwInitialCommitment, flEnclaveType,
                                         (PVOID)lpEnclaveInformation, dwInfoLength, &enclave_error);
    if (lpEnclaveError) *lpEnclaveError = enclave_error;
    if (status < 0) {
        status_fail(status);
        return NULL;
    }
    return lpAddress;
}

/* Copies nSize bytes, whole pages, into an SGX enclave that is not initialized, with the protection flProtect.
 * *lpNumberOfBytesWritten gets what was copied, 0 on failure.
 * Errors: ERROR_BAD_LENGTH (dwInfoLength is not 0); ERROR_NOACCESS (result); ERROR_INVALID_PARAMETER (NULL address, buffer or result, nSize no
 * multiple of a page, a protection with GUARD, NOCACHE, WRITECOMBINE or NOACCESS); ERROR_NOT_SUPPORTED.
 * Page: enclaveapi/nf-enclaveapi-loadenclavedata */
K32MEM_API BOOL WINAPI LoadEnclaveData(HANDLE hProcess, LPVOID lpAddress, LPCVOID lpBuffer, SIZE_T nSize,
                                       DWORD flProtect, LPCVOID lpPageInformation, DWORD dwInfoLength,
                                       PSIZE_T lpNumberOfBytesWritten, LPDWORD lpEnclaveError)
{
    ULONG enclave_error = 0;
    if (lpNumberOfBytesWritten && touch_output(lpNumberOfBytesWritten, sizeof(*lpNumberOfBytesWritten)))
        return error_fail(ERROR_NOACCESS);
    if (lpNumberOfBytesWritten) *lpNumberOfBytesWritten = 0;
    if (dwInfoLength) return error_fail(ERROR_BAD_LENGTH);
    if (!lpAddress || !lpBuffer || !lpNumberOfBytesWritten || !nSize || nSize % PAGE_BYTES ||
        flProtect & (PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE | PAGE_NOACCESS))
        return error_fail(ERROR_INVALID_PARAMETER);
    return ENCLAVE_CALL(NtLoadEnclaveData, hProcess, lpAddress, (PVOID)lpBuffer, nSize, flProtect,
                        (PVOID)lpPageInformation, dwInfoLength, lpNumberOfBytesWritten,
                        lpEnclaveError ? lpEnclaveError : &enclave_error);
}

/* Makes a loaded enclave ready to be called. lpAddress is any address inside it.
 * Errors: ERROR_BAD_LENGTH (dwInfoLength fits no type); ERROR_INVALID_PARAMETER (NULL address or information);
 * ERROR_NOT_SUPPORTED; ERROR_ENCLAVE_FAILURE, ERROR_RETRY from the system.
 * Page: enclaveapi/nf-enclaveapi-initializeenclave */
K32MEM_API BOOL WINAPI InitializeEnclave(HANDLE hProcess, LPVOID lpAddress, LPCVOID lpEnclaveInformation,
                                         DWORD dwInfoLength, LPDWORD lpEnclaveError)
{
    ULONG enclave_error = 0;
    if (dwInfoLength != sizeof(ENCLAVE_INIT_INFO_SGX) && dwInfoLength != sizeof(ENCLAVE_INIT_INFO_VBS))
        return error_fail(ERROR_BAD_LENGTH);
    if (!lpAddress || !lpEnclaveInformation) return error_fail(ERROR_INVALID_PARAMETER);
    return ENCLAVE_CALL(LdrInitializeEnclave, hProcess, lpAddress, (PVOID)lpEnclaveInformation, dwInfoLength,
                        lpEnclaveError ? lpEnclaveError : &enclave_error);
}

/* Loads an image and its imports into a VBS enclave.
 * Errors: ERROR_INVALID_PARAMETER (a NULL pointer); ERROR_NOACCESS (a name that cannot be read); ERROR_NOT_SUPPORTED;
 * what the loader says.
 * Page: enclaveapi/nf-enclaveapi-loadenclaveimagew */
K32MEM_API BOOL WINAPI LoadEnclaveImageW(LPVOID lpEnclaveAddress, LPCWSTR lpImageName)
{
    UNICODE_STRING name;
    if (!lpEnclaveAddress || !lpImageName) return error_fail(ERROR_INVALID_PARAMETER);
    if (probe_length_wide(lpImageName, NAME_LIMIT) < 0) return error_fail(ERROR_NOACCESS);
    RtlInitUnicodeString(&name, lpImageName);
    return ENCLAVE_CALL(LdrLoadEnclaveModule, lpEnclaveAddress, NULL, &name);
}

/* As LoadEnclaveImageW. Page: enclaveapi/nf-enclaveapi-loadenclaveimagea */
K32MEM_API BOOL WINAPI LoadEnclaveImageA(LPVOID lpEnclaveAddress, LPCSTR lpImageName)
{
    ANSI_STRING narrow;
    UNICODE_STRING wide;
    NTSTATUS status;
    BOOL done;
    if (!lpEnclaveAddress || !lpImageName) return error_fail(ERROR_INVALID_PARAMETER);
    if (probe_length_ansi(lpImageName, NAME_LIMIT) < 0) return error_fail(ERROR_NOACCESS);
    RtlInitAnsiString(&narrow, lpImageName);
    status = RtlAnsiStringToUnicodeString(&wide, &narrow, TRUE);
    if (status < 0) return status_fail(status);
    done = LoadEnclaveImageW(lpEnclaveAddress, wide.Buffer);
    RtlFreeUnicodeString(&wide);
    return done;
}

/* Calls a function inside a VBS enclave; *lpReturnValue gets what it returns.
 * Errors: ERROR_INVALID_PARAMETER (NULL routine or result); ERROR_NOT_SUPPORTED; what the system says.
 * Page: enclaveapi/nf-enclaveapi-callenclave */
K32MEM_API BOOL WINAPI CallEnclave(LPENCLAVE_ROUTINE lpRoutine, LPVOID lpParameter, BOOL fWaitForThread,
                                   LPVOID *lpReturnValue)
{
    PVOID value = lpParameter; /* in: the parameter, out: the result */
    if (!lpRoutine || !lpReturnValue) return error_fail(ERROR_INVALID_PARAMETER);
    if (!ENCLAVE_CALL(LdrCallEnclave, lpRoutine, fWaitForThread != FALSE, &value)) return FALSE;
    *lpReturnValue = value;
    return TRUE;
}

/* Ends the threads inside an enclave; with fWait returns when they have ended.
 * Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_NOT_SUPPORTED; what the system says.
 * Page: enclaveapi/nf-enclaveapi-terminateenclave */
K32MEM_API BOOL WINAPI TerminateEnclave(LPVOID lpAddress, BOOL fWait)
{
    if (!lpAddress) return error_fail(ERROR_INVALID_PARAMETER);
    return ENCLAVE_CALL(NtTerminateEnclave, lpAddress, fWait != FALSE);
}

/* Deletes an enclave whose threads have ended.
 * Errors: ERROR_INVALID_PARAMETER (NULL); ERROR_NOT_SUPPORTED; ERROR_ENCLAVE_NOT_TERMINATED from the system.
 * Page: enclaveapi/nf-enclaveapi-deleteenclave */
K32MEM_API BOOL WINAPI DeleteEnclave(LPVOID lpAddress)
{
    if (!lpAddress) return error_fail(ERROR_INVALID_PARAMETER);
    return ENCLAVE_CALL(LdrDeleteEnclave, lpAddress);
}
