/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/connection.h"

#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/descriptors.h"
#include "daemon/message.h"
#include "daemon/outbox.h"
#include "protocol/frame.h"

/* What is taken from an answer before it is written: more of one that ends, as a List's texts are
 * mostly shared, and its consumer is woken less often. */
#define BYTES_IN_HAND         ((size_t)32 * 1024)
#define ENDLESS_BYTES_IN_HAND ((size_t)16 * 1024)
#define PIECES_IN_HAND        192
/* Seconds between probes for a consumer that sends nothing more and may be gone. */
#define ABSENCE_CHECK 1.

struct connection {
    TAILQ_ENTRY(connection) entry;
    struct connection_host *host;
    struct caller caller;
    struct job job;
    struct waiter waiter; /* for what the answer waits for */
    struct ev_io readable;
    struct ev_io writable;
    struct ev_timer absence;
    struct ev_timer patience;
    int fd;
    struct frame in;
    size_t surplus; /* bytes that came behind a call whose answer does not end */
    struct outbox out;
    struct answer *answer;
    int passed;       /* a netlink socket that came with what is in the frame, or -1 */
    size_t passed_at; /* the first byte with which it came */
    bool to_read;     /* the socket was readable, and nothing was read yet */
    bool ended;       /* the consumer won't send anything more */
};

static void go_on_later(struct connection *connection, enum workqueue_priority priority)
{
    workqueue_add(connection->host->queue, &connection->job, priority);
}

/* While it is, further calls wait. */
static bool is_busy(const struct connection *connection)
{
    return connection->answer || connection->out.count > 0;
}

static bool is_blocked(const struct connection *connection)
{
    return ev_is_active(&connection->writable);
}

static bool is_endless(const struct connection *connection)
{
    return connection->answer && connection->answer->kind->endless;
}

/* What an answer that ends holds, it must not hold for ever. Each write that the socket takes gives
 * a consumer new time; a stream holds next to nothing, and waits for ever. */
static void wait_for_reader(struct connection *connection)
{
    struct ev_loop *loop = connection->host->loop;

    ev_io_start(loop, &connection->writable);
    if (!is_endless(connection))
        ev_timer_again(loop, &connection->patience);
}

static void stop_waiting(struct connection *connection)
{
    ev_io_stop(connection->host->loop, &connection->writable);
    ev_timer_stop(connection->host->loop, &connection->patience);
}

static size_t bytes_in_hand(const struct connection *connection)
{
    return is_endless(connection) ? ENDLESS_BYTES_IN_HAND : BYTES_IN_HAND;
}

static void end_answer(struct connection *connection)
{
    waitlist_remove(&connection->waiter);
    connection->answer = answer_free(connection->answer);
}

/* Takes pieces of the answer. 1 if there may be more, 0 if there is none (for now), -EAGAIN if the
 * slice is over, -errno. */
static int take_pieces(struct connection *connection, const struct slice *slice)
{
    size_t most = bytes_in_hand(connection);
    size_t bytes = 0;

    while (bytes < most && connection->out.count < PIECES_IN_HAND) {
        struct answer *answer = connection->answer;
        struct buffer *piece;
        int r = answer_next(answer, slice, &piece);

        if (r < 0)
            return r;
        if (r == ANSWER_END)
            end_answer(connection);
        if (r == ANSWER_WAITS)
            waitlist_add(answer->waits_on, &connection->waiter);
        if (r != ANSWER_PIECE)
            return 0;
        bytes += piece->length;
        r = outbox_push(&connection->out, piece);
        if (r < 0)
            return r;
        if (slice_is_over_after(slice, connection->out.count))
            return -EAGAIN;
    }
    return 1;
}

/* Writes what there is of the answer, until it ends or waits, or the socket takes no more (0), or
 * others must go on (-EAGAIN). -errno if the connection is over. */
