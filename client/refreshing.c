/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/refreshing.h"

#include "protocol/clock.h"

void refreshing_init(struct refreshing *refreshing, int epoll_fd)
{
    *refreshing = (struct refreshing){.delay = SESSION_FIRST_DELAY};
    session_init(&refreshing->session, epoll_fd);
}

void refreshing_stop(struct refreshing *refreshing, bool shared)
{
    session_close(&refreshing->session, shared);
    refreshing->called = refreshing->found;
}

bool refreshing_is_wanted(const struct refreshing *refreshing)
{
    return refreshing->called < refreshing->requested && refreshing->session.fd < 0 &&
           refreshing->reported == refreshing->found;
}

static int start(struct refreshing *refreshing, const char *path, int namespace_fd)
{
    int r = session_open(&refreshing->session, path, namespace_fd);

    refreshing->called = refreshing->requested;
    if (r >= 0)
        r = session_add_call(&refreshing->session, "Links.Refresh", json_object(), false);
    return r;
}

/* A result, or a negative errno. */
static int take(struct refreshing *refreshing, const char *text, size_t length,
                struct reply *ret_refusal)
{
    struct session *session = &refreshing->session;
    int result = session->entering ? REFRESHING_WAITS : REFRESHING_ANSWERED;
    struct reply reply;
    int r = wire_parse(text, length, &reply);

    if (r < 0)
        return r;
    if (reply.error) {
        session_close(session, false);
        refreshing->found = refreshing->called;
        *ret_refusal = reply;
        return REFRESHING_REFUSED;
    }
    session->entering = false;
    wire_clear(&reply);
    return result;
}

/* Until there is a result, or nothing more comes for now. */
static int send_and_receive(struct refreshing *refreshing, struct reply *ret_refusal)
{
    struct session *session = &refreshing->session;
    int r = session_send(session);

    while (r >= 0) {
        const char *text;
        size_t length;

        r = session_next(session, &text, &length);
        if (r > 0) {
            r = take(refreshing, text, length, ret_refusal);
            if (r > 0)
                return r;
        } else if (r == 0) {
            r = session_receive(session);
            if (r == 0)
                return REFRESHING_WAITS;
        }
    }
    return r;
}

enum refreshing_result refreshing_process(struct refreshing *refreshing, const char *path,
                                          int namespace_fd, struct reply *ret_refusal)
{
    int r = 0;

    if (refreshing_is_wanted(refreshing) && clock_monotonic() >= refreshing->retry_at)
        r = start(refreshing, path, namespace_fd);
    if (r >= 0 && refreshing->session.fd >= 0)
        r = send_and_receive(refreshing, ret_refusal);
    if (r >= 0)
        return (enum refreshing_result)r;
    refreshing_stop(refreshing, false);
    refreshing->retry_at = clock_monotonic() + refreshing->delay;
    refreshing->delay = session_later(refreshing->delay);
    return REFRESHING_WAITS;
}

struct session refreshing_take_over(struct refreshing *refreshing)
{
    struct session session = refreshing->session;

    session_init(&refreshing->session, session.epoll_fd);
    refreshing->found = refreshing->called;
    refreshing->delay = SESSION_FIRST_DELAY;
    return session;
}
