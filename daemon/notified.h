/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The changes for which Linux sends notifications. Pure. */
#ifndef LINKWATCH_DAEMON_NOTIFIED_H
#define LINKWATCH_DAEMON_NOTIFIED_H

#include <stdbool.h>

#include "daemon/table.h"

/* Whether a complete subscription reports such a change: if a dump shows it first, the notification
 * will still arrive, or the subscription is incomplete. */
bool change_is_notified(const struct change *change);

#endif
