/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Address updates: RTM_NEWADDR and RTM_DELADDR as the kernel sends them to subscribers, built from
 * linkwatchd's data about the address. */
#ifndef REACH_ADDRESS_UPDATE_H
#define REACH_ADDRESS_UPDATE_H

#include "client/linkwatch.h"
#include "reach/update.h"

/* The group of its family; 0 for one that has none. */
uint32_t address_update_group(const struct linkwatch_address *address);

/* The type is RTM_NEWADDR or RTM_DELADDR. Lifetimes are those that linkwatchd reported; when the
 * address was made and last changed, it doesn't report. NULL for lack of memory, or if it is no
 * address. */
struct update *address_update(const struct linkwatch_address *address, uint16_t type);

#endif
