/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mirror's input and output: connecting, and connecting again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/address_object.h"
#include "client/channel.h"
#include "client/deadline.h"
#include "client/link_set.h"
#include "client/linkwatch.h"
#include "client/mirror_state.h"
#include "client/netns.h"
#include "client/wire.h"
#include "protocol/frame.h"

#define FIRST_DELAY   UINT64_C(50000)
#define LONGEST_DELAY UINT64_C(5000000)

/* Before linkwatch_mirror_process() returns. */
#define MESSAGES_AT_ONCE 256

struct linkwatch_mirror {
    char *path;
    int epoll_fd; /* stays the same, for the application; has fd inside */
    int fd;       /* -1 while there is no connection */
    struct frame in;
    int namespace_fd; /* a socket of the network namespace it is about; -1: the daemon's */
    int passed_fd;    /* it, until it was sent */
    bool entering;    /* the answer to that comes first */
    char *call;       /* what of the calls is not sent yet; NULL for nothing */
    size_t call_size;
    size_t call_sent;

    uint64_t retry_at; /* while there is no connection */
    uint64_t delay;    /* of the next retry */
    bool unfinished;   /* more may be there: go on at once */
    bool heard;        /* a message came on this connection */
    bool reported;     /* the application knows whether there is a connection */

    pid_t owner; /* the process that made it */
    bool processing;
    struct mirror_state state;
};

int linkwatch_mirror_new(const char *path, const struct linkwatch_filter *filter,
                         const struct linkwatch_callbacks *callbacks, void *user,
                         struct linkwatch_mirror **ret)
{
    struct linkwatch_mirror *mirror = calloc(1, sizeof(*mirror));
    int r;

    if (!mirror)
        return -ENOMEM;
    mirror->fd = mirror->epoll_fd = mirror->namespace_fd = mirror->passed_fd = -1;
    mirror->delay = FIRST_DELAY;
    mirror->owner = getpid();
    frame_init(&mirror->in, WIRE_REPLY_MAX);
    r = mirror_state_init(&mirror->state, filter, callbacks, user);
    if (r >= 0) {
        mirror->path = strdup(path ? path : linkwatch_default_path());
        mirror->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        r = !mirror->path ? -ENOMEM : mirror->epoll_fd < 0 ? -errno : 0;
    }
    if (r < 0) {
        linkwatch_mirror_free(mirror);
        return r;
    }
    *ret = mirror;
    return 0;
}

static void hang_up(struct linkwatch_mirror *mirror)
{
    /* Closing takes it out of the epoll set only if no child has it, too; and a child has
     * the set itself, from which nothing may be taken that its parent waits for. */
    if (mirror->fd >= 0 && mirror->owner == getpid())
        epoll_ctl(mirror->epoll_fd, EPOLL_CTL_DEL, mirror->fd, NULL);
    if (mirror->fd >= 0)
        close(mirror->fd);
    mirror->fd = -1;
    frame_clear(&mirror->in);
    free(mirror->call);
    mirror->call = NULL;
    mirror->unfinished = false;
    mirror_state_break(&mirror->state);
}

struct linkwatch_mirror *linkwatch_mirror_free(struct linkwatch_mirror *mirror)
{
    if (!mirror)
        return NULL;
    /* From a callback: the rest when it has returned. */
    mirror->state.ended = true;
    if (mirror->processing)
        return NULL;
    hang_up(mirror);
    if (mirror->epoll_fd >= 0)
        close(mirror->epoll_fd);
    if (mirror->namespace_fd >= 0)
        close(mirror->namespace_fd);
    mirror_state_clear(&mirror->state);
    free(mirror->path);
    free(mirror);
    return NULL;
}

int linkwatch_mirror_enter(struct linkwatch_mirror *mirror, int socket_fd)
{
    int duplicate;

    if (mirror->fd >= 0 || mirror->retry_at > 0)
        return -EBUSY;
    if (netns_check() < 0)
        return -EOPNOTSUPP;
    duplicate = fcntl(socket_fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0)
        return -errno;
    if (mirror->namespace_fd >= 0)
        close(mirror->namespace_fd);
    mirror->namespace_fd = duplicate;
    return 0;
}

int linkwatch_mirror_follow_addresses(struct linkwatch_mirror *mirror)
{
    if (mirror->fd >= 0 || mirror->retry_at > 0)
        return -EBUSY;
    mirror->state.follows_addresses = true;
    return 0;
}

static const char *words_for(int error)
{
    switch (error) {
    case -EBADMSG:
        return "the daemon's message was not understood";
    case -ECONNRESET:
        return "the daemon closed the connection";
    case -E2BIG:
        return "the daemon has more links than the mirror's limit allows";
    }
    return strerror(-error);
}

