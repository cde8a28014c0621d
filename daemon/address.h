/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of one address of a link, as reported by the kernel. Immutable except for its link, and
 * shared by reference counting. Pure. */
#ifndef LINKWATCH_DAEMON_ADDRESS_H
#define LINKWATCH_DAEMON_ADDRESS_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/link.h"

#define ADDRESS_BYTES 16

/* A lifetime without end. */
#define ADDRESS_FOREVER UINT32_MAX

/* Which one it is. */
struct address_key {
    int ifindex;
    uint8_t family; /* AF_INET or AF_INET6 */
    uint8_t prefixlen;
    unsigned char local[ADDRESS_BYTES]; /* as many bytes as the family has, then zeros */
    unsigned char peer[ADDRESS_BYTES];  /* the same as local if there is none */
};

struct address {
    struct object object;
    address_fields known;
    struct address_key key;
    uint8_t scope;
    uint8_t protocol;
    uint32_t flags; /* IFA_F_* */
    uint32_t metric;
    unsigned char broadcast[ADDRESS_BYTES];
    unsigned char anycast[ADDRESS_BYTES];
    char label[IF_NAMESIZE];
    /* What is left of its lifetimes, in seconds, at that moment, in microseconds of
     * CLOCK_MONOTONIC; and when the kernel made it and set them, in hundredths of a second since
     * the system's start. */
    uint32_t valid;
    uint32_t preferred;
    int64_t learned;
    uint32_t created;
    uint32_t updated;
};

/* Reads an RTM_NEWADDR or RTM_DELADDR message that is complete by its own nlmsg_len and was
 * received at that moment. -EBADMSG if it is malformed, -ENOMSG if it is of another family than
 * IPv4 and IPv6, -ENOMEM. The caller has the one reference. A field that the message does not have,
 * or not in the size that it has, is not known. */
int address_parse(const struct nlmsghdr *message, int64_t now, struct address **ret);

/* The address that an object is, or NULL. */
static inline struct address *as_address(struct object *object)
{
    return (struct address *)object;
}

static inline struct address *address_ref(struct address *address)
{
    return as_address(object_ref((struct object *)address));
}

static inline struct address *address_unref(struct address *address)
{
    return as_address(object_unref((struct object *)address));
}

/* That link has it, from now on; only who has the one reference may do so. */
void address_resolve(struct address *address, struct link *link);

/* The order of addresses: by link, then by family, then by what distinguishes them in the kernel:
 * for IPv6 the address, for IPv4 also prefix length and peer. */
int address_order(const struct address_key *a, const struct address_key *b);

/* The fields in which two states differ, as they are published. A lifetime that merely runs down
 * is no difference. */
address_fields address_compare(const struct address *before, const struct address *after);

/* Whether two states of the same place in the order belong to two addresses: it was removed and
 * added between them, or its name on the wire is another one. */
bool address_is_another(const struct address *before, const struct address *after);

#endif
