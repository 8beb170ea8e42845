/* enclave.c - enclaves: what is refused. A machine that supports them has its own answers to the sound calls. */
#include "conform.h"
#include "k32mem.h"

FAMILY(enclave)

FUNCTION(BOOL, IsEnclaveTypeSupported, (DWORD))
FUNCTION(LPVOID, CreateEnclave, (HANDLE, LPVOID, SIZE_T, SIZE_T, DWORD, LPCVOID, DWORD, LPDWORD))
FUNCTION(BOOL, LoadEnclaveData, (HANDLE, LPVOID, LPCVOID, SIZE_T, DWORD, LPCVOID, DWORD, PSIZE_T, LPDWORD))
FUNCTION(BOOL, InitializeEnclave, (HANDLE, LPVOID, LPCVOID, DWORD, LPDWORD))
FUNCTION(BOOL, LoadEnclaveImageA, (LPVOID, LPCSTR))
FUNCTION(BOOL, LoadEnclaveImageW, (LPVOID, LPCWSTR))
FUNCTION(BOOL, CallEnclave, (LPENCLAVE_ROUTINE, LPVOID, BOOL, LPVOID *))
FUNCTION(BOOL, TerminateEnclave, (LPVOID, BOOL))
FUNCTION(BOOL, DeleteEnclave, (LPVOID))

#define P_TYPE "enclaveapi/nf-enclaveapi-isenclavetypesupported"
#define P_CREATE "enclaveapi/nf-enclaveapi-createenclave"
#define P_DATA "enclaveapi/nf-enclaveapi-loadenclavedata"
#define P_INITIALIZE "enclaveapi/nf-enclaveapi-initializeenclave"
#define P_IMAGE_A "enclaveapi/nf-enclaveapi-loadenclaveimagea"
#define P_IMAGE_W "enclaveapi/nf-enclaveapi-loadenclaveimagew"
#define P_CALL "enclaveapi/nf-enclaveapi-callenclave"
#define P_TERMINATE "enclaveapi/nf-enclaveapi-terminateenclave"
#define P_DELETE "enclaveapi/nf-enclaveapi-deleteenclave"

/* FALSE with some error. ok is evaluated once, first. */
#define EXPECT_REFUSED(ok)                                                                                           \
    do {                                                                                                             \
        BOOL ok_ = (ok);                                                                                             \
        DWORD error_ = GetLastError();                                                                               \
        EXPECT_BOOL("return", ok_, FALSE);                                                                           \
        EXPECT_TRUE("last error is set", error_ != SENTINEL && error_);                                              \
        conform_observe(KIND_ERROR, "last error", error_);                                                           \
    } while (0)

TEST(IsEnclaveTypeSupported, types)
{
    NEED(IsEnclaveTypeSupported);
    static const DWORD known[] = { ENCLAVE_TYPE_SGX, ENCLAVE_TYPE_SGX2, ENCLAVE_TYPE_VBS, ENCLAVE_TYPE_VBS_BASIC };
    for (unsigned i = 0; i < 4; i++) {
        SET_SENTINEL();
        BOOL ok = pIsEnclaveTypeSupported(known[i]);
        DWORD error = GetLastError();
        CHECK(P_TYPE, "type 0x%lx", known[i]);
        EXPECT_TRUE("TRUE, or FALSE with ERROR_NOT_SUPPORTED", ok ? error == SENTINEL : error == ERROR_NOT_SUPPORTED);
    }
    static const DWORD unknown[] = { 0, 3, 0x12, 0x20, 0x7f, 0x80, 0xff, 0x10000, 0x80000000, 0xffffffff };
    for (unsigned i = 0; i < 10; i++) {
        CHECK(P_TYPE, "type 0x%lx", unknown[i]);
        SET_SENTINEL();
        BOOL ok = pIsEnclaveTypeSupported(unknown[i]);
        EXPECT_ERROR(ERROR_NOT_SUPPORTED);
        EXPECT_BOOL("return", ok, FALSE);
    }
}

static BYTE information[4096];

