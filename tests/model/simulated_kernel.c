/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/model/simulated_kernel.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "tests/model/check.h"

#define OPERSTATE_DOWN 2
#define OPERSTATE_UP   6
/* Links in one datagram of a dump. */
#define LINES_AT_ONCE 4
/* The same for those of the crowd, which have few attributes. */
#define CROWD_AT_ONCE 64
/* Bytes of an attribute with a further altname, which is long, as such names are. */
#define ALTNAME_SIZE ((size_t)64)

void kernel_start(struct kernel *kernel, uint64_t seed)
{
    /* The clock has run for a while. */
    *kernel = (struct kernel){.netlink = {.now = INT64_C(1000000000), .realtime = INT64_C(1) << 50},
                              .dice = seed};
    netlink_start(&kernel->netlink);
    kernel_add(kernel, 1, "lo", NULL, 0);
}

void kernel_stop(struct kernel *kernel)
{
    netlink_stop(&kernel->netlink);
}

static unsigned roll(struct kernel *kernel, unsigned limit)
{
    kernel->dice = kernel->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((kernel->dice >> 33) % limit);
}

static void put_alias(struct nl_msg *message, size_t size)
{
    char alias[KERNEL_ALIAS];

    memset(alias, 'a', size);
    nla_put(message, IFLA_IFALIAS, (int)size, alias);
}

static void put_kind(struct nl_msg *message, const char *kind)
{
    struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);

    nla_put_string(message, IFLA_INFO_KIND, kind);
    nla_nest_end(message, info);
}

static void put_altnames(struct nl_msg *message, const char *altname, int further)
{
    struct nlattr *list = nla_nest_start(message, IFLA_PROP_LIST);
    char name[ALTNAME_SIZE - sizeof(struct nlattr)];

    if (altname[0])
        nla_put_string(message, IFLA_ALT_IFNAME, altname);
    memset(name, 'a', sizeof(name));
    for (int i = 0; i < further; i++) {
        snprintf(name + sizeof(name) - 4, 4, "%03u", (unsigned)i % 1000);
        CHECK(nla_put_string(message, IFLA_ALT_IFNAME, name) == 0);
    }
    nla_nest_end(message, list);
}

/* The attributes that Linux sends for a link. */
static struct nl_msg *describe(const struct kernel *kernel, const struct kernel_link *link,
                               int index, int type, int flags)
{
    int altnames = index == 2 ? kernel->altnames : 0;
    struct ifinfomsg info = {.ifi_index = index, .ifi_type = ARPHRD_ETHER};
    struct nl_msg *message =
        nlmsg_alloc_size(NLMSG_LENGTH(1024 + KERNEL_ALIAS + KERNEL_ALTNAMES * ALTNAME_SIZE));

    CHECK(message);
    CHECK(nlmsg_put(message, 0, 0, type, 0, flags));
    info.ifi_flags = (link->up ? IFF_UP : 0u) | (link->up && link->carrier ? IFF_RUNNING : 0u);
    CHECK(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) == 0);
    nla_put_string(message, IFLA_IFNAME, link->name);
    nla_put_u32(message, IFLA_MTU, link->mtu);
    nla_put(message, IFLA_ADDRESS, sizeof(link->address), link->address);
    if (link->altname[0] || altnames)
        put_altnames(message, link->altname, altnames);
    if (kernel->alias)
        put_alias(message, kernel->alias);
    if (link->master)
        nla_put_u32(message, IFLA_MASTER, (uint32_t)link->master);
    if (link->lower)
        nla_put_u32(message, IFLA_LINK, (uint32_t)link->lower);
    if (link->kind)
        put_kind(message, link->kind);
    if (!kernel->faults.no_operstate) {
        nla_put_u8(message, IFLA_OPERSTATE, link->carrier ? OPERSTATE_UP : OPERSTATE_DOWN);
        nla_put_u8(message, IFLA_CARRIER, link->carrier);
        nla_put_u32(message, IFLA_CARRIER_CHANGES, link->carrier_changes);
    }
    return message;
}

