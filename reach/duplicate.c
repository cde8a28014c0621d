#include "reach/duplicate.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "reach/tracee.h"

struct duplicator {
    int fd; /* where they come to; -1 if Linux gives them */
    struct sockaddr_un address;
    socklen_t address_size;
};

/* Laid out as the program's kernel wants it, at call->room. */
struct parcel {
    struct msghdr header;
    struct iovec part;
    struct sockaddr_un address;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    char byte;
};

static int take_by_pidfd(pid_t process, int fd, int *ret)
{
    int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
    int duplicate, error;

    if (pidfd < 0)
        return -errno;
    duplicate = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    error = errno;
    close(pidfd);
    if (duplicate < 0)
        return -error;
    *ret = duplicate;
    return 0;
}

/* An abstract address needs no place in any file system. gVisor of 2022 chooses none by
 * itself. */
static int listen_for_parcels(struct duplicator *duplicator)
{
    struct sockaddr_un *address = &duplicator->address;
    uint64_t chosen;
    int length;

    if (getrandom(&chosen, sizeof(chosen), 0) != sizeof(chosen))
        return -EIO;
    address->sun_family = AF_UNIX;
    length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1,
                      "linkwatch-run-%d-%016" PRIx64, (int)getpid(), chosen);
    duplicator->address_size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    duplicator->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (duplicator->fd < 0 ||
        bind(duplicator->fd, (const struct sockaddr *)address, duplicator->address_size) < 0)
        return -errno;
    return 0;
}

int duplicator_new(struct duplicator **ret)
{
    struct duplicator *duplicator = calloc(1, sizeof(*duplicator));
    int r, fd = -1;

    if (!duplicator)
        return -ENOMEM;
    duplicator->fd = -1;
    /* Standard error is as good as any other; if it is closed, that is an answer too. */
    r = take_by_pidfd(getpid(), STDERR_FILENO, &fd);
    if (r >= 0)
        close(fd);
    else if (r != -EBADF)
        r = listen_for_parcels(duplicator);
    else
        r = 0;
    if (r < 0) {
        duplicator_free(duplicator);
        return r;
    }
    *ret = duplicator;
    return 0;
}

struct duplicator *duplicator_free(struct duplicator *duplicator)
{
    if (!duplicator)
        return NULL;
    if (duplicator->fd >= 0)
        close(duplicator->fd);
    free(duplicator);
    return NULL;
}

bool duplicator_needs_page(const struct duplicator *duplicator)
{
    return duplicator->fd >= 0;
}

static void *at(const struct call *call, size_t offset)
{
    return (void *)(uintptr_t)(call->room + offset);
}

static int write_parcel(const struct duplicator *duplicator, const struct call *call, int fd)
{
    const struct cmsghdr control = {
        .cmsg_len = CMSG_LEN(sizeof(fd)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    struct parcel parcel;

    memset(&parcel, 0, sizeof(parcel));
    parcel.header.msg_name = at(call, offsetof(struct parcel, address));
    parcel.header.msg_namelen = duplicator->address_size;
    parcel.header.msg_iov = at(call, offsetof(struct parcel, part));
    parcel.header.msg_iovlen = 1;
    parcel.header.msg_control = at(call, offsetof(struct parcel, control));
    parcel.header.msg_controllen = sizeof(parcel.control);
    parcel.part.iov_base = at(call, offsetof(struct parcel, byte));
    parcel.part.iov_len = 1;
    parcel.address = duplicator->address;
    memcpy(parcel.control, &control, sizeof(control));
    memcpy(parcel.control + CMSG_LEN(0), &fd, sizeof(fd));
    return tracee_write(call->tid, call->room, &parcel, sizeof(parcel));
}

static int send_parcel(struct call *call)
{
    const uint64_t make[6] = {AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0, 0};
    uint64_t send[6] = {0, call->room, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0, 0}, shut[6] = {0};
    int64_t fd, sent, ignored;
    int r = call_run(call, SYS_socket, make, &fd);

    if (r < 0)
        return r;
    if (fd < 0)
        return (int)fd;
    send[0] = shut[0] = (uint64_t)fd;
    r = call_run(call, SYS_sendmsg, send, &sent);
    if (r < 0)
        return r;
    r = call_run(call, SYS_close, shut, &ignored);
    if (r < 0)
        return r;
    return sent < 0 ? (int)sent : 0;
}

/* Anybody may send there: only the one that was meant is taken. */
static int receive_parcel(const struct duplicator *duplicator, uint64_t inode, int *ret)
{
    for (;;) {
        union {
            struct cmsghdr header;
            char bytes[CMSG_SPACE(sizeof(int))];
        } control;
        char byte;
        struct iovec part = {.iov_base = &byte, .iov_len = 1};
        struct msghdr message = {.msg_iov = &part,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control)};
        struct cmsghdr *header;
        int fd;

        if (recvmsg(duplicator->fd, &message, MSG_CMSG_CLOEXEC) < 0)
            return -errno;
        header = CMSG_FIRSTHDR(&message);
        if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(int)))
            continue;
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
        if (tracee_socket(getpid(), fd) == inode) {
            *ret = fd;
            return 0;
        }
        close(fd);
    }
}

static int take_by_parcel(struct duplicator *duplicator, struct call *call, int fd, uint64_t inode,
                          int *ret)
{
    int r = write_parcel(duplicator, call, fd);

    if (r >= 0)
        r = send_parcel(call);
    return r < 0 ? r : receive_parcel(duplicator, inode, ret);
}

int duplicator_take(struct duplicator *duplicator, struct call *call, pid_t process, int fd,
                    uint64_t inode, int *ret)
{
    int duplicate = -1, r;

    if (!duplicator_needs_page(duplicator))
        r = take_by_pidfd(process, fd, &duplicate);
    else if (!call->page)
        r = -ENOMEM;
    else
        r = take_by_parcel(duplicator, call, fd, inode, &duplicate);
    if (r >= 0)
        *ret = duplicate;
    return r;
}
