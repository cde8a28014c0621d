/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log entries: in the journal, with fields, if standard error is connected to it, otherwise as
 * lines on standard error. The number of entries in a period is limited, separately for warnings
 * and for less important entries, and the number of suppressed entries is logged. An entry for
 * which the reader has no room is dropped, so that a stuck reader does not block the daemon. */
#ifndef LINKWATCH_DAEMON_LOG_H
#define LINKWATCH_DAEMON_LOG_H

#include <stdint.h>
#include <syslog.h>

#include "protocol/log_kinds.h"

struct ev_loop;
struct log;
struct log_line;

enum log_kind {
#define X(name, id) LOG_KIND_##name,
    LOG_KINDS(X)
#undef X
        LOG_KIND_COUNT
};

/* level: entries with a greater syslog priority (LOG_DEBUG is the greatest) are omitted. NULL if
 * out of memory. */
struct log *log_new(int level);
struct log *log_free(struct log *log);

void log_set_level(struct log *log, int level);

/* With an event loop, the number of suppressed entries is logged at the end of the period, not only
 * with the next entry. NULL before the loop is destroyed. */
void log_attach(struct log *log, struct ev_loop *loop);

/* Logs an entry without fields. priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG. */
__attribute__((format(printf, 3, 4))) void log_write(struct log *log, int priority,
                                                     const char *format, ...);

/* An entry of some kind: begin it, add its fields, and end it with its text. NULL if it is
 * suppressed, or out of memory; the other functions then do nothing. */
struct log_line *log_begin(struct log *log, int priority, enum log_kind kind);
__attribute__((format(printf, 2, 3))) void log_end(struct log_line *line, const char *format, ...);

/* Adds a field for the journal, whose name is prefix and name in capitals. A field can occur
 * several times. */
void log_text(struct log_line *line, const char *prefix, const char *name, const char *value);
void log_number(struct log_line *line, const char *name, int64_t value);

#endif