static struct nl_msg *describe_address(const struct kernel *kernel, int number, int type, int flags)
{
    const struct kernel_address *address = &kernel->addresses[number];
    bool is_inet = number % 2 == 0;
    struct ifaddrmsg info = {.ifa_family = is_inet ? AF_INET : AF_INET6,
                             .ifa_prefixlen = is_inet ? 24 : 64,
                             .ifa_index = (uint32_t)address->index};
    struct ifa_cacheinfo cache = {.ifa_prefered = UINT32_MAX,
                                  .ifa_valid = UINT32_MAX,
                                  .cstamp = address->made,
                                  .tstamp = address->made};
    uint8_t inet[4] = {10, 0, 0, (uint8_t)number};
    uint8_t inet6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)number};
    struct nl_msg *message = nlmsg_alloc();

    CHECK(message && nlmsg_put(message, 0, 0, type, 0, flags));
    CHECK(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) == 0);
    if (is_inet) {
        nla_put(message, IFA_ADDRESS, sizeof(inet), inet);
        nla_put(message, IFA_LOCAL, sizeof(inet), inet);
    } else {
        nla_put(message, IFA_ADDRESS, sizeof(inet6), inet6);
    }
    nla_put_u32(message, IFA_FLAGS,
                IFA_F_PERMANENT | (address->deprecated ? IFA_F_DEPRECATED : 0u));
    if (!kernel->faults.no_operstate)
        nla_put(message, IFA_CACHEINFO, sizeof(cache), &cache);
    return message;
}

/* As Linux does it: a socket without room misses it, and gets an overrun. */
static void send_notification(struct kernel *kernel, bool joined, struct nl_msg *message)
{
    kernel->changes++;
    if (joined && !kernel->netlink.congested && roll(kernel, 100) >= kernel->faults.drops &&
        !netlink_send(&kernel->netlink, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len))
        kernel_overrun(kernel);
    nlmsg_free(message);
}

static void notify(struct kernel *kernel, int index, int type)
{
    send_notification(kernel, kernel->netlink.joined,
                      describe(kernel, &kernel->links[index], index, type, 0));
}

static void notify_address(struct kernel *kernel, int number, int type)
{
    send_notification(kernel, kernel->netlink.joined_addresses,
                      describe_address(kernel, number, type, 0));
}

void kernel_overrun(struct kernel *kernel)
{
    kernel->netlink.overrun = true;
    kernel->netlink.congested = true;
}

static struct kernel_link *link_at(struct kernel *kernel, int index)
{
    struct kernel_link *link = &kernel->links[index];

    CHECK(index > 0 && index < KERNEL_LINKS);
    return link->exists ? link : NULL;
}

static bool is_taken(const struct kernel *kernel, const char *name)
{
    for (int i = 1; i < KERNEL_LINKS; i++)
        if (kernel->links[i].exists && (strcmp(kernel->links[i].name, name) == 0 ||
                                        strcmp(kernel->links[i].altname, name) == 0))
            return true;
    return false;
}

void kernel_add(struct kernel *kernel, int index, const char *name, const char *kind, int lower)
{
    struct kernel_link *link = &kernel->links[index];

    if (link_at(kernel, index) || is_taken(kernel, name))
        return;
    *link = (struct kernel_link){.exists = true, .kind = kind, .mtu = 1500};
    strncpy(link->name, name, sizeof(link->name) - 1);
    link->address[0] = 2;
    link->address[5] = (uint8_t)roll(kernel, 256);
    link->lower = lower && link_at(kernel, lower) ? lower : 0;
    notify(kernel, index, RTM_NEWLINK);
}

/* What lies on it goes with it, and its ports are set free; each with a notification. */
static void release_dependents(struct kernel *kernel, int index)
{
    for (int i = 1; i < KERNEL_LINKS; i++) {
        struct kernel_link *link = &kernel->links[i];

        if (link->exists && link->master == index)
            kernel_set_master(kernel, i, 0);
        if (link->exists && link->lower == index)
            kernel_remove(kernel, i);
    }
}

