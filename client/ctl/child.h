/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Other programs. */
#ifndef LINKWATCH_CLIENT_CTL_CHILD_H
#define LINKWATCH_CLIENT_CTL_CHILD_H

#include <sys/types.h>

/* Runs a program with that descriptor as its number to; in a process group of its own, with all
 * that the environment has, unless that is NULL. Errors of posix_spawn(3): -ENOENT if there is no
 * such program. */
int child_spawn(char *const arguments[], char *const environment[], int fd, int to, pid_t *ret);

/* Runs it, with a pipe as its STDIN_FILENO or STDOUT_FILENO, whose other end is *ret_fd. -ENOENT if
 * there is no such program, and other errors of pipe(2) and posix_spawn(3). */
int child_start(char *const arguments[], int end, pid_t *ret_pid, int *ret_fd);

/* Waits for it. Its exit code, -EIO if it was ended by a signal. */
int child_wait(pid_t pid);

#endif
