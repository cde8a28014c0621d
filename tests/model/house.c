#include "tests/model/house.h"

#include <errno.h>
#include <ev.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"

/* No line has a priority that low. */
#define SILENT (-1)

int house_config(struct config *ret)
{
    char name[] = "linkwatchd", option[] = "--config", path[] = "/dev/null";
    char *arguments[] = {name, option, path, NULL};
    enum config_request request;
    struct config_error error;

    return config_read(3, arguments, ret, &request, &error);
}

static void describe(void *user, struct source_state *ret)
{
    source_describe(((struct house *)user)->source, ret);
}

static void on_changed(void *user, const struct change *change)
{
    struct house *house = user;

    (void)history_add_change(house->history, change, clock_usec(CLOCK_REALTIME),
                             clock_usec(CLOCK_MONOTONIC));
}

static void on_reported(void *user, const struct watch_report *before,
                        const struct watch_report *after)
{
    struct house *house = user;
    struct source_state state;

    (void)before;
    (void)after;
    source_describe(house->source, &state);
    (void)history_add_source(house->history, &state, clock_usec(CLOCK_REALTIME),
                             clock_usec(CLOCK_MONOTONIC));
}

static void on_settled(void *user)
{
    struct house *house = user;

    if (!house->open && source_has_looked(house->source)) {
        house->open = true;
        server_start(house->server);
    }
    server_wake(house->server);
}

static int on_request(void *user, struct session *session, const char *message, size_t length)
{
    return methods_request(((struct house *)user)->methods, session, message, length);
}

static void on_closed(void *user, struct session *session)
{
    methods_closed(((struct house *)user)->methods, session);
}

static void on_counted(void *user, size_t sessions)
{
    source_set_consumers(((struct house *)user)->source, sessions);
}

/* A listening socket with a name that the kernel chooses, in no folder. */
static int listen_anywhere(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && (bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)) < 0 ||
                    listen(fd, 64) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int make_parts(struct house *house, const struct config *config)
{
    static const struct source_handlers source_handlers = {
        .changed = on_changed, .reported = on_reported, .settled = on_settled};
    static const struct server_handlers server_handlers = {
        .session = {.request = on_request, .closed = on_closed}, .counted = on_counted};
    struct methods_origin origin = {.streams = &house->streams, .status = &house->status};

    house->log = log_new(SILENT);
    house->history = history_new(HOUSE_INSTANCE, config->history_bytes);
    if (!house->log || !house->history)
        return -ENOMEM;
    log_attach(house->log, house->loop);
    house->source = source_new(house->loop, &config->source, &source_handlers, house);
    if (!house->source)
        return -ENOMEM;
    house->streams = (struct stream_origin){.history = house->history,
                                            .table = source_table(house->source),
                                            .describe = describe,
                                            .user = house};
    origin.source = house->source;
    house->methods = methods_new(&origin);
    if (!house->methods)
        return -ENOMEM;
    house->server = server_new(house->loop, house->log, house->listener, NULL, &config->limits,
                               &server_handlers, house);
    if (!house->server)
        return -ENOMEM;
    house->status = (struct status_origin){.streams = &house->streams,
                                           .source = house->source,
                                           .server = house->server,
                                           .started_usec = clock_usec(CLOCK_MONOTONIC)};
    return 0;
}

int house_start(struct house *house, const struct config *config)
{
    int r;

    *house = (struct house){.listener = listen_anywhere()};
    house->loop = ev_loop_new(EVFLAG_NOENV);
    r = house->listener < 0 || !house->loop ? -ENOMEM : make_parts(house, config);
    if (r < 0)
        house_stop(house);
    return r;
}

void house_stop(struct house *house)
{
    if (!house->server && house->listener >= 0)
        close(house->listener);
    server_free(house->server);
    methods_free(house->methods);
    source_free(house->source);
    history_free(house->history);
    log_free(house->log);
    if (house->loop)
        ev_loop_destroy(house->loop);
    *house = (struct house){.listener = -1};
}

void house_reload(struct house *house, const struct config *config)
{
    history_set_bytes_max(house->history, config->history_bytes);
    server_set_limits(house->server, &config->limits);
    source_reconfigure(house->source, &config->source);
}

void house_turn(struct house *house)
{
    ev_run(house->loop, EVRUN_NOWAIT);
}

int house_connect(const struct house *house)
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -errno;
    if (getsockname(house->listener, (struct sockaddr *)&address, &length) < 0 ||
        connect(fd, (struct sockaddr *)&address, length) < 0) {
        int r = -errno;

        close(fd);
        return r;
    }
    return fd;
}
