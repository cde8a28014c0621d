/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The targets of a wait: links, the conditions that each must meet, how many of them, for how long.
 *
 * A link is a target while a name or glob of the wait matches it; where a condition asks for
 * another name, from the first match until it is removed. Each target is evaluated whenever
 * something of it changes. Since when it meets all conditions is kept; one that does not meet them,
 * flapped, or may have done so unseen, starts again. The wait is over as soon as so many targets as
 * are needed have met the conditions for the time that stable= names. Where all are needed, none
 * may be missing: then, as with stable= and absent, all links must be known.
 *
 * With absent, the names and globs are what is counted, and one meets it while no link matches.
 *
 * Pure: the clock is the caller's, in microseconds. */
#ifndef LINKWATCH_CLIENT_WAIT_TARGETS_H
#define LINKWATCH_CLIENT_WAIT_TARGETS_H

#include "client/condition.h"
#include "client/linkwatch.h"

/* Since when it has met the conditions, if it does. */
struct met_span {
    bool met;
    uint64_t since;
};

struct target {
    struct linkwatch_link *first; /* as it was first seen */
    struct linkwatch_link *now;
    struct met_span span;
};

struct wait_targets {
    const char **globs; /* the caller's texts */
    size_t glob_count;
    const char *const *texts; /* of the conditions */
    struct condition *conditions;
    size_t condition_count;
    bool absent;
    bool follows;
    bool needs_addresses;
    uint64_t stable; /* microseconds */
    size_t needed;   /* LINKWATCH_WAIT_ALL for all */

    struct target *items; /* in the order of the indexes */
    size_t count;
    size_t capacity;
    size_t met_count;
    struct met_span *absences; /* of the globs */
};

/* -EINVAL with *ret_wrong and *ret_reason if a condition is wrong (NULL: there is none), -ENOMEM.
 * To be cleared in any case. */
int targets_init(struct wait_targets *targets, const char *glob, const char *const *more_globs,
                 const char *const *conditions, size_t at_least, const char **ret_wrong,
                 const char **ret_reason);
void targets_clear(struct wait_targets *targets);

/* Something of a link or its addresses changed; or the link is gone. -ENOMEM. */
int targets_take(struct wait_targets *targets, const struct linkwatch_mirror *mirror,
                 struct linkwatch_link *link, uint64_t now);
void targets_drop(struct wait_targets *targets, int ifindex);

/* The carrier of that link changed unseen; nobody knows what happened to any of them. */
void targets_flap(struct wait_targets *targets, int ifindex, uint64_t now);
void targets_interrupt(struct wait_targets *targets, uint64_t now);

/* Whether the wait is over, and if not, when it may be if nothing changes: UINT64_MAX for never.
 * complete: all links are known. */
bool targets_are_met(struct wait_targets *targets, bool complete, uint64_t now, uint64_t *ret_due);

/* The links that meet the conditions; what is missing; as the options' callbacks. */
void targets_report_met(const struct wait_targets *targets, uint64_t now, void *user,
                        void (*met)(void *user, struct linkwatch_link *link));
void targets_report_unmet(const struct wait_targets *targets, const struct linkwatch_mirror *mirror,
                          uint64_t now, void *user,
                          void (*unmet)(void *user, const char *glob, struct linkwatch_link *link,
                                        const char *condition, const char *reason));

/* The first link that meets the conditions; NULL for absent. */
struct linkwatch_link *targets_first_met(const struct wait_targets *targets, uint64_t now);

#endif
