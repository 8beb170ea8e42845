/* space.c - see space.h. */
#include "space.h"

volatile LONG_PTR space_balance;
