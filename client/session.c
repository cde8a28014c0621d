/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "client/daemon_socket.h"
#include "client/wire.h"

#define LONGEST_DELAY UINT64_C(5000000)

uint64_t session_later(uint64_t delay)
{
    return delay * 2 < LONGEST_DELAY ? delay * 2 : LONGEST_DELAY;
}

void session_init(struct session *session, int epoll_fd)
{
    *session = (struct session){.epoll_fd = epoll_fd, .fd = -1, .passed_fd = -1};
    frame_init(&session->in, WIRE_REPLY_MAX);
}

/* Sets what epoll waits for. */
static int watch(const struct session *session, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | (session->out ? EPOLLOUT : 0)};

    return epoll_ctl(session->epoll_fd, operation, session->fd, &event) < 0 ? -errno : 0;
}

static int add_text(struct session *session, char *text, size_t size)
{
    char *out = realloc(session->out, session->out_size + size);

    if (!out) {
        free(text);
        return -ENOMEM;
    }
    memcpy(out + session->out_size, text, size);
    free(text);
    session->out = out;
    session->out_size += size;
    return 0;
}

static int add_enter(struct session *session, int namespace_fd)
{
    char *text;
    size_t size;
    int r = wire_enter_call(&text, &size);

    if (r < 0)
        return r;
    session->passed_fd = namespace_fd;
    session->entering = true;
    return add_text(session, text, size);
}

int session_open(struct session *session, const char *path, int namespace_fd)
{
    int fd = socket_connect(path);
    int r = 0;

    if (fd < 0)
        return fd;
    session->fd = fd;
    if (namespace_fd >= 0)
        r = add_enter(session, namespace_fd);
    if (r >= 0)
        r = watch(session, EPOLL_CTL_ADD);
    if (r < 0)
        session_close(session, false);
    return r;
}

void session_close(struct session *session, bool shared)
{
    /* Closing takes it out of the epoll set only if no child has it, too; and a child has
     * the set itself, from which nothing may be taken that its parent waits for. */
    if (session->fd >= 0 && !shared)
        epoll_ctl(session->epoll_fd, EPOLL_CTL_DEL, session->fd, NULL);
    if (session->fd >= 0)
        close(session->fd);
    frame_clear(&session->in);
    free(session->out);
    session_init(session, session->epoll_fd);
}

int session_add_call(struct session *session, const char *method, json_t *parameters, bool more)
{
    char *text;
    size_t size;
    int r = wire_call(method, parameters, more, &text, &size);

    if (r >= 0)
        r = add_text(session, text, size);
    return r < 0 ? r : watch(session, EPOLL_CTL_MOD);
}

int session_send(struct session *session)
{
    if (!session->out)
        return 0;
    while (session->out_sent < session->out_size) {
        ssize_t n = socket_send(session->fd, session->out + session->out_sent,
                                session->out_size - session->out_sent, session->passed_fd);

        if (n <= 0)
            return (int)n;
        session->out_sent += (size_t)n;
        session->passed_fd = -1;
    }
    free(session->out);
    session->out = NULL;
    session->out_size = session->out_sent = 0;
    return watch(session, EPOLL_CTL_MOD);
}

int session_next(struct session *session, const char **ret_text, size_t *ret_length)
{
    return frame_next(&session->in, ret_text, ret_length);
}

int session_receive(struct session *session)
{
    return socket_receive(session->fd, &session->in);
}
