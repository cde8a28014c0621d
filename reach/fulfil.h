/* Subscriptions that the program asks for and the kernel denies, or accepts and doesn't serve
 * in full: they are fulfilled by us. */
#ifndef REACH_FULFIL_H
#define REACH_FULFIL_H

#include "reach/operation.h"

/* A call that may be bind() or setsockopt(NETLINK_ADD_MEMBERSHIP) on a socket of the range. */
int fulfil_begin(struct service *service, struct operation *operation);

/* Whether the address that a call is given can be read, and has groups. */
bool fulfil_takes_groups(pid_t tid, uint64_t address, struct sockaddr_nl *ret);

/* Whether it wants updates of links. Reads the program's memory, which may have to be brought
 * from somewhere: the program's own call did that if it is over. */
bool fulfil_is_wanted(struct operation *operation);

#endif
