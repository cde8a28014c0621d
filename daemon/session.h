/* One consumer: requests in, replies and a stream of events out. What a request means
 * is the business of the handler. */
#ifndef LINKWATCH_DAEMON_SESSION_H
#define LINKWATCH_DAEMON_SESSION_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/buffer.h"
#include "daemon/stream.h"
#include "daemon/turns.h"

struct closer;
struct ev_loop;
struct session;

struct session_handlers {
    /* A whole message came, valid during the call. 0 if it was or will be answered;
     * -errno closes the session. */
    int (*request)(void *user, struct session *session, const char *message, size_t length);
    /* The session is about to be freed. */
    void (*closed)(void *user, struct session *session);
};

/* A session on a connected non-blocking socket, which it takes (not on failure). What the
 * consumer wants is done by turns. uid is the consumer's, for limits and logs. NULL without
 * memory. */
struct session *session_new(struct ev_loop *loop, struct turns *turns, struct closer *closer,
                            int fd, uid_t uid, size_t request_max,
                            const struct session_handlers *handlers, void *user);

/* Ends it: the connection is closed. Not to be called from the request handler. */
struct session *session_free(struct session *session);

uid_t session_uid(const struct session *session);
struct turns *session_turns(const struct session *session);

/* Sends a message; takes the reference. Pieces of one message may be sent one after
 * another. -ENOMEM: the session can't go on and must be closed. */
int session_send(struct session *session, struct buffer *message);

/* Further requests wait until session_resume(), for this one is answered later. */
void session_suspend(struct session *session);
void session_resume(struct session *session);

/* From now on it is told what the stream gives, and no request is taken any more. It
 * takes the stream. */
void session_start_stream(struct session *session, struct stream *stream);
bool session_is_streaming(const struct session *session);

/* There may be something new in the stream. */
void session_wake(struct session *session);

/* What its owner keeps with it. */
void session_set_data(struct session *session, void *data);
void *session_data(const struct session *session);

#endif
