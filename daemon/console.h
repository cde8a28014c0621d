/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes to standard error without blocking. */
#ifndef LINKWATCH_DAEMON_CONSOLE_H
#define LINKWATCH_DAEMON_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

struct console {
    int fd;
    bool is_socket;
};

void console_open(struct console *ret);
void console_close(struct console *console);

/* Writes a line of at most PIPE_BUF bytes. Returns false if there is no room for it, or it cannot
 * be written. */
bool console_write(const struct console *console, const char *line, size_t length);

#endif
