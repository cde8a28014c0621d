/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out what happens to subscriptions here, and thus whether the program must be served. */
#ifndef REACH_PROBE_H
#define REACH_PROBE_H

/* Tries to subscribe, and asks the daemon at that path. 1 if the program must be served, 0 if the
 * kernel sends every update, -errno if there are no rtnetlink sockets here. */
int probe_subscription(const char *path);

#endif
