/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mirror's input and output: connecting, and connecting again. When a Refresh is answered, its
 * connection goes on with Monitor from where the first one was, and replaces it: only so is it
 * known, with a filter too, when all that the Refresh found has been received. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client/address_object.h"
#include "client/link_set.h"
#include "client/linkwatch.h"
#include "client/mirror_state.h"
#include "client/netns.h"
#include "client/refreshing.h"
#include "client/saved_state.h"
#include "client/session.h"
#include "client/wire.h"
#include "protocol/clock.h"

/* About thirty years: more is a mistake. */
#define HOLD_MAX INT64_C(1000000000000000)

/* Before linkwatch_mirror_process() returns. */
#define MESSAGES_AT_ONCE 256

struct linkwatch_mirror {
    char *path;
    int epoll_fd;          /* stays the same, for the application */
    int namespace_fd;      /* a socket of the network namespace it is about; -1: the daemon's */
    struct session stream; /* of Monitor's replies */
    struct refreshing refreshing;

    uint64_t retry_at;   /* while there is no connection */
    uint64_t delay;      /* of the next retry */
    bool unfinished;     /* more may be there: go on at once */
    bool must_reconnect; /* to follow addresses, too */
    bool received;       /* a message, on this connection */
    bool reported;       /* the application knows whether there is a connection */

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
    mirror->epoll_fd = mirror->namespace_fd = -1;
    mirror->delay = SESSION_FIRST_DELAY;
    mirror->owner = getpid();
    r = mirror_state_init(&mirror->state, filter, callbacks, user);
    if (r >= 0) {
        mirror->path = strdup(path ? path : linkwatch_default_path());
        mirror->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        r = !mirror->path ? -ENOMEM : mirror->epoll_fd < 0 ? -errno : 0;
    }
    session_init(&mirror->stream, mirror->epoll_fd);
    refreshing_init(&mirror->refreshing, mirror->epoll_fd);
    if (r < 0) {
        linkwatch_mirror_free(mirror);
        return r;
    }
    *ret = mirror;
    return 0;
}

/* Whether it is the copy of a forked process, whose parent still waits for the connections. */
static bool is_shared(const struct linkwatch_mirror *mirror)
{
    return mirror->owner != getpid();
}

