/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's mirror: prints a line for each callback, and checks in each what the library
 * promises. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "tests/client/driver.h"

static const char *const learned_names[] = {"notification", "dump", "snapshot", "filter", "other"};

struct driver {
    struct linkwatch_mirror *mirror;
    const char *free_in; /* the callback that ends the mirror */
    bool forks;
    bool counts; /* prints how often the loop went round, too */
    int rounds;
    bool known[1 << 16];
};

static void end_line(struct driver *driver, const char *callback)
{
    puts("");
    fflush(stdout);
    if (driver->free_in && strcmp(driver->free_in, callback) == 0)
        linkwatch_mirror_free(driver->mirror);
}

static void print_event(const struct linkwatch_event *event)
{
    int64_t sequence;

    printf(" %s", learned_names[linkwatch_event_learned(event)]);
    if (linkwatch_event_get_sequence(event, &sequence) >= 0)
        printf(" #%lld", (long long)sequence);
    if (linkwatch_event_flaps(event))
        printf(" flaps=%lld", (long long)linkwatch_event_flaps(event));
}

/* Whatever was reported, no two links have one name. */
static void check_names(const struct driver *driver)
{
    struct linkwatch_link *link = NULL;

    while ((link = linkwatch_mirror_next(driver->mirror, link ? linkwatch_link_ifindex(link) : 0)))
        if (linkwatch_mirror_find(driver->mirror, linkwatch_link_ifname(link)) != link) {
            printf("TWO LINKS called %s\n", linkwatch_link_ifname(link));
            exit(1);
        }
}

/* The library's promise, checked in every test. */
static void check(struct driver *driver, const struct linkwatch_link *link, bool expected)
{
    bool *known = &driver->known[linkwatch_link_ifindex(link)];

    if (*known != expected) {
        printf("WRONG SEQUENCE of %s\n", linkwatch_link_ifname(link));
        exit(1);
    }
    check_names(driver);
}

/* No address is there without its link. */
static void check_addresses(const struct driver *driver)
{
    struct linkwatch_address *address = NULL;

    while ((address = linkwatch_mirror_next_address(driver->mirror, 0, address)))
        if (!linkwatch_mirror_get(driver->mirror, linkwatch_address_ifindex(address))) {
            printf("NO LINK of %s\n", linkwatch_address_local(address));
            exit(1);
        }
}

static void print_address(struct driver *driver, const char *what,
                          const struct linkwatch_address *address)
{
    int64_t prefixlen = -1;

    if (!driver->known[linkwatch_address_ifindex(address)]) {
        printf("WRONG SEQUENCE of %s\n", linkwatch_address_local(address));
        exit(1);
    }
    check_addresses(driver);
    linkwatch_address_get_integer(address, LINKWATCH_ADDRESS_FIELD_PREFIXLEN, &prefixlen);
    printf("%s %s %s/%lld", what, linkwatch_address_ifname(address),
           linkwatch_address_local(address), (long long)prefixlen);
}

static void on_address_add(void *user, struct linkwatch_address *address,
                           const struct linkwatch_event *event)
{
    print_address(user, "address_add", address);
    print_event(event);
    end_line(user, "address_add");
}

static void on_address_change(void *user, struct linkwatch_address *before,
                              struct linkwatch_address *now, linkwatch_fields fields,
                              const struct linkwatch_event *event)
{
    (void)before;
    print_address(user, "address_change", now);
    for (int field = 0; linkwatch_address_field_name(field); field++)
        if (fields & (UINT64_C(1) << field))
            printf(" %s", linkwatch_address_field_name(field));
    print_event(event);
    end_line(user, "address_change");
}

static void on_address_remove(void *user, struct linkwatch_address *address,
                              const struct linkwatch_event *event)
{
    print_address(user, "address_remove", address);
    print_event(event);
    end_line(user, "address_remove");
}

