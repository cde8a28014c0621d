/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of the system's journal, from journalctl: the program needs no library, and what reads
 * files that others may have filled is a process of its own. */
#ifndef LINKWATCH_CLIENT_CTL_JOURNAL_READER_H
#define LINKWATCH_CLIENT_CTL_JOURNAL_READER_H

#include <stdbool.h>

/* 0 if there is a journal that the caller may read; -ENOENT: there is none; -EACCES. */
int journal_access(void);

struct journal_entry;

/* The first value of a field of that name, valid during the callback; NULL if the entry has none,
 * or one that is not printable text. */
const char *journal_field(const struct journal_entry *entry, const char *name);

/* Returns whether to go on. */
typedef bool journal_callback(void *user, const struct journal_entry *entry);

/* Runs journalctl with these arguments, of which a NULL follows the last one, beside those for
 * output, and calls back for each entry, the oldest first. -ENOENT: there is no journalctl; -EIO:
 * it failed, and printed the reason itself; -ENOMEM; other errors of child_start(). */
int journal_read(const char *const arguments[], journal_callback *callback, void *user);

#endif