static int pump(struct connection *connection, const struct slice *slice)
{
    for (;;) {
        int taken = 1;
        int written;

        if (connection->out.count == 0)
            taken = connection->answer ? take_pieces(connection, slice) : 0;
        if (taken < 0 && taken != -EAGAIN)
            return taken;
        written = outbox_write(&connection->out, connection->fd, BYTES_IN_HAND);
        if (written < 0)
            return written;
        if (written == 0)
            wait_for_reader(connection);
        if (written == 0 || (taken == 0 && written == 1))
            return 0;
        if (taken == -EAGAIN || slice_is_over(slice))
            return -EAGAIN;
    }
}

static void drop_socket(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A message of so many bytes is taken: what came with it is its own. */
static void assign_socket(struct connection *connection, size_t size)
{
    if (connection->passed < 0)
        return;
    if (connection->passed_at >= size) {
        connection->passed_at -= size;
        return;
    }
    connection->caller.socket = connection->passed;
    connection->passed = -1;
}

static int take_call(struct connection *connection)
{
    const char *message;
    size_t length;
    int r = frame_next(&connection->in, &message, &length);

    if (r <= 0)
        return r;
    assign_socket(connection, length + 1);
    r = connection->host->respond(connection->host->respond_user, &connection->caller, message,
                                  length, &connection->answer);
    drop_socket(&connection->caller.socket);
    return r < 0 ? r : 1;
}

/* Answers the calls that are there. 0 if that is all for now, -EAGAIN if others must go on, -errno
 * if the connection is over. */
static int answer_calls(struct connection *connection, const struct slice *slice)
{
    for (;;) {
        int r = pump(connection, slice);

        if (r < 0)
            return r;
        if (is_busy(connection))
            return 0;
        r = take_call(connection);
        if (r <= 0)
            return r;
        if (slice_is_over(slice))
            return -EAGAIN;
    }
}

/* A consumer of a stream that shut its own side down is readable for ever, and the loop
 * can't wait for a hangup alone; without this it would be missed with the next event. */
static void watch_for_absence(struct connection *connection)
{
    if (!ev_is_active(&connection->absence))
        ev_timer_start(connection->host->loop, &connection->absence);
}

/* A stream never ends: what comes behind it is read, to see the consumer's end, up to the size of
 * one call, and then it must go. */
static int forget_surplus(struct connection *connection)
{
    connection->surplus += frame_pending(&connection->in);
    frame_clear(&connection->in);
    return connection->surplus > connection->in.max ? -EMSGSIZE : 0;
}

/* While a call waits behind one that is being answered, no more are read: they wait in the socket,
 * where they are their sender's. */
static int want_more(struct connection *connection)
{
    struct ev_loop *loop = connection->host->loop;
    bool endless = is_endless(connection);

    if (endless && forget_surplus(connection) < 0)
        return -EMSGSIZE;
    if (endless && connection->ended)
        watch_for_absence(connection);
    if (is_busy(connection))
        frame_trim(&connection->in);
    if (connection->ended || (is_busy(connection) && frame_pending(&connection->in) > 0))
        ev_io_stop(loop, &connection->readable);
    else
        ev_io_start(loop, &connection->readable);
    return 0;
}

/* The consumer sends nothing more, but may still want what it asked for: then only its
 * own side is shut down. */
static bool still_listens(const struct connection *connection)
{
    struct pollfd poll_fd = {.fd = connection->fd};

    return poll(&poll_fd, 1, 0) == 0 || !(poll_fd.revents & (POLLHUP | POLLERR));
}

/* Reports why the connection ends, if no answer is under way. */
static void refuse_descriptors(struct connection *connection)
{
    struct buffer *message;

    if (is_busy(connection) ||
        message_error("org.varlink.service.InvalidParameter",
                      json_pack("{s:s}", "parameter", "socket_fd"), &message) < 0)
        return;
    (void)send(connection->fd, message->data, message->length, MSG_NOSIGNAL | MSG_DONTWAIT);
    buffer_unref(message);
}

/* One at a time. */
static int keep_socket(struct connection *connection, int fd)
{
    if (fd < 0)
        return 0;
    if (connection->passed >= 0) {
        close(fd);
        return -EBADMSG;
    }
    connection->passed = fd;
    connection->passed_at = frame_pending(&connection->in);
    return 0;
}

/* -errno if the connection is over. */
static int read_some(struct connection *connection)
{
    char *room;
    size_t size;
    ssize_t n;
    int netlink, r;

    r = frame_reserve(&connection->in, &room, &size);
    if (r < 0)
        return r;
    n = descriptors_receive(connection->fd, room, size, connection->host->closer, &netlink);
    r = keep_socket(connection, netlink);
    if (n == -EBADMSG || r < 0) {
        refuse_descriptors(connection);
        return -EBADMSG;
    }
    if (n > 0) {
        frame_filled(&connection->in, (size_t)n);
        return 0;
    }
    if (n == 0) {
        connection->ended = true;
        return is_endless(connection) && !still_listens(connection) ? -ECONNRESET : 0;
    }
    return n == -EAGAIN || n == -EINTR ? 0 : (int)n;
}

/* Goes on with everything. -errno if the connection is over. */
static int go_on(struct connection *connection, const struct slice *slice)
{
    int r = 0;

    if (connection->to_read) {
        connection->to_read = false;
        r = read_some(connection);
    }
    if (r >= 0 && !is_blocked(connection))
        r = answer_calls(connection, slice);
    if (r == -EAGAIN)
        go_on_later(connection, WORKQUEUE_REQUESTS);
    else if (r < 0)
        return r;
    r = want_more(connection);
    if (r < 0)
        return r;
    return connection->ended && !is_busy(connection) && !connection->job.waiting ? -ECONNRESET : 0;
}

static void run(void *user, struct slice *slice)
{
    if (go_on(user, slice) < 0)
        connection_free(user);
}

/* There is something new for the answer. */
static void on_wake(void *user)
{
    go_on_later(user, is_endless(user) ? WORKQUEUE_EVENTS : WORKQUEUE_REQUESTS);
}

/* The loop does not report it again before this connection's slice. */
static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct connection *connection = io->data;

    (void)events;
    ev_io_stop(loop, io);
    connection->to_read = true;
    go_on_later(connection, WORKQUEUE_REQUESTS);
}

