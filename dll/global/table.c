/* table.c - where entries come from and go to. See table.h. */
#include "../core/attach.h"
#include "../core/lock.h"
#include "block.h"
#include "owner.h"

#define CHUNK_ENTRIES ((uint32_t)(GRANULE_BYTES / sizeof(struct entry)))
/* So many entries are used for the first time before any is used again, which keeps the early handles plain addresses
 * and a freed handle's entry out of use for long. */
#define FRESH_FIRST (1u << 16)

/* A stack of free entries: the index + 1 of the first in the low half; a count of changes in the high half, so that
 * a pop that was overtaken by other pops and pushes is noticed. */
typedef uint64_t stack;

struct table table;

static struct {
    stack ready;     /* to be taken first */
    stack recent;    /* freed since the last time that `ready` ran out, when it becomes `ready` */
    stack exhausted; /* all their generations are used up: only when there is nothing else */
    uint32_t moving; /* threads that hold entries on their way from one stack to another */
} pool __attribute__((aligned(64)));

#ifndef _WIN64
static uint32_t *links; /* behind the owner lists */
#endif

uint32_t *entry_link(struct entry *entry)
{
#ifdef _WIN64
    return &entry->link;
#else
    return &links[entry_index(entry)];
#endif
}

void table_wait(unsigned *turns)
{
    unsigned turn = (*turns)++;
    if (turn < 64) {
        __builtin_ia32_pause();
    } else if (turn < 1024) {
        NtYieldExecution();
    } else {
        LARGE_INTEGER millisecond = { .QuadPart = -10000 };
        NtDelayExecution(FALSE, &millisecond);
    }
}

/* ---- the memory -------------------------------------------------------------------------------------------- */

static BOOL commit(void *base, SIZE_T bytes)
{
    return NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_COMMIT, PAGE_READWRITE) >= 0;
}

static void release(void *base)
{
    SIZE_T bytes = 0;
    NtFreeVirtualMemory(CURRENT_PROCESS, &base, &bytes, MEM_RELEASE);
}

static BOOL table_make(void)
{
    SIZE_T lists = OWNER_LISTS * sizeof(uint32_t), space = HANDLE_SPACE, behind = lists;
#ifndef _WIN64
    behind += LIMIT * sizeof(uint32_t);
#endif
    void *base;
    for (;;) {
        SIZE_T bytes = space + behind;
        base = NULL;
        if (NtAllocateVirtualMemory(CURRENT_PROCESS, &base, 0, &bytes, MEM_RESERVE, PAGE_NOACCESS) >= 0) break;
        if (space == (SIZE_T)LIMIT << ENTRY_BYTES_SHIFT) return FALSE;
        space /= 2;
    }
    if (!commit((BYTE *)base + space, behind)) {
        release(base);
        return FALSE;
    }
    /* Behind the handle space, in the same reservation. */
    uint32_t *owners = (uint32_t *)((BYTE *)base + space);
    table.first = (BYTE *)base + offsetof(struct entry, block);
#ifdef _WIN64
    uint32_t generations = 1u << 16;
#else
    uint32_t generations = space >> GENERATION_SHIFT;
    links = owners + OWNER_LISTS;
#endif
    __atomic_store_n(&table.generations, generations, __ATOMIC_RELEASE);
    __atomic_store_n(&table.base, (BYTE *)base, __ATOMIC_RELEASE);
    __atomic_store_n(&table.owners, owners, __ATOMIC_RELEASE);
    block_walk_join(global_handle_of);
    return TRUE;
}

/* Sees to it that there is a table. */
static BOOL table_ensure(void)
{
    static struct lock making;
    if (__atomic_load_n(&table.base, __ATOMIC_ACQUIRE)) return TRUE;
    lock_acquire(&making);
    BOOL made = table.base || table_make();
    lock_release(&making);
    return made;
}

