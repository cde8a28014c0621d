/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When the kernel is to be asked for a link that is in doubt, and when no answer is to be
 * expected any more. An answer may be dropped where the queue is full, so that its absence
 * proves nothing, and it is asked again after a while. Pure; times are microseconds of one
 * clock. */
#ifndef LINKWATCH_DAEMON_QUESTION_H
#define LINKWATCH_DAEMON_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

struct question {
    int ifindex;    /* 0 for none */
    unsigned asked; /* how often */
    int64_t asked_at;
};

/* Which link is in doubt, 0 for none. */
void question_set(struct question *question, int ifindex);

/* It was asked, or there was an answer. */
void question_asked(struct question *question, int64_t now);
void question_answered(struct question *question);

/* Whether it is to be asked now; or was asked often enough. drained_at is when the queue was
 * seen empty last: an answer that is still queued came in time. */
bool question_is_due(const struct question *question, int64_t drained_at);
bool question_is_hopeless(const struct question *question, int64_t drained_at);

/* When one of them will be so, INT64_MAX for never. */
int64_t question_next(const struct question *question);

#endif