static void on_address_source(void *user, const struct linkwatch_source *source)
{
    int64_t last_dump;

    printf("address_source %s%s", linkwatch_source_standing(source),
           linkwatch_source_get_last_dump(source, &last_dump) < 0 ? " unknown" : "");
    end_line(user, "address_source");
}

static void on_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct driver *driver = user;

    check(driver, link, false);
    driver->known[linkwatch_link_ifindex(link)] = true;
    printf("add %d %s", linkwatch_link_ifindex(link), linkwatch_link_ifname(link));
    print_event(event);
    end_line(driver, "add");
}

static void on_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                      linkwatch_fields fields, const struct linkwatch_event *event)
{
    struct driver *driver = user;
    const char *separator = " ";

    check(driver, now, true);
    printf("change %d %s", linkwatch_link_ifindex(now), linkwatch_link_ifname(now));
    for (int field = 0; linkwatch_field_name(field); field++)
        if (fields & (UINT64_C(1) << field)) {
            char *old = NULL;
            char *new = NULL;

            linkwatch_link_format(before, field, &old);
            linkwatch_link_format(now, field, &new);
            printf("%s%s:%s:%s", separator, linkwatch_field_name(field), old ? old : "-",
                   new ? new : "-");
            separator = ";";
            free(old);
            free(new);
        }
    print_event(event);
    end_line(driver, "change");
}

static void on_remove(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    struct driver *driver = user;

    check(driver, link, true);
    driver->known[linkwatch_link_ifindex(link)] = false;
    printf("remove %d %s", linkwatch_link_ifindex(link), linkwatch_link_ifname(link));
    print_event(event);
    end_line(driver, "remove");
}

/* A child that lives as long as its parent does, with copies of all its descriptors. */
static void fork_child(struct driver *driver)
{
    int ends[2];
    pid_t child;
    char byte;

    if (pipe(ends) < 0)
        abort();
    child = fork();
    if (child == 0) {
        int r = linkwatch_mirror_process(driver->mirror);

        printf("child %s\n", strerrorname_np(-r));
        linkwatch_mirror_free(driver->mirror);
        fflush(stdout);
        close(ends[1]);
        while (read(ends[0], &byte, 1) > 0)
            ;
        _exit(0);
    }
    /* The other end stays open until this process ends. */
    close(ends[0]);
}

static void on_ready(void *user)
{
    struct driver *driver = user;

    printf("ready %zu", linkwatch_mirror_count(driver->mirror));
    end_line(driver, "ready");
}

static void on_lost(void *user, int64_t events)
{
    printf("lost %lld", (long long)events);
    end_line(user, "lost");
}

static void on_source(void *user, const struct linkwatch_source *source)
{
    const char *name;
    int error;

    printf("source %s%s", linkwatch_source_standing(source),
           linkwatch_source_is_stale(source) ? " stale" : "");
    if (linkwatch_source_get_errno(source, &error) >= 0)
        printf(" %d", error);
    if (linkwatch_source_get_errno_name(source, &name) >= 0)
        printf(" %s", name);
    end_line(user, "source");
}

static void on_connected(void *user, bool resumed)
{
    printf("connected %s", resumed ? "resumed" : "anew");
    end_line(user, "connected");
}

static void on_disconnected(void *user, int error, const char *reason)
{
    printf("disconnected %s: %s", strerrorname_np(-error), reason);
    end_line(user, "disconnected");
}

static void on_refreshed(void *user, uint64_t request, int error, const char *reason)
{
    printf("refreshed %llu %s%s%s", (unsigned long long)request,
           error ? strerrorname_np(-error) : "0", reason ? ": " : "", reason ? reason : "");
    end_line(user, "refreshed");
}

