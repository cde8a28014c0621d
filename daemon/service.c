#include "daemon/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "daemon/clock.h"

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

int service_listen_fd(char *path, size_t size)
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

void service_ready(const char *status)
{
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_reloading(void)
{
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_usec(CLOCK_MONOTONIC));
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

void service_status(const char *status)
{
    (void)sd_notifyf(0, "STATUS=%s", status);
}

int64_t service_watchdog_usec(void)
{
    uint64_t usec;

    /* Half of the time after which the manager loses patience. */
    return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 2) : 0;
}

void service_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}
