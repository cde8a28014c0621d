/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Duplicates the program's sockets. On Linux, a tracer can use pidfd_getfd(2); in gVisor, the
 * program is made to send them to a socket of linkwatch-run. */
#ifndef REACH_TRACING_DUPLICATE_H
#define REACH_TRACING_DUPLICATE_H

#include "reach/tracing/operation.h"
#include "reach/tracing/service.h"

/* Finds out which of the two holds here. */
void duplicator_begin(struct duplicator *duplicator);

/* Gets a duplicate of the operation's rtnetlink socket, which has its inode: operation->duplicate
 * when the operation continues. */
int duplicator_take(struct service *service, struct operation *operation, operation_done *then);
/* The operation is over, whether a duplicate arrived or not. */
void duplicator_drop(struct duplicator *duplicator, struct operation *operation);

#endif
