/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The addresses of links that were fetched. */
#ifndef LINKWATCH_CLIENT_CTL_FETCHED_ADDRESSES_H
#define LINKWATCH_CLIENT_CTL_FETCHED_ADDRESSES_H

#include "client/ctl/fetch.h"

/* Fetches those of the links in there, as far as --family and --scope let them pass. An error of
 * linkwatch_get_addresses(). */
int fetched_addresses_get(struct fetched *fetched, const struct ctl *ctl,
                          struct linkwatch *connection);

/* The next one of the link with that index, or of any of the links for 0, from a place on that is
 * 0 at first; NULL after the last. */
struct linkwatch_address *fetched_addresses_next(const struct fetched *fetched, int ifindex,
                                                 size_t *place);

#endif
