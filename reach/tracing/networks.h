/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespaces of the program's subscriptions, each with its links: the one that
 * linkwatch-run was started in, and those in which the program made sockets that it subscribes.
 *
 * A socket is of the namespace that its thread was in when it made it, wherever it is bound
 * later. Nothing of a namespace but its own is held when no subscription is about it any more. */
#ifndef REACH_TRACING_NETWORKS_H
#define REACH_TRACING_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/reports.h"
#include "reach/subscription.h"

struct networks;

/* program: a process in our own namespace, by which is found out whether they can be distinguished.
 */
int networks_new(const char *path, struct subscriptions *subscriptions, pid_t program,
                 struct networks **ret);
struct networks *networks_free(struct networks *networks);

/* Whether the thread is in another one now. */
bool networks_is_elsewhere(const struct networks *networks, pid_t tid);

/* A thread has made a socket. */
void networks_remember(struct networks *networks, pid_t tid, uint64_t inode);

/* The links of the namespace of a socket, of which there is a duplicate; the thread that wants to
 * subscribe it is stopped. -errno: that namespace can't be entered. */
int networks_find(struct networks *networks, pid_t tid, uint64_t inode, int duplicate,
                  struct reports **ret);

/* Lets go of those that no subscription is about. */
void networks_review(struct networks *networks);

/* For poll(): readable if there is something to process, or after so many milliseconds, -1 for
 * never. */
int networks_fd(const struct networks *networks);
int networks_timeout(const struct networks *networks);
void networks_process(struct networks *networks);

#endif
