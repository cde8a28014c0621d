/* Log lines: to the journal where standard error leads there, else to standard error.
 * At most so many in a while; what was held back is counted and told. */
#ifndef LINKWATCH_DAEMON_LOG_H
#define LINKWATCH_DAEMON_LOG_H

#include <syslog.h>

struct log;

/* level: lines with a larger syslog priority (LOG_DEBUG is the largest) are left out.
 * NULL without memory. */
struct log *log_new(int level);
struct log *log_free(struct log *log);

void log_set_level(struct log *log, int level);

/* priority: LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG. */
__attribute__((format(printf, 3, 4))) void log_write(struct log *log, int priority,
                                                     const char *format, ...);

/* The priority of that name ("debug", "info", "notice", "warning", "err"), or
 * -EINVAL. */
int log_level_from_name(const char *name);

#endif
