/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links, addresses and events that a consumer wants: the type Filter of the protocol. Pure. */
#ifndef LINKWATCH_DAEMON_FILTER_H
#define LINKWATCH_DAEMON_FILTER_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/event.h"
#include "daemon/slice.h"
#include "protocol/glob.h"

struct filter;

/* Reads a filter of these subjects; JSON null and NULL make one that lets all of them pass. For one
 * of objects alone (List), types and fields are refused. -EINVAL, then *ret_member is the name of
 * the wrong member, which lives as long as the JSON, or NULL if it is no filter at all; -ENOMEM. */
int filter_new(const json_t *json, unsigned subjects, bool objects_only, struct filter **ret,
               const char **ret_member);
struct filter *filter_free(struct filter *filter);

/* What it is a filter of: a set of subjects. */
unsigned filter_subjects(const struct filter *filter);

/* Whether everything about its subjects passes, so that nothing need be matched. */
bool filter_passes_all(const struct filter *filter);

/* How far a match has come; all zero at the beginning, and when it is decided. */
struct filter_progress {
    bool after;  /* of an event; */
    bool before; /* and whether it passes before */
    size_t glob;
    const char *altname; /* the glob's next one; NULL: the link's name */
};

/* Whether a link passes: 1 or 0; or an address: its link passes, but for types and fields, and what
 * is about the address itself holds. -EAGAIN if the slice was over before that was known: ask again
 * with the same progress and object, which must live until then. */
int filter_passes_object(const struct filter *filter, const struct object *object,
                         struct filter_progress *progress, const struct slice *slice);

/* The same of an event, which passes if its object did before or after it; one that is of the
 * address's link alone, if it did so only once. */
int filter_passes_event(const struct filter *filter, const struct event *event,
                        struct filter_progress *progress, const struct slice *slice);

#endif
