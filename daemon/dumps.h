/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dumps of one subject, one after another: the objects that they list, and whether an object
 * that is missing from them is gone.
 *
 * Native Linux flags a dump as interrupted if objects changed during it, and otherwise lists all of
 * them. Some other kernels return an empty dump if there is no room for the complete one, so that a
 * missing object proves nothing, unless it is missing again. Pure. */
#ifndef LINKWATCH_DAEMON_DUMPS_H
#define LINKWATCH_DAEMON_DUMPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Dumps, one after another, in which an object must be missing where there is no other proof; more
 * of them where each was interrupted. */
#define DUMPS_ENOUGH             2
#define DUMPS_ENOUGH_INTERRUPTED 5

/* What is remembered of each object; all zero for a new one. */
struct dump_mark {
    uint64_t dumped_in;   /* number of the last dump that listed it */
    uint64_t notified_in; /* the last one under which a notification about it came */
    unsigned missed;      /* dumps that ended without it, up to the last */
    /* Of the line that it was read from; 0 where the same line is to be read anew. */
    uint64_t digest;
};

/* All zero before the first one. */
struct dumps {
    uint64_t number; /* of the last one begun */
    bool under_way;
    bool may_be_empty; /* one without a line is not for lack of room */
    size_t lines;
    bool native;    /* a line had what those of native Linux always have */
    int error;      /* how it ended */
    unsigned empty; /* without a line, one after another */
};

/* How a dump ended. */
struct dump_verdict {
    size_t lines;
    size_t missing; /* objects that another dump must show to be missing, too */
    bool native;    /* a line had what those of native Linux always have */
    /* Without a line, and so was the dump before it. If no object is known once all is settled,
     * there is none. */
    bool empty;
};

/* The socket was closed: what was expected from it is forgotten. */
void dumps_reset(struct dumps *dumps);

void dumps_begin(struct dumps *dumps);

/* It is over, with error and alone as in intake. True if it says something of what it did not list:
 * then dumps_miss() is to be called for each object of which dumps_lack(). */
bool dumps_end(struct dumps *dumps, int error, bool alone, struct dump_verdict *ret);

/* The dump did not list it. True if it is gone; queries: that may be found out otherwise, too. */
bool dumps_miss(const struct dumps *dumps, struct dump_mark *mark, bool queries);

static inline void dumps_count_line(struct dumps *dumps, bool native)
{
    dumps->lines++;
    dumps->native |= native;
}

/* A line is about that object. */
static inline void dumps_list(const struct dumps *dumps, struct dump_mark *mark)
{
    mark->dumped_in = dumps->number;
    mark->missed = 0;
}

/* A notification is, which may be younger than the line of the dump under way. */
static inline void dumps_notify(const struct dumps *dumps, struct dump_mark *mark)
{
    dumps_list(dumps, mark);
    mark->notified_in = dumps->number;
}

static inline bool dumps_lack(const struct dumps *dumps, const struct dump_mark *mark)
{
    return mark->dumped_in != dumps->number;
}

#endif
