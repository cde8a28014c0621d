/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source of a namespace's links and addresses: performs the actions that the standings decide
 * on, with the rtnetlink socket, and passes received messages on to the tables. */
#ifndef LINKWATCH_DAEMON_SOURCE_H
#define LINKWATCH_DAEMON_SOURCE_H

#include <bsd/sys/queue.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/subjects.h"

struct ev_loop;
struct rtnl_room;
struct source;

struct source_handlers {
    struct subjects_handlers subjects;
    /* A batch is over: a good moment to wake consumers. */
    void (*settled)(void *user);
};

struct source_config {
    struct standing_config standing;
    size_t receive_buffer; /* bytes that are asked for */
};

/* What it shares with others; all of it outlives it. */
struct source_resources {
    struct budget_part *budget; /* what polling is paid from */
    struct rtnl_room *room;     /* where it receives */
    struct quota *quota;        /* of its links' memory; NULL for none. Without room a dump fails */
};

/* Starts with the next turn of the loop. socket: one of the namespace that it is about, which it
 * takes (not on failure), or -1 for the namespace that the daemon is in. NULL without memory. */
struct source *source_new(struct ev_loop *loop, const struct source_config *config,
                          const struct source_resources *resources, int socket,
                          const struct source_handlers *handlers, void *user);
struct source *source_free(struct source *source);

/* Closes a socket that was handed in, for as long as nobody wants anything: it keeps its namespace
 * alive. The table stays as it is. And goes on with another one of the same namespace, which it
 * takes. */
void source_leave(struct source *source);
void source_return(struct source *source, int socket);

/* The socket as it is open now, or -1. */
int source_socket(const struct source *source);

/* Other bounds and intervals from now on. */
void source_reconfigure(struct source *source, const struct source_config *config);

/* What is followed, always at the same place. */
const struct subjects *source_subjects(const struct source *source);

/* One who wants to know of addresses more, or less: they are followed from the first on, until some
 * time after the last one left. 0, or -ENOMEM: then nothing changed. */
int source_want_addresses(struct source *source, int change);

/* How often the socket was opened, or should have been, since the start. */
uint64_t source_opens(const struct source *source);

/* Receive buffer in bytes as the kernel set it, or -errno if there is no socket. */
int source_receive_buffer(const struct source *source);

/* So many consumers more listen; how many do now. With none, polling is rare. */
size_t source_count_consumers(struct source *source, int change);

/* Requests a dump of everything that is followed; it begins after this call. */
struct subjects_request source_request_dump(struct source *source);

#endif
