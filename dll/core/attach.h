/* attach.h - hooks that the families offer to the DLL's entry point, in the order in which they run. */
#ifndef K32MEM_ATTACH_H
#define K32MEM_ATTACH_H

/* dll/heap/. FALSE refuses the load. */
int heap_attach(void);
void heap_thread_exit(void);
void heap_detach(void);

/* dll/mapping/ */
void mapping_attach(void);
void mapping_detach(void);
/* The families of special regions (core/region.h) join. */
void offer_attach(void);       /* virtual/offer.c */
void awe_attach(void);         /* awe/window.c */
void placeholder_attach(void); /* placeholder/region.c */

/* dll/global/. Before the heap's. */
void global_detach(void);

/* dll/redirect/. The last at attach: FALSE refuses the load. Before all others at the process's end. */
int redirect_attach(void);
void redirect_process_end(void);

#endif
