/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The answer to a call, returned piece by piece: one reply (most methods), several replies (List),
 * an endless series of replies (Monitor), or one reply that is sent later (Refresh). */
#ifndef LINKWATCH_DAEMON_ANSWER_H
#define LINKWATCH_DAEMON_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/namespaces.h"
#include "daemon/slice.h"
#include "daemon/users.h"

struct answer;

/* The state of an answer. */
enum answer_state {
    ANSWER_PIECE, /* there is a piece: the end of a message, a whole message, or several */
    ANSWER_END,   /* there are no more pieces */
    ANSWER_WAITS, /* there is none yet; the answer waits for waits_on */
};

struct answer_kind {
    /* Returns an answer_state; -EAGAIN if the slice was over before the next piece was found; or
     * -errno if the answer cannot be given, and the connection must be closed. */
    int (*next)(struct answer *answer, const struct slice *slice, struct buffer **ret);
    void (*free)(struct answer *answer);
    bool endless; /* no other call can follow */
};

struct answer {
    const struct answer_kind *kind;
    struct waitlist *waits_on; /* for kinds that can wait */
    struct source *follows;    /* the source whose addresses are followed for it, or NULL */
};

static inline int answer_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    return answer->kind->next(answer, slice, ret);
}

/* Allocates an answer of the given size, which begins with a struct answer. The second function
 * also makes the source follow its addresses as long as the answer exists, unless source is NULL.
 * NULL if out of memory. */
void *answer_new(const struct answer_kind *kind, struct waitlist *waits_on, size_t size);
void *answer_new_following(const struct answer_kind *kind, struct waitlist *waits_on, size_t size,
                           struct source *source);

/* Takes NULL. */
struct answer *answer_free(struct answer *answer);

/* An error with the reason why dumps fail. If no dump has ever succeeded, the links are unknown,
 * which does not mean that there are none. */
int answer_dump_failure(const struct namespace *namespace, struct buffer **ret);

/* The kinds of answers. All functions return 0 or -ENOMEM. */

/* A single message, whose reference is consumed, even on failure. */
int answer_reply(struct buffer *message, struct answer **ret);

/* The current links that match the filter, which is consumed even on failure; or an error: no dump
 * has succeeded yet, or the Lists of the user use too much memory. */
int answer_list(struct namespace *namespace, struct user *user, struct filter *filter,
                struct answer **ret);

/* All metrics, from these replies to GetStatus and GetStatistics, whose references are consumed
 * even on failure (NULL results in -ENOMEM), and from the links, which are counted slice by slice.
 */
int answer_metrics(const struct namespace *namespace, json_t *status, json_t *statistics,
                   struct answer **ret);

/* The messages of a stream, which is consumed even on failure. news: the list of answers that wait
 * for events; follows: the source whose addresses the stream reports, or NULL. */
int answer_stream(struct waitlist *news, struct stream *stream, struct source *follows,
                  struct answer **ret);

/* The reply to Enter, when a dump has completed, or immediately if none is required. */
int answer_enter(struct namespace *namespace, struct answer **ret);

/* The position when a dump that begins after this call has completed, or the error if there can be
 * none. */
int answer_refresh(struct namespace *namespace, struct answer **ret);

#endif
