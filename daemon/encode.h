/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A link as JSON. Pure. */
#ifndef LINKWATCH_DAEMON_ENCODE_H
#define LINKWATCH_DAEMON_ENCODE_H

#include "daemon/buffer.h"
#include "daemon/link.h"
#include "daemon/writer.h"

/* The value of one field as it is published, a new reference; JSON null where it is not
 * known or there is none. NULL without memory. For whoever wants one or two of them:
 * text is made and read again. */
json_t *encode_field(const struct link *link, enum link_field field);

/* The name that a field is, in the bytes of the kernel, of which the encoding has just what is
 * UTF-8; NULL for a field that isn't one, or isn't known. */
const char *encode_name(const struct link *link, enum link_field field);

/* Adds an object of the values in link of just those fields, in the order of LINK_FIELDS,
 * null where it had none: an event's member "old". */
void encode_fields(struct writer *writer, const struct link *link, link_fields fields);

/* Adds, as strings, the operational state, which must be known, and the kind of the link: that of
 * linkinfo, or its link_type for one without. */
void encode_operstate(struct writer *writer, const struct link *link);
void encode_kind(struct writer *writer, const struct link *link);

/* Adds the type Link of the interface: an object of its known fields in the order of LINK_FIELDS,
 * and of its times. */
void encode_whole(struct writer *writer, const struct link *link);

/* The same as compact JSON text, without a NUL. -ENOMEM. */
int encode_link(const struct link *link, struct buffer **ret);

#endif
