/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/common.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RECEIVE_BUFFER (16 * 1024 * 1024)

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

void fail_errno(const char *what)
{
    fail("%s: %s", what, strerror(errno));
}

long number(const char *text, long min)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < min)
        fail("not a number from %ld: %s", min, text);
    return value;
}

int64_t clock_nsec(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare_nsec(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

void print_percentiles(const char *name, int64_t *nsec, size_t count)
{
    qsort(nsec, count, sizeof(*nsec), compare_nsec);
    printf("\"%s_p50\":%.3f,\"%s_p99\":%.3f", name, (double)nsec[count / 2] / 1e3, name,
           (double)nsec[count * 99 / 100] / 1e3);
}

int rtnetlink_open(bool member)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int group = RTNLGRP_LINK, size = RECEIVE_BUFFER;

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail_errno("netlink socket");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    if (member && setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        fail_errno("joining RTNLGRP_LINK");
    return fd;
}

void rtnetlink_ask_dump(int fd)
{
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
        struct rtattr attribute;
        uint32_t mask;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .attribute = {.rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_EXT_MASK},
        .mask = RTEXT_FILTER_SKIP_STATS,
    };

    if (send(fd, &request, sizeof(request), 0) < 0)
        fail_errno("asking for a dump");
}

void rtnetlink_ask_addresses(int fd)
{
    const struct {
        struct nlmsghdr header;
        struct ifaddrmsg address;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETADDR,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .address = {.ifa_family = AF_UNSPEC},
    };

    if (send(fd, &request, sizeof(request), 0) < 0)
        fail_errno("asking for a dump");
}

/* What is in a part of a dump; *ret_done is set by the part that ends it. */
static size_t count_lines(const char *data, size_t size, bool *ret_done)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)data;
    size_t count = 0;

    for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
        if (message->nlmsg_type == NLMSG_DONE)
            *ret_done = true;
        count += message->nlmsg_type == RTM_NEWLINK || message->nlmsg_type == RTM_NEWADDR;
    }
    return count;
}

size_t rtnetlink_drop_dump(int fd, char *data, size_t size)
{
    bool done = false;
    size_t count = 0;

    while (!done) {
        ssize_t n = recv(fd, data, size, 0);

        if (n < 0)
            fail_errno("receiving a dump");
        count += count_lines(data, (size_t)n, &done);
    }
    return count;
}

static void add_link(int fd)
{
    static const char name[] = "b0", kind[] = "ifb";
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
        struct rtattr name_attribute;
        char name[RTA_ALIGN(sizeof(name))];
        struct rtattr link_info;
        struct rtattr kind_attribute;
        char kind[RTA_ALIGN(sizeof(kind))];
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL},
        .name_attribute = {.rta_len = RTA_LENGTH(sizeof(name)), .rta_type = IFLA_IFNAME},
        .link_info = {.rta_len = RTA_LENGTH(RTA_SPACE(sizeof(kind))), .rta_type = IFLA_LINKINFO},
        .kind_attribute = {.rta_len = RTA_LENGTH(sizeof(kind)), .rta_type = IFLA_INFO_KIND},
    };

    memcpy(request.name, name, sizeof(name));
    memcpy(request.kind, kind, sizeof(kind));
    if (send(fd, &request, sizeof(request), 0) < 0)
        fail_errno("adding a link");
}

int namespace_make(void)
{
    int fd;

    if (unshare(CLONE_NEWNET) < 0)
        fail_errno("unshare");
    fd = rtnetlink_open(false);
    add_link(fd);
    return fd;
}

uint32_t mtu_of(const struct nlmsghdr *message)
{
    const struct ifinfomsg *info = NLMSG_DATA(message);
    const struct rtattr *attribute = IFLA_RTA(info);
    size_t rest = IFLA_PAYLOAD(message);
    uint32_t mtu = 0;

    for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest))
        if (attribute->rta_type == IFLA_MTU)
            memcpy(&mtu, RTA_DATA(attribute), sizeof(mtu));
    return mtu;
}

void mtu_request_make(struct mtu_request *request, int ifindex, uint32_t mtu)
{
    struct ifinfomsg info = {.ifi_index = ifindex};
    struct rtattr attribute = {.rta_len = RTA_LENGTH(sizeof(mtu)), .rta_type = IFLA_MTU};
    char *to = request->body;

    memset(request, 0, sizeof(*request));
    request->header.nlmsg_type = RTM_NEWLINK;
    request->header.nlmsg_flags = NLM_F_REQUEST;
    request->header.nlmsg_len = sizeof(*request);
    to = (char *)memcpy(to, &info, sizeof(info)) + sizeof(info);
    to = (char *)memcpy(to, &attribute, sizeof(attribute)) + sizeof(attribute);
    memcpy(to, &mtu, sizeof(mtu));
    request->header.nlmsg_len =
        (uint32_t)(sizeof(request->header) + sizeof(info) + sizeof(attribute) + sizeof(mtu));
}

void rtnetlink_send(int fd, const struct mtu_request *requests, size_t count)
{
    char batch[64 * sizeof(struct mtu_request)];
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size_t length = requests[i].header.nlmsg_len;

        memcpy(batch + size, &requests[i], length);
        size += NLMSG_ALIGN(length);
        if (i + 1 < count && size + sizeof(requests[i]) <= sizeof(batch))
            continue;
        if (send(fd, batch, size, 0) < 0)
            fail_errno("asking for a change");
        size = 0;
    }
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        fail("too long: %s", path);
    strcpy(address.sun_path, path);
    return address;
}

int unix_connect(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail_errno(path);
    return fd;
}

int unix_listen(const char *path)
{
    struct sockaddr_un address = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        fail_errno(path);
    return fd;
}

void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0)
            fail_errno("writing");
        data += n;
        size -= (size_t)n;
    }
}

void ask_monitor(int fd)
{
    static const char request[] =
        "{\"method\":\"org.linkwatch.Links.Monitor\",\"more\":true,\"parameters\":{}}";

    write_all(fd, request, sizeof(request));
}

void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        fail_errno("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

void wait_for_go(void)
{
    char line[16];

    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin))
        fail("nobody says go");
}
