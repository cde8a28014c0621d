/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon's own network namespace, which may have a name, too. */
#ifndef LINKWATCH_CLIENT_CTL_NETNS_OWN_H
#define LINKWATCH_CLIENT_CTL_NETNS_OWN_H

#include "client/ctl/ctl.h"
#include "client/ctl/netns_dirs.h"

/* Which file the daemon's own namespace is; without an inode where that isn't known: it is if this
 * program is in the same one, and the kernel has cookies to show it. */
struct netns_name netns_own(const struct ctl *ctl);

#endif
