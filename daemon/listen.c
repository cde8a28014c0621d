/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Who makes a socket holds the lock for less than a millisecond. */
#define LOCK_TRIES     100
#define LOCK_WAIT_MSEC 10

struct lock {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path) + sizeof(LISTEN_LOCK_SUFFIX)];
    int fd;
};

static int address_of(const char *path, struct sockaddr_un *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    *ret = address;
    return 0;
}

int listen_make_folder(const char *path)
{
    char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const char *slash = strrchr(path, '/');
    mode_t mask;
    int r;

    if (!slash || slash == path)
        return 0;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    /* Whoever may connect must reach the socket. */
    mask = umask(022);
    r = mkdir(folder, 0755) < 0 && errno != EEXIST ? -errno : 0;
    umask(mask);
    return r;
}

/* Only a file that nobody else can open is one that nobody else can lock. */
static int check_lock_file(int fd)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_mode & 077)
        return -EEXIST;
    return 0;
}

static bool is_at(int fd, const char *path)
{
    struct stat opened, there;

    return fstat(fd, &opened) == 0 && lstat(path, &there) == 0 && opened.st_dev == there.st_dev &&
           opened.st_ino == there.st_ino;
}

/* One try: -EAGAIN if somebody holds it, or removed it meanwhile. */
static int try_lock(struct lock *lock)
{
    int r;

    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (lock->fd < 0)
        return errno == ELOOP ? -EEXIST : -errno;
    r = check_lock_file(lock->fd);
    if (r >= 0 && flock(lock->fd, LOCK_EX | LOCK_NB) < 0)
        r = -errno;
    if (r >= 0 && !is_at(lock->fd, lock->path))
        r = -EAGAIN;
    if (r < 0)
        close(lock->fd);
    return r;
}

/* Two that start at one moment must not take each other's socket for a stale one. */
static int lock_beside(const struct sockaddr_un *address, struct lock *ret)
{
    int r = -EAGAIN;

    snprintf(ret->path, sizeof(ret->path), "%s" LISTEN_LOCK_SUFFIX, address->sun_path);
    for (int i = 0; i < LOCK_TRIES && r == -EAGAIN; i++) {
        if (i > 0)
            (void)poll(NULL, 0, LOCK_WAIT_MSEC);
        r = try_lock(ret);
    }
    return r == -EAGAIN ? -EBUSY : r;
}

/* Who waits for it meanwhile sees that it is not at its path any more, and makes another. */
static void unlock(struct lock *lock)
{
    unlink(lock->path);
    close(lock->fd);
}

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    return fd < 0 ? -errno : fd;
}

/* What is left of a process that is gone is removed; what somebody listens on is not,
 * and neither is anything but a socket. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    int fd, r;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EADDRINUSE;
    fd = new_socket();
    if (fd < 0)
        return fd;
    r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
    close(fd);
    if (r != -ECONNREFUSED)
        return r == 0 || r == -EAGAIN ? -EADDRINUSE : r;
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

/* The socket has its mode from the first moment on: who may write to the folder could put
 * something else into its place before a chmod(). */
static int bind_with_mode(int fd, const struct sockaddr_un *address, mode_t mode)
{
    mode_t mask = umask(0777 & ~mode);
    int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

    umask(mask);
    return r;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mode)
{
    int r = bind_with_mode(fd, address, mode);

    if (r >= 0 && listen(fd, SOMAXCONN) < 0) {
        r = -errno;
        unlink(address->sun_path);
    }
    return r;
}

static int bind_anew(const struct sockaddr_un *address, mode_t mode, int *ret_fd)
{
    int fd;
    int r = remove_stale(address);

    if (r < 0)
        return r;
    fd = new_socket();
    if (fd < 0)
        return fd;
    r = bind_and_listen(fd, address, mode);
    if (r < 0) {
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int listen_at(const char *path, mode_t mode, int *ret_fd)
{
    struct sockaddr_un address;
    struct lock lock;
    int r = address_of(path, &address);

    if (r >= 0)
        r = lock_beside(&address, &lock);
    if (r < 0)
        return r;
    r = bind_anew(&address, mode, ret_fd);
    unlock(&lock);
    return r;
}

const char *listen_hint(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "; another linkwatchd is running there, or it is not a socket";
    case -EBUSY:
        return "; another process has held the lock file next to it (" LISTEN_LOCK_SUFFIX
               ") for a second";
    case -EEXIST:
        return "; the lock file next to it (" LISTEN_LOCK_SUFFIX
               ") is not a file that only this user can open; remove it";
    default:
        return "; choose another path with --socket";
    }
}
