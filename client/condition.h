/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conditions on a link. Pure. */
#ifndef LINKWATCH_CLIENT_CONDITION_H
#define LINKWATCH_CLIENT_CONDITION_H

#include <netinet/in.h>

#include "client/linkwatch.h"

enum condition_type {
    CONDITION_PRESENT,
    CONDITION_ABSENT,
    CONDITION_UP,
    CONDITION_DOWN,
    CONDITION_CARRIER,
    CONDITION_NO_CARRIER,
    CONDITION_OPERSTATE,
    CONDITION_MTU,
    CONDITION_ADDRESS,
    CONDITION_HAS_ADDRESS,
    CONDITION_FAMILY,
    CONDITION_SCOPE,
    CONDITION_MASTER,
    CONDITION_NO_MASTER,
    CONDITION_KIND,
    CONDITION_RENAMED,
    CONDITION_NAME,
    CONDITION_USABLE,
    CONDITION_STABLE,
    CONDITION_TYPE_COUNT
};

struct condition {
    enum condition_type type;
    const char *value; /* part of the text that it was read from */
    int64_t number;    /* of mtu=; of stable=, microseconds */
    /* Of address=: the IP addresses that begin like that, if it may be one. */
    int family; /* AF_UNSPEC if it isn't */
    unsigned char prefix[sizeof(struct in6_addr)];
    unsigned prefixlen;
};

/* Reads a condition, which keeps a part of the text. -EINVAL, with the reason as
 * linkwatch_link_meets() gives it. */
int condition_parse(const char *text, struct condition *ret, const char **ret_reason);

/* Whether a carrier that came back, or came and went, unseen was an interruption of it. */
bool condition_is_of_carrier(const struct condition *condition);

/* Whether it is about addresses. */
bool condition_needs_addresses(const struct condition *condition);

/* Whether it is met by the link that the mirror has, and its addresses there. first is the link
 * when it was first seen. */
bool condition_met_in(const struct condition *condition, const struct linkwatch_mirror *mirror,
                      const struct linkwatch_link *link, const struct linkwatch_link *first);

/* Whether a link must be followed under another name for it. */
bool condition_follows(const struct condition *condition);

#endif
