/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Log lines: to the journal, with fields, where standard error leads there; else to
 * standard error. At most so many in a while, warnings and what is less important counted
 * apart, and none that there is no room for, so that a reader who is stuck does not stop the
 * daemon; how many were held back is logged. */
#ifndef LINKWATCH_DAEMON_LOG_H
#define LINKWATCH_DAEMON_LOG_H

#include <stdint.h>
#include <syslog.h>

struct ev_loop;
struct log;
struct log_line;

/* X(enumerator, MESSAGE_ID). What a line is about, and by which name the journal knows
 * such lines; units/linkwatchd.catalog explains each. */
#define LOG_KINDS(X)                                       \
    X(LINK_ADDED, "13c9964c61a54a8d912067a0fd16d152")      \
    X(LINK_REMOVED, "d38720ef10fb40838c9f2f6dce8ffc41")    \
    X(LINK_CHANGED, "0bbe01d17b9d4bf690bc2f811fedff3e")    \
    X(STANDING, "cdb00cf7614e40d3a62d0c3d18a74a25")        \
    X(STALE, "9738c14cfaa041d69fcafe8ce4221f3a")           \
    X(FRESH, "804bf0af112b4c4daefa56cec6008bbd")           \
    X(STARTED, "44af7a3f3c8742288360385469fc5cc5")         \
    X(CONFIG_APPLIED, "7df424a861b849f59ccc2ee4727e0302")  \
    X(CONFIG_REFUSED, "4c64cab98bad4d12b729303462a84a7d")  \
    X(SESSION_REFUSED, "a1a8f5d84b8345a2a2be6b89794f066f") \
    X(ACCEPT_PAUSED, "c458a42463384783b82e3fdeebc854f0")   \
    X(HELD_BACK, "82885bd22af0400bb0069830bca1908b")

enum log_kind {
#define X(name, id) LOG_KIND_##name,
    LOG_KINDS(X)
#undef X
        LOG_KIND_COUNT
};

/* level: lines with a larger syslog priority (LOG_DEBUG is the largest) are left out.
 * NULL without memory. */
struct log *log_new(int level);
struct log *log_free(struct log *log);

void log_set_level(struct log *log, int level);

/* How many lines were held back is logged by this loop when the time is over, and not only
 * with the next line; NULL before the loop goes. */
void log_attach(struct log *log, struct ev_loop *loop);

/* A line without fields. priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO,
 * LOG_DEBUG. */
__attribute__((format(printf, 3, 4))) void log_write(struct log *log, int priority,
                                                     const char *format, ...);

/* A line of some kind: begin it, give it its fields, and end it with its text. NULL if it
 * is not to be written, or without memory; the others then do nothing. */
struct log_line *log_begin(struct log *log, int priority, enum log_kind kind);
__attribute__((format(printf, 2, 3))) void log_end(struct log_line *line, const char *format, ...);

/* A field for the journal; its name is prefix and name in capitals. Some may have several
 * values. */
void log_text(struct log_line *line, const char *prefix, const char *name, const char *value);
void log_number(struct log_line *line, const char *name, int64_t value);

/* The priority of that name ("debug", "info", "notice", "warning", "err"), or
 * -EINVAL. */
int log_level_from_name(const char *name);

#endif
