/* ranges.c - a sorted table of disjoint address ranges. */
#include "ranges.h"
#include "memory.h"

#define FIRST_CAPACITY (GRANULE_BYTES / sizeof(struct range))

SIZE_T ranges_after(const struct ranges *table, const void *address)
{
    SIZE_T low = 0, high = table->count;
    while (low < high) {
        SIZE_T middle = (low + high) / 2;
        if (table->items[middle].end <= (const BYTE *)address) low = middle + 1;
        else high = middle;
    }
    return low;
}

struct range *ranges_find(const struct ranges *table, const void *address)
{
    SIZE_T index = ranges_after(table, address);
    if (index == table->count || table->items[index].base > (const BYTE *)address) return NULL;
    return &table->items[index];
}

BOOL ranges_overlap(const struct ranges *table, const void *base, const void *end)
{
    SIZE_T index = ranges_after(table, base);
    return index < table->count && table->items[index].base < (const BYTE *)end;
}

BOOL ranges_reserve(struct ranges *table, SIZE_T more)
{
    SIZE_T capacity = table->capacity ? table->capacity : FIRST_CAPACITY;
    while (capacity < table->count + more) capacity *= 2;
    if (capacity == table->capacity) return TRUE;
    PVOID items = NULL, old = table->items;
    SIZE_T bytes = capacity * sizeof(struct range), none = 0;
    if (NtAllocateVirtualMemory(CURRENT_PROCESS, &items, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) < 0)
        return FALSE;
    if (old) {
        memcpy(items, old, table->count * sizeof(struct range));
        NtFreeVirtualMemory(CURRENT_PROCESS, &old, &none, MEM_RELEASE);
    }
    table->items = items;
    table->capacity = capacity;
    return TRUE;
}

struct range *ranges_insert(struct ranges *table, struct range range)
{
    SIZE_T index = ranges_after(table, range.base);
    memmove(table->items + index + 1, table->items + index, (table->count - index) * sizeof(range));
    table->items[index] = range;
    table->count++;
    return &table->items[index];
}

void ranges_remove(struct ranges *table, SIZE_T index, SIZE_T count)
{
    memmove(table->items + index, table->items + index + count,
            (table->count - index - count) * sizeof(struct range));
    table->count -= count;
}
