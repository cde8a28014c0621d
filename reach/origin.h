/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a message comes from, as a program learns it when it receives: the sender's address, and
 * the group by NETLINK_PKTINFO. An answer, as the doorbell is one, came to no group; an update
 * did, and libraries know it by that. */
#ifndef REACH_ORIGIN_H
#define REACH_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a struct sockaddr_nl, what to write where. */
#define ORIGIN_GROUPS_OFFSET 8

/* The control data of a received message. */
struct origin_control {
    void *data;
    size_t size;
    size_t room;
    bool is_cut; /* there was no room */
};

/* Names the group there; if adds is true, also where the kernel has put nothing about it. */
void origin_set_group(struct origin_control *control, uint32_t group, bool adds);

#endif
