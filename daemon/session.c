#include "daemon/session.h"

#include <errno.h>
#include <ev.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/closer.h"
#include "daemon/descriptors.h"
#include "daemon/outbox.h"
#include "protocol/frame.h"

/* Before others have their turn: messages taken, rounds of writing, and what a stream
 * gives for one write. */
#define REQUESTS_AT_ONCE 32
#define ROUNDS_AT_ONCE   2
#define PIECES_AT_ONCE   32
#define BYTES_AT_ONCE    ((size_t)64 * 1024)
/* Seconds between looks for a consumer that sends nothing more and may be gone. */
#define ABSENCE_CHECK 1.

struct session {
    struct ev_loop *loop;
    struct ev_io readable;
    struct ev_io writable;
    struct ev_timer absence;
    struct turns *turns;
    struct closer *closer;
    struct turn turn;
    int fd;
    uid_t uid;
    struct frame in;
    struct outbox out;
    struct stream *stream;
    bool suspended;
    bool to_read; /* the socket was readable, and nothing was read yet */
    bool ended;   /* the consumer won't send anything more */
    struct session_handlers handlers;
    void *user;
    void *data;
};

static bool is_blocked(const struct session *session)
{
    return ev_is_active(&session->writable);
}

/* What was sent before was not read yet. Then it has no hurry: who reads is told first. */
static bool is_behind(const struct session *session)
{
    int unread;

    return session->turn.waiting || (ioctl(session->fd, SIOCOUTQ, &unread) == 0 && unread > 0);
}

/* While it is, further requests wait. */
static bool is_busy(const struct session *session)
{
    return session->suspended || session->stream || session->out.count > 0;
}

static void go_on_later(struct session *session)
{
    bool news = session->stream && !stream_is_heavy(session->stream);

    turns_ask(session->turns, news ? TURNS_NEWS : TURNS_WORK, &session->turn);
}

static int fill_from_stream(struct session *session)
{
    size_t bytes = 0;

    for (int i = 0; i < PIECES_AT_ONCE && bytes < BYTES_AT_ONCE; i++) {
        struct buffer *message;
        int r = stream_next_many(session->stream, &message);

        if (r == STREAM_LATER)
            go_on_later(session);
        if (r != 1)
            return r < 0 ? r : 0;
        bytes += message->length;
        r = outbox_push(&session->out, message);
        if (r < 0)
            return r;
    }
    return 0;
}

/* One round: 1 if there may be more to write, 0 if there is not, -EAGAIN if the socket
 * takes no more, -errno if the session is over. */
static int write_round(struct session *session)
{
    int r;

    if (session->stream && session->out.count == 0) {
        r = fill_from_stream(session);
        if (r < 0)
            return r;
    }
    if (session->out.count == 0)
        return 0;
    r = outbox_write(&session->out, session->fd, BYTES_AT_ONCE);
    return r == 0 ? -EAGAIN : r;
}

/* Writes what there is, until the socket takes no more or others must have their
 * turn. -errno if the session is over. */
static int write_out(struct session *session)
{
    int r = 1;

    for (int round = 0; r > 0 && round < ROUNDS_AT_ONCE && !session->turn.waiting; round++)
        r = write_round(session);
    if (r == -EAGAIN) {
        ev_io_start(session->loop, &session->writable);
        return 0;
    }
    ev_io_stop(session->loop, &session->writable);
    if (r > 0)
        go_on_later(session);
    return r < 0 ? r : 0;
}

/* Takes the requests that are there, as long as each is answered at once. -errno if
 * the session is over. */
static int take_requests(struct session *session)
{
    for (int i = 0; i < REQUESTS_AT_ONCE; i++) {
        const char *message;
        size_t length;
        int r;

        if (is_busy(session))
            return 0;
        r = frame_next(&session->in, &message, &length);
        if (r <= 0)
            return r;
        r = session->handlers.request(session->user, session, message, length);
        if (r >= 0)
            r = write_out(session);
        if (r < 0)
            return r;
        if (turns_are_over(session->turns))
            break;
    }
    go_on_later(session);
    return 0;
}

/* A consumer of a stream that shut its own side down is readable for ever, and the loop
 * can't wait for a hangup alone; without this it would be missed with the next event. */
static void watch_for_absence(struct session *session)
{
    if (!ev_is_active(&session->absence))
        ev_timer_start(session->loop, &session->absence);
}

/* While requests wait, no more are read, so that a consumer can't fill our memory. A
 * stream never ends: what comes behind it is read, to see the consumer's end, up to
 * the size of one request, and then it must go. */
