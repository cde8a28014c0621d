/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All addresses of a namespace, and the subject for them: updated by notifications and dumps, and
 * reports each change. An address is reported after its link, and its removal before that of its
 * link; an address whose link is not known yet is held back.
 *
 * Single addresses cannot be queried: if notifications contradict the dump in progress, the next
 * dump decides. Pure. */
#ifndef LINKWATCH_DAEMON_ADDRESS_TABLE_H
#define LINKWATCH_DAEMON_ADDRESS_TABLE_H

#include "daemon/address.h"
#include "daemon/subject.h"
#include "daemon/table.h"

struct address_table;

extern const struct subject address_subject; /* its objects are an address_table */

/* Of the links in that table, which outlives it, like the quota of the addresses' memory, NULL for
 * none. clock: CLOCK_MONOTONIC in microseconds. Nothing is reported until it is told to report.
 * NULL without memory. */
struct address_table *address_table_new(const struct table *links, struct quota *quota,
                                        int64_t (*clock)(void), table_handler handler, void *user);
struct address_table *address_table_free(struct address_table *table);

/* From now on, changes are reported; those of before are not. */
void address_table_report(struct address_table *table);

/* Whether the kernel is a native Linux, as far as the links show: then an empty dump is the truth
 * where no address is known. */
void address_table_set_native(struct address_table *table, bool native);

/* A link changed: to be called before that is passed on, and after it. In between, changes that
 * belong together may be under way. True if there were addresses, from the former for a link that
 * was removed. */
bool address_table_before_link(struct address_table *table, const struct change *change,
                               bool more_follows);
void address_table_after_link(struct address_table *table, const struct change *change);

/* Whether there was an address of a link that is not known, since it was asked last. */
bool address_table_lacks_link(struct address_table *table);

/* The address after that one, in their order, whose link is known; the first for NULL; NULL at the
 * end. The key need not be there. */
struct address *address_table_next(const struct address_table *table,
                                   const struct address_key *after);

size_t address_table_count(const struct address_table *table);

#endif
