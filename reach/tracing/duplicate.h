/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Duplicates of the program's sockets. Linux gives them to a tracer; where it doesn't
 * (gVisor), the program is made to send them to a socket of ours. */
#ifndef REACH_TRACING_DUPLICATE_H
#define REACH_TRACING_DUPLICATE_H

#include "reach/tracing/operation.h"

struct duplicator;

int duplicator_new(struct duplicator **ret);
struct duplicator *duplicator_free(struct duplicator *duplicator);

/* Takes a duplicate of the rtnetlink socket that the operation is about, by its inode: it is
 * operation->duplicate when it goes on. */
int duplicator_take(struct service *service, struct operation *operation, operation_done *then);
/* The operation is over, whether one came or not. */
void duplicator_drop(struct duplicator *duplicator, struct operation *operation);

#endif
