/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the link updates that libnl gives, one a line: by its cache manager, or with the
 * argument "socket" by a socket that joined the group. With "dump" it only fills a cache
 * once. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <stdio.h>
#include <string.h>

static void print(const char *what, struct rtnl_link *link)
{
    printf("%s %s %u\n", what, rtnl_link_get_name(link), rtnl_link_get_mtu(link));
    fflush(stdout);
}

static void on_change(struct nl_cache *cache, struct nl_object *object, int action, void *data)
{
    (void)cache;
    (void)data;
    print(action == NL_ACT_DEL ? "17" : "16", (struct rtnl_link *)object);
}

static int follow_cache(void)
{
    struct nl_cache_mngr *manager;
    struct nl_cache *cache;
    int r = nl_cache_mngr_alloc(NULL, NETLINK_ROUTE, NL_AUTO_PROVIDE, &manager);

    if (r >= 0)
        r = nl_cache_mngr_add(manager, "route/link", on_change, NULL, &cache);
    if (r < 0)
        return r;
    puts("subscribed");
    fflush(stdout);
    do
        r = nl_cache_mngr_poll(manager, -1);
    while (r >= 0 || r == -NLE_INTR);
    return r;
}

static void on_object(struct nl_object *object, void *data)
{
    const struct nlmsghdr *header = data;

    print(header->nlmsg_type == RTM_DELLINK ? "17" : "16", (struct rtnl_link *)object);
}

static int on_message(struct nl_msg *message, void *data)
{
    (void)data;
    nl_msg_parse(message, on_object, nlmsg_hdr(message));
    return NL_OK;
}

static int follow_socket(void)
{
    struct nl_sock *sock = nl_socket_alloc();
    int r;

    if (!sock)
        return -NLE_NOMEM;
    nl_socket_disable_seq_check(sock);
    nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, NULL);
    r = nl_connect(sock, NETLINK_ROUTE);
    if (r >= 0)
        r = nl_socket_add_membership(sock, RTNLGRP_LINK);
    if (r < 0)
        return r;
    puts("subscribed");
    fflush(stdout);
    do
        r = nl_recvmsgs_default(sock);
    while (r >= 0 || r == -NLE_INTR);
    return r;
}

static int fill_cache(void)
{
    struct nl_sock *sock = nl_socket_alloc();
    struct nl_cache *cache;
    int r = sock ? nl_connect(sock, NETLINK_ROUTE) : -NLE_NOMEM;

    return r < 0 ? r : rtnl_link_alloc_cache(sock, AF_UNSPEC, &cache);
}

int main(int argc, char *argv[])
{
    const char *way = argc > 1 ? argv[1] : "cache";
    int r;

    if (strcmp(way, "dump") == 0)
        r = fill_cache();
    else
        r = strcmp(way, "socket") == 0 ? follow_socket() : follow_cache();
    if (r < 0)
        fprintf(stderr, "subscriber: %s\n", nl_geterror(r));
    return r < 0;
}
