/* status.c - the one place where a status becomes an error. */
#include "nt.h"

BOOL status_fail(NTSTATUS status)
{
    last_error_set(RtlNtStatusToDosError(status));
    return FALSE;
}
