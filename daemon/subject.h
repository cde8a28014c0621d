/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interface to a subject: a kind of object in a network namespace that the kernel dumps and
 * sends notifications of (links, addresses). Contains everything that differs between subjects: the
 * messages and groups, the words for reasons, and the functions of the table. */
#ifndef LINKWATCH_DAEMON_SUBJECT_H
#define LINKWATCH_DAEMON_SUBJECT_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/dumps.h"
#include "daemon/subject_object.h"

/* In words, for reasons that people read. */
struct subject_words {
    const char *groups;  /* that are joined */
    const char *objects; /* that a dump lists */
    const char *object;  /* of a link, whose index follows */
};

/* objects: all that are known, the table itself. Functions that return int: 0 or -errno, if nothing
 * else is said; -EBADMSG for a message that is malformed, -ENOMEM if what it says is lost. */
struct subject {
    struct subject_words words;
    const int *groups; /* RTNLGRP_* to join; 0 ends them */
    uint16_t get;      /* RTM_GET*; the two before it are RTM_NEW* and RTM_DEL* */

    /* The socket was closed: what was expected from it is forgotten. And notifications were lost;
     * NULL where that is all the same. */
    void (*reset)(void *objects);
    void (*overrun)(void *objects);

    /* A notification. *ret_ifindex is the link that it is about, untouched if it is about none.
     * -ENOMSG if it is no state of the object. */
    int (*notified)(void *objects, const struct nlmsghdr *message, int *ret_ifindex);

    /* A dump begins, has a line for each object, and ends; error and alone as in intake.
     * -ENOENT for a line that shows just that there is, or was, something. A line of a dump for
     * which there is no room only shows that its object is still there. */
    void (*dump_begin)(void *objects);
    int (*dump_line)(void *objects, const struct nlmsghdr *message);
    void (*dump_line_without_room)(void *objects, const struct nlmsghdr *message);
    int (*dump_end)(void *objects, int error, bool alone, struct dump_verdict *ret);

    /* The next link to be queried, by its index, 0 for none; never while a dump is under way. NULL,
     * as the two after it, where no object can be queried alone. The answer, NULL if there is no
     * such link; or that there is none, refused: because this kernel does not answer such queries.
     */
    int (*query)(const void *objects);
    int (*answered)(void *objects, int ifindex, const struct nlmsghdr *message);
    int (*unanswered)(void *objects, int ifindex, bool refused);

    /* How many objects stay as they were since the last dump began, though messages contradict
     * them; and how many there are. */
    size_t (*unsettled)(const void *objects);
    size_t (*count)(const void *objects);
};

/* Whether a notification is about that subject. */
static inline bool subject_has(const struct subject *subject, const struct nlmsghdr *message)
{
    return message->nlmsg_type == subject->get - 2 || message->nlmsg_type == subject->get - 1;
}

#endif
