/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int child_spawn(char *const arguments[], char *const environment[], int fd, int to, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int r;

    /* What this program blocks and ignores, another one does not. */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes,
                             (short)(environment ? flags | POSIX_SPAWN_SETPGROUP : flags));
    posix_spawnattr_setpgroup(&attributes, 0);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawn_file_actions_init(&actions);
    r = posix_spawn_file_actions_adddup2(&actions, fd, to);
    if (r == 0)
        r = posix_spawnp(ret, arguments[0], &actions, &attributes, arguments,
                         environment ? environment : environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return -r;
}

int child_start(char *const arguments[], int end, pid_t *ret_pid, int *ret_fd)
{
    int fds[2], its = end == STDIN_FILENO ? 0 : 1;
    int r;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    r = child_spawn(arguments, NULL, fds[its], end, ret_pid);
    close(fds[its]);
    if (r < 0)
        close(fds[!its]);
    else
        *ret_fd = fds[!its];
    return r;
}

int child_wait(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}
