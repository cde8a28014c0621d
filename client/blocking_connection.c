/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/blocking_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/daemon_socket.h"
#include "client/link_object.h"
#include "client/netns.h"
#include "protocol/clock.h"
#include "protocol/frame.h"

#define CONNECT_TIMEOUT INT64_C(5000000)
#define CONNECT_AGAIN   10 /* ms */

struct linkwatch {
    int fd; /* -1 while there is no connection */
    char *path;
    struct frame in;
    int namespace_fd; /* a socket of the network namespace it is about; -1: the daemon's */
    bool entered;     /* that one, on this connection */
    char *error;      /* NULL for none */
    size_t limit;
    pid_t owner; /* the process that made it */
};

/* Waits while the daemon's backlog is full: no event shows when it isn't any more. */
static int connect_by(const char *path, uint64_t deadline)
{
    int fd;

    while ((fd = socket_connect(path)) == -EAGAIN) {
        if (clock_monotonic() >= deadline)
            return -ETIMEDOUT;
        poll(NULL, 0, CONNECT_AGAIN);
    }
    return fd;
}

int linkwatch_connect(const char *path, struct linkwatch **ret)
{
    struct linkwatch *connection = calloc(1, sizeof(*connection));
    int r = -ENOMEM;

    if (!connection)
        return -ENOMEM;
    connection->fd = connection->namespace_fd = -1;
    connection->limit = LIMIT_OF_LINKS;
    connection->owner = getpid();
    frame_init(&connection->in, WIRE_REPLY_MAX);
    connection->path = strdup(path ? path : linkwatch_default_path());
    if (connection->path)
        r = connect_by(connection->path, deadline_after(CONNECT_TIMEOUT));
    if (r < 0) {
        linkwatch_close(connection);
        return r;
    }
    connection->fd = r;
    *ret = connection;
    return 0;
}

void linkwatch_set_limit(struct linkwatch *connection, size_t bytes)
{
    connection->limit = bytes;
}

size_t connection_limit(const struct linkwatch *connection)
{
    return connection->limit;
}

static void hang_up(struct linkwatch *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->entered = false;
    frame_clear(&connection->in);
}

struct linkwatch *linkwatch_close(struct linkwatch *connection)
{
    if (!connection)
        return NULL;
    hang_up(connection);
    if (connection->namespace_fd >= 0)
        close(connection->namespace_fd);
    free(connection->path);
    free(connection->error);
    free(connection);
    return NULL;
}

const char *linkwatch_error(const struct linkwatch *connection)
{
    return connection->error ? connection->error : "";
}

int connection_fail(struct linkwatch *connection, int error, const char *words)
{
    char *copy = strdup(words);

    free(connection->error);
    connection->error = copy;
    return error;
}

int connection_leave(struct linkwatch *connection)
{
    hang_up(connection);
    return 0;
}

int connection_break(struct linkwatch *connection, int error)
{
    hang_up(connection);
    switch (error) {
    case -ETIMEDOUT:
        return connection_fail(connection, error, "the daemon did not reply in time");
    case -EPROTO:
        return connection_fail(connection, error, "the daemon's reply was not understood");
    case -ECONNRESET:
        return connection_fail(connection, error, "the daemon closed the connection");
    case -E2BIG:
        return connection_fail(connection, error,
                               "the daemon has more links than the limit allows");
    }
    return connection_fail(connection, error, strerror(-error));
}

