/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes to the journal without blocking; returns an error if the journal has no room. */
#ifndef LINKWATCH_DAEMON_JOURNAL_H
#define LINKWATCH_DAEMON_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* The maximum number of fields in one entry. */
#define JOURNAL_FIELDS_MAX 128

/* Whether standard error is connected to the journal, so that entries with fields can be sent
 * there. */
bool journal_is_stderr(void);

/* Opens a socket for sending entries; succeeds even if the journal is not running. Or -errno. */
int journal_open(void);

/* Sends an entry. Its fields are NAME=value, without line breaks. -EAGAIN if the journal has no
 * room, or another -errno. */
int journal_send(int fd, const struct iovec *fields, size_t count);

#endif
