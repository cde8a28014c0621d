/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/console.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK belongs to all who have the same opening; a pipe or a terminal can be opened once
 * more, for us alone. Where it can't be (it is another user's), poll() must do. */
void console_open(struct console *ret)
{
    struct stat status;
    int fd = -1;

    *ret = (struct console){.fd = STDERR_FILENO};
    if (fstat(STDERR_FILENO, &status) < 0)
        return;
    ret->is_socket = S_ISSOCK(status.st_mode);
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))
        fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        ret->fd = fd;
}

void console_close(struct console *console)
{
    if (console->fd != STDERR_FILENO)
        close(console->fd);
}

/* Where poll() sees room in a pipe, there is some for PIPE_BUF bytes. */
bool console_write(const struct console *console, const char *line, size_t length)
{
    struct pollfd poll_fd = {.fd = console->fd, .events = POLLOUT};

    if (console->is_socket)
        return send(console->fd, line, length, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    return poll(&poll_fd, 1, 0) > 0 && write(console->fd, line, length) > 0;
}
