/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes to the journal without blocking; returns an error if the journal has no room. */
#ifndef LINKWATCH_DAEMON_JOURNAL_H
#define LINKWATCH_DAEMON_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* As many fields as one entry may have. */
#define JOURNAL_FIELDS_MAX 128

/* Whether standard error leads to the journal. Then lines can go there with their fields. */
bool journal_is_stderr(void);

/* A socket to send entries with, or -errno. It is there when the journal is not, too. */
int journal_open(void);

/* Sends an entry; its fields are NAME=value without line breaks. -EAGAIN if the journal has no
 * room; other -errno. */
int journal_send(int fd, const struct iovec *fields, size_t count);

#endif
