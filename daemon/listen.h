/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates the listening socket. */
#ifndef LINKWATCH_DAEMON_LISTEN_H
#define LINKWATCH_DAEMON_LISTEN_H

#include <sys/types.h>

/* The suffix of the lock file, which exists while the socket is created. */
#define LISTEN_LOCK_SUFFIX ".lock"

/* Creates the directory of a path, but none above it, with the mode 0755 regardless of the umask.
 * Returns 0 if it exists, or -errno. */
int listen_make_folder(const char *path);

/* Binds a socket to this path and listens on it; replaces a socket left by a dead process.
 * -EADDRINUSE if another process answers on it, or the path is not a socket; -EBUSY if the lock
 * file was held until the timeout; -EEXIST if other users can open the lock file; -ENAMETOOLONG; or
 * another -errno. */
int listen_at(const char *path, mode_t mode, int *ret_fd);

/* A hint for such an error, to be appended to its text. */
const char *listen_hint(int error);

#endif
