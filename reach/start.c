#include "reach/start.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach/filter.h"
#include "reach/tracer.h"

/* The tracer holds none of the program's files open, but for standard error. */
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

/* The tracer's life. Its first word is whether it took hold of the program. */
static int trace(pid_t program, const struct start *start, const struct range *range, int channel)
{
    struct tracer *tracer = NULL;
    int r;

    leave(channel);
    r = tracer_new(program, start->path, start->completes, range, &tracer);
    if (write(channel, &r, sizeof(r)) != sizeof(r))
        r = -EPIPE;
    close(channel);
    if (r >= 0)
        r = tracer_run(tracer);
    tracer_free(tracer);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Twice removed, so that the program has no child that it doesn't know. */
static int fork_tracer(const struct start *start, const struct range *range, int channel)
{
    pid_t program = getpid(), between = fork(), tracer;
    int status;

    if (between < 0)
        return -errno;
    if (between == 0) {
        setsid();
        tracer = fork();
        if (tracer == 0)
            _exit(trace(program, start, range, channel));
        _exit(tracer < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
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

int start_tracer(const struct start *start)
{
    struct range range;
    int channel[2];
    int r = range_choose(&range);

    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
        return -errno;
    /* Where only a parent may trace, we let it; that ends when the program is executed, and
     * where there is no such rule it fails. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    r = fork_tracer(start, &range, channel[1]);
    close(channel[1]);
    if (r >= 0)
        r = wait_for_word(channel[0]);
    close(channel[0]);
    prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    if (r >= 0)
        r = filter_install(&range);
    if (r >= 0)
        tracer_try();
    return r;
}
