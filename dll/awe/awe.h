/* awe.h - Address Windowing Extensions where the NT layer lacks them.
 *
 * GLOSSARY
 *   frame     a page of memory that AllocateUserPhysicalPages handed out, known to the program by its number. It keeps
 *             its content until it is freed, mapped or not.
 *   window    an address range reserved with MEM_PHYSICAL. Its pages show frames, or nothing.
 *   shown     a frame is mapped: its content is accessible at one page of one window. (The program's word is "mapped".)
 *   resident  a frame's content lies in a window page, shown or not. A page holds the content of at most one frame.
 *   slot      a page of our own store. Every frame owns one, and its content lies there when it is not resident.
 *   open      a window page is readable and writable to the program; a closed one raises an access violation.
 *
 * HOW IT WORKS. The NT layers that lack these calls cannot map one page of memory at another 4 KB address: views of
 * sections must start on multiples of 64 KB. So contents move instead, and since a frame is mapped at one address only,
 * no program can tell, but by time:
 *   - Unmapping closes the page and leaves the frame resident; mapping it there again opens the page. No copy.
 *   - Mapping a frame at a page where another is resident exchanges the page with the frame's slot, which then belongs
 *     to the other frame: one pass over two pages, which costs less than two copies.
 *   - A frame that was never mapped is known to be zero: it costs clearing the page, or nothing for a fresh page.
 * All slots are committed when the frames are allocated, so no mapping, unmapping or freeing of a window can fail for
 * want of memory but by the window's own pages. The price is memory: up to twice the frames' size.
 *
 * A thread that touches a page while another maps something else there sees either content, on Windows and here; here
 * a write in that very moment may also be lost.
 *
 * One lock, awe_lock, is around everything. It is held during copies, never during a wait.
 */
#ifndef K32MEM_AWE_H
#define K32MEM_AWE_H

#include "../core/lock.h"
#include "../nt/nt.h"

extern struct lock awe_lock;

/* Does the NT layer do all this itself? Decided by trying, once. */
BOOL awe_native(void);

/* Joins the families of special regions. Called at process attach. */
void awe_attach(void);

/* ---- frames (frame.c) ---- */
struct window;

struct frame {
    BYTE *slot;            /* NULL: the frame is free */
    struct window *window; /* NULL: the content lies in the slot */
    ULONG page;            /* of the window; for a free frame the index of the next free one */
    ULONG zero;            /* content is all zeros, whatever the slot holds (then it is not resident) */
    ULONG call;            /* the last mapping call that named it, to find frames named twice */
};

#define FRAME_NONE 0x07ffffffu

/* The frame that the program calls number, or NULL. */
struct frame *frame_find(ULONG_PTR number);
ULONG frame_index(const struct frame *frame);
struct frame *frame_at(ULONG index);

/* Allocates up to *count frames and stores their numbers; *count receives how many. */
NTSTATUS frames_allocate(ULONG_PTR *count, ULONG_PTR *numbers);
/* Frees one. It must not be resident. */
void frame_free(struct frame *frame);

/* ---- windows (window.c) ---- */
enum {
    PAGE_COMMITTED = 0x80000000u,
    PAGE_OPEN = 0x40000000u,
    PAGE_SHOWN = 0x20000000u,
    PAGE_TARGET = 0x10000000u, /* named by the mapping call in progress */
    PAGE_FRESH = 0x08000000u,  /* committed and not written since: all zeros */
    PAGE_FRAME = 0x07ffffffu   /* the resident frame's index, or FRAME_NONE */
};

struct window {
    BYTE *base;
    SIZE_T pages;
    ULONG page[]; /* PAGE_* bits and the resident frame, per page */
};

/* The window that holds address, or NULL. */
struct window *window_find(const void *address);

/* Makes count pages from first on open or closed to the program, and notes it. The pages are committed. */
NTSTATUS window_protect(struct window *window, SIZE_T first, SIZE_T count, BOOL open);
/* Commits count uncommitted pages from first on, open. */
NTSTATUS window_commit(struct window *window, SIZE_T first, SIZE_T count);
/* Gives count committed pages from first on back to the system. No frame may be resident. */
void window_decommit(struct window *window, SIZE_T first, SIZE_T count);

/* ---- mapping (exchange.c) ---- */
/* What a mapping call wants of one page. */
struct target {
    struct window *window;
    ULONG page;
    ULONG frame;           /* FRAME_NONE: show nothing */
    struct window *source; /* exchange.c's: where the frame was resident */
    ULONG source_page;
};

/* Room for count targets, kept for the next call; NULL when there is no memory. */
struct target *targets_room(SIZE_T count);
/* Does all that the targets ask for, or nothing. */
NTSTATUS targets_apply(struct target *targets, SIZE_T count);
/* Frees the frames of these numbers, up to the first that is none; returns how many were freed. */
ULONG_PTR targets_free(const ULONG_PTR *numbers, ULONG_PTR count);

/* ---- the caller (privilege.c) ---- */
/* STATUS_SUCCESS when the calling thread may lock memory, else STATUS_PRIVILEGE_NOT_HELD. */
NTSTATUS lock_memory_check(void);
#endif