static void hang_up(struct linkwatch_mirror *mirror)
{
    session_close(&mirror->stream, is_shared(mirror));
    refreshing_stop(&mirror->refreshing, is_shared(mirror));
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

    if (mirror->stream.fd >= 0 || mirror->retry_at > 0)
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

int linkwatch_mirror_save(const struct linkwatch_mirror *mirror, char **ret)
{
    return saved_state_write(&mirror->state, ret);
}

int linkwatch_mirror_restore(struct linkwatch_mirror *mirror, const char *saved)
{
    int r;

    if (mirror->stream.fd >= 0 || mirror->retry_at > 0 || mirror->state.complete)
        return -EBUSY;
    r = saved_state_read(&mirror->state, saved);
    /* With those, addresses need no other connection. */
    if (r >= 0)
        mirror->must_reconnect = false;
    return r;
}

int linkwatch_mirror_follow_addresses(struct linkwatch_mirror *mirror)
{
    if (mirror->state.follows_addresses)
        return 0;
    mirror->state.follows_addresses = true;
    mirror->must_reconnect = true;
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
    bool was_connected = mirror->received;

    /* A daemon that sends nonsense after it was ready must not cause a busy loop. */
    if (mirror->state.ready && error != -EBADMSG && error != -E2BIG)
        mirror->delay = SESSION_FIRST_DELAY;
    hang_up(mirror);
    mirror->retry_at = clock_monotonic() + mirror->delay;
    mirror->delay = session_later(mirror->delay);
    mirror->received = false;
    if (mirror->reported && !was_connected)
        return;
    mirror->reported = true;
    MIRROR_CALL(&mirror->state, disconnected, error, words);
}

static int call_monitor(struct linkwatch_mirror *mirror, struct session *session)
{
    return session_add_call(session, "Links.Monitor", mirror_state_begin(&mirror->state), true);
}

static int make_connection(struct linkwatch_mirror *mirror)
{
    int r = session_open(&mirror->stream, mirror->path, mirror->namespace_fd);

    return r < 0 ? r : call_monitor(mirror, &mirror->stream);
}

static void report_connected(struct linkwatch_mirror *mirror, const struct message *message)
{
    bool resumed = mirror_state_resumes(&mirror->state) && message->type != MESSAGE_LOST;

    mirror->received = true;
    mirror->reported = true;
    MIRROR_CALL(&mirror->state, connected, resumed);
}

static int report_message(struct linkwatch_mirror *mirror, const json_t *parameters)
{
    char *json;

    if (mirror->state.ended || !mirror->state.callbacks.message)
        return 0;
    json = json_dumps(parameters, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (!json)
        return -ENOMEM;
    MIRROR_CALL(&mirror->state, message, json);
    free(json);
    return 0;
}

/* error is 0 if all is known that had happened before the request. */
static void report_refreshed(struct linkwatch_mirror *mirror, uint64_t request, int error,
                             const char *words)
{
    mirror->refreshing.reported = request;
    MIRROR_CALL(&mirror->state, refreshed, request, error, words);
}

static int take_event(struct linkwatch_mirror *mirror, const json_t *parameters)
{
    struct message message;
    int r = message_read(parameters, &message);

    if (r == -EBADMSG)
        mirror_state_forget_position(&mirror->state);
    if (r < 0)
        return r;
    if (!mirror->received && message.type != MESSAGE_OTHER)
        report_connected(mirror, &message);
    r = report_message(mirror, parameters);
    if (r >= 0)
        r = mirror_state_take(&mirror->state, &message);
    if (r >= 0 && message.type == MESSAGE_READY &&
        mirror->refreshing.reported < mirror->refreshing.found)
        report_refreshed(mirror, mirror->refreshing.found, 0, NULL);
    message_clear(&message);
    return r;
}

/* The daemon refuses. If it may be the position that it doesn't like, the next call is without. */
static void take_error(struct linkwatch_mirror *mirror, const struct reply *reply)
{
    int error = wire_errno(reply);
    char *words = wire_error_text(reply);

    if (error == -EINVAL || error == -EREMOTEIO)
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
    } else if (mirror->stream.entering) {
        mirror->stream.entering = false;
    } else {
        r = take_event(mirror, reply.parameters);
        if (r >= 0 && !reply.continues)
            r = -ECONNRESET;
    }
    wire_clear(&reply);
    return r;
}

/* Takes one message, or some bytes. 1 if there may be more, 0 if there is not. */
static int take_next(struct linkwatch_mirror *mirror)
{
    const char *text;
    size_t length;
    int r = session_next(&mirror->stream, &text, &length);

    if (r == 0)
        return session_receive(&mirror->stream);
    if (r > 0)
        r = take_message(mirror, text, length);
    return r < 0 ? r : 1;
}

static int send_and_receive(struct linkwatch_mirror *mirror)
{
    int r = session_send(&mirror->stream);

    mirror->unfinished = false;
    for (int i = 0; r >= 0 && i < MESSAGES_AT_ONCE; i++) {
        r = take_next(mirror);
        if (mirror->stream.fd < 0 || mirror->state.ended || r == 0)
            return r;
    }
    mirror->unfinished = r > 0;
    return r;
}

/* --- refresh */

static bool wants_refresh(const struct linkwatch_mirror *mirror)
{
    return mirror->received && refreshing_is_wanted(&mirror->refreshing);
}

/* The daemon knows all of it: now that is to be received. What the stream had not taken yet is sent
 * again. */
static void take_over(struct linkwatch_mirror *mirror)
{
    int r;

    session_close(&mirror->stream, false);
    mirror->stream = refreshing_take_over(&mirror->refreshing);
    mirror->unfinished = false;
    mirror_state_move(&mirror->state);
    r = call_monitor(mirror, &mirror->stream);
    if (r < 0)
        give_up(mirror, r, words_for(r));
}

/* The daemon can't: the stream continues. */
static void report_refusal(struct linkwatch_mirror *mirror, struct reply *reply)
{
    char *words = wire_error_text(reply);
    int error = wire_errno(reply);

    report_refreshed(mirror, mirror->refreshing.found, error, words ? words : words_for(error));
    free(words);
    wire_clear(reply);
}

static void refresh(struct linkwatch_mirror *mirror)
{
    struct reply refusal;

    if (!mirror->received && mirror->refreshing.session.fd < 0)
        return;
    switch (refreshing_process(&mirror->refreshing, mirror->path, mirror->namespace_fd, &refusal)) {
    case REFRESHING_WAITS:
        break;
    case REFRESHING_ANSWERED:
        take_over(mirror);
        break;
    case REFRESHING_REFUSED:
        report_refusal(mirror, &refusal);
        break;
    }
}

uint64_t linkwatch_mirror_request_refresh(struct linkwatch_mirror *mirror)
{
    return ++mirror->refreshing.requested;
}

/* Where it stands, nothing is known of what it is to know besides. */
static void reconnect(struct linkwatch_mirror *mirror)
{
    mirror->must_reconnect = false;
    mirror_state_forget_position(&mirror->state);
    hang_up(mirror);
}

static void process(struct linkwatch_mirror *mirror)
{
    int r = 0;

    mirror->state.now = clock_monotonic();
    if (mirror->must_reconnect)
        reconnect(mirror);
    if (mirror->stream.fd < 0) {
        if (clock_monotonic() < mirror->retry_at)
            return;
        r = make_connection(mirror);
    }
    if (r >= 0)
        r = send_and_receive(mirror);
    if (r >= 0)
        r = mirror_state_report_due(&mirror->state);
    if (r == -EMSGSIZE) {
        mirror_state_forget_position(&mirror->state);
        r = -EBADMSG;
    }
    if (r < 0)
        give_up(mirror, r, words_for(r));
    else if (mirror->stream.fd >= 0 && !mirror->state.ended)
        refresh(mirror);
}

void linkwatch_mirror_set_limit(struct linkwatch_mirror *mirror, size_t bytes)
{
    mirror->state.limit = mirror->state.hold.limit = bytes;
}

int linkwatch_mirror_set_hold(struct linkwatch_mirror *mirror, int64_t up, int64_t down)
{
    if (up < 0 || up > HOLD_MAX || down < 0 || down > HOLD_MAX)
        return -EINVAL;
    if (mirror->stream.fd >= 0 || mirror->retry_at > 0)
        return -EBUSY;
    mirror->state.hold.times = (struct hold_times){.up = (uint64_t)up, .down = (uint64_t)down};
    return 0;
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
    uint64_t due;

    if (mirror->stream.fd < 0)
        return mirror->retry_at;
    if (mirror->unfinished || mirror->must_reconnect)
        return 0;
    due = mirror_state_deadline(&mirror->state);
    return wants_refresh(mirror) && mirror->refreshing.retry_at < due ? mirror->refreshing.retry_at
                                                                      : due;
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
    if (n == 0 && clock_monotonic() < own)
        return 0;
    r = linkwatch_mirror_process(mirror);
    return r < 0 ? r : 1;
}

size_t linkwatch_mirror_count(const struct linkwatch_mirror *mirror)
{
    return mirror_state_known(&mirror->state)->links.count;
}

bool linkwatch_mirror_is_ready(const struct linkwatch_mirror *mirror)
{
    return mirror->state.ready && !mirror->must_reconnect;
}

struct linkwatch_link *linkwatch_mirror_get(const struct linkwatch_mirror *mirror, int ifindex)
{
    return link_set_get(&mirror_state_known(&mirror->state)->links, ifindex);
}

struct linkwatch_link *linkwatch_mirror_find(const struct linkwatch_mirror *mirror,
                                             const char *name)
{
    return link_set_find(&mirror_state_known(&mirror->state)->links, name);
}

struct linkwatch_link *linkwatch_mirror_next(const struct linkwatch_mirror *mirror, int ifindex)
{
    return link_set_next(&mirror_state_known(&mirror->state)->links, ifindex);
}

struct linkwatch_address *linkwatch_mirror_next_address(const struct linkwatch_mirror *mirror,
                                                        int ifindex,
                                                        const struct linkwatch_address *after)
{
    return address_set_next(&mirror_state_known(&mirror->state)->addresses, ifindex, after);
}
