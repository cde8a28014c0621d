/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a service tells its manager (systemd), and gets from it. Nothing waits for a manager that
 * does not read: it is told when it does. Without a manager the functions do nothing. */
#ifndef LINKWATCH_DAEMON_SERVICE_H
#define LINKWATCH_DAEMON_SERVICE_H

#include <stddef.h>
#include <stdint.h>

struct ev_loop;
struct service;

/* NULL without memory; the others take that, and do nothing. */
struct service *service_new(struct ev_loop *loop);
struct service *service_free(struct service *service);

/* The listening socket that was passed (socket activation): a descriptor that is now the
 * caller's, and the path of it in that buffer, cut off if need be; -ENOENT if there is
 * none, -EINVAL if what was passed is not one listening Unix stream socket. Once only. */
int service_listen_fd(char *path, size_t size);

/* Ready, with that status; a reload begins (end it with service_ready()); stopping. */
void service_ready(struct service *service, const char *status);
void service_reloading(struct service *service);
void service_stopping(struct service *service);

/* A line about how it does. */
void service_status(struct service *service, const char *status);

/* How often service_alive() is to be called at least, in microseconds; 0: not at all. */
int64_t service_watchdog_usec(void);
void service_alive(struct service *service);

#endif
