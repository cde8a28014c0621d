/* Links and events as JSON, and whole Varlink messages made of them. Pure.
 *
 * Text that the kernel gave is bytes; where they are not UTF-8, each byte that
 * does not fit stands as U+FFFD. */
#ifndef LINKWATCH_DAEMON_ENCODE_H
#define LINKWATCH_DAEMON_ENCODE_H

#include <jansson.h>
#include <stdint.h>

#include "daemon/buffer.h"
#include "daemon/link.h"

/* The value of one field as it is published, a new reference; JSON null where it
 * is not known or there is none. NULL without memory. */
json_t *encode_field(const struct link *link, enum link_field field);

/* The type Link of the interface: compact JSON text of an object, its known
 * fields in the order of LINK_FIELDS, without a NUL. -ENOMEM. */
int encode_link(const struct link *link, struct buffer **ret);

/* An object of the values in link of just those fields, null where it had none: an
 * event's member "old". A new reference; NULL without memory. */
json_t *encode_fields(const struct link *link, link_fields fields);

#endif
