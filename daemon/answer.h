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

/* What the next piece is. */
enum answer_state {
    ANSWER_PIECE, /* there is one: the end of a message, the whole of it, or several */
    ANSWER_END,   /* there is none any more */
    ANSWER_WAITS, /* there is none yet; what it waits for is on its list */
};

struct answer_kind {
    /* An answer_state; -EAGAIN if the slice was over before it was known; -errno: it can't be
     * given, and the connection must end. */
    int (*next)(struct answer *answer, const struct slice *slice, struct buffer **ret);
    void (*free)(struct answer *answer);
    bool endless; /* no other call can follow */
};

struct answer {
    const struct answer_kind *kind;
    struct waitlist *waits_on; /* of a kind that may wait */
    struct source *follows;    /* whose addresses are followed for it; NULL for none */
};

static inline int answer_next(struct answer *answer, const struct slice *slice, struct buffer **ret)
{
    return answer->kind->next(answer, slice, ret);
}

/* An answer of so many bytes, which begin with a struct answer; and one for as long as which the
 * addresses of a source are followed, unless that is NULL. NULL without memory. */
void *answer_new(const struct answer_kind *kind, struct waitlist *waits_on, size_t size);
void *answer_new_following(const struct answer_kind *kind, struct waitlist *waits_on, size_t size,
                           struct source *source);

/* Takes NULL. */
struct answer *answer_free(struct answer *answer);

/* The error that says why dumps fail. Where none ever worked, the links are unknown, which is not
 * the same as that there are none. */
int answer_dump_failure(const struct namespace *namespace, struct buffer **ret);

/* The kinds of answers; all: 0, or -ENOMEM. */

/* One message, whose reference it takes (also on failure). */
int answer_reply(struct buffer *message, struct answer **ret);

/* The links that pass the filter, which it takes (also on failure), as they are now; or the error
 * that says why not: no dump succeeded yet, or Lists of the user hold too much already. */
int answer_list(struct namespace *namespace, struct user *user, struct filter *filter,
                struct answer **ret);

/* All metrics, of these replies to GetStatus and GetStatistics, whose references it takes (also on
 * failure; NULL counts as -ENOMEM), and of the links, which are counted slice by slice. */
int answer_metrics(const struct namespace *namespace, json_t *status, json_t *statistics,
                   struct answer **ret);

/* What a stream emits, which it takes, also on failure. news: who waits for more; follows: the
 * source whose addresses it is about, NULL if it is about none. */
int answer_stream(struct waitlist *news, struct stream *stream, struct source *follows,
                  struct answer **ret);

/* That the namespace was entered, when a dump is done or if none is needed. */
int answer_enter(struct namespace *namespace, struct answer **ret);

/* The position when a dump that begins now is done; or why there can't be one. */
int answer_refresh(struct namespace *namespace, struct answer **ret);

#endif
