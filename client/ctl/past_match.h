/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which entries of the journal a command line means. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_PAST_MATCH_H
#define LINKWATCH_CLIENT_CTL_PAST_MATCH_H

#include "client/ctl/past_entries.h"

/* Whether an entry is of a link that one of the texts means, or there is none: by its name then, a
 * glob, its index then, or name@peer. Alternative names are not in the journal. */
bool past_match(char *const texts[], int count, const struct past_entry *entry);

#endif
