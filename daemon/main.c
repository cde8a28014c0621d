/* Who is wired to whom, and the signals. */
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/chronicle.h"
#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/history.h"
#include "daemon/log.h"
#include "daemon/methods.h"
#include "daemon/server.h"
#include "daemon/service.h"
#include "daemon/source.h"
#include "daemon/status.h"

#define EXIT_USAGE 2

struct daemon {
    int argc;
    char **argv;
    struct config config;
    struct ev_loop *loop;
    struct log *log;
    struct history *history;
    struct source *source;
    struct stream_origin streams;
    struct status_origin status;
    struct methods *methods;
    struct server *server;
    char passed[128];   /* path of the socket that the manager passed */
    const char *socket; /* path of the socket that it listens on */
    struct ev_signal terminate;
    struct ev_signal interrupt;
    struct ev_signal hang_up;
    struct ev_timer watchdog;
    bool ready;
    uint64_t told; /* the newest event when consumers were woken last */
};

static void describe(void *user, struct source_state *ret)
{
    source_describe(((struct daemon *)user)->source, ret);
}

static void status_line(const struct daemon *daemon, char *text, size_t size)
{
    struct source_state state;

    source_describe(daemon->source, &state);
    snprintf(text, size, "%s%s%s%s: %s", state.standing, state.error ? " " : "",
             state.error ? strerrorname_np(state.error) : "", state.stale ? ", stale" : "",
             state.reason);
}

static void on_changed(void *user, const struct change *change)
{
    struct daemon *daemon = user;

    chronicle_change(daemon->log, change, !source_has_looked(daemon->source));
    if (history_add_change(daemon->history, change, clock_usec(CLOCK_REALTIME),
                           clock_usec(CLOCK_MONOTONIC)) < 0)
        log_write(daemon->log, LOG_ERR, "out of memory: the history was dropped");
}

static void on_reported(void *user, const struct watch_report *before,
                        const struct watch_report *after)
{
    struct daemon *daemon = user;
    struct source_state state;
    char text[256];

    source_describe(daemon->source, &state);
    if (history_add_source(daemon->history, &state, clock_usec(CLOCK_REALTIME),
                           clock_usec(CLOCK_MONOTONIC)) < 0)
        log_write(daemon->log, LOG_ERR, "out of memory: the history was dropped");
    chronicle_report(daemon->log, before, after, daemon->ready);
    if (!daemon->ready)
        return;
    status_line(daemon, text, sizeof(text));
    service_status(text);
}

static void let_consumers_in(struct daemon *daemon)
{
    char text[256];

    daemon->ready = true;
    server_start(daemon->server);
    chronicle_start(daemon->log, source_report(daemon->source),
                    table_count(source_table(daemon->source)), daemon->socket);
    status_line(daemon, text, sizeof(text));
    service_ready(text);
}

/* Consumers are let in when the first picture is there, or can't be had. */
static void on_settled(void *user)
{
    struct daemon *daemon = user;

    if (!daemon->ready && source_has_looked(daemon->source))
        let_consumers_in(daemon);
    if (history_newest(daemon->history) == daemon->told)
        return;
    daemon->told = history_newest(daemon->history);
    server_wake(daemon->server);
}

static int on_request(void *user, struct session *session, const char *message, size_t length)
{
    return methods_request(((struct daemon *)user)->methods, session, message, length);
}

static void on_closed(void *user, struct session *session)
{
    methods_closed(((struct daemon *)user)->methods, session);
}

static void on_counted(void *user, size_t sessions)
{
    source_set_consumers(((struct daemon *)user)->source, sessions);
}

