/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The network namespaces of the program's subscriptions, each with its reports: the one in which
 * linkwatch-run was started, and those in which the program created subscribing sockets.
 *
 * A socket belongs to the namespace in which its thread was when it created the socket, wherever it
 * is bound later. No resources of another namespace are held without a subscription in it. */
#ifndef REACH_TRACING_NETWORKS_H
#define REACH_TRACING_NETWORKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "reach/reports.h"
#include "reach/subscription.h"

struct networks;

/* path: of the daemon's socket, which the caller keeps. program: a process in our own namespace,
 * which shows whether namespaces can be distinguished here. */
int networks_new(const char *path, pid_t program, struct networks **ret);

/* Whether the thread is in another one now. */
bool networks_is_elsewhere(const struct networks *networks, pid_t tid);

/* A thread has made a socket. */
void networks_remember(struct networks *networks, pid_t tid, uint64_t inode);

/* The subscribers in the namespace of a socket; the thread that subscribes is stopped. -errno: that
 * namespace cannot be entered. */
int networks_find(struct networks *networks, pid_t tid, uint64_t inode, int duplicate,
                  struct subscribers **ret);

/* Drops namespaces without a subscription. */
void networks_review(struct networks *networks);

/* For poll(): something must be processed when it is readable, or after that many milliseconds (-1:
 * never). */
int networks_fd(const struct networks *networks);
int networks_timeout(const struct networks *networks);
void networks_process(struct networks *networks);

#endif
