#include "client/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/clock.h"
#include "client/link.h"
#include "protocol/frame.h"

#define CONNECT_TIMEOUT INT64_C(5000000)
#define CONNECT_AGAIN   10 /* ms */

struct linkwatch {
    int fd; /* -1 while there is no connection */
    char *path;
    struct frame in;
    char *error; /* NULL for none */
    size_t limit;
    pid_t owner; /* the process that made it */
};

const char *linkwatch_default_path(void)
{
    const char *path = secure_getenv("LINKWATCH_SOCKET");

    return path && *path ? path : DEFAULT_SOCKET;
}

int socket_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;
    int r;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    do
        r = connect(fd, (struct sockaddr *)&address, sizeof(address));
    while (r < 0 && errno == EINTR);
    if (r < 0) {
        r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

/* Waits while the daemon has too many waiting: nothing tells when it hasn't. */
static int connect_by(const char *path, uint64_t deadline)
{
    int fd;

    while ((fd = socket_connect(path)) == -EAGAIN) {
        if (clock_now() >= deadline)
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
    connection->fd = -1;
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
    frame_clear(&connection->in);
}

struct linkwatch *linkwatch_close(struct linkwatch *connection)
{
    if (!connection)
        return NULL;
    hang_up(connection);
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

int connection_break(struct linkwatch *connection, int error)
{
    hang_up(connection);
    switch (error) {
    case -ETIMEDOUT:
        return connection_fail(connection, error, "the daemon didn't answer in time");
    case -EPROTO:
        return connection_fail(connection, error, "the daemon's answer was not understood");
    case -ECONNRESET:
        return connection_fail(connection, error, "the daemon hung up");
    case -E2BIG:
        return connection_fail(connection, error,
                               "the daemon tells of more links than the limit allows");
    }
    return connection_fail(connection, error, strerror(-error));
}

static int wait_for(int fd, short events, uint64_t deadline)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    int n;

    do
        n = poll(&poll_fd, 1, deadline_timeout(deadline));
    while ((n < 0 && errno == EINTR) || (n == 0 && clock_now() < deadline));
    return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int send_all(int fd, const char *bytes, size_t size, uint64_t deadline)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
        int r;

        if (n >= 0) {
            bytes += n;
            size -= (size_t)n;
            continue;
        }
        if (!is_passing(errno))
            return errno == EPIPE ? -ECONNRESET : -errno;
        r = wait_for(fd, POLLOUT, deadline);
        if (r < 0)
            return r;
    }
    return 0;
}

static int receive_some(struct linkwatch *connection, uint64_t deadline)
{
    char *room;
    size_t size;
    ssize_t n;
    int r = frame_reserve(&connection->in, &room, &size);

    if (r < 0)
        return r == -EMSGSIZE ? -EPROTO : r;
    n = recv(connection->fd, room, size, 0);
    if (n > 0)
        frame_filled(&connection->in, (size_t)n);
    if (n == 0)
        return -ECONNRESET;
    if (n > 0)
        return 0;
    return is_passing(errno) ? wait_for(connection->fd, POLLIN, deadline) : -errno;
}

static int receive_reply(struct linkwatch *connection, uint64_t deadline, struct reply *ret)
{
    const char *message;
    size_t length;
    int r;

    while ((r = frame_next(&connection->in, &message, &length)) == 0) {
        r = receive_some(connection, deadline);
        if (r < 0)
            return r;
    }
    if (r > 0)
        r = wire_parse(message, length, ret);
    return r == -EBADMSG || r == -EMSGSIZE ? -EPROTO : r;
}

static int send_call(struct linkwatch *connection, const char *text, size_t size, uint64_t deadline)
{
    int r;

    if (connection->fd < 0) {
        r = connect_by(connection->path, deadline);
        if (r < 0)
            return r;
        connection->fd = r;
    }
    r = send_all(connection->fd, text, size, deadline);
    /* The daemon may have said why it hung up. */
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

static int start_call(struct linkwatch *connection, const char *method, json_t *parameters,
                      bool more, uint64_t deadline)
{
    char *text;
    size_t size;
    int r = wire_call(method, parameters, more, &text, &size);

    if (r < 0)
        return connection_fail(connection, r, strerror(-r));
    if (connection->owner != getpid()) {
        free(text);
        return connection_fail(connection, -ECHILD, "the connection is the parent process's");
    }
    r = send_call(connection, text, size, deadline);
    free(text);
    return r < 0 ? connection_break(connection, r) : 0;
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
