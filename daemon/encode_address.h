/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encodes an address as JSON. Pure. */
#ifndef LINKWATCH_DAEMON_ENCODE_ADDRESS_H
#define LINKWATCH_DAEMON_ENCODE_ADDRESS_H

#include "daemon/address.h"
#include "daemon/writer.h"

/* Adds an object of the values in address of just those fields, in the order of ADDRESS_FIELDS,
 * null where it had none: an event's member "old"; with all that are known, the type Address of the
 * interface. Lifetimes are what is left of them at that moment. */
void encode_address(struct writer *writer, const struct address *address, address_fields fields,
                    int64_t now);

#endif
