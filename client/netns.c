/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A NETLINK_ROUTE socket in another network namespace. A socket stays in the namespace that it
 * was made in, no matter which process holds it.
 *
 * setns() is for the calling thread alone, and a thread that could not come back would go on in
 * the wrong namespace. So nothing of this program ever enters: a child that shares memory and
 * descriptors does, makes the socket, and ends. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "client/netns.h"

#define NAMED      "/run/netns/"
#define OWN        "/proc/thread-self/ns/net"
#define STACK_SIZE ((size_t)64 * 1024)

/* What the child is given, and gives back. */
struct visit {
    int namespace_fd;
    int domain;
    int type;
    int protocol;
    const void *address; /* NULL: it is not bound */
    socklen_t address_size;
    int result; /* the socket, or -errno */
};

static int open_file(const char *path)
{
    /* It may be anything: a FIFO must not block, a terminal not become ours. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    return fd < 0 ? -errno : fd;
}

static int open_joined(const char *before, const char *between, const char *behind)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s%s%s", before, between, behind);

    return n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG : open_file(path);
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

/* As ip-link(8) takes it: a name comes before a process. */
static int open_namespace(const char *netns)
{
    int fd;

    if (strchr(netns, '/'))
        return open_file(netns);
    if (*netns == '\0' || strcmp(netns, ".") == 0 || strcmp(netns, "..") == 0)
        return -EINVAL;
    fd = open_joined(NAMED, netns, "");
    if (fd == -ENOENT && is_number(netns))
        fd = open_joined("/proc/", netns, "/ns/net");
    return fd;
}

static int new_socket(const struct visit *visit)
{
    int fd = socket(visit->domain, visit->type | SOCK_CLOEXEC | SOCK_NONBLOCK, visit->protocol);
    int error;

    if (fd < 0)
        return -errno;
    if (!visit->address || bind(fd, visit->address, visit->address_size) == 0)
        return fd;
    error = errno;
    close(fd);
    return -error;
}

/* Who made the user namespace that owns it may enter that one, and then this. */
static int enter(int namespace_fd)
{
    int user_fd, error;

    if (setns(namespace_fd, CLONE_NEWNET) == 0)
        return 0;
    error = -errno;
    if (error != -EPERM)
        return error;
    user_fd = ioctl(namespace_fd, NS_GET_USERNS);
    if (user_fd < 0)
        return error;
    if (setns(user_fd, CLONE_NEWUSER) == 0 && setns(namespace_fd, CLONE_NEWNET) == 0)
        error = 0;
    close(user_fd);
    return error;
}

static int visit(void *argument)
{
    struct visit *visit = argument;

    visit->result = enter(visit->namespace_fd);
    if (visit->result >= 0)
        visit->result = new_socket(visit);
    return 0;
}

/* The child runs while this thread stands still, like that of posix_spawn(). It has no exit
 * signal: the program's own wait() does not see it. */
static int run_child(struct visit *arguments, void *stack)
{
    pid_t child =
        clone(visit, (char *)stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_FILES, arguments);

    if (child < 0)
        return -errno;
    while (waitpid(child, NULL, (int)__WCLONE) < 0)
        if (errno != EINTR)
            break;
    return arguments->result;
}

static int open_in(struct visit *arguments)
{
    sigset_t all, before;
    void *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    int r;

    if (stack == MAP_FAILED)
        return -errno;
    /* The program's handlers must not run in the child. */
    sigfillset(&all);
    r = -pthread_sigmask(SIG_BLOCK, &all, &before);
    if (r == 0) {
        r = run_child(arguments, stack);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    munmap(stack, STACK_SIZE);
    return r;
}

static bool is_own(int namespace_fd)
{
    struct stat own, other;

    return stat(OWN, &own) == 0 && fstat(namespace_fd, &other) == 0 && own.st_dev == other.st_dev &&
           own.st_ino == other.st_ino;
}

int netns_check(void)
{
    /* gVisor 20221219 is such a kernel, and known by that it has namespaces and no setns().
     * Elsewhere, to enter the own one changes nothing, or needs a privilege. */
    int fd = open_file("/proc/self/ns/net");
    bool refused;

    if (fd < 0)
        return 0;
    refused = setns(fd, CLONE_NEWNET) < 0 && errno == EOPNOTSUPP;
    close(fd);
    return refused ? -EOPNOTSUPP : 0;
}

int linkwatch_netns_socket(const char *netns, int domain, int type, int protocol,
                           const void *address, size_t address_size, int *ret_fd)
{
    struct visit visit = {.domain = domain,
                          .type = type,
                          .protocol = protocol,
                          .address = address,
                          .address_size = (socklen_t)address_size,
                          .result = -ECHILD};
    int r;

    visit.namespace_fd = open_namespace(netns);
    if (visit.namespace_fd < 0)
        return visit.namespace_fd;
    /* For the namespace that one is in, no privilege is needed. */
    r = is_own(visit.namespace_fd) ? new_socket(&visit) : open_in(&visit);
    close(visit.namespace_fd);
    if (r < 0)
        return r;
    *ret_fd = r;
    return 0;
}

int linkwatch_netns_open(const char *netns, int *ret_fd)
{
    return linkwatch_netns_socket(netns, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, NULL, 0, ret_fd);
}