/* The connection, or the attempt to make one, failed: later again. */
static void give_up(struct linkwatch_mirror *mirror, int error, const char *words)
{
    bool was_connected = mirror->heard;

    /* A daemon that sends nonsense after it was ready must not cause a busy loop. */
    if (mirror->state.ready && error != -EBADMSG && error != -E2BIG)
        mirror->delay = FIRST_DELAY;
    hang_up(mirror);
    mirror->retry_at = clock_now() + mirror->delay;
    mirror->delay = mirror->delay * 2 < LONGEST_DELAY ? mirror->delay * 2 : LONGEST_DELAY;
    mirror->heard = false;
    if (mirror->reported && !was_connected)
        return;
    mirror->reported = true;
    if (!mirror->state.ended && mirror->state.callbacks.disconnected)
        mirror->state.callbacks.disconnected(mirror->state.user, error, words);
}

/* Sets what epoll waits for. */
static int watch(struct linkwatch_mirror *mirror, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (mirror->call ? EPOLLOUT : 0)};

    return epoll_ctl(mirror->epoll_fd, operation, mirror->fd, &event) < 0 ? -errno : 0;
}

/* Puts the call that enters the namespace before the one that is there. */
static int put_enter_first(struct linkwatch_mirror *mirror)
{
    char *enter, *both;
    size_t size;
    int r = enter_call(&enter, &size);

    if (r < 0)
        return r;
    both = realloc(enter, size + mirror->call_size);
    if (!both) {
        free(enter);
        return -ENOMEM;
    }
    memcpy(both + size, mirror->call, mirror->call_size);
    free(mirror->call);
    mirror->call = both;
    mirror->call_size += size;
    return 0;
}

static int begin(struct linkwatch_mirror *mirror)
{
    int r = wire_call("Links.Monitor", mirror_state_begin(&mirror->state), true, &mirror->call,
                      &mirror->call_size);

    mirror->passed_fd = mirror->namespace_fd;
    mirror->entering = mirror->namespace_fd >= 0;
    if (r >= 0 && mirror->entering)
        r = put_enter_first(mirror);
    mirror->call_sent = 0;
    return r < 0 ? r : watch(mirror, EPOLL_CTL_ADD);
}

static int make_connection(struct linkwatch_mirror *mirror)
{
    int fd = socket_connect(mirror->path);

    if (fd < 0)
        return fd;
    mirror->fd = fd;
    return begin(mirror);
}