TEST(CreateEnclave, unknown_types)
{
    NEED(CreateEnclave);
    static const DWORD unknown[] = { 0, 3, 0x12, 0x20, 0x7f, 0x80, 0xffffffff };
    for (unsigned i = 0; i < 7; i++) {
        DWORD enclave_error = 0;
        CHECK(P_CREATE, "type 0x%lx", unknown[i]);
        SET_SENTINEL();
        void *base = pCreateEnclave(GetCurrentProcess(), NULL, 1 << 20, 1 << 16, unknown[i], information, 4096,
                                    &enclave_error);
        EXPECT_ERROR(ERROR_NOT_SUPPORTED);
        EXPECT_BOOL("return", base, FALSE);
    }
}

TEST(CreateEnclave, wrong_lengths)
{
    NEED(CreateEnclave);
    NEED(IsEnclaveTypeSupported);
    static const struct {
        DWORD type, length;
    } cases[] = { { ENCLAVE_TYPE_SGX, 0 },  { ENCLAVE_TYPE_SGX, 36 }, { ENCLAVE_TYPE_SGX, 4095 },
                  { ENCLAVE_TYPE_VBS, 0 },  { ENCLAVE_TYPE_VBS, 32 }, { ENCLAVE_TYPE_VBS, 37 },
                  { ENCLAVE_TYPE_VBS, 4096 } };
    for (unsigned i = 0; i < 7; i++) {
        /* A type that is not supported is the first thing wrong. */
        DWORD wanted = pIsEnclaveTypeSupported(cases[i].type) ? ERROR_BAD_LENGTH : ERROR_NOT_SUPPORTED;
        CHECK(P_CREATE, "type 0x%lx, information of %lu bytes", cases[i].type, cases[i].length);
        SET_SENTINEL();
        void *base = pCreateEnclave(GetCurrentProcess(), NULL, 1 << 20, 1 << 16, cases[i].type, information,
                                    cases[i].length, NULL);
        EXPECT_ERROR(wanted);
        EXPECT_BOOL("return", base, FALSE);
    }
}

TEST(LoadEnclaveData, refused)
{
    NEED(LoadEnclaveData);
    char *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    static const DWORD lengths[] = { 1, 4, 4096 };
    SIZE_T written;
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_DATA, "page information of %lu bytes", lengths[i]);
        SET_SENTINEL();
        BOOL ok = pLoadEnclaveData(GetCurrentProcess(), pages, pages + 4096, 4096, PAGE_READWRITE, information,
                                   lengths[i], &written, NULL);
        EXPECT_ERROR(ERROR_BAD_LENGTH);
        EXPECT_BOOL("return", ok, FALSE);
    }
    static const DWORD protections[] = { PAGE_NOACCESS, PAGE_READWRITE | PAGE_GUARD, PAGE_READWRITE | PAGE_NOCACHE,
                                         PAGE_READWRITE | PAGE_WRITECOMBINE };
    for (unsigned i = 0; i < 4; i++) {
        CHECK(P_DATA, "protection 0x%lx", protections[i]);
        SET_SENTINEL();
        BOOL ok = pLoadEnclaveData(GetCurrentProcess(), pages, pages + 4096, 4096, protections[i], NULL, 0, &written,
                                   NULL);
        EXPECT_REFUSED(ok);
    }
    static const SIZE_T sizes[] = { 1, 4095, 4097 };
    for (unsigned i = 0; i < 3; i++) {
        CHECK(P_DATA, "%u bytes", (unsigned)sizes[i]);
        SET_SENTINEL();
        BOOL ok = pLoadEnclaveData(GetCurrentProcess(), pages, pages + 4096, sizes[i], PAGE_READWRITE, NULL, 0,
                                   &written, NULL);
        EXPECT_REFUSED(ok);
    }
    CHECK(P_DATA, "an address outside of any enclave");
    written = 77;
    SET_SENTINEL();
    BOOL ok = pLoadEnclaveData(GetCurrentProcess(), pages, pages + 4096, 4096, PAGE_READWRITE, NULL, 0, &written, NULL);
    EXPECT_REFUSED(ok);
    EXPECT_UINT("memory at the address", (unsigned)pages[0], 0);
    VirtualFree(pages, 0, MEM_RELEASE);
}

