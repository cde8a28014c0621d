/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/serve.h"

#include <errno.h>
#include <ev.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/namespaces.h"
#include "tests/model/netlink.h"

/* No line has a priority that low. */
#define SILENT (-1)

int serve_config(struct config *ret)
{
    char name[] = "linkwatchd", option[] = "--config", path[] = "/dev/null";
    char *arguments[] = {name, option, path, NULL};
    enum config_request request;
    struct config_error error;

    return config_read(3, arguments, ret, &request, &error);
}

/* A listening socket with a name that the kernel chooses, in no folder. */
static int listen_anywhere(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0 ||
                    listen(fd, SERVE_BACKLOG) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static struct config without_log(const struct config *config)
{
    struct config copy = *config;

    copy.log_level = SILENT;
    return copy;
}

static int make_parts(struct serve *serve, const struct config *config)
{
    struct config silent = without_log(config);
    struct daemon_socket socket = {.fd = serve->listener, .path = "nowhere"};

    serve->log = log_new(SILENT);
    if (!serve->log) {
        close(serve->listener);
        return -ENOMEM;
    }
    log_attach(serve->log, serve->loop);
    serve->daemon = daemon_new(serve->loop, serve->log, NULL, &silent, &socket);
    return serve->daemon ? 0 : -ENOMEM;
}

int serve_start(struct serve *serve, const struct config *config)
{
    int r;

    *serve = (struct serve){.listener = listen_anywhere()};
    serve->loop = ev_loop_new(EVFLAG_NOENV);
    if (serve->listener >= 0 && !serve->loop)
        close(serve->listener);
    r = serve->listener < 0 || !serve->loop ? -ENOMEM : make_parts(serve, config);
    if (r < 0)
        serve_stop(serve);
    return r;
}

void serve_stop(struct serve *serve)
{
    daemon_free(serve->daemon);
    log_free(serve->log);
    if (serve->loop)
        ev_loop_destroy(serve->loop);
    *serve = (struct serve){.listener = -1};
}

void serve_reload(struct serve *serve, const struct config *config)
{
    struct config silent = without_log(config);

    daemon_reload(serve->daemon, &silent);
}

void serve_iterate(struct serve *serve)
{
    ev_run(serve->loop, EVRUN_NOWAIT);
}

/* Takes the socket. */
static int connect_to(const struct serve *serve, int fd)
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);

    if (getsockname(serve->listener, (struct sockaddr *)&address, &length) < 0 ||
        connect(fd, (struct sockaddr *)&address, length) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}

int serve_connect(const struct serve *serve)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd < 0 ? -errno : connect_to(serve, fd);
}

int serve_connect_as(const struct serve *serve, uid_t uid)
{
    struct sockaddr_un address;
    socklen_t length = netlink_peer_address(uid, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, length) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd < 0 ? -errno : connect_to(serve, fd);
}

const struct source *serve_source(const struct serve *serve)
{
    return namespace_source(daemon_namespace(serve->daemon));
}
