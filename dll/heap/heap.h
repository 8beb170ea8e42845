/* heap.h - the allocator's glossary and data model. Read this first; each noun has its own file.
 *
 * GLOSSARY, from the address space down
 *   arena     the address range that holds all blocks, divided into units. On x86_64 a range of its own, grown chunk
 *             by chunk; on x86 the whole 4 GB. "Is this address ours?" is one subtraction and one comparison.
 *   chunk     one reservation of the arena: 1 GB on x86_64, the first 128 MB, never given back; 4 MB or more on x86, given
 *             back when all of it is clean again.
 *   unit      64 KB of the arena. arena.map has one entry per unit: the slab that owns it.
 *   span      a run of units in one chunk: free (clean, fresh or dirty), or the memory of one slab.
 *   clean     reserved, not committed.      fresh  committed, never touched: reads as zero.
 *   dirty     committed and used before; given back to the system after lying idle.
 *   slab      a span cut into equal blocks of one size class; or a span with one large block.
 *   group     as many consecutive blocks of a slab as a register has bits; what a bin hands out next.
 *   block     what HeapAlloc returns.
 *   state     one byte per block, outside the blocks' pages: live (with the block's exact size) or free. It is the
 *             single truth about a block; all else (avail, countdown, queues) is derived and can be recomputed.
 *   heap      what HeapCreate makes: a handle and the slabs that belong to it.
 *   theap     one thread's part of one heap: it owns slabs, and only its thread allocates from them, without a lock.
 *   bin       the group that a theap hands out from next, one per size class.
 *   home      the theap that owns a slab. A block freed by another thread is a remote free.
 *   huge      a block too large for the arena, with a reservation of its own.
 *   foreign   a block or heap that ntdll's own heap made; such calls are passed on to ntdll.
 *   meta      memory for all of the structures here, away from the arena.
 *
 * A BLOCK'S LIFE
 *   The theap's bin for the size class holds a bit mask of free blocks. Allocation takes the lowest bit and writes the
 *   block's state. When the mask is empty the slow path looks for the next group with free states, in the same slab or
 *   another one. Freeing finds the slab through arena.map, divides to get the block's index (which also proves that the
 *   pointer is the start of a block), checks the state and writes FREE into it. Neither touches the block's memory.
 *   slab.countdown makes the slow path run when something must change: a full slab has room again, a slab is empty.
 *   A remote free writes the state with an atomic exchange and queues the slab for its home.
 *
 * LOCKS, in the order in which they may be taken
 *   heap.locked_by (HeapLock) > heap.careful > registry > theap.lock > heap.lock > arena.lock > meta lock.
 *   theap.lock guards everything of a theap but the bins' masks, states and countdown, which its thread changes on the
 *   fast path without it. So another thread that holds theap.lock may not touch a slab that a bin holds.
 */
#ifndef K32MEM_HEAP_H
#define K32MEM_HEAP_H

#include "../core/lock.h"
#include "../core/memory.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Code that changes a theap without holding its lock stands together, so that the scavenger can tell whether a thread
 * that it stopped was in the middle of such a change. */
#define LOCK_FREE __attribute__((section(".text$k32mem_m")))

/* ---- sizes ---- */
#define UNIT_SHIFT 16
#define UNIT_BYTES ((SIZE_T)1 << UNIT_SHIFT)
#define GRAIN ((SIZE_T)16)       /* small classes are multiples of it; every block is aligned to it */
#define SMALL_MAX ((SIZE_T)1024) /* up to here one class per grain */
#define MEDIUM_MAX ((SIZE_T)65536)
#define SMALL_CLASSES (SMALL_MAX / GRAIN + 1) /* class 0 is never filled: size 0 takes the slow path */
#define MEDIUM_CLASSES 48                     /* eight per doubling from 1 KB to 64 KB */
#define CLASSES (SMALL_CLASSES + MEDIUM_CLASSES)
#define CLASS_LARGE 0xff
#define LINE ((SIZE_T)64) /* of the processor's cache */

/* ---- a block's state ---- */
#define STATE_FREE 0xff /* free */
#define STATE_NONE 0xfe /* not a block: padding after the last one */
#define STATE_SIDE 0xfd /* live; the exact size is in slab.sizes */
/* 0..STATE_SIDE-1: live, and this many bytes shorter than the class */

typedef uintptr_t bits;
#define GROUP_BLOCKS (8 * sizeof(bits))

enum slab_place {
    PLACE_NONE,      /* being made or taken apart */
    PLACE_BIN,       /* a bin hands out from it */
    PLACE_AVAILABLE, /* in its class's queue, with room */
    PLACE_FULL,      /* in theap.full; large live blocks too */
    PLACE_CACHED,    /* a free large block in theap.cache */
    PLACE_ABANDONED, /* in heap.abandoned: its thread is gone */
    PLACE_CLEAN,     /* a free span: see span.c */
    PLACE_FRESH,
    PLACE_DIRTY
};

