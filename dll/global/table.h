/* table.h - the table of moveable objects, behind GlobalAlloc(GMEM_MOVEABLE) and LocalAlloc(LMEM_MOVEABLE).
 *
 * GLOSSARY
 *   object      what a moveable handle stands for: a block of the process heap (or none, when discarded), a lock
 *               count and flags.
 *   fixed       memory allocated without MOVEABLE: its handle is the block's address, and the table knows nothing
 *               of it.
 *   entry       one place of the table: the object's state and the address of its block.
 *   index       an entry's number.
 *   generation  how often an entry has been given back. It is part of the handle, so that the handle of a freed
 *               object is told from the handle of the object that lives in the same entry now.
 *   owner       the object that a block of the heap belongs to: the way back from an address to a handle (owner.h).
 *
 * HANDLES
 * Blocks of the heap are aligned to 16 bytes (8 for ntdll's on i686), so a fixed handle has HANDLE_BIT clear. A moveable
 * handle has it set, as on Windows, where a handle is the address of its entry's block field, 8 bytes (4 on i686)
 * into the entry: on x86_64 it ends in the digit 8, on i686 in 4 or C. Ours is that address too as long as the entry
 * is in its first generation, which all are until 65,536 handles have been made; programs written for 16-bit Windows
 * that read the pointer through the handle, instead of locking it, find it there. From the second generation on,
 *   x86_64   bits 47-62 of the handle hold the generation. No such value is the address of anything.
 *   i686     the handle lies generation * 1 MB further on, in address space that the table keeps reserved without
 *            access, so that nothing else can have that address.
 * A handle is verified before anything is read through it: it must lie in the table, below what has been committed,
 * at an entry's block field; and the entry must be live and of the handle's generation. Entries are never unmapped
 * while the DLL stays loaded. An entry whose generations are used up is kept back until no other is left: 65,536
 * generations of up to 1,048,576 entries (x86_64), 32 of 131,072 (i686; fewer when the address space is too crowded
 * to keep 32 MB reserved). So the handle of a freed object is recognised always for the first 68 thousand million
 * handles (x86_64) or 4 million (i686); and after that, unless its entry has meanwhile been used exactly a whole number of
 * rounds of generations.
 *
 * LIMIT is how many objects can be alive at once; Windows stops at 65,535.
 *
 * THREADS
 * An entry's state is one word, changed by compare and exchange. BUSY is set by a thread that changes the block or the
 * flags (ReAlloc); others wait for it. Freeing claims an entry by one exchange to the next generation; of two threads
 * that free the same handle one finds it gone. No lock is held over a call to the heap, except that an object may be
 * BUSY meanwhile; a thread that holds the heap's own lock (HeapLock) and asks for such an object is refused in the end.
 */
#ifndef K32MEM_TABLE_H
#define K32MEM_TABLE_H

#include "../nt/nt.h"

/* An entry's state. The flags among the low 16 bits have the values in which GlobalFlags gives them out. */
#define STATE_COUNT 0x00ffu       /* lock count; stays at 255 */
#define STATE_DISCARDABLE 0x0100u /* GMEM_DISCARDABLE */
#define STATE_BUSY 0x0200u
#define STATE_DDESHARE 0x2000u  /* GMEM_DDESHARE */
#define STATE_DISCARDED 0x4000u /* GMEM_DISCARDED: no block */
#define STATE_LIVE 0x8000u
#define STATE_GENERATION_SHIFT 16
#define STATE_IDENTITY 0xffff8000u /* the generation and LIVE: what a handle must agree with */

#define HANDLE_BIT sizeof(void *)

struct entry {
    uint32_t state;
#ifdef _WIN64
    uint32_t link;
#endif
    void *block;
};

#ifdef _WIN64
#define ENTRY_BYTES_SHIFT 4
#define LIMIT (1u << 20)
#define GENERATION_SHIFT 47
#define HANDLE_SPACE ((SIZE_T)LIMIT << ENTRY_BYTES_SHIFT)
#define OWNER_LISTS_SHIFT 16
#else
#define ENTRY_BYTES_SHIFT 3
#define LIMIT (1u << 17)
#define GENERATION_SHIFT 20 /* LIMIT << ENTRY_BYTES_SHIFT is 1 MB */
#define HANDLE_SPACE ((SIZE_T)32 << GENERATION_SHIFT)
#define OWNER_LISTS_SHIFT 15
#endif

