/* memory_notification.c - the memory resource notifications and the reports of bad memory. */
#include "conform.h"

FAMILY(memory)

FUNCTION(HANDLE, CreateMemoryResourceNotification, (MEMORY_RESOURCE_NOTIFICATION_TYPE))
FUNCTION(BOOL, QueryMemoryResourceNotification, (HANDLE, PBOOL))
FUNCTION(BOOL, GetMemoryErrorHandlingCapabilities, (PULONG))
FUNCTION(PVOID, RegisterBadMemoryNotification, (PBAD_MEMORY_CALLBACK_ROUTINE))
FUNCTION(BOOL, UnregisterBadMemoryNotification, (PVOID))

#define P_CREATE "memoryapi/nf-memoryapi-creatememoryresourcenotification"
#define P_QUERY "memoryapi/nf-memoryapi-querymemoryresourcenotification"
#define P_CAPABILITIES "memoryapi/nf-memoryapi-getmemoryerrorhandlingcapabilities"
#define P_REGISTER "memoryapi/nf-memoryapi-registerbadmemorynotification"
#define P_UNREGISTER "memoryapi/nf-memoryapi-unregisterbadmemorynotification"

static const char *const names[] = { "LowMemoryResourceNotification", "HighMemoryResourceNotification" };

TEST(CreateMemoryResourceNotification, both_types)
{
    NEED(CreateMemoryResourceNotification);
    for (int type = 0; type < 2; type++) {
        CHECK(P_CREATE, "%s", names[type]);
        SET_SENTINEL();
        HANDLE event = pCreateMemoryResourceNotification(type);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", event && event != INVALID_HANDLE_VALUE);
        CHECK(P_CREATE, "wait functions take the handle of %s", names[type]);
        EXPECT_ANY("WaitForSingleObject with timeout 0", WaitForSingleObject(event, 0), WAIT_OBJECT_0, WAIT_TIMEOUT);
        CHECK(P_CREATE, "the handle of %s is not inherited", names[type]);
        DWORD flags = ~0u;
        GetHandleInformation(event, &flags);
        EXPECT_HEX("handle flags", flags & HANDLE_FLAG_INHERIT, 0);
        CHECK(P_CREATE, "a second handle for %s", names[type]);
        HANDLE second = pCreateMemoryResourceNotification(type);
        EXPECT_TRUE("another one", second && second != event);
        EXPECT_TRUE("CloseHandle of the first", CloseHandle(event));
        EXPECT_ANY("WaitForSingleObject on the second", WaitForSingleObject(second, 0), WAIT_OBJECT_0, WAIT_TIMEOUT);
        EXPECT_TRUE("CloseHandle of the second", CloseHandle(second));
        CHECK(P_CREATE, "the handle of %s after CloseHandle", names[type]);
        EXPECT_HEX("WaitForSingleObject", WaitForSingleObject(second, 0), WAIT_FAILED);
    }
}

TEST(CreateMemoryResourceNotification, other_types)
{
    NEED(CreateMemoryResourceNotification);
    static const int types[] = { -1, 2, 3, 7, 256, 0x7fffffff };
    for (unsigned i = 0; i < 6; i++) {
        CHECK(P_CREATE, "type %d", types[i]);
        SET_SENTINEL();
        HANDLE event = pCreateMemoryResourceNotification((MEMORY_RESOURCE_NOTIFICATION_TYPE)types[i]);
        EXPECT_ERROR(ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", event, FALSE);
    }
}

TEST(QueryMemoryResourceNotification, agrees_with_wait)
{
    NEED(CreateMemoryResourceNotification);
    NEED(QueryMemoryResourceNotification);
    BOOL states[2] = { 7, 7 };
    for (int type = 0; type < 2; type++) {
        HANDLE event = pCreateMemoryResourceNotification(type);
        CHECK(P_QUERY, "handle of %s", names[type]);
        SET_SENTINEL();
        BOOL ok = pQueryMemoryResourceNotification(event, &states[type]);
        EXPECT_ERROR(SENTINEL);
        EXPECT_TRUE("return", ok);
        EXPECT_TRUE("state is TRUE or FALSE", states[type] == TRUE || states[type] == FALSE);
        EXPECT_TRUE("as the wait says", (WaitForSingleObject(event, 0) == WAIT_OBJECT_0) == states[type]);
        CloseHandle(event);
    }
    CHECK(P_CREATE, "both conditions at once");
    EXPECT_BOOL("low and high", states[0] == TRUE && states[1] == TRUE, FALSE);
}

TEST(QueryMemoryResourceNotification, bad_handles)
{
    NEED(CreateMemoryResourceNotification);
    NEED(QueryMemoryResourceNotification);
    HANDLE closed = pCreateMemoryResourceNotification(LowMemoryResourceNotification);
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL);
    CloseHandle(closed);
    const struct {
        const char *name;
        HANDLE handle;
    } cases[] = { { "NULL", NULL },
                  { "closed handle", closed },
                  { "0x7ffffff4", (HANDLE)0x7ffffff4 },
                  { "handle of a mutex", mutex } };
    for (unsigned i = 0; i < 4; i++) {
        BOOL state = 7;
        CHECK(P_QUERY, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pQueryMemoryResourceNotification(cases[i].handle, &state);
        EXPECT_ANY("last error", GetLastError(), ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER);
        EXPECT_BOOL("return", ok, FALSE);
        NOTE_BOOL("state left alone", state == 7);
    }
    CloseHandle(mutex);
}

TEST(QueryMemoryResourceNotification, other_event)
{
    NEED(QueryMemoryResourceNotification);
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
    BOOL state = 7;
    CHECK(P_QUERY, "handle of an ordinary, signalled event");
    UNDECIDED("the page asks for a handle of CreateMemoryResourceNotification and does not tell of other events");
    SET_SENTINEL();
    BOOL ok = pQueryMemoryResourceNotification(event, &state);
    NOTE_ERROR();
    NOTE_BOOL("return", ok);
    NOTE_UINT("state", state);
    CloseHandle(event);
}

TEST(GetMemoryErrorHandlingCapabilities, value)
{
    NEED(GetMemoryErrorHandlingCapabilities);
    ULONG capabilities = 0xcccccccc;
    CHECK(P_CAPABILITIES, "a variable");
    SET_SENTINEL();
    BOOL ok = pGetMemoryErrorHandlingCapabilities(&capabilities);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);
    EXPECT_HEX("flags that are not documented", capabilities & ~(ULONG)MEHC_PATROL_SCRUBBER_PRESENT, 0);
    NOTE_HEX("flags", capabilities);
}