static void on_end(struct ev_loop *loop, struct ev_signal *signal_watcher, int events)
{
    (void)signal_watcher;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

/* Takes what may change while running; what is wrong changes nothing. */
static void reload(struct daemon *daemon)
{
    struct config config;
    struct config_error error;
    enum config_request request;
    const char *key;

    if (config_read(daemon->argc, daemon->argv, &config, &request, &error) < 0) {
        log_end(log_begin(daemon->log, LOG_ERR, LOG_KIND_CONFIG_REFUSED),
                "the configuration stays as it was: %s", error.text);
        return;
    }
    key = config_needs_restart(&daemon->config, &config);
    if (key)
        log_write(daemon->log, LOG_WARNING, "%s= changed: it takes effect with a restart", key);
    log_set_level(daemon->log, config.log_level);
    history_set_bytes_max(daemon->history, config.history_bytes);
    server_set_limits(daemon->server, &config.limits);
    source_reconfigure(daemon->source, &config.source);
    log_end(log_begin(daemon->log, LOG_INFO, LOG_KIND_CONFIG_APPLIED),
            "the configuration was read anew");
}

static void on_hang_up(struct ev_loop *loop, struct ev_signal *signal_watcher, int events)
{
    struct daemon *daemon = signal_watcher->data;
    char text[256];

    (void)loop;
    (void)events;
    service_reloading();
    reload(daemon);
    /* Before the first look it is not ready, and says so when it is. */
    if (!daemon->ready)
        return;
    status_line(daemon, text, sizeof(text));
    service_ready(text);
}

static void on_watchdog(struct ev_loop *loop, struct ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
    service_alive();
}

static void watch_signals(struct daemon *daemon)
{
    /* Who closed the other end of a pipe or socket is told by the write itself. */
    signal(SIGPIPE, SIG_IGN);
    ev_signal_init(&daemon->terminate, on_end, SIGTERM);
    ev_signal_init(&daemon->interrupt, on_end, SIGINT);
    ev_signal_init(&daemon->hang_up, on_hang_up, SIGHUP);
    daemon->hang_up.data = daemon;
    ev_signal_start(daemon->loop, &daemon->terminate);
    ev_signal_start(daemon->loop, &daemon->interrupt);
    ev_signal_start(daemon->loop, &daemon->hang_up);
}

static void feed_watchdog(struct daemon *daemon)
{
    double interval = (double)service_watchdog_usec() / 1e6;

    ev_timer_init(&daemon->watchdog, on_watchdog, interval, interval);
    if (interval > 0)
        ev_timer_start(daemon->loop, &daemon->watchdog);
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

static int make_instance(char text[33])
{
    unsigned char bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return -EIO;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

/* The socket that was passed, or our own; *ret_path is NULL for the former. */
static int listen_on(struct daemon *daemon, const char **ret_path)
{
    int fd = service_listen_fd(daemon->passed, sizeof(daemon->passed));
    int r;

    if (fd != -ENOENT) {
        if (fd < 0)
            log_write(daemon->log, LOG_ERR,
                      "what was passed for a socket is not one listening Unix stream socket: %s",
                      strerror(-fd));
        return fd;
    }
    r = server_bind(daemon->config.socket, daemon->config.socket_mode, &fd);
    if (r < 0) {
        log_write(daemon->log, LOG_ERR, "cannot listen on %s: %s%s", daemon->config.socket,
                  strerror(-r),
                  r == -EADDRINUSE ? "; another linkwatchd runs there, or it is no socket"
                                   : "; choose another path with --socket");
        return r;
    }
    *ret_path = daemon->config.socket;
    return fd;
}

static int make_parts(struct daemon *daemon)
{
    static const struct source_handlers source_handlers = {
        .changed = on_changed, .reported = on_reported, .settled = on_settled};
    const struct config *config = &daemon->config;
    struct methods_origin methods = {.streams = &daemon->streams, .status = &daemon->status};
    char instance[33];
    int r = make_instance(instance);

    if (r < 0)
        return r;
    daemon->loop = ev_loop_new(EVFLAG_NOENV);
    daemon->history = history_new(instance, config->history_bytes);
    if (!daemon->loop || !daemon->history)
        return -ENOMEM;
    log_attach(daemon->log, daemon->loop);
    daemon->source = source_new(daemon->loop, &config->source, &source_handlers, daemon);
    if (!daemon->source)
        return -ENOMEM;
    daemon->streams = (struct stream_origin){.history = daemon->history,
                                             .table = source_table(daemon->source),
                                             .describe = describe,
                                             .user = daemon};
    methods.source = daemon->source;
    daemon->methods = methods_new(&methods);
    return daemon->methods ? 0 : -ENOMEM;
}

static int open_server(struct daemon *daemon)
{
    static const struct server_handlers handlers = {
        .session = {.request = on_request, .closed = on_closed}, .counted = on_counted};
    const char *path = NULL;
    int fd = listen_on(daemon, &path);

    if (fd < 0)
        return fd;
    daemon->server =
        server_new(daemon->loop, daemon->log, fd, path, &daemon->config.limits, &handlers, daemon);
    if (!daemon->server) {
        close(fd);
        if (path)
            unlink(path);
        log_write(daemon->log, LOG_ERR, "cannot start: %s", strerror(ENOMEM));
        return -ENOMEM;
    }
    daemon->socket = path ? path : daemon->passed;
    daemon->status = (struct status_origin){.streams = &daemon->streams,
                                            .source = daemon->source,
                                            .server = daemon->server,
                                            .started_usec = clock_usec(CLOCK_MONOTONIC)};
    return 0;
}

static void free_parts(struct daemon *daemon)
{
    server_free(daemon->server);
    methods_free(daemon->methods);
    source_free(daemon->source);
    history_free(daemon->history);
    log_attach(daemon->log, NULL);
    if (daemon->loop)
        ev_loop_destroy(daemon->loop);
}

static int run(struct daemon *daemon)
{
    int r = make_parts(daemon);

    if (r < 0)
        log_write(daemon->log, LOG_ERR, "cannot start: %s", strerror(-r));
    else
        r = open_server(daemon);
    if (r >= 0) {
        raise_descriptor_limit();
        watch_signals(daemon);
        feed_watchdog(daemon);
        ev_run(daemon->loop, 0);
        service_stopping();
    }
    free_parts(daemon);
    return r;
}

static int run_with_log(struct daemon *daemon)
{
    int r;

    daemon->log = log_new(daemon->config.log_level);
    if (!daemon->log) {
        fputs("linkwatchd: out of memory\n", stderr);
        return -ENOMEM;
    }
    r = run(daemon);
    daemon->log = log_free(daemon->log);
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
    struct daemon daemon = {.argc = argc, .argv = argv};
    struct config_error error;
    enum config_request request;
    int r;

    hold_standard_descriptors();
    r = config_read(argc, argv, &daemon.config, &request, &error);
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
        puts("The configuration is right.");
        break;
    case CONFIG_RUN:
        return run_with_log(&daemon) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