static int want_more(struct session *session)
{
    bool full = frame_pending(&session->in) > session->in.max;

    if (session->stream && full)
        return -EMSGSIZE;
    if (session->ended && session->stream)
        watch_for_absence(session);
    if (session->ended || (is_busy(session) && full))
        ev_io_stop(session->loop, &session->readable);
    else
        ev_io_start(session->loop, &session->readable);
    return 0;
}

/* The consumer sends nothing more, but may still want what it asked for: then only its
 * own side is shut down. */
static bool still_listens(const struct session *session)
{
    struct pollfd poll_fd = {.fd = session->fd};

    return poll(&poll_fd, 1, 0) == 0 || !(poll_fd.revents & (POLLHUP | POLLERR));
}

/* -errno if the session is over. */
static int read_some(struct session *session)
{
    char *room;
    size_t size;
    ssize_t n;
    int r;

    r = frame_reserve(&session->in, &room, &size);
    if (r < 0)
        return r;
    n = descriptors_receive(session->fd, room, size);
    if (n > 0) {
        frame_filled(&session->in, (size_t)n);
        return 0;
    }
    if (n == 0) {
        session->ended = true;
        return session->stream && !still_listens(session) ? -ECONNRESET : 0;
    }
    return n == -EAGAIN || n == -EINTR ? 0 : (int)n;
}

/* Goes on with everything. -errno if the session is over. */
static int go_on(struct session *session)
{
    int r = 0;

    if (session->to_read) {
        session->to_read = false;
        r = read_some(session);
    }
    if (r >= 0)
        r = write_out(session);
    if (r >= 0)
        r = take_requests(session);
    if (r >= 0)
        r = want_more(session);
    if (r < 0)
        return r;
    return session->ended && !is_busy(session) && !session->turn.waiting ? -ECONNRESET : 0;
}

static void take_turn(void *user)
{
    if (go_on(user) < 0)
        session_free(user);
}

/* The loop doesn't tell of it again before its turn came. */
static void on_readable(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct session *session = io->data;

    (void)events;
    ev_io_stop(loop, io);
    session->to_read = true;
    go_on_later(session);
}

static void on_writable(struct ev_loop *loop, struct ev_io *io, int events)
{
    (void)events;
    ev_io_stop(loop, io);
    go_on_later(io->data);
}

static void on_absence_check(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    struct session *session = timer->data;

    (void)loop;
    (void)events;
    if (!still_listens(session))
        session_free(session);
}

struct session *session_new(struct ev_loop *loop, struct turns *turns, struct closer *closer,
                            int fd, uid_t uid, size_t request_max,
                            const struct session_handlers *handlers, void *user)
{
    struct session *session = calloc(1, sizeof(*session));

    if (!session)
        return NULL;
    session->loop = loop;
    session->turns = turns;
    session->closer = closer;
    session->turn = (struct turn){.take = take_turn, .user = session};
    session->fd = fd;
    session->uid = uid;
    session->handlers = *handlers;
    session->user = user;
    frame_init(&session->in, request_max);
    ev_io_init(&session->readable, on_readable, fd, EV_READ);
    ev_io_init(&session->writable, on_writable, fd, EV_WRITE);
    ev_timer_init(&session->absence, on_absence_check, ABSENCE_CHECK, ABSENCE_CHECK);
    session->readable.data = session->writable.data = session;
    session->absence.data = session;
    ev_io_start(loop, &session->readable);
    return session;
}

struct session *session_free(struct session *session)
{
    if (!session)
        return NULL;
    session->handlers.closed(session->user, session);
    ev_io_stop(session->loop, &session->readable);
    ev_io_stop(session->loop, &session->writable);
    ev_timer_stop(session->loop, &session->absence);
    turns_leave(session->turns, &session->turn);
    stream_free(session->stream);
    outbox_clear(&session->out);
    frame_clear(&session->in);
    closer_close_connection(session->closer, session->fd);
    free(session);
    return NULL;
}

uid_t session_uid(const struct session *session)
{
    return session->uid;
}

struct turns *session_turns(const struct session *session)
{
    return session->turns;
}

int session_send(struct session *session, struct buffer *message)
{
    return outbox_push(&session->out, message);
}

void session_suspend(struct session *session)
{
    session->suspended = true;
}

void session_resume(struct session *session)
{
    session->suspended = false;
    go_on_later(session);
}

void session_start_stream(struct session *session, struct stream *stream)
{
    session->stream = stream;
}

bool session_is_streaming(const struct session *session)
{
    return session->stream;
}

void session_wake(struct session *session)
{
    /* Who can't take it now is told when it can. */
    if (!session->stream || is_blocked(session))
        return;
    if (is_behind(session) || stream_is_heavy(session->stream))
        go_on_later(session);
    else if (write_out(session) < 0)
        session_free(session);
}

void session_set_data(struct session *session, void *data)
{
    session->data = data;
}

void *session_data(const struct session *session)
{
    return session->data;
}
