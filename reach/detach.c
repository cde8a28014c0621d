/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "reach/detach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* It holds none of the program's files open, but for standard error. */
static void close_files(int except)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;

    if (!directory)
        return;
    while ((entry = readdir(directory))) {
        int fd = atoi(entry->d_name);

        if (fd > STDERR_FILENO && fd != except && fd != dirfd(directory))
            close(fd);
    }
    closedir(directory);
}

/* One for each process, each subscription, each network namespace. */
static void allow_many_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void leave(int except)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    /* They stop the program, and may be sent to us as well; we end with it. */
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    /* Ignored is inherited, and a parent that ignores this gets no news of its children. */
    signal(SIGCHLD, SIG_DFL);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        if (fcntl(STDERR_FILENO, F_GETFD) < 0)
            dup2(nothing, STDERR_FILENO);
    }
    close_files(except);
    allow_many_files();
    if (chdir("/") < 0)
        return; /* then a file system can't be unmounted */
}

/* A child without an exit signal: no wait() of the program's finds it or waits for it. A
 * grandchild would be found after all where the program is init or a subreaper, to which it
 * comes back as an ordinary child. */
static pid_t clone_unseen(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, 0UL, NULL, NULL, NULL, 0UL);

    return pid < 0 ? -errno : pid;
}

static void end_unseen(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, __WALL) < 0)
        if (errno != EINTR)
            return;
}

static int wait_for_beginning(int channel)
{
    int result;
    ssize_t n;

    do
        n = read(channel, &result, sizeof(result));
    while (n < 0 && errno == EINTR);
    return n == sizeof(result) ? result : -EPIPE;
}

/* Above the standard descriptors, which may be closed and are put in order in the child. */
static int open_channel(int ret[2])
{
    int low[2], error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, low) < 0)
        return -errno;
    ret[0] = fcntl(low[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ret[1] = fcntl(low[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    error = errno;
    close(low[0]);
    close(low[1]);
    if (ret[0] >= 0 && ret[1] >= 0)
        return 0;
    if (ret[0] >= 0)
        close(ret[0]);
    return -error;
}

static void report(int channel, int result)
{
    /* If the program is gone, the new process ends soon. */
    (void)!write(channel, &result, sizeof(result));
    close(channel);
}

int detach(int (*begin)(pid_t program, void *user), int (*run)(void *user), void *user)
{
    pid_t program = getpid(), child;
    int channel[2] = {-1, -1}, r = open_channel(channel);

    if (r < 0)
        return r;
    child = clone_unseen();
    if (child == 0) {
        setsid();
        leave(channel[1]);
        r = begin(program, user);
        report(channel[1], r);
        if (r >= 0)
            r = run(user);
        _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    close(channel[1]);
    r = child < 0 ? child : wait_for_beginning(channel[0]);
    if (r < 0 && child > 0)
        end_unseen(child);
    close(channel[0]);
    return r;
}

void detached_leave_errors(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (fd >= 0) {
        dup2(fd, STDERR_FILENO);
        close(fd);
    }
}
