/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One connection of a mirror, which never blocks: calls go out, messages come in. */
#ifndef LINKWATCH_CLIENT_SESSION_H
#define LINKWATCH_CLIENT_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/frame.h"

/* The delay before the next attempt to connect, in microseconds: the first one; the one that
 * follows it. */
#define SESSION_FIRST_DELAY UINT64_C(50000)
uint64_t session_later(uint64_t delay);

struct session {
    int epoll_fd; /* which has fd inside; the owner's */
    int fd;       /* -1 while there is no connection */
    struct frame in;
    char *out; /* the calls that are not sent yet; NULL for none */
    size_t out_size;
    size_t out_sent;
    int passed_fd; /* goes with the first byte; -1 for none, or if it is sent */
    bool entering; /* the answer to Enter comes first */
};

/* A session without a connection. */
void session_init(struct session *session, int epoll_fd);

/* Connects, and adds the call that enters the namespace of that socket, if it isn't -1. */
int session_open(struct session *session, const char *path, int namespace_fd);

/* Hangs up. shared: the epoll set is another process's, which still waits for the connection. */
void session_close(struct session *session, bool shared);

/* Adds a call, like wire_call(), to those that are to be sent. */
int session_add_call(struct session *session, const char *method, json_t *parameters, bool more);

/* Sends what the socket takes. */
int session_send(struct session *session);

/* The next message: 1 if there is one, 0 if none is complete; then more bytes may be received.
 * It is valid until the next call. */
int session_next(struct session *session, const char **ret_text, size_t *ret_length);

/* 1 if bytes came, 0 if there are none. */
int session_receive(struct session *session);

#endif
