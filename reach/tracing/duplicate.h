/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Duplicates of the program's sockets. On Linux a tracer can get them by pidfd_getfd(2); in gVisor
 * the program is made to send them to a socket of ours. */
#ifndef REACH_TRACING_DUPLICATE_H
#define REACH_TRACING_DUPLICATE_H

#include "reach/tracing/operation.h"

struct duplicator;

int duplicator_new(struct duplicator **ret);
struct duplicator *duplicator_free(struct duplicator *duplicator);

/* Gets a duplicate of the operation's rtnetlink socket, which has its inode: operation->duplicate
 * when the operation continues. */
int duplicator_take(struct service *service, struct operation *operation, operation_done *then);
/* The operation is over, whether a duplicate arrived or not. */
void duplicator_drop(struct duplicator *duplicator, struct operation *operation);

#endif
