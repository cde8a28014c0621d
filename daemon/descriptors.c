#include "daemon/descriptors.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* Linux 6.16; its number on all architectures of Debian's but these. */
#ifndef SO_PASSRIGHTS
#if defined(__hppa__) || defined(__sparc__)
#define SO_PASSRIGHTS (-1)
#else
#define SO_PASSRIGHTS 83
#endif
#endif

/* What is dropped at most of what was not read, in pieces of so many bytes. */
#define DRAIN_PIECES 64
#define DRAIN_BYTES  8192

void descriptors_refuse(int fd)
{
    int off = 0;

    (void)setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
}

/* A connection has this from the listening socket, since the moment when it was made. */
bool descriptors_may_come(int fd)
{
    int passes = 1;
    socklen_t length = sizeof(passes);

    return getsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &passes, &length) < 0 || passes;
}

/* Without room for descriptors, the kernel says that there are some, and drops them when the bytes
 * are read; when they are only looked at, it keeps them. */
static ssize_t peek(int fd, void *room, size_t size)
{
    struct iovec piece = {.iov_base = room, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    int on = 1;
    ssize_t n;

    /* Else a byte that was sent out of band is passed over, and then dropped with what is attached
     * to it. */
    (void)setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
    n = recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0 && message.msg_flags & MSG_CTRUNC)
        return -EBADMSG;
    return n < 0 ? -errno : n;
}

ssize_t descriptors_receive(int fd, void *room, size_t size)
{
    ssize_t n;

    if (descriptors_may_come(fd)) {
        n = peek(fd, room, size);
        if (n <= 0)
            return n;
        /* No more than was looked at: who knows what came behind it. */
        size = (size_t)n;
    }
    n = recv(fd, room, size, MSG_DONTWAIT);
    return n < 0 ? -errno : n;
}

bool descriptors_drain(int fd)
{
    char bytes[DRAIN_BYTES];
    ssize_t n = 1;

    if (shutdown(fd, SHUT_RDWR) < 0)
        return false;
    for (int i = 0; i < DRAIN_PIECES && n > 0; i++)
        n = descriptors_receive(fd, bytes, sizeof(bytes));
    return n == 0;
}