#define OWNER_LISTS (1u << OWNER_LISTS_SHIFT)

struct table {
    BYTE *base;           /* the first entry; NULL until the first moveable object */
    BYTE *first;          /* its block field, which is the first handle */
    uintptr_t committed;  /* entries that may be touched; grows by a granule's worth */
    uint32_t generations; /* how many a handle can tell apart */
    uint32_t *owners;     /* the heads of the owner lists; see owner.h */
    uint32_t fresh __attribute__((aligned(64))); /* entries that have been in use at least once */
};
extern struct table table;

static inline struct entry *entry_at(uint32_t index) { return (struct entry *)table.base + index; }

static inline uint32_t entry_index(const struct entry *entry)
{
    return (uint32_t)(entry - (const struct entry *)table.base);
}

static inline uint32_t entry_state(const struct entry *entry) { return __atomic_load_n(&entry->state, __ATOMIC_ACQUIRE); }

/* Replaces *state, as read before, by next; on failure *state is what is there instead. */
static inline BOOL entry_exchange(struct entry *entry, uint32_t *state, uint32_t next)
{
    return __atomic_compare_exchange_n(&entry->state, state, next, FALSE, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* Has the handle a moveable handle's form? Says nothing about its being valid. */
static inline BOOL handle_is_moveable(LPCVOID handle) { return ((ULONG_PTR)handle & HANDLE_BIT) != 0; }

/* The entry that a handle names, and in *identity the state bits that it must have; NULL when the handle is none of
 * ours. The entry may be free or of another generation: compare with its state. */
static inline struct entry *handle_entry(LPCVOID handle, uint32_t *identity)
{
    /* The offset from the first entry's block field: turned right until it is an entry's number, it is far too large
     * when it is negative or does not point at a block field. What is 0 as long as there is no table is read before the
     * table's address. */
#ifdef _WIN64
    uintptr_t committed = __atomic_load_n(&table.committed, __ATOMIC_ACQUIRE);
    /* Bit 63 stays in the address, where it makes the number too large. */
    ULONG_PTR address = (ULONG_PTR)handle & ~((ULONG_PTR)0xffff << GENERATION_SHIFT);
    uint32_t generation = (uint32_t)((ULONG_PTR)handle >> (GENERATION_SHIFT - STATE_GENERATION_SHIFT)) & 0xffff0000u;
    ULONG_PTR offset = address - (ULONG_PTR)table.first;
    ULONG_PTR index = offset >> ENTRY_BYTES_SHIFT | offset << (64 - ENTRY_BYTES_SHIFT);
    if (index >= committed) return NULL;
    struct entry *entry = (struct entry *)(address - offsetof(struct entry, block));
#else
    uint32_t generations = __atomic_load_n(&table.generations, __ATOMIC_ACQUIRE);
    ULONG_PTR offset = (ULONG_PTR)handle - (ULONG_PTR)table.first;
    uint32_t generation = offset >> GENERATION_SHIFT;
    ULONG_PTR index = offset & ((1u << GENERATION_SHIFT) - 1);
    index = index >> ENTRY_BYTES_SHIFT | index << (32 - ENTRY_BYTES_SHIFT);
    if (generation >= generations || index >= __atomic_load_n(&table.committed, __ATOMIC_RELAXED)) return NULL;
    generation <<= STATE_GENERATION_SHIFT;
    struct entry *entry = entry_at(index);
#endif
    *identity = generation | STATE_LIVE;
    if (!entry) __builtin_unreachable();
    return entry;
}

/* The handle of an entry in the generation of state. */
static inline HANDLE entry_handle(struct entry *entry, uint32_t state)
{
    return (HANDLE)((ULONG_PTR)&entry->block + ((ULONG_PTR)(state >> STATE_GENERATION_SHIFT) << GENERATION_SHIFT));
}

/* Waits a little for another thread's progress, more patiently with each call; *turns begins at 0. */
void table_wait(unsigned *turns);

/* A free entry, now the caller's: not live, its state holding the generation to be used. NULL when LIMIT objects are
 * alive, or memory has run out. */
struct entry *table_take(void);
/* Gives an entry back that is no longer live and already of its next generation. */
void table_give(struct entry *entry);
/* The state of an entry whose object ends: the next generation, not live. */
uint32_t table_next(uint32_t state);

/* Per entry: the next free entry, or the next of the owner list that it is in; as index + 1, or 0. */
uint32_t *entry_link(struct entry *entry);
#endif