void kernel_remove(struct kernel *kernel, int index)
{
    struct kernel_link *link = link_at(kernel, index);

    if (!link || index == 1)
        return;
    for (int i = 0; i < KERNEL_ADDRESSES; i++)
        if (kernel->addresses[i].index == index)
            kernel_remove_address(kernel, i);
    /* Two may lie on each other. */
    link->exists = false;
    release_dependents(kernel, index);
    notify(kernel, index, RTM_DELLINK);
}

void kernel_rename(struct kernel *kernel, int index, const char *name)
{
    struct kernel_link *link = link_at(kernel, index);

    if (!link || is_taken(kernel, name))
        return;
    memset(link->name, 0, sizeof(link->name));
    strncpy(link->name, name, sizeof(link->name) - 1);
    notify(kernel, index, RTM_NEWLINK);
}

void kernel_rotate_names(struct kernel *kernel, const int *indexes, size_t count)
{
    char first[IF_NAMESIZE];

    for (size_t i = 0; i < count; i++)
        if (!link_at(kernel, indexes[i]))
            return;
    memcpy(first, kernel->links[indexes[0]].name, sizeof(first));
    kernel_rename(kernel, indexes[0], "between");
    for (size_t i = 1; i < count; i++) {
        char name[IF_NAMESIZE];

        memcpy(name, kernel->links[indexes[i]].name, sizeof(name));
        kernel_rename(kernel, indexes[i], "beside");
        kernel_rename(kernel, indexes[i - 1], name);
        kernel_rename(kernel, indexes[i], "between");
    }
    kernel_rename(kernel, indexes[count - 1], first);
}

void kernel_set_altname(struct kernel *kernel, int index, const char *name)
{
    struct kernel_link *link = link_at(kernel, index);

    if (!link || (name[0] && is_taken(kernel, name)))
        return;
    memset(link->altname, 0, sizeof(link->altname));
    strncpy(link->altname, name, sizeof(link->altname) - 1);
    /* Linux does not send it for a link that is down. */
    if (link->up)
        notify(kernel, index, RTM_NEWLINK);
    else
        kernel->changes++;
}

void kernel_set_mtu(struct kernel *kernel, int index, uint32_t mtu)
{
    struct kernel_link *link = link_at(kernel, index);

    if (!link)
        return;
    link->mtu = mtu;
    notify(kernel, index, RTM_NEWLINK);
}

void kernel_set_up(struct kernel *kernel, int index, bool up)
{
    struct kernel_link *link = link_at(kernel, index);

    if (!link || link->up == up)
        return;
    link->up = link->carrier = up;
    link->carrier_changes++;
    notify(kernel, index, RTM_NEWLINK);
}

void kernel_set_master(struct kernel *kernel, int index, int master)
{
    struct kernel_link *link = link_at(kernel, index);

    if (!link || index == master || link->master == master)
        return;
    if (master && !link_at(kernel, master))
        return;
    link->master = master;
    notify(kernel, index, RTM_NEWLINK);
}

void kernel_flap(struct kernel *kernel, int index, unsigned times)
{
    struct kernel_link *link = link_at(kernel, index);

    for (; link && times > 0; times--) {
        kernel_set_up(kernel, index, !link->up);
        kernel_set_up(kernel, index, !link->up);
    }
}

void kernel_add_address(struct kernel *kernel, int number, int index)
{
    struct kernel_address *address = &kernel->addresses[number];

    if (!link_at(kernel, index) || address->index)
        return;
    *address = (struct kernel_address){.index = index, .made = kernel->changes};
    notify_address(kernel, number, RTM_NEWADDR);
}

void kernel_remove_address(struct kernel *kernel, int number)
{
    struct kernel_address *address = &kernel->addresses[number];

    if (!address->index)
        return;
    notify_address(kernel, number, RTM_DELADDR);
    address->index = 0;
}

