#include "daemon/server.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/closer.h"
#include "daemon/descriptors.h"
#include "daemon/log.h"
#include "daemon/message.h"
#include "daemon/turns.h"

#define ACCEPT_AT_ONCE 16
/* Without a free descriptor, accepting pauses so long, or until a session ends. */
#define PAUSE 1.

struct guest {
    TAILQ_ENTRY(guest) entry;
    struct session *session;
};

struct server {
    struct ev_loop *loop;
    struct log *log;
    struct ev_io incoming;
    struct ev_timer pause;
    struct turns *turns;
    struct closer *closer;
    struct turn turn; /* to accept */
    int fd;
    char *path; /* of the socket that was made here, and what it is known by */
    dev_t device;
    ino_t inode;
    struct server_limits limits;
    struct server_counters counters;
    struct server_handlers handlers;
    void *user;
    TAILQ_HEAD(guests, guest) guests; /* who came first stands first, and is told first */
    size_t count;

    struct guest *next_told; /* NULL: all were told */
    bool tell_again;         /* something new came after the first was told */
    struct ev_timer telling; /* goes on with the next turn of the loop */
};

static size_t count_of(const struct server *server, uid_t uid)
{
    const struct guest *guest;
    size_t count = 0;

    TAILQ_FOREACH(guest, &server->guests, entry)
    if (session_uid(guest->session) == uid)
        count++;
    return count;
}

static void accept_again(struct server *server)
{
    if (!ev_is_active(&server->pause))
        return;
    ev_timer_stop(server->loop, &server->pause);
    ev_io_start(server->loop, &server->incoming);
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
    struct log_line *line = log_begin(server->log, LOG_WARNING, LOG_KIND_ACCEPT_PAUSED);

    log_number(line, "ERRNO", error);
    log_end(line, "cannot accept connections for now: %s", strerror(error));
    ev_timer_set(&server->pause, PAUSE, 0.);
    ev_timer_start(server->loop, &server->pause);
}

static int on_request(void *user, struct session *session, const char *message, size_t length)
{
    struct server *server = user;

    return server->handlers.session.request(server->user, session, message, length);
}

static void on_closed(void *user, struct session *session)
{
    struct server *server = user;
    struct guest *guest = session_data(session);

    server->handlers.session.closed(server->user, session);
    if (server->next_told == guest)
        server->next_told = TAILQ_NEXT(guest, entry);
    TAILQ_REMOVE(&server->guests, guest, entry);
    free(guest);
    server->count--;
    server->handlers.counted(server->user, server->count);
    accept_again(server);
}

/* Tells why, as far as the socket takes it at once, and closes. */
static void refuse(struct server *server, int fd, uid_t uid, const char *limit)
{
    struct log_line *line = log_begin(server->log, LOG_WARNING, LOG_KIND_SESSION_REFUSED);
    struct buffer *message;

    server->counters.refused++;
    log_text(line, "", "LIMIT", limit);
    log_number(line, "CONSUMER_UID", uid);
    log_end(line, "refused a connection of user %u: limit %s reached", uid, limit);
    if (message_error("org.linkwatch.Links.LimitReached", json_pack("{s:s}", "limit", limit),
                      &message) >= 0) {
        (void)send(fd, message->data, message->length, MSG_NOSIGNAL | MSG_DONTWAIT);
        buffer_unref(message);
    }
    closer_close_connection(server->closer, fd);
}

static int admit(struct server *server, int fd, uid_t uid)
{
    static const struct session_handlers handlers = {.request = on_request, .closed = on_closed};
    struct guest *guest = calloc(1, sizeof(*guest));

    if (!guest)
        return -ENOMEM;
    guest->session = session_new(server->loop, server->turns, server->closer, fd, uid,
                                 server->limits.request, &handlers, server);
    if (!guest->session) {
        free(guest);
        return -ENOMEM;
    }
    session_set_data(guest->session, guest);
    TAILQ_INSERT_TAIL(&server->guests, guest, entry);
    server->count++;
    server->counters.sessions++;
    server->handlers.counted(server->user, server->count);
    return 0;
}

static void receive_guest(struct server *server, int fd)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t length = sizeof(peer);

    /* For limits and logs; some sandboxes don't tell the truth here. */
    (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    if (server->count >= server->limits.sessions)
        refuse(server, fd, peer.uid, "sessions-max");
    else if (count_of(server, peer.uid) >= server->limits.sessions_per_user)
        refuse(server, fd, peer.uid, "sessions-per-user-max");
    else if (admit(server, fd, peer.uid) < 0)
        closer_close_connection(server->closer, fd);
}

