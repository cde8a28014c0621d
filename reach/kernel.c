#include "reach/kernel.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's dumps come in parts of at most 32 KiB; one link with many virtual functions
 * can be as long. */
#define BUFFER_SIZE 65536

/* The kernel answers while it is asked; elsewhere it can't take long. */
#define ANSWER_SECONDS 1

#define BUCKETS 256

struct known {
    struct known *next;
    int ifindex;
    struct message *message;
};

struct kernel {
    int fd;
    uint32_t sequence;
    struct known *buckets[BUCKETS]; /* by the index */
    char buffer[BUFFER_SIZE];
};

int kernel_new(struct kernel **ret)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct kernel *kernel = calloc(1, sizeof(*kernel));
    int error;

    if (!kernel)
        return -ENOMEM;
    kernel->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (kernel->fd < 0) {
        error = -errno;
        free(kernel);
        return error;
    }
    setsockopt(kernel->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    *ret = kernel;
    return 0;
}

static void forget(struct known **place)
{
    struct known *known = *place;

    *place = known->next;
    message_unref(known->message);
    free(known);
}

struct kernel *kernel_free(struct kernel *kernel)
{
    if (!kernel)
        return NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        while (kernel->buckets[i])
            forget(&kernel->buckets[i]);
    close(kernel->fd);
    free(kernel);
    return NULL;
}

static struct known **find(struct kernel *kernel, int ifindex)
{
    struct known **place = &kernel->buckets[(unsigned)ifindex % BUCKETS];

    while (*place && (*place)->ifindex != ifindex)
        place = &(*place)->next;
    return place;
}

static int ask(struct kernel *kernel, int ifindex)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
    struct {
        struct nlmsghdr header;
        struct ifinfomsg info;
    } request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_seq = ++kernel->sequence},
        .info = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex},
    };

    request.header.nlmsg_flags = NLM_F_REQUEST;
    if (ifindex == 0)
        request.header.nlmsg_flags |= NLM_F_DUMP;
    if (sendto(kernel->fd, &request, sizeof(request), 0, (const struct sockaddr *)&address,
               sizeof(address)) < 0)
        return -errno;
    return 0;
}

/* Makes the kernel's answer what it sends to those who listen. */
static struct message *as_update(const struct nlmsghdr *header, uint16_t type, unsigned change)
{
    struct message *message = message_new(header, header->nlmsg_len);
    struct nlmsghdr *copy;
    struct ifinfomsg *info;

    if (!message)
        return NULL;
    copy = (struct nlmsghdr *)(uintptr_t)message_data(message);
    copy->nlmsg_type = type;
    copy->nlmsg_flags = 0;
    copy->nlmsg_seq = 0;
    copy->nlmsg_pid = 0;
    info = NLMSG_DATA(copy);
    info->ifi_change = change;
    return message;
}

static const struct ifinfomsg *info_of(const struct message *message)
{
    const struct nlmsghdr *header = message_data(message);

    return NLMSG_DATA(header);
}

/* Which flags changed; of a link that is new, all did. */
static unsigned change_since(const struct known *known, const struct ifinfomsg *info)
{
    return known ? info_of(known->message)->ifi_flags ^ info->ifi_flags : ~0U;
}

/* Keeps what the kernel said; the message belongs to what is known. */
static int remember(struct kernel *kernel, const struct nlmsghdr *header, struct message **ret)
{
    const struct ifinfomsg *info = NLMSG_DATA(header);
    struct known **place = find(kernel, info->ifi_index), *known = *place;
    struct message *message = as_update(header, RTM_NEWLINK, change_since(known, info));

    if (!message)
        return -ENOMEM;
    if (!known) {
        known = calloc(1, sizeof(*known));
        if (!known) {
            message_unref(message);
            return -ENOMEM;
        }
        known->ifindex = info->ifi_index;
        *place = known;
    }
    message_unref(known->message);
    known->message = message;
    *ret = message;
    return 0;
}

static bool is_link(const struct nlmsghdr *header)
{
    return header->nlmsg_type == RTM_NEWLINK &&
           header->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg));
}

static int error_of(const struct nlmsghdr *header)
{
    const struct nlmsgerr *error = NLMSG_DATA(header);

    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) || error->error >= 0)
        return -EPROTO;
    return error->error;
}

int kernel_look(struct kernel *kernel, int ifindex, struct message **ret)
{
    int r = ask(kernel, ifindex);

    while (r >= 0) {
        const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)kernel->buffer;
        ssize_t size = recv(kernel->fd, kernel->buffer, sizeof(kernel->buffer), 0);
        struct message *message;

        if (size < 0)
            return -errno;
        if (!NLMSG_OK(header, (size_t)size) || header->nlmsg_seq != kernel->sequence)
            continue;
        if (header->nlmsg_type == NLMSG_ERROR)
            return error_of(header);
        if (!is_link(header))
            return -EPROTO;
        r = remember(kernel, header, &message);
        if (r < 0)
            return r;
        *ret = message_ref(message);
        return 0;
    }
    return r;
}

/* One datagram of a dump; 1 at its end. */
static int take_part(struct kernel *kernel, size_t size)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)kernel->buffer;
    struct message *message;

    for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
        if (header->nlmsg_seq != kernel->sequence)
            continue;
        if (header->nlmsg_type == NLMSG_DONE)
            return 1;
        if (header->nlmsg_type == NLMSG_ERROR)
            return error_of(header);
        if (is_link(header) && remember(kernel, header, &message) < 0)
            return -ENOMEM;
    }
    return 0;
}

int kernel_look_at_all(struct kernel *kernel)
{
    int r = ask(kernel, 0);

    while (r == 0) {
        ssize_t size = recv(kernel->fd, kernel->buffer, sizeof(kernel->buffer), 0);

        r = size < 0 ? -errno : take_part(kernel, (size_t)size);
    }
    return r < 0 ? r : 0;
}

static struct message *remove_at(struct known **place)
{
    struct message *message = as_update(message_data((*place)->message), RTM_DELLINK, ~0U);

    forget(place);
    return message;
}

struct message *kernel_remove(struct kernel *kernel, int ifindex)
{
    struct known **place = find(kernel, ifindex);

    return *place ? remove_at(place) : NULL;
}

void kernel_remove_those(struct kernel *kernel, bool (*is_gone)(void *user, int ifindex),
                         void (*removed)(void *user, struct message *message), void *user)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct known **place = &kernel->buckets[i];

        while (*place)
            if (is_gone(user, (*place)->ifindex))
                removed(user, remove_at(place));
            else
                place = &(*place)->next;
    }
}
