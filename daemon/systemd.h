/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Communication with the service manager (systemd). Never blocks: if the manager does not read,
 * messages are sent later. Without a service manager, the functions do nothing. */
#ifndef LINKWATCH_DAEMON_SYSTEMD_H
#define LINKWATCH_DAEMON_SYSTEMD_H

#include <stddef.h>
#include <stdint.h>

struct ev_loop;
struct systemd;

/* NULL if out of memory; the other functions then do nothing. */
struct systemd *systemd_new(struct ev_loop *loop);
struct systemd *systemd_free(struct systemd *systemd);

/* The listening socket that was passed (socket activation), which then belongs to the caller, and
 * its path, truncated if necessary. -ENOENT if there is none, -EINVAL if it is not a single
 * listening Unix stream socket. Call this once only. */
int systemd_listen_fd(char *path, size_t size);

/* Notifies the manager: ready, with a status; a reload begins (ends with systemd_ready());
 * stopping. */
void systemd_ready(struct systemd *systemd, const char *status);
void systemd_reloading(struct systemd *systemd);
void systemd_stopping(struct systemd *systemd);

/* Sets STATUS=. */
void systemd_status(struct systemd *systemd, const char *status);

/* The maximum interval between calls of systemd_alive() in microseconds; 0 if it need not be
 * called. */
int64_t systemd_watchdog_usec(void);
void systemd_alive(struct systemd *systemd);

#endif
