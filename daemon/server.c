/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/server.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/closer.h"
#include "daemon/descriptors.h"
#include "daemon/log.h"
#include "daemon/message.h"
#include "daemon/namespaces.h"
#include "daemon/workqueue.h"
#include "protocol/clock.h"

/* Less makes bursts of events slower, more is more for each who does not read. */
#define SEND_BUFFER (24 * 1024)
/* Without a free descriptor, accepting pauses so long, or until a session ends. */
#define PAUSE 1.

struct server {
    struct server_parts parts;
    struct ev_io incoming;
    struct ev_timer pause;
    struct workqueue *queue;
    struct workqueue_share share; /* of the time, to accept: nobody's yet */
    struct job accepting;
    struct closer *closer;
    int fd;
    char *path; /* of the socket that was made here, and what it is known by */
    dev_t device;
    ino_t inode;
    struct connection_host host;
};

static void accept_again(struct server *server)
{
    if (!ev_is_active(&server->pause))
        return;
    ev_timer_stop(server->host.loop, &server->pause);
    ev_io_start(server->host.loop, &server->incoming);
}

static void on_pause_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    /* The timer is not active any more. */
    ev_io_start(loop, &((struct server *)timer->data)->incoming);
}

static void pause_accepting(struct server *server, int error)
{
    struct log_line *line = log_begin(server->parts.log, LOG_WARNING, LOG_KIND_ACCEPT_PAUSED);

    log_number(line, "ERRNO", error);
    log_end(line, "cannot accept connections at the moment: %s", strerror(error));
    ev_timer_set(&server->pause, PAUSE, 0.);
    ev_timer_start(server->host.loop, &server->pause);
}

static void leave(struct server *server, struct user *user)
{
    /* With other sessions it is charged for the end of this one. */
    if (user->sessions == 1)
        workqueue_remove_share(server->queue, &user->share);
    users_leave(server->parts.users, user);
}

static void on_closed(void *closed_user, const struct caller *caller)
{
    struct server *server = closed_user;

    namespace_count(caller->namespace, -1);
    leave(server, caller->user);
    accept_again(server);
}

/* Sends the reason, as far as the socket takes it at once, and closes. */
static void refuse(struct server *server, int fd, uid_t uid, const char *limit)
{
    struct log_line *line = log_begin(server->parts.log, LOG_WARNING, LOG_KIND_SESSION_REFUSED);
    struct buffer *message;

    log_text(line, "", "LIMIT", limit);
    log_number(line, "CONSUMER_UID", uid);
    log_end(line, "refused a connection of user %u: limit %s reached", uid, limit);
    if (message_error("org.linkwatch.Links.LimitReached", json_pack("{s:s}", "limit", limit),
                      &message) >= 0) {
        (void)send(fd, message->data, message->length, MSG_NOSIGNAL | MSG_DONTWAIT);
        buffer_unref(message);
    }
    descriptors_close(fd, server->closer);
}

static int admit(struct server *server, int fd, struct user *user)
{
    const struct server_parts *parts = &server->parts;

    if (!connection_new(&server->host, fd, user, parts->namespace, parts->limits->request))
        return -ENOMEM;
    namespace_count(parts->namespace, 1);
    return 0;
}

/* What is sent and not read is our memory. The kernel doubles it, for its own overhead. */
static void bound_send_buffer(int fd)
{
    int size = SEND_BUFFER;

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void receive_consumer(struct server *server, int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t length = sizeof(peer);
    const char *limit;
    struct user *user;
    int r;

    /* For limits and logs; in some sandboxes it is not the truth. */
    (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    bound_send_buffer(fd);
    r = users_enter(server->parts.users, peer.uid, &server->parts.limits->users, &user, &limit);
    if (r == -EUSERS) {
        refuse(server, fd, peer.uid, limit);
    } else if (r < 0) {
        descriptors_close(fd, server->closer);
    } else if (admit(server, fd, user) < 0) {
        leave(server, user);
        descriptors_close(fd, server->closer);
    }
}

static void accept_some(void *user, struct slice *slice)
{
    struct server *server = user;

    do {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            receive_consumer(server, fd);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            ev_io_start(server->host.loop, &server->incoming);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(server, errno);
            return;
        }
    } while (!slice_is_over(slice));
    workqueue_add(server->queue, &server->accepting, WORKQUEUE_REQUESTS);
}

static void on_incoming(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct server *server = io->data;

    (void)events;
    ev_io_stop(loop, io);
    workqueue_add(server->queue, &server->accepting, WORKQUEUE_REQUESTS);
}

static int64_t monotonic_usec(void)
{
    return clock_usec(CLOCK_MONOTONIC);
}

static void note_path(struct server *server)
{
    struct stat status;

    if (lstat(server->path, &status) < 0)
        return;
    server->device = status.st_dev;
    server->inode = status.st_ino;
}

/* -ENOMEM. */
static int make_parts(struct server *server, struct ev_loop *loop, const char *path)
{
    server->queue = workqueue_new(loop, monotonic_usec);
    server->closer = closer_new(loop);
    server->path = path ? strdup(path) : NULL;
    return !server->queue || !server->closer || (path && !server->path) ? -ENOMEM : 0;
}

struct server *server_new(struct ev_loop *loop, const struct server_parts *parts, int fd,
                          const char *path)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server)
        return NULL;
    if (make_parts(server, loop, path) < 0) {
        closer_free(server->closer);
        workqueue_free(server->queue);
        free(server->path);
        free(server);
        return NULL;
    }
    if (path)
        note_path(server);
    server->parts = *parts;
    server->fd = fd;
    server->host = (struct connection_host){.loop = loop,
                                            .queue = server->queue,
                                            .closer = server->closer,
                                            .respond = parts->respond,
                                            .respond_user = parts->respond_user,
                                            .closed = on_closed,
                                            .closed_user = server};
    TAILQ_INIT(&server->host.connections);
    workqueue_share_init(&server->share);
    server->accepting = (struct job){.run = accept_some, .user = server, .share = &server->share};
    ev_io_init(&server->incoming, on_incoming, fd, EV_READ);
    ev_timer_init(&server->pause, on_pause_over, PAUSE, 0.);
    server->incoming.data = server->pause.data = server;
    return server;
}

/* Somebody else may have made another socket there since. */
static void remove_path(const struct server *server)
{
    struct stat status;

    if (server->path && lstat(server->path, &status) == 0 && status.st_dev == server->device &&
        status.st_ino == server->inode)
        unlink(server->path);
}

struct server *server_free(struct server *server)
{
    struct connection *connection;

    if (!server)
        return NULL;
    while ((connection = TAILQ_FIRST(&server->host.connections)))
        connection_free(connection);
    ev_io_stop(server->host.loop, &server->incoming);
    ev_timer_stop(server->host.loop, &server->pause);
    workqueue_remove(server->queue, &server->accepting);
    workqueue_free(server->queue);
    /* One that was passed is somebody else's, too: who waits there is not dropped. */
    if (server->path)
        closer_close(server->closer, server->fd);
    else
        close(server->fd);
    closer_free(server->closer);
    remove_path(server);
    free(server->path);
    free(server);
    return NULL;
}

void server_start(struct server *server)
{
    if (!ev_is_active(&server->pause))
        ev_io_start(server->host.loop, &server->incoming);
}