static bool is_passing(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

static int send_call(struct linkwatch_mirror *mirror)
{
    while (mirror->call_sent < mirror->call_size) {
        ssize_t n = socket_send(mirror->fd, mirror->call + mirror->call_sent,
                                mirror->call_size - mirror->call_sent, mirror->passed_fd);

        if (n >= 0) {
            mirror->call_sent += (size_t)n;
            mirror->passed_fd = -1;
        } else if (is_passing(errno))
            return 0;
        else if (errno != EINTR)
            return errno == EPIPE ? -ECONNRESET : -errno;
    }
    free(mirror->call);
    mirror->call = NULL;
    return watch(mirror, EPOLL_CTL_MOD);
}

static void report_connected(struct linkwatch_mirror *mirror, const struct message *message)
{
    bool resumed = mirror_state_resumes(&mirror->state) && message->type != MESSAGE_LOST;

    mirror->heard = true;
    mirror->reported = true;
    if (!mirror->state.ended && mirror->state.callbacks.connected)
        mirror->state.callbacks.connected(mirror->state.user, resumed);
}

static int report_message(struct linkwatch_mirror *mirror, const json_t *parameters)
{
    char *json;

    if (mirror->state.ended || !mirror->state.callbacks.message)
        return 0;
    json = json_dumps(parameters, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!json)
        return -ENOMEM;
    mirror->state.callbacks.message(mirror->state.user, json);
    free(json);
    return 0;
}

static int take_event(struct linkwatch_mirror *mirror, const json_t *parameters)
{
    struct message message;
    int r = message_read(parameters, &message);

    if (r == -EBADMSG)
        mirror_state_forget_position(&mirror->state);
    if (r < 0)
        return r;
    if (!mirror->heard)
        report_connected(mirror, &message);
    r = report_message(mirror, parameters);
    if (r >= 0)
        r = mirror_state_take(&mirror->state, &message);
    message_clear(&message);
    return r;
}

/* The daemon refuses. If it may be the position that it doesn't like, then without. */
static void take_error(struct linkwatch_mirror *mirror, const struct reply *reply)
{
    int error = wire_errno(reply);
    char *words = wire_error_text(reply);

    if (error == -EINVAL)
        mirror_state_forget_position(&mirror->state);
    give_up(mirror, error, words ? words : words_for(error));
    free(words);
}

static int take_message(struct linkwatch_mirror *mirror, const char *text, size_t length)
{
    struct reply reply;
    int r = wire_parse(text, length, &reply);

    if (r == -EBADMSG)
        mirror_state_forget_position(&mirror->state);
    if (r < 0)
        return r;
    if (reply.error) {
        take_error(mirror, &reply);
    } else if (mirror->entering) {
        mirror->entering = false;
    } else {
        r = take_event(mirror, reply.parameters);
        if (r >= 0 && !reply.continues)
            r = -ECONNRESET;
    }
    wire_clear(&reply);
    return r;
}

/* 1 if bytes came, 0 if there are none. */
static int receive_some(struct linkwatch_mirror *mirror)
{
    char *room;
    size_t size;
    ssize_t n;
    int r = frame_reserve(&mirror->in, &room, &size);

    if (r < 0)
        return r;
    do
        n = recv(mirror->fd, room, size, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        frame_filled(&mirror->in, (size_t)n);
    if (n == 0)
        return -ECONNRESET;
    return n > 0 ? 1 : is_passing(errno) ? 0 : -errno;
}

/* Takes one message, or some bytes. 1 if there may be more, 0 if there is not. */
static int take_some(struct linkwatch_mirror *mirror)
{
    const char *text;
    size_t length;
    int r = frame_next(&mirror->in, &text, &length);

    if (r == 0)
        return receive_some(mirror);
    if (r > 0)
        r = take_message(mirror, text, length);
    return r < 0 ? r : 1;
}

static int go_on(struct linkwatch_mirror *mirror)
{
    int r = mirror->call ? send_call(mirror) : 0;

    mirror->unfinished = false;
    for (int i = 0; r >= 0 && i < MESSAGES_AT_ONCE; i++) {
        r = take_some(mirror);
        if (mirror->fd < 0 || mirror->state.ended || r == 0)
            return r;
    }
    mirror->unfinished = r > 0;
    return r;
}

static void process(struct linkwatch_mirror *mirror)
{
    int r = 0;

    if (mirror->fd < 0) {
        if (clock_now() < mirror->retry_at)
            return;
        r = make_connection(mirror);
    }
    if (r >= 0)
        r = go_on(mirror);
    if (r == -EMSGSIZE) {
        mirror_state_forget_position(&mirror->state);
        r = -EBADMSG;
    }
    if (r < 0)
        give_up(mirror, r, words_for(r));
}

void linkwatch_mirror_set_limit(struct linkwatch_mirror *mirror, size_t bytes)
{
    mirror->state.limit = bytes;
}

int linkwatch_mirror_process(struct linkwatch_mirror *mirror)
{
    if (mirror->owner != getpid())
        return -ECHILD;
    if (mirror->processing)
        return 0;
    mirror->processing = true;
    process(mirror);
    mirror->processing = false;
    if (!mirror->state.ended)
        return 0;
    linkwatch_mirror_free(mirror);
    return -ECANCELED;
}

int linkwatch_mirror_fd(const struct linkwatch_mirror *mirror)
{
    return mirror->epoll_fd;
}

short linkwatch_mirror_events(const struct linkwatch_mirror *mirror)
{
    (void)mirror;
    return POLLIN;
}

uint64_t linkwatch_mirror_deadline(const struct linkwatch_mirror *mirror)
{
    if (mirror->fd < 0)
        return mirror->retry_at;
    return mirror->unfinished ? 0 : DEADLINE_NEVER;
}

int linkwatch_mirror_timeout(const struct linkwatch_mirror *mirror)
{
    return deadline_timeout(linkwatch_mirror_deadline(mirror));
}

int linkwatch_mirror_wait(struct linkwatch_mirror *mirror, int64_t timeout)
{
    uint64_t deadline = deadline_after(timeout);
    uint64_t own = linkwatch_mirror_deadline(mirror);
    struct pollfd poll_fd = {.fd = mirror->epoll_fd, .events = POLLIN};
    int n = poll(&poll_fd, 1, deadline_timeout(own < deadline ? own : deadline));
    int r;

    if (n < 0)
        return -errno;
    if (n == 0 && clock_now() < own)
        return 0;
    r = linkwatch_mirror_process(mirror);
    return r < 0 ? r : 1;
}

size_t linkwatch_mirror_count(const struct linkwatch_mirror *mirror)
{
    return mirror->state.held.links.count;
}

bool linkwatch_mirror_is_ready(const struct linkwatch_mirror *mirror)
{
    return mirror->state.ready;
}

struct linkwatch_link *linkwatch_mirror_get(const struct linkwatch_mirror *mirror, int ifindex)
{
    return link_set_get(&mirror->state.held.links, ifindex);
}

struct linkwatch_link *linkwatch_mirror_find(const struct linkwatch_mirror *mirror,
                                             const char *name)
{
    return link_set_find(&mirror->state.held.links, name);
}

struct linkwatch_link *linkwatch_mirror_next(const struct linkwatch_mirror *mirror, int ifindex)
{
    return link_set_next(&mirror->state.held.links, ifindex);
}

struct linkwatch_address *linkwatch_mirror_next_address(const struct linkwatch_mirror *mirror,
                                                        int ifindex,
                                                        const struct linkwatch_address *after)
{
    return address_set_next(&mirror->state.held.addresses, ifindex, after);
}