void kernel_deprecate_address(struct kernel *kernel, int number, bool deprecated)
{
    struct kernel_address *address = &kernel->addresses[number];

    if (!address->index || address->deprecated == deprecated)
        return;
    address->deprecated = deprecated;
    notify_address(kernel, number, RTM_NEWADDR);
}

/* A datagram under construction. */
struct datagram {
    char bytes[LINES_AT_ONCE * (KERNEL_ALIAS + 1024)];
    size_t size;
};

static void append(struct datagram *datagram, struct nl_msg *message,
                   const struct nlmsghdr *request, uint32_t port)
{
    struct nlmsghdr *header = nlmsg_hdr(message);

    header->nlmsg_seq = request->nlmsg_seq;
    header->nlmsg_pid = port;
    CHECK(datagram->size + NLMSG_ALIGN(header->nlmsg_len) <= sizeof(datagram->bytes));
    memcpy(datagram->bytes + datagram->size, header, header->nlmsg_len);
    datagram->size += NLMSG_ALIGN(header->nlmsg_len);
    nlmsg_free(message);
}

static void flush(struct kernel *kernel, struct datagram *datagram)
{
    /* Without room the answer is cut, and flagged. */
    if (datagram->size && !netlink_send(&kernel->netlink, datagram->bytes, datagram->size))
        kernel_overrun(kernel);
    datagram->size = 0;
}

/* A link that came or went while the dump was made, on kernels that read their links twice. */
static struct nl_msg *describe_nameless(int index, int flags)
{
    struct ifinfomsg info = {.ifi_index = index};
    struct nl_msg *message = nlmsg_alloc();

    CHECK(message && nlmsg_put(message, 0, 0, RTM_NEWLINK, 0, flags));
    CHECK(nlmsg_append(message, &info, sizeof(info), NLMSG_ALIGNTO) == 0);
    nla_put_string(message, IFLA_IFNAME, "");
    nla_put_u32(message, IFLA_MTU, 0);
    return message;
}

static int flags_of_lines(const struct kernel *kernel)
{
    bool interrupted = kernel->faults.interrupted || kernel->faults.dump_omits;

    return NLM_F_MULTI | (interrupted ? NLM_F_DUMP_INTR : 0);
}

static void answer_addresses(struct kernel *kernel, const struct nlmsghdr *request)
{
    struct datagram datagram = {.size = 0};
    unsigned lines = 0;

    for (int i = 0; i < KERNEL_ADDRESSES && !kernel->faults.dump_empty; i++) {
        if (!kernel->addresses[i].index || i + 2 == kernel->faults.dump_omits)
            continue;
        append(&datagram, describe_address(kernel, i, RTM_NEWADDR, flags_of_lines(kernel)), request,
               kernel->netlink.port);
        if (++lines % LINES_AT_ONCE == 0)
            flush(kernel, &datagram);
    }
    flush(kernel, &datagram);
}

static void answer_links(struct kernel *kernel, const struct nlmsghdr *request)
{
    struct datagram datagram = {.size = 0};
    int flags = flags_of_lines(kernel);
    unsigned lines = 0;

    for (int i = 1; i < KERNEL_LINKS && !kernel->faults.dump_empty; i++) {
        if (!kernel->links[i].exists || i == kernel->faults.dump_omits)
            continue;
        append(&datagram,
               kernel->faults.nameless == i || kernel->faults.nameless < 0
                   ? describe_nameless(i, flags)
                   : describe(kernel, &kernel->links[i], i, RTM_NEWLINK, flags),
               request, kernel->netlink.port);
        if (++lines % LINES_AT_ONCE == 0)
            flush(kernel, &datagram);
    }
    flush(kernel, &datagram);
}

static void answer_end(struct kernel *kernel, const struct nlmsghdr *request, int type, int error)
{
    struct datagram datagram = {.size = 0};
    struct nlmsgerr body = {.error = -error};
    struct nl_msg *message = nlmsg_alloc_simple(type, type == NLMSG_DONE ? NLM_F_MULTI : 0);

    CHECK(message);
    CHECK(nlmsg_append(message, &body, sizeof(body), NLMSG_ALIGNTO) == 0);
    append(&datagram, message, request, kernel->netlink.port);
    flush(kernel, &datagram);
}

