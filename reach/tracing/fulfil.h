/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Subscriptions that the program asks for and the kernel denies, or accepts and doesn't serve
 * in full: they are fulfilled by us. */
#ifndef REACH_TRACING_FULFIL_H
#define REACH_TRACING_FULFIL_H

#include "reach/tracing/operation.h"

/* bind(), or setsockopt() with an option of SOL_NETLINK, on a socket. */
int fulfil_begin(struct service *service, struct operation *operation);

#endif
