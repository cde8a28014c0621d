/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An update: a message of rtnetlink as the kernel sends it to those who subscribed to a group. */
#ifndef REACH_UPDATE_H
#define REACH_UPDATE_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

/* Once it is made it never changes, and several subscriptions share it. */
struct update {
    unsigned references;
    uint32_t group; /* that it is sent to, RTNLGRP_* */
    size_t size;
    _Alignas(struct nlmsghdr) char data[];
};

/* One to that group, of no size yet, and with so much room; NULL for lack of memory. */
struct update *update_new(uint32_t group, size_t room);
struct update *update_ref(struct update *update);
struct update *update_unref(struct update *update);

/* Adds an attribute, for which there is room (RTA_SPACE(size)). */
void update_put(struct update *update, unsigned type, const void *data, size_t size);

/* Writes its header, with sequence number and port 0, as it is no reply. */
void update_finish(struct update *update, uint16_t type);

#endif
