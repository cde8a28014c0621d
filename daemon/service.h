/* What a service tells its manager (systemd), and gets from it. Without a manager the
 * functions do nothing. */
#ifndef LINKWATCH_DAEMON_SERVICE_H
#define LINKWATCH_DAEMON_SERVICE_H

#include <stddef.h>
#include <stdint.h>

/* The listening socket that was passed (socket activation): a descriptor that is now the
 * caller's, and the path of it in that buffer, cut off if need be; -ENOENT if there is
 * none, -EINVAL if what was passed is not one listening Unix stream socket. Once only. */
int service_listen_fd(char *path, size_t size);

/* Ready, with that status; a reload begins (end it with service_ready()); stopping. */
void service_ready(const char *status);
void service_reloading(void);
void service_stopping(void);

/* A line about how it does. */
void service_status(const char *status);

/* How often service_alive() is to be called at least, in microseconds; 0: not at all. */
int64_t service_watchdog_usec(void);
void service_alive(void);

#endif
