/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encodes an address as JSON. Pure. */
#ifndef LINKWATCH_DAEMON_ENCODE_ADDRESS_H
#define LINKWATCH_DAEMON_ENCODE_ADDRESS_H

#include "daemon/address.h"
#include "daemon/writer.h"

/* Appends an object with the values of these fields, in the order of ADDRESS_FIELDS, null for
 * unknown ones: the member "old" of an event, or, with all known fields, the type Address of the
 * protocol. Lifetimes are those remaining at the given time. */
void encode_address(struct writer *writer, const struct address *address, address_fields fields,
                    int64_t now);

#endif