static int wait_for(int fd, short events, uint64_t deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int n;

    do
        n = poll(&poll_fd, 1, deadline_timeout(deadline));
    while ((n < 0 && errno == EINTR) || (n == 0 && clock_monotonic() < deadline));
    return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static int send_all(int fd, const char *bytes, size_t size, int passed_fd, uint64_t deadline)
{
    while (size > 0) {
        ssize_t n = socket_send(fd, bytes, size, passed_fd);
        int r = n == 0 ? wait_for(fd, POLLOUT, deadline) : (int)n;

        if (r < 0)
            return r;
        bytes += n;
        size -= (size_t)n;
        if (n > 0)
            passed_fd = -1;
    }
    return 0;
}

static int receive_some(struct linkwatch *connection, uint64_t deadline)
{
    int r = socket_receive(connection->fd, &connection->in);

    return r == 0 ? wait_for(connection->fd, POLLIN, deadline) : r;
}

static int receive_reply(struct linkwatch *connection, uint64_t deadline, struct reply *ret)
{
    const char *message;
    size_t length;
    int r;

    do
        r = frame_next(&connection->in, &message, &length);
    while (r == 0 && (r = receive_some(connection, deadline)) >= 0);
    if (r > 0)
        r = wire_parse(message, length, ret);
    return r == -EBADMSG || r == -EMSGSIZE ? -EPROTO : r;
}

static int send_call(struct linkwatch *connection, const char *text, size_t size, int passed_fd,
                     uint64_t deadline)
{
    int r = send_all(connection->fd, text, size, passed_fd, deadline);

    if (r == -ETOOMANYREFS || r == -EPERM)
        return r;
    /* The daemon may have sent the reason before it hung up. */
    return r == -ECONNRESET ? 0 : r;
}

static int answered_error(struct linkwatch *connection, struct reply *reply)
{
    int r = wire_errno(reply);

    free(connection->error);
    connection->error = wire_error_text(reply);
    wire_clear(reply);
    return r;
}

static int enter(struct linkwatch *connection, uint64_t deadline)
{
    struct reply reply;
    char *text;
    size_t size;
    int r = wire_enter_call(&text, &size);

    if (r < 0)
        return connection_fail(connection, r, strerror(-r));
    r = send_call(connection, text, size, connection->namespace_fd, deadline);
    free(text);
    if (r >= 0)
        r = receive_reply(connection, deadline, &reply);
    if (r < 0)
        return connection_break(connection, r);
    if (reply.error)
        return answered_error(connection, &reply);
    wire_clear(&reply);
    connection->entered = true;
    return 0;
}

/* There is a connection in the end, and it is about the right namespace. */
static int ensure_connected(struct linkwatch *connection, uint64_t deadline)
{
    int r;

    if (connection->owner != getpid())
        return connection_fail(connection, -ECHILD, "the connection belongs to the parent process");
    if (connection->fd < 0) {
        r = connect_by(connection->path, deadline);
        if (r < 0)
            return connection_break(connection, r);
        connection->fd = r;
    }
    return connection->namespace_fd < 0 || connection->entered ? 0 : enter(connection, deadline);
}

static int start_call(struct linkwatch *connection, const char *method, json_t *parameters,
                      bool more, uint64_t deadline)
{
    char *text;
    size_t size;
    int r = wire_call(method, parameters, more, &text, &size);

    if (r < 0)
        return connection_fail(connection, r, strerror(-r));
    r = ensure_connected(connection, deadline);
    if (r < 0) {
        free(text);
        return r;
    }
    r = send_call(connection, text, size, -1, deadline);
    free(text);
    return r < 0 ? connection_break(connection, r) : 0;
}

int linkwatch_enter(struct linkwatch *connection, int socket_fd, int64_t timeout)
{
    int before = connection->namespace_fd;
    bool was_there = connection->fd >= 0 && connection->entered;
    int duplicate, r;

    if (netns_check() < 0)
        return connection_fail(connection, -EOPNOTSUPP,
                               "this kernel replies for the caller's network namespace, not for "
                               "that of the socket");
    duplicate = fcntl(socket_fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return connection_fail(connection, -errno, strerror(errno));
    connection->namespace_fd = duplicate;
    connection->entered = false;
    r = ensure_connected(connection, deadline_after(timeout));
    if (r < 0) {
        connection->namespace_fd = before;
        connection->entered = was_there && connection->fd >= 0;
        close(duplicate);
        return r;
    }
    if (before >= 0)
        close(before);
    free(connection->error);
    connection->error = NULL;
    return 0;
}

int connection_call_more(struct linkwatch *connection, const char *method, json_t *parameters,
                         uint64_t deadline)
{
    return start_call(connection, method, parameters, true, deadline);
}

int connection_next(struct linkwatch *connection, uint64_t deadline, struct reply *ret)
{
    struct reply reply;
    int r = receive_reply(connection, deadline, &reply);

    if (r < 0)
        return connection_break(connection, r);
    if (reply.error)
        return answered_error(connection, &reply);
    free(connection->error);
    connection->error = NULL;
    *ret = reply;
    return 0;
}

int connection_call(struct linkwatch *connection, const char *method, json_t *parameters,
                    int64_t timeout, struct reply *ret)
{
    uint64_t deadline = deadline_after(timeout);
    int r = start_call(connection, method, parameters, false, deadline);

    return r < 0 ? r : connection_next(connection, deadline, ret);
}
