/* thread.c - threads come, go, and are found again. */
#include "heap.h"

/* The runtime's bitmap of the process's TLS slots; RTL_BITMAP in Microsoft's driver documentation. */
#define TLS_SLOTS 64
#define NO_SLOT 0xffffffffu
#define THREAD_ZERO_TLS_CELL 10
/* Of the block's SubSystemTib field, which only the OS/2 subsystem used. */
#define TEB_ALWAYS_NULL (3 * sizeof(void *))

ULONG thread_slot_offset = TEB_ALWAYS_NULL;
struct thread thread_shared;
struct theap theap_nobody;
struct lock registry_lock;
struct thread *registry_first;
static ULONG slot = NO_SLOT;
#define REAP_FIRST 32
static ULONG thread_count, reap_at = REAP_FIRST;

static void slot_set(struct thread *thread)
{
    if (slot == NO_SLOT) return;
    __asm__ volatile("mov %0, %%" TEB_SEGMENT ":(%1)" : : "r"(thread), "r"((ULONG_PTR)thread_slot_offset) : "memory");
}

static void slot_zero_everywhere(void)
{
    NtSetInformationThread(CURRENT_THREAD, (THREADINFOCLASS)THREAD_ZERO_TLS_CELL, &slot, sizeof(slot));
}

static void thread_init(struct thread *thread, ULONG id)
{
    thread->id = id;
    thread->began = thread->stack_looks = 0;
    thread->others = NULL;
    for (unsigned i = 0; i < ENTRIES; i++) thread->entry[i] = &theap_nobody;
    theap_close(&thread->main);
    thread->main.heap = &heap_main;
    thread->main.thread = thread;
}

BOOL threads_attach(void)
{
    if (teb_read(TEB_ALWAYS_NULL)) return FALSE;
    theap_close(&theap_nobody);
    theap_nobody.thread = (struct thread *)&theap_nobody; /* nobody's either: not NULL, which a new thread finds in its slot */
    thread_init(&thread_shared, 0);
    thread_shared.main.heap_next = NULL;
    heap_main.theaps = &thread_shared.main;
    PVOID bitmap = *(PVOID *)(nt_peb() + PEB_TLS_BITMAP);
    RtlAcquirePebLock();
    ULONG found = RtlFindClearBitsAndSet(bitmap, 1, 1);
    RtlReleasePebLock();
    if (found >= TLS_SLOTS) return TRUE; /* none left: everybody shares, slowly */
    slot = found;
    slot_zero_everywhere();
    thread_slot_offset = TEB_TLS_SLOTS + slot * (ULONG)sizeof(void *);
    return TRUE;
}

void threads_detach(void)
{
    if (slot == NO_SLOT) return;
    thread_slot_offset = TEB_ALWAYS_NULL;
    slot_zero_everywhere();
    RtlAcquirePebLock();
    RtlClearBits(*(PVOID *)(nt_peb() + PEB_TLS_BITMAP), slot, 1);
    RtlReleasePebLock();
    slot = NO_SLOT;
}

/* Gives back all that a thread had. Under the registry lock. */
static void thread_discard(struct thread *thread)
{
    struct theap *theap = &thread->main;
    theap_abandon(theap);
    heap_remove_theap(theap);
    while ((theap = thread->others)) {
        thread->others = theap->thread_next;
        theap_abandon(theap);
        heap_remove_theap(theap);
        meta_theap_free(theap);
    }
    if (thread->prev) thread->prev->next = thread->next;
    else registry_first = thread->next;
    if (thread->next) thread->next->prev = thread->prev;
    thread_count--;
    meta_thread_free(thread);
}

/* A thread with this id can't be alive twice. Under the registry lock. */
static void reap_id(ULONG id)
{
    for (struct thread *thread = registry_first, *next; thread; thread = next) {
        next = thread->next;
        if (thread->id == id) thread_discard(thread);
    }
}

void threads_reap(void)
{
    lock_acquire(&registry_lock);
    for (struct thread *thread = registry_first, *next; thread; thread = next) {
        next = thread->next;
        if (!thread_is_alive(thread->id)) thread_discard(thread);
    }
    lock_release(&registry_lock);
}

struct thread *thread_enter(void)
{
    struct thread *thread = thread_self();
    if (thread) return thread;
    if (slot == NO_SLOT || !(thread = meta_thread())) return &thread_shared;
    ULONG id = nt_thread_id();
    thread_init(thread, id);
    lock_acquire(&registry_lock);
    reap_id(id);
    thread->prev = NULL;
    thread->next = registry_first;
    if (registry_first) registry_first->prev = thread;
    registry_first = thread;
    heap_add_theap(&thread->main);
    BOOL reap = ++thread_count >= reap_at;
    lock_release(&registry_lock);
    slot_set(thread);
    /* Threads that were terminated come to light when the number of threads has doubled. */
    if (reap) {
        threads_reap();
        reap_at = thread_count * 2 < REAP_FIRST ? REAP_FIRST : thread_count * 2;
    }
    return thread;
}

void thread_exit(void)
{
    struct thread *thread = thread_self();
    /* Destructors of other DLLs may still come: they share. */
    slot_set(&thread_shared);
    if (!thread || thread == &thread_shared) return;
    lock_acquire(&registry_lock);
    thread_discard(thread);
    lock_release(&registry_lock);
}
