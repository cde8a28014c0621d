/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates the listening socket. */
#ifndef LINKWATCH_DAEMON_LISTEN_H
#define LINKWATCH_DAEMON_LISTEN_H

#include <sys/types.h>

/* What is beside the socket's path while it is made; it is removed afterwards. */
#define LISTEN_LOCK_SUFFIX ".lock"

/* Makes the folder that such a path is in, but none above it, with mode 0755 whatever the umask. 0
 * also if it is there; -errno. */
int listen_make_folder(const char *path);

/* Binds a socket at that path and listens, replacing one that a dead process left there.
 * -EADDRINUSE if somebody answers on it, or the path is no socket; -EBUSY if somebody held the
 * lock file for as long as is waited; -EEXIST if the lock file is not this user's alone;
 * -ENAMETOOLONG; other -errno. */
int listen_at(const char *path, mode_t mode, int *ret_fd);

/* What to do about such an error, to be put behind its text. */
const char *listen_hint(int error);

#endif
