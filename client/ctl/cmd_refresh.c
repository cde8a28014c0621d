/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl refresh. */
#include "client/ctl/ctl.h"

static int refresh(struct linkwatch *connection, void *user)
{
    (void)user;
    return linkwatch_refresh(connection, CTL_PATIENCE);
}

int ctl_refresh(const struct ctl *ctl)
{
    return ctl_call(ctl, refresh, NULL);
}