/* Makes the entry at index touchable. Committing a chunk that another thread commits too does no harm. */
static BOOL table_reach(uint32_t index)
{
    uintptr_t committed = __atomic_load_n(&table.committed, __ATOMIC_ACQUIRE);
    while (index >= committed) {
        if (!commit(entry_at((uint32_t)committed), GRANULE_BYTES)) return FALSE;
        if (__atomic_compare_exchange_n(&table.committed, &committed, committed + CHUNK_ENTRIES, FALSE,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            committed += CHUNK_ENTRIES;
    }
    return TRUE;
}

/* Gives the table back when no object is alive any more; what a live handle names stays where it is. */
void global_detach(void)
{
    if (!table.base) return;
    for (uint32_t i = 0; i < table.committed; i++)
        if (entry_at(i)->state & STATE_LIVE) return;
    block_walk_join(NULL);
    release(table.base);
    table = (struct table){ .base = NULL };
}

/* ---- the stacks -------------------------------------------------------------------------------------------- */

static inline stack stack_value(stack before, uint32_t first) { return ((before >> 32) + 1) << 32 | first; }

/* Puts the chain from first to last, which the caller owns, on the stack. */
static void stack_push(stack *to, struct entry *first, struct entry *last)
{
    stack found = __atomic_load_n(to, __ATOMIC_ACQUIRE);
    do {
        __atomic_store_n(entry_link(last), (uint32_t)found, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(to, &found, stack_value(found, entry_index(first) + 1), TRUE,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
}

static struct entry *stack_pop(stack *from)
{
    stack found = __atomic_load_n(from, __ATOMIC_ACQUIRE);
    while ((uint32_t)found) {
        struct entry *first = entry_at((uint32_t)found - 1);
        /* When another thread pops first meanwhile, the link means something else now, and the exchange fails. */
        uint32_t next = __atomic_load_n(entry_link(first), __ATOMIC_RELAXED);
        if (__atomic_compare_exchange_n(from, &found, stack_value(found, next), TRUE, __ATOMIC_ACQ_REL,
                                        __ATOMIC_ACQUIRE))
            return first;
    }
    return NULL;
}

/* Takes all of `recent`: returns its first and makes the others `ready`. */
static struct entry *stack_turn(void)
{
    stack found = __atomic_load_n(&pool.recent, __ATOMIC_ACQUIRE);
    do {
        if (!(uint32_t)found) return NULL;
    } while (!__atomic_compare_exchange_n(&pool.recent, &found, stack_value(found, 0), TRUE, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    struct entry *first = entry_at((uint32_t)found - 1);
    uint32_t rest = *entry_link(first);
    if (rest) {
        struct entry *last = entry_at(rest - 1);
        while (*entry_link(last)) last = entry_at(*entry_link(last) - 1);
        stack_push(&pool.ready, entry_at(rest - 1), last);
    }
    return first;
}

/* An entry that was never in use, as long as there are fewer than limit others. */
static struct entry *fresh_take(uint32_t limit)
{
    uint32_t index = __atomic_load_n(&table.fresh, __ATOMIC_RELAXED);
    do {
        if (index >= limit || !table_reach(index)) return NULL;
    } while (!__atomic_compare_exchange_n(&table.fresh, &index, index + 1, TRUE, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return entry_at(index);
}

struct entry *table_take(void)
{
    struct entry *entry;
    unsigned turns = 0;
    if (!table_ensure()) return NULL;
    for (;;) {
        if ((entry = stack_pop(&pool.ready)) || (entry = fresh_take(FRESH_FIRST))) return entry;
        __atomic_add_fetch(&pool.moving, 1, __ATOMIC_ACQ_REL);
        entry = stack_turn();
        uint32_t others = __atomic_sub_fetch(&pool.moving, 1, __ATOMIC_ACQ_REL);
        if (entry || (entry = fresh_take(LIMIT)) || (entry = stack_pop(&pool.exhausted))) return entry;
        /* Nothing is left, unless another thread is just carrying free entries from one stack to the other. */
        if (turns > 2048 || !(others || (uint32_t)pool.ready || (uint32_t)pool.recent)) return NULL;
        table_wait(&turns);
    }
}

uint32_t table_next(uint32_t state)
{
    uint32_t generation = (state >> STATE_GENERATION_SHIFT) + 1;
    return (generation == table.generations ? 0 : generation) << STATE_GENERATION_SHIFT;
}

void table_give(struct entry *entry)
{
    stack_push(entry->state >> STATE_GENERATION_SHIFT ? &pool.recent : &pool.exhausted, entry, entry);
}
