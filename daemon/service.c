#include "daemon/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "daemon/clock.h"

int service_listen_fd(void)
{
    int fd = SD_LISTEN_FDS_START;
    int count = sd_listen_fds(1);

    if (count < 0)
        return count;
    if (count == 0)
        return -ENOENT;
    if (count > 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) <= 0)
        return -EINVAL;
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        return -errno;
    return fd;
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
