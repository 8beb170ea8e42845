/* host.h - what no NT call of a layer over another system can do, asked of that system.
 *
 * Wine maps views at multiples of 64 KB only, while Windows replaces placeholders with views page by page. Where the
 * layer says that it runs over Linux, the kernel below can lay an existing shared mapping over other pages of this
 * process a second time. The layer's own bookkeeping stays right: to it the pages remain committed memory, whose
 * protection it changes and which it takes back by the same kernel calls as ever.
 *
 * Nothing here is tried where the layer does not name itself (so never on Windows), and what was tried once without
 * the expected effect is not tried again.
 */
#ifndef K32MEM_HOST_H
#define K32MEM_HOST_H

#include "nt.h"

/* Can host_alias work? */
BOOL host_can_alias(void);

/* Makes the pages at to show what the pages at from, of a shared view, show, with the protection that those have. Both
 * on pages. Afterwards the view may be unmapped. FALSE: nothing changed. */
BOOL host_alias(PVOID to, PVOID from, SIZE_T bytes);

#endif
