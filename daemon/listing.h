/* The answer to a List, which is put together by parts: others have their turn in between. It
 * tells the links as they are when it begins. */
#ifndef LINKWATCH_DAEMON_LISTING_H
#define LINKWATCH_DAEMON_LISTING_H

#include "daemon/filter.h"
#include "daemon/message.h"
#include "daemon/session.h"
#include "daemon/table.h"

struct listing;

/* It is complete (0), or the session can't go on (-errno). The listing is gone then. */
typedef void (*listing_done)(void *user, struct session *session, int error);

/* Sends the list, with the links that pass the filter. Takes filter and list (also on failure).
 * 1 with a listing if there is more than fits into one part: it goes on by itself and calls done
 * in the end, unless it is freed before. 0 if all was sent. -errno if the session can't go on. */
int listing_start(struct session *session, const struct table *table, struct filter *filter,
                  struct message_list *list, listing_done done, void *user, struct listing **ret);
struct listing *listing_free(struct listing *listing);

#endif
