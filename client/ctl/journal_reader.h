/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of the system's journal, from journalctl: the program needs no library, and what reads
 * files that others may have filled is a process of its own. */
#ifndef LINKWATCH_CLIENT_CTL_JOURNAL_READER_H
#define LINKWATCH_CLIENT_CTL_JOURNAL_READER_H

#include <jansson.h>
#include <stdbool.h>

/* 0 if there is a journal that the caller may read; -ENOENT: there is none; -EACCES. */
int journal_access(void);

/* Runs journalctl with these arguments, of which a NULL follows the last one, beside those for
 * output, and calls entry for each, the oldest first. entry returns
 * whether to go on. -ENOENT: there is no journalctl; -EIO: it failed, and printed the reason
 * itself; other errors of pipe(2) and fork(2). */
int journal_read(const char *const arguments[], bool (*entry)(void *user, const json_t *entry),
                 void *user);

#endif