/* Each end of it is a kind. */
#define KINDS "kindkindkindkindkindkindkindkindkindkindkindkindkindkindkindkind"

static struct kernel_link one_of_crowd(const struct kernel *kernel, int index)
{
    static const char kinds[KERNEL_KINDS + 1] = KINDS;
    int number = index - KERNEL_LINKS;
    struct kernel_link link = {.exists = number >= 0 && number < kernel->crowd.links, .mtu = 1500};

    if (!link.exists)
        return link;
    snprintf(link.name, sizeof(link.name), "aaaaaaaaaa%d", number % 100000);
    link.kind = kinds + number % kernel->crowd.kinds;
    return link;
}

/* The next datagram of a dump, once there is room for it. */
static void answer_crowd(struct kernel *kernel)
{
    struct nlmsghdr request = {.nlmsg_seq = kernel->crowd.sequence};
    struct datagram datagram = {.size = 0};
    int next = kernel->crowd.next;
    int end = KERNEL_LINKS + kernel->crowd.links;

    for (int lines = 0; lines < CROWD_AT_ONCE && next < end; lines++, next++) {
        struct kernel_link link = one_of_crowd(kernel, next);

        append(&datagram, describe(kernel, &link, next, RTM_NEWLINK, NLM_F_MULTI), &request,
               kernel->netlink.port);
    }
    if (datagram.size && !netlink_send(&kernel->netlink, datagram.bytes, datagram.size))
        return;
    kernel->crowd.next = next;
    if (next < end)
        return;
    kernel->crowd.next = 0;
    answer_end(kernel, &request, NLMSG_DONE, 0);
}

static void answer_query(struct kernel *kernel, const struct nlmsghdr *request)
{
    struct datagram datagram = {.size = 0};
    int index = ((const struct ifinfomsg *)NLMSG_DATA(request))->ifi_index;
    struct kernel_link link;

    if (kernel->faults.no_answers)
        return;
    if (kernel->faults.refuses) {
        answer_end(kernel, request, NLMSG_ERROR, kernel->faults.refuses);
        return;
    }
    link = index > 0 && index < KERNEL_LINKS ? kernel->links[index] : one_of_crowd(kernel, index);
    if (!link.exists) {
        answer_end(kernel, request, NLMSG_ERROR, ENODEV);
        return;
    }
    append(&datagram, describe(kernel, &link, index, RTM_NEWLINK, 0), request,
           kernel->netlink.port);
    flush(kernel, &datagram);
}

bool kernel_answer(struct kernel *kernel)
{
    char bytes[512];
    struct nlmsghdr *request = (struct nlmsghdr *)(void *)bytes;

    if (kernel->crowd.next) {
        answer_crowd(kernel);
        return true;
    }
    if (netlink_receive(&kernel->netlink, bytes, sizeof(bytes)) < NLMSG_HDRLEN)
        return false;
    CHECK(request->nlmsg_type == RTM_GETLINK || request->nlmsg_type == RTM_GETADDR);
    if (!(request->nlmsg_flags & NLM_F_DUMP)) {
        answer_query(kernel, request);
        return true;
    }
    if (kernel->faults.dump_error) {
        answer_end(kernel, request, NLMSG_ERROR, kernel->faults.dump_error);
        return true;
    }
    if (request->nlmsg_type == RTM_GETADDR)
        answer_addresses(kernel, request);
    else
        answer_links(kernel, request);
    if (request->nlmsg_type == RTM_GETLINK && kernel->crowd.links) {
        kernel->crowd.next = KERNEL_LINKS;
        kernel->crowd.sequence = request->nlmsg_seq;
    } else if (!kernel->faults.unanswered)
        answer_end(kernel, request, NLMSG_DONE, 0);
    return true;
}
