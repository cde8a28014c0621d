/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encodes a link as JSON. Pure. */
#ifndef LINKWATCH_DAEMON_ENCODE_H
#define LINKWATCH_DAEMON_ENCODE_H

#include "daemon/buffer.h"
#include "daemon/link.h"
#include "daemon/writer.h"
#include "protocol/link_flags.h"

/* The names of a link's flags as they are published; they are valid as long as the structure is at
 * its place. */
#define ENCODED_FLAGS_MAX 24
struct encoded_flags {
    const char *names[ENCODED_FLAGS_MAX];
    size_t count;
    char unnamed[LINK_FLAG_NAME_SIZE];
};
void encode_flags(const struct link *link, struct encoded_flags *ret);

/* The value of one field as it is published, "null" where it is not known or there is none; but a
 * text without quotes, and one of the kernel's in its bytes. To be freed; NULL without memory. */
char *encode_value(const struct link *link, enum link_field field);

/* Adds an object of the values in link of just those fields, in the order of LINK_FIELDS,
 * null where it had none: an event's member "old". */
void encode_fields(struct writer *writer, const struct link *link, link_fields fields);

/* Adds, as strings, the operational state, which must be known, and the kind of the link: that of
 * linkinfo, or its link_type for one without. */
void encode_operstate(struct writer *writer, const struct link *link);
void encode_kind(struct writer *writer, const struct link *link);

/* Adds the type Link of the interface: an object of its known fields in the order of LINK_FIELDS,
 * and of its times. */
void encode_link(struct writer *writer, const struct link *link);

#endif
