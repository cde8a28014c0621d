/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of one link: parsed from an rtnetlink message, and compared with another. Pure. */
#ifndef LINKWATCH_DAEMON_LINK_H
#define LINKWATCH_DAEMON_LINK_H

#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/fields.h"
#include "daemon/subject_object.h"

/* The kernel's MAX_ADDR_LEN. */
#define LINK_ADDRESS_MAX 32

struct link_address {
    uint8_t length;
    uint8_t bytes[LINK_ADDRESS_MAX];
};

/* Where a link went that left for another network namespace, as IFLA_NEW_NETNSID and
 * IFLA_NEW_IFINDEX of its RTM_DELLINK say. */
struct link_destination {
    bool has_netnsid;
    int netnsid; /* the number by which this namespace knows that one */
    int ifindex; /* there; 0 if unknown */
};

/* A link as one message describes it. Shared, and never changed once it is shared. A
 * member has a value only where known has the bit of its field. */
struct link {
    struct object object;

    uint8_t operstate;
    uint8_t linkmode;
    bool has_carrier; /* the kernel gave one; the field is known if the link is up, too */
    bool carrier;
    bool link_down; /* the lower link is in this namespace and not IFF_UP, by link_resolve() */
    uint16_t type;  /* ARPHRD_*, field link_type */
    link_fields known;
    int ifindex;
    uint32_t flags; /* IFF_*, as the kernel gave them */
    uint32_t carrier_changes;
    uint32_t carrier_up_count;
    uint32_t carrier_down_count;
    uint32_t mtu;
    uint32_t min_mtu;
    uint32_t max_mtu;
    int master;     /* index of it, field master_ifindex; the name is in master_name */
    int link_index; /* of the lower link or peer: fields link_ifindex and link_index */
    int link_netnsid;
    uint32_t group;
    uint32_t txqlen;
    uint32_t promiscuity;
    uint32_t num_tx_queues;
    uint32_t num_rx_queues;
    char ifname[IF_NAMESIZE];

    /* What other links contribute, set by link_resolve(). */
    char master_name[IF_NAMESIZE];
    char link_name[IF_NAMESIZE];

    struct link_address address;
    struct link_address broadcast;
    struct link_address permaddr;

    bool since_first_dump; /* it was there before, for how long is not known */
    /* When it was learned, in microseconds since 1970, as of link_times_follow(); 0 if that is not
     * known. No fields: that they change is no change of the link. */
    int64_t since;
    int64_t last_up;
    int64_t last_down;

    struct link_destination moved_to; /* no state of the link, but of its end here */

    /* In the same allocation as the link; NULL where not known. */
    uint32_t altname_count;
    const char *altnames; /* so many strings, one behind the other, up to the end */
    const char *ifalias;
    const char *qdisc;
    const char *parentbus;
    const char *parentdev;
    const char *info_kind;       /* both belong to the field linkinfo, which is */
    const char *info_slave_kind; /* known if one of them is */
};

/* Where a field stands in struct link, and as what; what is unused of it is zero. */
enum link_form {
    LINK_FORM_OTHER, /* in a way of its own */
    LINK_FORM_U32,
    LINK_FORM_INT,
    LINK_FORM_NAME, /* an array that is a string */
    LINK_FORM_TEXT, /* a pointer to a string */
    LINK_FORM_ADDRESS,
};

struct link_member {
    enum link_form form;
    uint16_t offset;
    uint16_t size;
    uint16_t attribute; /* IFLA_* that it is copied from, 0 for none */
};

extern const struct link_member link_members[LINK_FIELD_COUNT];

static inline const void *link_member(const struct link *link, enum link_field field)
{
    return (const char *)link + link_members[field].offset;
}

/* Reads an RTM_NEWLINK or RTM_DELLINK message that is complete by its own
 * nlmsg_len. -EBADMSG if it is malformed (too short, no usable index or name), -ENOMSG if it is an
 * event of a wireless driver that comes as an RTM_NEWLINK and is no state of the link, -ENOENT if
 * it has an index and nothing behind it (gVisor), -ENOMEM. The caller has the one reference. A
 * field that the message does not have, or not in the size that it has, is not known. */
int link_parse(const struct nlmsghdr *message, struct link **ret);

/* The index that a message is about, and a digest of all its content. -EBADMSG if it is too short
 * to have an index. */
int link_digest(const struct nlmsghdr *message, int *ret_ifindex, uint64_t *ret);

/* The link that an object is, or NULL. */
static inline struct link *as_link(struct object *object)
{
    return (struct link *)object;
}

static inline struct link *link_ref(struct link *link)
{
    return as_link(object_ref((struct object *)link));
}

static inline struct link *link_unref(struct link *link)
{
    return as_link(object_unref((struct object *)link));
}

/* A copy with one reference, free to be resolved anew. NULL without memory, or room for it. */
struct link *link_copy(const struct link *link);

/* Names the master and the lower link, from those links themselves or NULL where
 * they are not known ("ifN" is what they are called then). */
void link_resolve(struct link *link, const struct link *master, const struct link *lower);

/* The fields in which two states differ, as they are published: resolved names
 * count, and bits of flags that are not shown do not. */
link_fields link_compare(const struct link *before, const struct link *after);

/* Whether the kernel gave both of them a carrier, and not the same. */
static inline bool link_carrier_differs(const struct link *before, const struct link *after)
{
    return before->has_carrier && after->has_carrier && before->carrier != after->carrier;
}

/* The altname after that one, or the first for NULL; NULL at the end. */
const char *link_next_altname(const struct link *link, const char *altname);

/* The same for all its names, the first of which is ifname. */
static inline const char *link_next_name(const struct link *link, const char *name)
{
    return name ? link_next_altname(link, name == link->ifname ? NULL : name) : link->ifname;
}

/* Whether two states with the same index belong to two links, by all the evidence in
 * them. Where the kernel notified of a change it is a link's own; there is nothing to ask. */
bool link_is_another(const struct link *before, const struct link *after);

#endif
