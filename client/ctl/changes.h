/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a link is and what changed of it, in one line. */
#ifndef LINKWATCH_CLIENT_CTL_CHANGES_H
#define LINKWATCH_CLIENT_CTL_CHANGES_H

#include "client/ctl/output.h"
#include "client/linkwatch.h"

/* " veth, DOWN, mtu 1500, ..." */
void changes_print_link(const struct linkwatch_link *link, const struct output *output);

/* ": mtu 1500 -> 9000; flags +UP -NO-CARRIER" */
void changes_print(const struct linkwatch_link *before, const struct linkwatch_link *now,
                   linkwatch_fields fields, const struct output *output);

#endif
