/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Communication with the service manager (systemd). Never blocks: if the manager does not read,
 * messages are sent later. Without a service manager, the functions do nothing. */
#ifndef LINKWATCH_DAEMON_SYSTEMD_H
#define LINKWATCH_DAEMON_SYSTEMD_H

#include <stddef.h>
#include <stdint.h>

struct ev_loop;
struct systemd;

/* NULL without memory; the others take that, and do nothing. */
struct systemd *systemd_new(struct ev_loop *loop);
struct systemd *systemd_free(struct systemd *systemd);

/* The listening socket that was passed (socket activation): a descriptor that is now the
 * caller's, and the path of it in that buffer, cut off if need be; -ENOENT if there is
 * none, -EINVAL if what was passed is not one listening Unix stream socket. Once only. */
int systemd_listen_fd(char *path, size_t size);

/* Ready, with that status; a reload begins (end it with systemd_ready()); stopping. */
void systemd_ready(struct systemd *systemd, const char *status);
void systemd_reloading(struct systemd *systemd);
void systemd_stopping(struct systemd *systemd);

/* Sets STATUS=. */
void systemd_status(struct systemd *systemd, const char *status);

/* How often systemd_alive() is to be called at least, in microseconds; 0: not at all. */
int64_t systemd_watchdog_usec(void);
void systemd_alive(struct systemd *systemd);

#endif
