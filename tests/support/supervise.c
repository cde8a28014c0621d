#include "tests/support/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_for_groups(const struct seccomp_notif *request)
{
    struct sockaddr_nl address;
    struct iovec ours = {.iov_base = &address, .iov_len = sizeof(address)};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)request->data.args[1],
                           .iov_len = sizeof(address)};

    return process_vm_readv((pid_t)request->pid, &ours, 1, &theirs, 1, 0) == sizeof(address) &&
           address.nl_family == AF_NETLINK && address.nl_groups != 0;
}

static void answer_one(int listener, struct seccomp_notif *request,
                       struct seccomp_notif_resp *response, uint16_t error)
{
    memset(request, 0, sizeof(*request));
    memset(response, 0, sizeof(*response));
    if (seccomp_notify_receive(listener, request) < 0)
        return;
    response->id = request->id;
    if (is_for_groups(request))
        response->error = -error;
    else
        response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    /* Who asked may be gone. */
    seccomp_notify_respond(listener, response);
}

static void answer(int listener, uint16_t error)
{
    struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
    struct seccomp_notif *request = NULL;
    struct seccomp_notif_resp *response = NULL;

    if (seccomp_notify_alloc(&request, &response) < 0)
        return;
    while ((poll(&poll_fd, 1, -1) >= 0 || errno == EINTR) && !(poll_fd.revents & POLLHUP))
        if (poll_fd.revents & POLLIN)
            answer_one(listener, request, response, error);
    seccomp_notify_free(request, response);
}

static int pass(int channel, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
                            .cmsg_level = SOL_SOCKET,
                            .cmsg_type = SCM_RIGHTS}};
    char byte = 0;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(channel, &message, 0) < 0 ? -errno : 0;
}

static int take(int channel)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    int fd;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};

    if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) <= 0 || message.msg_controllen == 0)
        return -1;
    memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
    return fd;
}

/* Nobody waits for it, and it holds nothing open that somebody reads until its end. */
static void supervise(int channel, uint16_t error)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), listener;

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        dup2(nothing, fd);
    setsid();
    if (fork() == 0) {
        listener = take(channel);
        if (listener >= 0)
            answer(listener, error);
    }
    _exit(0);
}

int supervise_binds(scmp_filter_ctx filter, uint16_t error, struct supervisor *ret)
{
    int channel[2], r;
    pid_t pid;

    r = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(bind), 1,
                         SCMP_A2_32(SCMP_CMP_EQ, sizeof(struct sockaddr_nl), 0));
    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
        return -errno;
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        close(channel[0]);
        supervise(channel[1], error);
    }
    close(channel[1]);
    waitpid(pid, NULL, 0);
    ret->channel = channel[0];
    return 0;
}

int supervise_begin(const struct supervisor *supervisor, scmp_filter_ctx filter)
{
    int listener = seccomp_notify_fd(filter), r;

    r = pass(supervisor->channel, listener);
    /* The filter lives on while somebody is under it; the listener is the other's. */
    close(listener);
    close(supervisor->channel);
    return r;
}
