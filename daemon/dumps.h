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

/* The number of dumps in a row from which an object must be missing if there is no other proof that
 * it is gone, and the number if each was interrupted. */
#define DUMPS_ENOUGH             2
#define DUMPS_ENOUGH_INTERRUPTED 5

/* The state of each object; initialized with zeros. */
struct dump_mark {
    uint64_t dumped_in;   /* number of the last dump that listed it */
    uint64_t notified_in; /* number of the last dump during which a notification about it arrived */
    unsigned missed;      /* dumps in a row, up to the last, from which it was missing */
    /* Of the dump message that it was parsed from; 0 if the same message must be parsed again. */
    uint64_t digest;
};

/* Initialized with zeros. */
struct dumps {
    uint64_t number; /* of the last dump that began */
    bool under_way;
    bool may_be_empty; /* an empty dump is not due to lack of room */
    size_t lines;
    bool native;    /* a message had what those of native Linux always have */
    int error;      /* its result */
    unsigned empty; /* number of empty dumps in a row */
};

/* The result of a dump. */
struct dump_verdict {
    size_t lines;
    size_t missing; /* objects that must be missing from another dump, too */
    bool native;    /* a message had what those of native Linux always have */
    /* It was empty, and so was the previous one. If no object is known when everything is settled,
     * there is none. */
    bool empty;
};

/* The socket was closed: the expected replies are forgotten. */
void dumps_reset(struct dumps *dumps);

void dumps_begin(struct dumps *dumps);

/* The dump ended, with error and alone as in intake. True if it proves something about missing
 * objects: then dumps_miss() must be called for each object for which dumps_lack() is true. */
bool dumps_end(struct dumps *dumps, int error, bool alone, struct dump_verdict *ret);

/* The object was missing from the dump. True if it is gone; queries: the object can also be
 * queried. */
bool dumps_miss(const struct dumps *dumps, struct dump_mark *mark, bool queries);

static inline void dumps_count_line(struct dumps *dumps, bool native)
{
    dumps->lines++;
    dumps->native |= native;
}

/* A message of the dump is about this object. */
static inline void dumps_list(const struct dumps *dumps, struct dump_mark *mark)
{
    mark->dumped_in = dumps->number;
    mark->missed = 0;
}

/* A notification is about this object, and may be newer than a message of the dump in progress. */
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
