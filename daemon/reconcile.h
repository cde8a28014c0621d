/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Converts messages of the kernel to changes of the table, so that the table never contains a state
 * that is impossible in the kernel: two links with the same name, or a port of a master that does
 * not exist.
 *
 * Notifications and the messages of dumps go in. What fits is put into the table immediately. What
 * contradicts the table becomes a claim, and waits: until the end of the dump in progress, which
 * may resolve the contradiction, and then for the replies to queries for single links. What is then
 * consistent is applied, and the older bearer of a name is changed before the newer one; names that
 * were swapped are applied one after the other, as changes that belong together.
 *
 * If two claims contradict each other, or a claim contradicts the table, the one with the older
 * information is queried. If links still contradict each other after a few rounds, they remain
 * unchanged until the next dump. Pure. */
#ifndef LINKWATCH_DAEMON_RECONCILE_H
#define LINKWATCH_DAEMON_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/subject.h"
#include "daemon/table.h"

struct reconcile;

/* Fills that table. What waits counts in the quota, NULL for none. Both must outlive it. NULL
 * without memory. */
struct reconcile *reconcile_new(struct table *table, struct quota *quota);
struct reconcile *reconcile_free(struct reconcile *reconcile);

/* The socket was closed: what was expected from it is forgotten. */
void reconcile_reset(struct reconcile *reconcile);

/* A notification reported this state of a link, or with RTM_DELLINK the last one of a link that
 * is gone. 0, or -ENOMEM: then it is lost. */
int reconcile_notified(struct reconcile *reconcile, struct link *link);
int reconcile_notified_gone(struct reconcile *reconcile, struct link *link);

/* Notifications were lost. */
void reconcile_overrun(struct reconcile *reconcile);

/* A dump begins, has a line for each link, and ends. Notifications may come in between; a
 * line may be older than they are (Linux hands a part of a dump over after it let go of the
 * lock under which it made it): where it differs, the link is queried. The digest is that
 * of link_digest(). 0, or -ENOMEM. */
void reconcile_dump_begin(struct reconcile *reconcile);
int reconcile_dump_line(struct reconcile *reconcile, struct link *link, uint64_t digest);

/* Whether a line is the same, byte for byte, as the last one about that link, and no
 * notification came since: then it counts and need not even be read. Else it goes to
 * reconcile_dump_line(). */
bool reconcile_dump_repeats(struct reconcile *reconcile, int ifindex, uint64_t digest);

/* A line of a dump that will end with -EDQUOT: it only shows that its link is still there. */
void reconcile_dump_line_without_room(struct reconcile *reconcile, int ifindex);

/* The dump is over: 0, -EINTR if links changed under it, -EDQUOT if some of its lines were given as
 * above, or another error: then nothing follows from what it did not show. alone: since the queue
 * was read empty, and then the dump requested, nothing but the dump was received, so that no part
 * of it was dropped for lack of room. -ENOMEM if something is lost. */
int reconcile_dump_end(struct reconcile *reconcile, int error, bool alone,
                       struct dump_verdict *ret);

/* The next link to be queried, by its index, 0 for none; never while a dump is under way. */
int reconcile_query(const struct reconcile *reconcile);

/* The answer: its state, NULL if there is no such link. 0, or -ENOMEM. */
int reconcile_answered(struct reconcile *reconcile, int ifindex, struct link *link);

/* There is none after several attempts; or, refused, because this kernel
 * does not answer such queries: then further dumps decide. */
int reconcile_unanswered(struct reconcile *reconcile, int ifindex, bool refused);

/* How many links stay as they were since the last dump began, though messages contradict
 * them. */
size_t reconcile_unsettled(const struct reconcile *reconcile);

#endif
