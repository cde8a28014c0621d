/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the program needs us at all: what happens here to those who subscribe. */
#ifndef REACH_PROBE_H
#define REACH_PROBE_H

/* Tries to subscribe, and asks the daemon at that path. 1 if it does, 0 if the kernel sends
 * everything; -errno: there are no rtnetlink sockets here. */
int probe_subscription(const char *path);

#endif
