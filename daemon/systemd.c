/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/systemd.h"
#include "protocol/clock.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* Seconds until a message for which the manager had no room is sent again. */
#define RETRY .1

struct systemd {
    struct ev_loop *loop;
    int fd;
    /* What was not sent yet. */
    bool ready_pending;
    bool alive_pending;
    bool status_pending;
    char status[256];
    struct ev_timer retry;
};

static int get_path(int fd, char *path, size_t size)
{
    struct sockaddr_un address = {0};
    socklen_t length = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;
    /* A path that fills the member has no NUL. */
    snprintf(path, size, "%.*s", (int)sizeof(address.sun_path), address.sun_path);
    return 0;
}

int systemd_listen_fd(char *path, size_t size)
{
    int fd = SD_LISTEN_FDS_START;
    int count = sd_listen_fds(1);
    int r;

    if (count < 0)
        return count;
    if (count == 0)
        return -ENOENT;
    if (count > 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
        return -EINVAL;
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        return -errno;
    r = get_path(fd, path, size);
    return r < 0 ? r : fd;
}

/* Of NOTIFY_SOCKET: a path, or behind @ a name without one. */
static int address_of_manager(struct sockaddr_un *ret, socklen_t *ret_length)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = name ? strlen(name) : 0;

    if (length < 2 || length >= sizeof(address.sun_path) || (*name != '/' && *name != '@'))
        return -ENOENT;
    memcpy(address.sun_path, name, length);
    if (*name == '@')
        address.sun_path[0] = '\0';
    *ret = address;
    *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (*name == '/'));
    return 0;
}

/* libsystemd's sd_notify() waits for a manager that does not read. */
static int notify(const struct systemd *systemd, const char *text)
{
    struct sockaddr_un address;
    socklen_t length;
    int r = address_of_manager(&address, &length);

    if (r < 0)
        return r;
    if (sendto(systemd->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
               (const struct sockaddr *)&address, length) < 0)
        return -errno;
    return 0;
}

static void notify_pending(struct systemd *systemd)
{
    char text[sizeof(systemd->status) + 64];

    snprintf(text, sizeof(text), "%s%s%s%s", systemd->ready_pending ? "READY=1\n" : "",
             systemd->alive_pending ? "WATCHDOG=1\n" : "", systemd->status_pending ? "STATUS=" : "",
             systemd->status_pending ? systemd->status : "");
    if (notify(systemd, text) == -EAGAIN) {
        ev_timer_set(&systemd->retry, RETRY, 0.);
        ev_timer_start(systemd->loop, &systemd->retry);
        return;
    }
    ev_timer_stop(systemd->loop, &systemd->retry);
    systemd->ready_pending = systemd->alive_pending = systemd->status_pending = false;
}

static void on_retry(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    notify_pending(timer->data);
}

struct systemd *systemd_new(struct ev_loop *loop)
{
    struct systemd *systemd = calloc(1, sizeof(*systemd));

    if (!systemd)
        return NULL;
    systemd->loop = loop;
    systemd->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ev_timer_init(&systemd->retry, on_retry, RETRY, 0.);
    systemd->retry.data = systemd;
    return systemd;
}

struct systemd *systemd_free(struct systemd *systemd)
{
    if (!systemd)
        return NULL;
    ev_timer_stop(systemd->loop, &systemd->retry);
    if (systemd->fd >= 0)
        close(systemd->fd);
    free(systemd);
    return NULL;
}

void systemd_ready(struct systemd *systemd, const char *status)
{
    if (!systemd)
        return;
    systemd->ready_pending = true;
    systemd_status(systemd, status);
}

/* If the manager does not read, it need not know: the next message says that this is over. */
void systemd_reloading(struct systemd *systemd)
{
    char text[64];

    if (!systemd)
        return;
    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             clock_usec(CLOCK_MONOTONIC));
    (void)notify(systemd, text);
}

void systemd_stopping(struct systemd *systemd)
{
    if (systemd)
        (void)notify(systemd, "STOPPING=1");
}

void systemd_status(struct systemd *systemd, const char *status)
{
    if (!systemd)
        return;
    systemd->status_pending = true;
    snprintf(systemd->status, sizeof(systemd->status), "%s", status);
    notify_pending(systemd);
}

int64_t systemd_watchdog_usec(void)
{
    uint64_t usec;

    /* Half of the time after which the manager loses patience. */
    return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 2) : 0;
}

void systemd_alive(struct systemd *systemd)
{
    if (!systemd)
        return;
    systemd->alive_pending = true;
    notify_pending(systemd);
}
