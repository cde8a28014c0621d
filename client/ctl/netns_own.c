/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/netns_own.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/linkwatch.h"

#define OURS "/proc/self/ns/net"

/* What the daemon calls the history of the namespace that the connection is about. */
static char *instance_of(struct linkwatch *connection)
{
    struct linkwatch_status *status;
    const char *instance;
    char *copy = NULL;

    if (linkwatch_get_status(connection, CTL_PATIENCE, &status) < 0)
        return NULL;
    if (linkwatch_status_get_text(status, "position.instance", &instance) >= 0)
        copy = strdup(instance);
    linkwatch_status_free(status);
    return copy;
}

static bool enter_ours(struct linkwatch *connection)
{
    int fd;
    int r = linkwatch_netns_open(OURS, &fd);

    if (r < 0)
        return false;
    r = linkwatch_enter(connection, fd, CTL_PATIENCE);
    close(fd);
    return r >= 0;
}

/* A daemon that is handed a socket of its own namespace goes on with the history that it has. */
static bool is_in_ours(struct linkwatch *connection)
{
    char *before = instance_of(connection);
    char *after = before && enter_ours(connection) ? instance_of(connection) : NULL;
    bool same = before && after && strcmp(before, after) == 0;

    free(before);
    free(after);
    return same;
}

struct netns_name netns_own(const struct ctl *ctl)
{
    struct netns_name own = {.inode = 0};
    struct linkwatch *connection;

    if (linkwatch_connect(ctl->path, &connection) < 0)
        return own;
    if (is_in_ours(connection))
        netns_name_identify(OURS, &own);
    linkwatch_close(connection);
    return own;
}
