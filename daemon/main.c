/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process: its arguments, signals and exit codes. */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/systemd.h"

#define EXIT_USAGE 2

struct process {
    int argc;
    char **argv;
    struct config config;
    struct ev_loop *loop;
    struct log *log;
    struct systemd *systemd;
    struct daemon *daemon;
    char passed[128]; /* path of the socket that the manager passed */
    struct ev_signal terminate;
    struct ev_signal interrupt;
    struct ev_signal hang_up;
    struct ev_timer watchdog;
};

static void on_end(struct ev_loop *loop, struct ev_signal *signal_watcher, int events)
{
    (void)signal_watcher;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

/* A configuration that is wrong changes nothing. */
static void reload(struct process *process)
{
    struct config config;
    struct config_error error;
    enum config_request request;

    if (config_read(process->argc, process->argv, &config, &request, &error) < 0) {
        log_end(log_begin(process->log, LOG_ERR, LOG_KIND_CONFIG_REFUSED),
                "the configuration was not reloaded: %s", error.text);
        return;
    }
    daemon_reload(process->daemon, &config);
    log_end(log_begin(process->log, LOG_INFO, LOG_KIND_CONFIG_APPLIED),
            "the configuration was reloaded");
}

static void on_hang_up(struct ev_loop *loop, struct ev_signal *signal_watcher, int events)
{
    struct process *process = signal_watcher->data;

    (void)loop;
    (void)events;
    systemd_reloading(process->systemd);
    reload(process);
    daemon_notify_ready(process->daemon);
}

static void on_watchdog(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    systemd_alive(timer->data);
}

/* The error of the write itself is enough where these signals come: nobody reads the other end
 * (SIGPIPE), a file may not grow any more (SIGXFSZ), a terminal belongs to others (SIGTTOU). */
static void ignore_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGTTOU, SIG_IGN);
}

/* They wait while nobody watches for them: at the start, so that what it makes is removed again,
 * and at the end, which is under way then. Whoever started it may have left them blocked. */
static void mask_signals(int how)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(how, &signals, NULL);
}

static void watch_signals(struct process *process)
{
    ev_signal_init(&process->terminate, on_end, SIGTERM);
    ev_signal_init(&process->interrupt, on_end, SIGINT);
    ev_signal_init(&process->hang_up, on_hang_up, SIGHUP);
    process->hang_up.data = process;
    ev_signal_start(process->loop, &process->terminate);
    ev_signal_start(process->loop, &process->interrupt);
    ev_signal_start(process->loop, &process->hang_up);
    mask_signals(SIG_UNBLOCK);
}

static void feed_watchdog(struct process *process)
{
    double interval = (double)systemd_watchdog_usec() / 1e6;

    ev_timer_init(&process->watchdog, on_watchdog, interval, interval);
    process->watchdog.data = process->systemd;
    if (interval > 0)
        ev_timer_start(process->loop, &process->watchdog);
}

/* Each consumer takes a descriptor. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* The socket that was passed, or our own. */
static int listen_on(struct process *process, struct daemon_socket *ret)
{
    const struct config *config = &process->config;
    int fd = systemd_listen_fd(process->passed, sizeof(process->passed));
    int r;

    *ret = (struct daemon_socket){.fd = fd, .path = process->passed};
    if (fd >= 0)
        return 0;
    if (fd != -ENOENT) {
        log_write(process->log, LOG_ERR,
                  "the service manager did not pass a single listening Unix stream socket: %s",
                  strerror(-fd));
        return fd;
    }
    /* Another one is the administrator's: a mistake in it must not make folders. */
    r = strcmp(config->socket, DEFAULT_SOCKET) == 0 ? listen_make_folder(config->socket) : 0;
    if (r >= 0)
        r = listen_at(config->socket, config->socket_mode, &ret->fd);
    if (r < 0)
        log_write(process->log, LOG_ERR, "cannot listen on %s: %s%s", config->socket, strerror(-r),
                  listen_hint(r));
    ret->path = config->socket;
    ret->made = true;
    return r;
}

static int start(struct process *process)
{
    struct daemon_socket socket;
    int r = listen_on(process, &socket);

    if (r < 0)
        return r;
    log_attach(process->log, process->loop);
    process->daemon =
        daemon_new(process->loop, process->log, process->systemd, &process->config, &socket);
    if (process->daemon)
        return 0;
    log_write(process->log, LOG_ERR, "cannot start: %s", strerror(ENOMEM));
    return -ENOMEM;
}

static int run(struct process *process)
{
    int r;

    watch_signals(process);
    r = start(process);
    if (r >= 0) {
        raise_descriptor_limit();
        feed_watchdog(process);
        ev_run(process->loop, 0);
        systemd_stopping(process->systemd);
    }
    mask_signals(SIG_BLOCK);
    daemon_free(process->daemon);
    log_attach(process->log, NULL);
    return r;
}

static int run_with_log_and_loop(struct process *process)
{
    int r = -ENOMEM;

    process->log = log_new(process->config.log_level);
    process->loop = ev_loop_new(EVFLAG_NOENV);
    process->systemd = process->loop ? systemd_new(process->loop) : NULL;
    if (process->log && process->systemd)
        r = run(process);
    else
        fputs("linkwatchd: out of memory\n", stderr);
    systemd_free(process->systemd);
    if (process->loop)
        ev_loop_destroy(process->loop);
    process->log = log_free(process->log);
    return r;
}

/* Where standard error was closed, the next descriptor would take its number, and log lines
 * would go to a consumer. */
static void hold_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        close(fd);
}

int main(int argc, char **argv)
{
    struct process process = {.argc = argc, .argv = argv};
    struct config_error error;
    enum config_request request;
    int r;

    ignore_signals();
    mask_signals(SIG_BLOCK);
    hold_standard_descriptors();
    r = config_read(argc, argv, &process.config, &request, &error);
    if (r < 0) {
        fprintf(stderr, "linkwatchd: %s\n", error.text);
        return r == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
    }
    switch (request) {
    case CONFIG_HELP:
        config_print_help(stdout);
        break;
    case CONFIG_VERSION:
        puts("linkwatchd " PACKAGE_VERSION);
        break;
    case CONFIG_CHECK:
        puts("The configuration is valid.");
        break;
    case CONFIG_RUN:
        return run_with_log_and_loop(&process) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