struct slab {
    /* the free path reads these */
    struct theap *home; /* &theap_nobody when abandoned or free: never NULL, HeapFree looks into it */
    uintptr_t base;     /* address of block 0: the span's own, or a little behind it */
    uint8_t *state;     /* capacity entries, then STATE_NONE up to a whole group */
    uintptr_t magic;    /* divides by block_bytes: see class.h */
    uint32_t countdown; /* frees by the home thread until the slow path must look */
    uint32_t capacity;
    /* the rest */
    HANDLE handle; /* of the heap, for quick comparison */
    struct heap *heap;
    SIZE_T block_bytes;
    SIZE_T large_bytes; /* exact size of a large block */
    uint32_t *sizes;    /* exact sizes for STATE_SIDE; medium classes have it always, small ones once needed */
    uint32_t *filled;   /* free checking: words of each free block that hold the pattern; NULL until one is freed */
    bits share;         /* as many low bits as a bin takes of a group's blocks at a time */
    uint64_t touched;   /* bit g: some of the 64 blocks from 64*g may be non-zero */
    uint32_t first_unit, units;
    uint32_t group; /* index of the first block of the group that the bin has now */
    uint32_t start; /* where this round over the groups began */
    uint8_t class_index, place;
    uint8_t group_is_zero;   /* the bin's group reads as zero */
    uint8_t shrunk;          /* a large block was cut: it no longer grows in place */
    struct slab *next, *prev; /* in the list that place names */
    struct slab *heap_next, *heap_prev; /* all slabs of the heap */
    uint32_t idle_since; /* free spans, cached blocks, empty slabs: milliseconds */
    uint32_t seen;       /* countdown at reclaim.c's last look */
    uint32_t meta_bytes; /* size of the state array's allocation */
    uint8_t own_state[16] __attribute__((aligned(16))); /* a large block's state array, read as a vector */
    /* Outlive the slab: a thread that freed a block of it may still be about to queue the description. */
    volatile LONG pending; /* queued, or about to be, for its home after remote frees */
    struct slab *pending_next;
};

struct slab_list {
    struct slab *head, *tail;
};

struct bin {
    bits avail;     /* free blocks of the group, not yet handed out; their states are FREE */
    uintptr_t base; /* address of the group's first block */
    uint8_t *state; /* its state */
    struct slab *slab;
};

#define CACHE_SLOTS 8

struct theap {
    HANDLE handle; /* of the heap while the fast path is open; else (HeapLock, heaps that need care) nobody's: theap_close */
    struct heap *heap;
    struct thread *thread;
    uint32_t empty_slabs;          /* empty slabs kept in the queues */
    uint32_t looked;               /* reclaim.c's last look, in its ticks */
    uint32_t refills;              /* since the first */
    BOOL asleep;                   /* the scavenger closed the fast path, and nobody came since */
    struct slab_list full;
    /* What other threads write, on a line of its own. */
    struct lock lock __attribute__((aligned(64)));
    struct slab *volatile pending; /* slabs with remote frees */
    struct slab *cache[CACHE_SLOTS]; /* free large blocks, newest first */
    SIZE_T cache_bytes;
    struct theap *heap_next, *heap_prev; /* all theaps of the heap */
    struct theap *thread_next;           /* all theaps of the thread */
    struct bin bins[CLASSES];
    struct slab_list available[CLASSES];
};

#define ENTRIES 256 /* a thread finds its theap for a private heap by the second byte of the handle: see thread.h */

struct thread {
    struct theap main; /* for the process heap; first, so that the fast path needs no further load */
    struct theap *entry[ENTRIES];
    struct theap *others; /* theaps for private heaps */
    ULONG id;
    uint32_t began, stack_looks; /* reclaim.c's, for its stack */
    struct thread *next, *prev;
};

struct heap {
    HANDLE handle;
    DWORD flags;      /* HEAP_* given to HeapCreate, and HEAP_IS_* */
    SIZE_T max_bytes; /* fixed-size heaps: the budget, and what is used of it */
    volatile SIZE_T used_bytes;
    volatile ULONG locked_by; /* thread id while HeapLock holds the heap */
    ULONG lock_depth;
    volatile LONG lock_waiters;
    volatile BOOL walked;        /* a walk is under way, or was given up */
    volatile uint32_t walked_at; /* scavenge_clock() when it last came to a slab */
    ULONG compatibility; /* HeapCompatibilityInformation */
    ULONG created_after; /* how many ntdll heaps there were */
    struct lock lock;    /* guards the lists below */
    struct theap *theaps;
    struct slab *slabs, *last_slab;
    struct slab_list abandoned[CLASSES + 1]; /* the last one: large blocks */
    uint32_t abandoned_count;
    struct heap *next, *prev; /* all private heaps, in order of creation */
    struct lock careful; /* careful heaps: see careful.h */
};
#define HEAP_IS_LIVE 0x80000000u
#define HEAP_IS_CAREFUL 0x40000000u   /* no fast path: fixed size, tail or free checking */

/* The heap behind a handle; NULL for a handle that is not ours (see foreign.h). */
struct heap *heap_of(HANDLE handle);
/* Every heap, in order of creation, starting with the process heap. Under heap_list_lock. */
extern struct heap heap_main;
extern struct lock heap_list_lock;
void heap_add_slab(struct heap *heap, struct slab *slab);
void heap_remove_slab(struct heap *heap, struct slab *slab);
void heap_add_theap(struct theap *theap);
void heap_remove_theap(struct theap *theap);
/* Whether another thread has the heap locked; and waiting while it has. */
static inline BOOL heap_is_held(const struct heap *heap)
{
    ULONG holder = heap->locked_by;
    return holder && holder != nt_thread_id();
}
void heap_wait(struct heap *heap);

#define HEAP_PLACE ((SIZE_T)2304) /* heaps lie this far apart: nine times 256, so that 256 in a row differ in their second byte */
#define HEAP_OPTIONS                                                                                                 \
    (HEAP_NO_SERIALIZE | HEAP_GENERATE_EXCEPTIONS | HEAP_CREATE_ENABLE_EXECUTE | HEAP_TAIL_CHECKING_ENABLED |        \
     HEAP_FREE_CHECKING_ENABLED)

#include "arena.h"
#include "class.h"
#include "large.h"
#include "meta.h"
#include "slab.h"
#include "span.h"
#include "theap.h"
#include "thread.h"

#endif
