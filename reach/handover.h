/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passing sockets from one process to another: the address, and what arrives there. */
#ifndef REACH_HANDOVER_H
#define REACH_HANDOVER_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HANDOVER_NAME_SIZE 64

/* An abstract address: it needs no file system, and exists in one network namespace only. */
struct handover_address {
    struct sockaddr_un address;
    socklen_t size;
};

/* Chooses a name that cannot be guessed. */
int handover_choose_name(char name[HANDOVER_NAME_SIZE]);
/* -ENAMETOOLONG if there is no address of that name. */
int handover_address_of(const char *name, struct handover_address *ret);
/* A non-blocking socket of that type, bound to that address: its descriptor, or -errno. */
int handover_bind(const struct handover_address *address, int type);

/* The descriptor that came with a message; -1 if it was none or more than one, which are closed. */
int handover_take(const struct msghdr *message);

/* The inode of an rtnetlink socket, 0 for anything else. Leaves errno as it is. */
uint64_t handover_inode(int fd);
/* The cookie of a socket's network namespace, 0 if the kernel does not report it. */
uint64_t handover_cookie(int fd);

#endif
