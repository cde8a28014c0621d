/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An update: an rtnetlink message as the kernel sends it to the subscribers of a group. */
#ifndef REACH_UPDATE_H
#define REACH_UPDATE_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
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

/* More than the kernel's own queue of a socket would hold of them. */
#define UPDATES_MAX 1024

/* Updates that a socket has not received yet: all zero at first. */
struct update_queue {
    struct update *ring[UPDATES_MAX];
    size_t first;
    size_t count;
};

/* Takes a reference; false if the queue is full. */
bool update_queue_push(struct update_queue *queue, struct update *update);
/* NULL if it is empty. */
const struct update *update_queue_first(const struct update_queue *queue);
void update_queue_pop(struct update_queue *queue);

#endif