TEST(InitializeEnclave, refused)
{
    NEED(InitializeEnclave);
    char *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    static const DWORD lengths[] = { 1, 4, 7, 9, 36, 4095, 4097 };
    DWORD enclave_error;
    for (unsigned i = 0; i < 7; i++) {
        CHECK(P_INITIALIZE, "information of %lu bytes", lengths[i]);
        SET_SENTINEL();
        BOOL ok = pInitializeEnclave(GetCurrentProcess(), pages, information, lengths[i], &enclave_error);
        EXPECT_REFUSED(ok);
    }
    static const DWORD sound[] = { 8, 4096 };
    for (unsigned i = 0; i < 2; i++) {
        CHECK(P_INITIALIZE, "an address outside of any enclave, information of %lu bytes", sound[i]);
        SET_SENTINEL();
        BOOL ok = pInitializeEnclave(GetCurrentProcess(), pages, information, sound[i], &enclave_error);
        EXPECT_REFUSED(ok);
    }
    CHECK(P_INITIALIZE, "address NULL");
    SET_SENTINEL();
    BOOL ok = pInitializeEnclave(GetCurrentProcess(), NULL, information, 4096, &enclave_error);
    EXPECT_REFUSED(ok);
    VirtualFree(pages, 0, MEM_RELEASE);
}

TEST(LoadEnclaveImageA, refused)
{
    NEED(LoadEnclaveImageA);
    char *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK(P_IMAGE_A, "an address outside of any enclave");
    SET_SENTINEL();
    EXPECT_REFUSED(pLoadEnclaveImageA(pages, "kernel32.dll"));
    CHECK(P_IMAGE_A, "address NULL");
    SET_SENTINEL();
    EXPECT_REFUSED(pLoadEnclaveImageA(NULL, "kernel32.dll"));
    VirtualFree(pages, 0, MEM_RELEASE);
}

TEST(LoadEnclaveImageW, refused)
{
    NEED(LoadEnclaveImageW);
    char *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    CHECK(P_IMAGE_W, "an address outside of any enclave");
    SET_SENTINEL();
    EXPECT_REFUSED(pLoadEnclaveImageW(pages, L"kernel32.dll"));
    CHECK(P_IMAGE_W, "address NULL");
    SET_SENTINEL();
    EXPECT_REFUSED(pLoadEnclaveImageW(NULL, L"kernel32.dll"));
    VirtualFree(pages, 0, MEM_RELEASE);
}

static LONG ran;
static void *WINAPI routine(void *parameter)
{
    ran++;
    return parameter;
}

TEST(CallEnclave, refused)
{
    NEED(CallEnclave);
    for (int wait = 0; wait < 2; wait++) {
        void *value = (void *)77;
        ran = 0;
        CHECK(P_CALL, "a function outside of any enclave, fWaitForThread %s", wait ? "TRUE" : "FALSE");
        SET_SENTINEL();
        EXPECT_REFUSED(pCallEnclave(routine, (void *)5, wait, &value));
        EXPECT_UINT("calls of the function", ran, 0);
    }
}

TEST(TerminateEnclave, refused)
{
    NEED(TerminateEnclave);
    char *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    for (int wait = 0; wait < 2; wait++) {
        CHECK(P_TERMINATE, "memory that is no enclave, fWait %s", wait ? "TRUE" : "FALSE");
        SET_SENTINEL();
        EXPECT_REFUSED(pTerminateEnclave(pages, wait));
    }
    CHECK(P_TERMINATE, "address NULL");
    SET_SENTINEL();
    EXPECT_REFUSED(pTerminateEnclave(NULL, TRUE));
    VirtualFree(pages, 0, MEM_RELEASE);
}

TEST(DeleteEnclave, refused)
{
    NEED(DeleteEnclave);
    char *pages = VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    MEMORY_BASIC_INFORMATION info;
    CHECK(P_DELETE, "memory that is no enclave");
    SET_SENTINEL();
    EXPECT_REFUSED(pDeleteEnclave(pages));
    VirtualQuery(pages, &info, sizeof(info));
    EXPECT_HEX("state of the memory", info.State, MEM_COMMIT);
    CHECK(P_DELETE, "address NULL");
    SET_SENTINEL();
    EXPECT_REFUSED(pDeleteEnclave(NULL));
    VirtualFree(pages, 0, MEM_RELEASE);
}
