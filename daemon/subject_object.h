/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all objects have in common, of whichever subject: a link and an address begin with this.
 * They are shared by reference, and not changed once they are shared. Pure. */
#ifndef LINKWATCH_DAEMON_SUBJECT_OBJECT_H
#define LINKWATCH_DAEMON_SUBJECT_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/buffer.h"
#include "daemon/quota.h"

struct link;

enum subject_number { SUBJECT_LINKS, SUBJECT_ADDRESSES, SUBJECT_COUNT };

/* A set of them. */
#define SUBJECT_BIT(id) (1U << SUBJECT_##id)

struct object {
    unsigned references;
    uint32_t size; /* bytes allocated */
    uint32_t held; /* events of the history that count it */
    uint8_t subject;
    bool past;           /* see object_retire() */
    struct quota *quota; /* what its memory counts in; NULL for none */
    /* Its text, by object_keep_json(); NULL if there is none, and always if it is past. */
    struct buffer *json;
    struct link *link; /* that has it: a reference; NULL until it is resolved, and for a link */
};

/* Of memory that is all zero: from now on the caller has the one reference. */
void object_init(struct object *object, enum subject_number subject, size_t size);

/* Its memory, and that of its copies and its text, counts in that quota from now on, which must
 * outlive it. Once; false if there is no room for it. */
bool object_charge(struct object *object, struct quota *quota);

/* The memory that it takes, without that of its text. */
size_t object_bytes(const struct object *object);

/* Keeps its text for whoever asks next, or not where there is no room for it. */
void object_keep_json(struct object *object, struct buffer *json);

/* It is gone, or has another state: from now on no text of this one is kept. The history may hold
 * it for long, and does not count that. */
void object_retire(struct object *object);

/* Another reference; and one less, always NULL. Both take NULL. */
struct object *object_ref(struct object *object);
struct object *object_unref(struct object *object);

/* A copy with one reference, byte for byte but for what stands here. NULL without memory, or room
 * for it. */
struct object *object_copy(const struct object *object);

#endif
