#include "reach/detach.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
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

static void leave(int except)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    /* Who stops the program by these may send them to us as well; we end with it. */
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
        if (fcntl(STDERR_FILENO, F_GETFD) < 0)
            dup2(nothing, STDERR_FILENO);
    }
    close_files(except);
    if (chdir("/") < 0)
        return; /* then a file system can't be unmounted */
}

/* Twice removed, so that the program has no child that it doesn't know. */
static int fork_away(detached_life *life, void *user, int channel)
{
    pid_t program = getpid(), between = fork(), away;
    int status;

    if (between < 0)
        return -errno;
    if (between == 0) {
        setsid();
        away = fork();
        if (away == 0) {
            leave(channel);
            _exit(life(user, program, channel) < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        }
        _exit(away < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
    }
    while (waitpid(between, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? 0 : -EAGAIN;
}

static int wait_for_word(int channel)
{
    int word;
    ssize_t n;

    do
        n = read(channel, &word, sizeof(word));
    while (n < 0 && errno == EINTR);
    return n == sizeof(word) ? word : -EPIPE;
}

int detach(detached_life *life, void *user)
{
    int channel[2];
    int r;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
        return -errno;
    r = fork_away(life, user, channel[1]);
    close(channel[1]);
    if (r >= 0)
        r = wait_for_word(channel[0]);
    close(channel[0]);
    return r;
}

int detached_say(int channel, int word)
{
    int r = write(channel, &word, sizeof(word)) == sizeof(word) ? 0 : -EPIPE;

    close(channel);
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
