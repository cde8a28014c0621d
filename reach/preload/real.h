/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of libc that the library replaces. */
#ifndef REACH_PRELOAD_REAL_H
#define REACH_PRELOAD_REAL_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

struct real {
    int (*bind)(int fd, const struct sockaddr *address, socklen_t size);
    int (*setsockopt)(int fd, int level, int option, const void *value, socklen_t size);
    ssize_t (*sendto)(int fd, const void *data, size_t size, int flags,
                      const struct sockaddr *address, socklen_t address_size);
    ssize_t (*sendmsg)(int fd, const struct msghdr *header, int flags);
    int (*sendmmsg)(int fd, struct mmsghdr *headers, unsigned count, int flags);
    ssize_t (*read)(int fd, void *buffer, size_t size);
    ssize_t (*readv)(int fd, const struct iovec *parts, int count);
    ssize_t (*recv)(int fd, void *buffer, size_t size, int flags);
    ssize_t (*recvfrom)(int fd, void *buffer, size_t size, int flags, struct sockaddr *address,
                        socklen_t *address_size);
    ssize_t (*recvmsg)(int fd, struct msghdr *header, int flags);
    int (*recvmmsg)(int fd, struct mmsghdr *headers, unsigned count, int flags,
                    struct timespec *timeout);
    ssize_t (*read_chk)(int fd, void *buffer, size_t size, size_t room);
    ssize_t (*recv_chk)(int fd, void *buffer, size_t size, size_t room, int flags);
    ssize_t (*recvfrom_chk)(int fd, void *buffer, size_t size, size_t room, int flags,
                            struct sockaddr *address, socklen_t *address_size);
};

/* They are looked up by the first call, which is made before main(). */
const struct real *real(void);

#endif
