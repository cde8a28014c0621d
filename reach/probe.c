/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/probe.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "reach/policy.h"

#define PATIENCE INT64_C(2000000)

/* The two ways to subscribe. A wrong answer to one of them counts for both. Half of those who
 * subscribe to links want addresses by the same call: some kernels accept links alone. */
static bool is_accepted(int bound, int joined)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = POLICY_GROUPS};
    const int group = RTNLGRP_LINK;

    return bind(bound, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           setsockopt(joined, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0;
}

/* What the daemon found out in its time. */
static bool is_incomplete(const char *path)
{
    struct linkwatch *connection = NULL;
    struct linkwatch_status *status = NULL;
    const char *standing = "";
    bool incomplete;

    if (linkwatch_connect(path, &connection) < 0)
        return false;
    if (linkwatch_get_status(connection, PATIENCE, &status) >= 0)
        linkwatch_status_get_text(status, "source.standing", &standing);
    incomplete = strcmp(standing, "incomplete") == 0;
    linkwatch_status_free(status);
    linkwatch_close(connection);
    return incomplete;
}

int probe_subscription(const char *path)
{
    int bound = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int joined = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int error = errno;
    bool accepted = false;

    if (bound >= 0 && joined >= 0)
        accepted = is_accepted(bound, joined);
    if (bound >= 0)
        close(bound);
    if (joined < 0)
        return -error;
    close(joined);
    return !accepted || is_incomplete(path);
}