static void print_held(struct driver *driver)
{
    struct linkwatch_address *address = NULL;
    struct linkwatch_link *link;
    int ifindex = 0;

    printf("held");
    while ((link = linkwatch_mirror_next(driver->mirror, ifindex))) {
        ifindex = linkwatch_link_ifindex(link);
        printf(" %d:%s", ifindex, linkwatch_link_ifname(link));
        while ((address = linkwatch_mirror_next_address(driver->mirror, ifindex, address)))
            printf(" %s", linkwatch_address_local(address));
    }
    if (driver->counts)
        printf(" rounds %d", driver->rounds);
    puts(linkwatch_mirror_is_ready(driver->mirror) ? "" : " (not ready)");
    fflush(stdout);
}

/* False at the end of stdin. */
static bool take_line(struct driver *driver)
{
    char line[64];

    ssize_t n = read(STDIN_FILENO, line, sizeof(line));

    if (n <= 0)
        return false;
    if (line[0] == 'a')
        linkwatch_mirror_follow_addresses(driver->mirror);
    else if (line[0] == 'r')
        printf("requested %llu\n",
               (unsigned long long)linkwatch_mirror_request_refresh(driver->mirror));
    else
        print_held(driver);
    fflush(stdout);
    return true;
}

static int follow(struct driver *driver)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = linkwatch_mirror_fd(driver->mirror),
             .events = linkwatch_mirror_events(driver->mirror)},
            {.fd = STDIN_FILENO, .events = POLLIN},
        };

        driver->rounds++;
        if (poll(fds, 2, linkwatch_mirror_timeout(driver->mirror)) < 0)
            continue;
        if (linkwatch_mirror_process(driver->mirror) == -ECANCELED) {
            puts("canceled");
            return 0;
        }
        if (driver->forks && linkwatch_mirror_is_ready(driver->mirror)) {
            fork_child(driver);
            driver->forks = false;
        }
        if (fds[1].revents && !take_line(driver)) {
            linkwatch_mirror_free(driver->mirror);
            return 0;
        }
    }
}

int run_mirror(char *arguments[])
{
    static const struct linkwatch_callbacks callbacks = {
        .size = sizeof(callbacks),
        .add = on_add,
        .change = on_change,
        .remove = on_remove,
        .ready = on_ready,
        .lost = on_lost,
        .source = on_source,
        .connected = on_connected,
        .disconnected = on_disconnected,
        .address_add = on_address_add,
        .address_change = on_address_change,
        .address_remove = on_address_remove,
        .address_source = on_address_source,
        .refreshed = on_refreshed,
    };
    struct driver driver = {0};
    struct linkwatch_filter *filter;
    const char *path = *arguments++;
    const char *limit = NULL;
    int64_t hold = 0;
    bool addresses = false;
    int r = linkwatch_filter_new(&filter);

    for (; *arguments && strncmp(*arguments, "--", 2) == 0; arguments++) {
        if (strcmp(*arguments, "--fork") == 0)
            driver.forks = driver.counts = true;
        else if (strcmp(*arguments, "--addresses") == 0)
            addresses = true;
        else if (strcmp(*arguments, "--no-names") == 0)
            r = linkwatch_filter_restrict(filter, LINKWATCH_FILTER_NAMES);
        else if (strcmp(*arguments, "--limit") == 0)
            limit = *++arguments;
        else if (strcmp(*arguments, "--hold") == 0)
            hold = atoi(*++arguments) * INT64_C(1000);
        else if (strcmp(*arguments, "--free-in") == 0)
            driver.free_in = *++arguments;
    }
    while (*arguments && r >= 0)
        r = linkwatch_filter_add_name(filter, *arguments++);
    if (r >= 0)
        r = linkwatch_mirror_new(path, filter, &callbacks, &driver, &driver.mirror);
    linkwatch_filter_free(filter);
    if (r >= 0 && addresses)
        r = linkwatch_mirror_follow_addresses(driver.mirror);
    if (r >= 0)
        r = linkwatch_mirror_set_hold(driver.mirror, hold, hold);
    if (r >= 0 && limit)
        linkwatch_mirror_set_limit(driver.mirror, (size_t)atoi(limit));
    return r < 0 ? 1 : follow(&driver);
}
