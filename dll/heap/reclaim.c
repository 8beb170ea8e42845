/* reclaim.c - empty slabs of one class become memory for another.
 *
 * A program whose strings and arrays grow comes by every size class, and leaves an empty slab in each. Such a slab stays
 * where it is while its class is in use, which the fast path does not note; but every free by the home counts down
 * slab.countdown. So a slab that is all free, and whose countdown is what it was at the last look, has served nobody since.
 */
#include "reclaim.h"
#include "../core/stack.h"
#include "scavenge.h"

#define TRIM_MS 10
/* Making a slab anew costs a microsecond or two: no more than that every millisecond or so for each class. */
#define LOOK_TICKS 4

/* Wine touches a stack after the DLLs heard of the thread, and before its function: by the first of these ticks that has
 * been in all but a program that takes long to load, by the second in that, too. */
#define STACK_LOOKS 2
static void stack_look(struct thread *thread, uint32_t now)
{
    static const uint32_t due[STACK_LOOKS] = { 40, 1000 };
    uint32_t looks = thread->stack_looks; /* threads without a structure of their own share one */
    if (looks >= STACK_LOOKS) return;
    if (!thread->began) thread->began = now;
    if (now - thread->began < due[looks]) return;
    thread->stack_looks = looks + 1;
    stack_trim();
}

static void look_at(struct bin *bin)
{
    struct slab *slab = bin->slab;
    if (!slab) return;
    if (slab->seen != slab->countdown) {
        slab->seen = slab->countdown;
    } else if (bin_take_empty(bin)) {
        slab_destroy(slab);
    }
}

void theap_look(struct theap *theap)
{
    uint32_t now = scavenge_ticks();
    if (now - theap->looked < LOOK_TICKS) return;
    theap->looked = now;
    if (stack_trims) stack_look(theap->thread, now);
    for (unsigned i = 0; i < CLASSES; i++) look_at(&theap->bins[i]);
}

void theap_make_room(struct theap *theap)
{
    theap_look(theap);
    uint32_t now = scavenge_clock();
    theap_trim(theap, now, TRIM_MS);
    large_trim(theap, now, 0);
}