static void accept_some(void *user)
{
    struct server *server = user;

    for (int i = 0; i < ACCEPT_AT_ONCE && (i == 0 || !turns_are_over(server->turns)); i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            receive_guest(server, fd);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            ev_io_start(server->loop, &server->incoming);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            pause_accepting(server, errno);
            return;
        }
    }
    turns_ask(server->turns, TURNS_WORK, &server->turn);
}

static void on_incoming(struct ev_loop *loop, struct ev_io *io, int events)
{
    struct server *server = io->data;

    (void)events;
    ev_io_stop(loop, io);
    turns_ask(server->turns, TURNS_WORK, &server->turn);
}

/* The next one who is to be told, NULL if nobody is. */
static struct guest *take_next(struct server *server)
{
    struct guest *guest = server->next_told;

    if (!guest && server->tell_again) {
        server->tell_again = false;
        guest = TAILQ_FIRST(&server->guests);
    }
    server->next_told = guest ? TAILQ_NEXT(guest, entry) : NULL;
    return guest;
}

/* Tells as many as there is time for. What happens to links meanwhile is read in between, and
 * those who were not told yet are told of it in the same breath. */
static void tell_some(struct server *server)
{
    int64_t end = clock_usec(CLOCK_MONOTONIC) + TURNS_ROUND_USEC;
    struct guest *guest;

    while ((guest = take_next(server))) {
        session_wake(guest->session);
        if (clock_usec(CLOCK_MONOTONIC) >= end)
            break;
    }
    ev_timer_stop(server->loop, &server->telling);
    ev_timer_set(&server->telling, 0., 0.);
    if (server->next_told || server->tell_again)
        ev_timer_start(server->loop, &server->telling);
}

static void on_telling(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    tell_some(timer->data);
}

struct server *server_new(struct ev_loop *loop, struct log *log, int fd, const char *path,
                          const struct server_limits *limits,
                          const struct server_handlers *handlers, void *user)
{
    struct server *server = calloc(1, sizeof(*server));
    struct stat status;

    if (!server)
        return NULL;
    server->turns = turns_new(loop);
    server->closer = closer_new(loop);
    server->path = path ? strdup(path) : NULL;
    if (!server->turns || !server->closer || (path && !server->path)) {
        closer_free(server->closer);
        turns_free(server->turns);
        free(server->path);
        free(server);
        return NULL;
    }
    if (path && lstat(path, &status) == 0) {
        server->device = status.st_dev;
        server->inode = status.st_ino;
    }
    server->loop = loop;
    server->turn = (struct turn){.take = accept_some, .user = server};
    server->log = log;
    server->fd = fd;
    descriptors_refuse(fd);
    server->limits = *limits;
    server->handlers = *handlers;
    server->user = user;
    TAILQ_INIT(&server->guests);
    ev_io_init(&server->incoming, on_incoming, fd, EV_READ);
    ev_timer_init(&server->pause, on_pause_over, PAUSE, 0.);
    ev_timer_init(&server->telling, on_telling, 0., 0.);
    ev_set_priority(&server->telling, EV_MAXPRI);
    server->incoming.data = server->pause.data = server->telling.data = server;
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
    struct guest *guest;

    if (!server)
        return NULL;
    while ((guest = TAILQ_FIRST(&server->guests)))
        session_free(guest->session);
    ev_io_stop(server->loop, &server->incoming);
    ev_timer_stop(server->loop, &server->pause);
    ev_timer_stop(server->loop, &server->telling);
    turns_leave(server->turns, &server->turn);
    turns_free(server->turns);
    closer_close_listener(server->closer, server->fd);
    closer_free(server->closer);
    remove_path(server);
    free(server->path);
    free(server);
    return NULL;
}

void server_start(struct server *server)
{
    if (!ev_is_active(&server->pause))
        ev_io_start(server->loop, &server->incoming);
}

void server_set_limits(struct server *server, const struct server_limits *limits)
{
    server->limits = *limits;
}

const struct server_limits *server_limits(const struct server *server)
{
    return &server->limits;
}

void server_wake(struct server *server)
{
    server->tell_again = server->next_told;
    if (!server->next_told)
        server->next_told = TAILQ_FIRST(&server->guests);
    tell_some(server);
}

size_t server_session_count(const struct server *server)
{
    return server->count;
}

const struct server_counters *server_counters(const struct server *server)
{
    return &server->counters;
}
