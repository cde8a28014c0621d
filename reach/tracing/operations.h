/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is done about each kind of call. Each function begins an operation, in which the thread's
 * own call is made; -errno: nothing is done. */
#ifndef REACH_TRACING_OPERATIONS_H
#define REACH_TRACING_OPERATIONS_H

#include "reach/tracing/operation.h"

/* An rtnetlink socket is made. */
int socket_call_begin(struct service *service, struct operation *operation);
/* A socket is bound, or gets an option of SOL_NETLINK. */
int subscribe_call_begin(struct service *service, struct operation *operation);
/* Something is sent on a socket that is served. */
int send_call_begin(struct service *service, struct operation *operation);
/* The program installs a seccomp filter. */
int filter_call_begin(struct service *service, struct operation *operation);

#endif