static void on_writable(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)loop;
    (void)events;
    stop_waiting(io->data);
    on_wake(io->data);
}

static void on_absence_check(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct connection *connection = timer->data;

    (void)loop;
    (void)events;
    if (!still_listens(connection))
        connection_free(connection);
}

static void on_patience_over(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    connection_free(timer->data);
}

struct connection *connection_new(struct connection_host *host, int fd, struct user *user,
                                  struct namespace *namespace, size_t request_max)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return NULL;
    connection->host = host;
    connection->caller = (struct caller){.user = user, .namespace = namespace, .socket = -1};
    connection->job = (struct job){.run = run, .user = connection, .share = &user->share};
    connection->waiter = (struct waiter){.wake = on_wake, .user = connection};
    connection->fd = fd;
    connection->passed = -1;
    frame_init(&connection->in, request_max);
    ev_io_init(&connection->readable, on_readable, fd, EV_READ);
    ev_io_init(&connection->writable, on_writable, fd, EV_WRITE);
    ev_timer_init(&connection->absence, on_absence_check, ABSENCE_CHECK, ABSENCE_CHECK);
    ev_timer_init(&connection->patience, on_patience_over, 0., CONNECTION_PATIENCE);
    connection->readable.data = connection->writable.data = connection;
    connection->absence.data = connection->patience.data = connection;
    ev_io_start(host->loop, &connection->readable);
    TAILQ_INSERT_TAIL(&host->connections, connection, entry);
    return connection;
}

struct connection *connection_free(struct connection *connection)
{
    struct connection_host *host;

    if (!connection)
        return NULL;
    host = connection->host;
    workqueue_remove(host->queue, &connection->job);
    end_answer(connection);
    host->closed(host->closed_user, &connection->caller);
    TAILQ_REMOVE(&host->connections, connection, entry);
    ev_io_stop(host->loop, &connection->readable);
    stop_waiting(connection);
    ev_timer_stop(host->loop, &connection->absence);
    outbox_clear(&connection->out);
    drop_socket(&connection->passed);
    frame_clear(&connection->in);
    descriptors_close(connection->fd, host->closer);
    free(connection);
    return NULL;
}