static void capabilities_null(void *result) { *(BOOL *)result = pGetMemoryErrorHandlingCapabilities(NULL); }

TEST(GetMemoryErrorHandlingCapabilities, null)
{
    NEED(GetMemoryErrorHandlingCapabilities);
    BOOL ok = 7;
    CHECK(P_CAPABILITIES, "NULL");
    UNDECIDED("the page does not say what a NULL pointer gives");
    SET_SENTINEL();
    DWORD code = conform_catch(capabilities_null, &ok);
    NOTE_ERROR();
    NOTE_HEX("exception", code);
    NOTE_UINT("return", ok);
}

static volatile LONG called;
static void WINAPI bad_memory(void) { called++; }

TEST(RegisterBadMemoryNotification, register_and_end)
{
    NEED(RegisterBadMemoryNotification);
    NEED(UnregisterBadMemoryNotification);
    void *handles[16];
    CHECK(P_REGISTER, "a callback");
    SET_SENTINEL();
    handles[0] = pRegisterBadMemoryNotification(bad_memory);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", handles[0]);
    CHECK_OF(UnregisterBadMemoryNotification, P_UNREGISTER, "its handle");
    SET_SENTINEL();
    BOOL ok = pUnregisterBadMemoryNotification(handles[0]);
    EXPECT_ERROR(SENTINEL);
    EXPECT_TRUE("return", ok);

    CHECK(P_REGISTER, "the same callback 16 times");
    BOOL distinct = TRUE;
    for (unsigned i = 0; i < 16; i++) {
        handles[i] = pRegisterBadMemoryNotification(bad_memory);
        for (unsigned j = 0; j < i; j++) distinct = distinct && handles[i] && handles[i] != handles[j];
    }
    EXPECT_TRUE("16 different handles", distinct);
    CHECK_OF(UnregisterBadMemoryNotification, P_UNREGISTER, "the 16 handles, the last one first");
    BOOL all = TRUE;
    for (unsigned i = 16; i--;) all = pUnregisterBadMemoryNotification(handles[i]) && all;
    EXPECT_TRUE("all succeed", all);
    CHECK(P_REGISTER, "no memory has gone bad meanwhile");
    EXPECT_UINT("calls", called, 0);
}

TEST(UnregisterBadMemoryNotification, bad_handles)
{
    NEED(RegisterBadMemoryNotification);
    NEED(UnregisterBadMemoryNotification);
    int local = 0;
    const struct {
        const char *name;
        void *handle;
    } cases[] = { { "NULL", NULL }, { "address of a local variable", &local } };
    for (unsigned i = 0; i < 2; i++) {
        CHECK(P_UNREGISTER, "%s", cases[i].name);
        SET_SENTINEL();
        BOOL ok = pUnregisterBadMemoryNotification(cases[i].handle);
        EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
        EXPECT_BOOL("return", ok, FALSE);
    }
    void *handle = pRegisterBadMemoryNotification(bad_memory);
    pUnregisterBadMemoryNotification(handle);
    CHECK(P_UNREGISTER, "a handle that has been ended already");
    SET_SENTINEL();
    BOOL ok = pUnregisterBadMemoryNotification(handle);
    EXPECT_TRUE("last error is set", GetLastError() != SENTINEL && GetLastError());
    EXPECT_BOOL("return", ok, FALSE);
}
