/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the library for the tests that have the daemon's side in Python.
 *
 * driver mirror PATH [--free-in CALLBACK] [--limit BYTES] [--hold MS] [--fork] [--addresses]
 *     [GLOB...]
 *     A line for each callback. A line on stdin is answered by the links held; the
 *     end of stdin ends the mirror. --fork forks a child once there is a connection, which
 *     tries to process its copy, frees it, and lives on.
 * driver call PATH TIMEOUT CALL...
 *     Makes the calls (list, addresses, history, refresh, status, statistics) on one connection, a
 *     line for each; limit=BYTES sets that, and fork goes on in a child.
 * driver wait PATH GLOB TIMEOUT CONDITION...
 * driver netns NETNS...
 *     Opens a socket in each: the cookie of the namespace that it is in, or the error. Then
 *     that of a socket of its own, and whether it has children. */
#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "tests/client/driver.h"

static int list(struct linkwatch *connection, int64_t timeout)
{
    struct linkwatch_list *links;
    int r = linkwatch_get_list(connection, NULL, timeout, &links);

    if (r < 0)
        return r;
    for (size_t i = 0; i < linkwatch_list_count(links); i++)
        printf("%d:%s ", linkwatch_link_ifindex(linkwatch_list_get(links, i)),
               linkwatch_link_ifname(linkwatch_list_get(links, i)));
    linkwatch_list_free(links);
    return 0;
}

static int addresses(struct linkwatch *connection, int64_t timeout)
{
    struct linkwatch_address_list *list;
    int r = linkwatch_get_addresses(connection, NULL, timeout, &list);

    if (r < 0)
        return r;
    for (size_t i = 0; i < linkwatch_address_list_count(list); i++)
        printf("%s:%s ", linkwatch_address_ifname(linkwatch_address_list_get(list, i)),
               linkwatch_address_local(linkwatch_address_list_get(list, i)));
    linkwatch_address_list_free(list);
    return 0;
}

static int status(struct linkwatch *connection, int64_t timeout)
{
    struct linkwatch_status *answer;
    const char *text = "-";
    int64_t number = -1;
    int r = linkwatch_get_status(connection, timeout, &answer);

    if (r < 0)
        return r;
    linkwatch_status_get_text(answer, "source.standing", &text);
    linkwatch_status_get_number(answer, "links", &number);
    printf("%s %lld ", text, (long long)number);
    linkwatch_status_free(answer);
    return 0;
}

static int statistics(struct linkwatch *connection, int64_t timeout)
{
    struct linkwatch_status *answer;
    int64_t number = -1;
    int r = linkwatch_get_statistics(connection, timeout, &answer);

    if (r < 0)
        return r;
    linkwatch_status_get_number(answer, "counters.dumps", &number);
    printf("%lld ", (long long)number);
    linkwatch_status_free(answer);
    return 0;
}

static void print_add(void *user, struct linkwatch_link *link, const struct linkwatch_event *event)
{
    (void)user;
    (void)event;
    printf("+%s ", linkwatch_link_ifname(link));
}

static void print_change(void *user, struct linkwatch_link *before, struct linkwatch_link *now,
                         linkwatch_fields fields, const struct linkwatch_event *event)
{
    (void)user;
    (void)before;
    (void)fields;
    (void)event;
    printf("~%s ", linkwatch_link_ifname(now));
}

static void print_source(void *user, const struct linkwatch_source *source)
{
    (void)user;
    printf("%s ", linkwatch_source_standing(source));
}

static int history(struct linkwatch *connection, int64_t timeout)
{
    static const struct linkwatch_callbacks callbacks = {.size = sizeof(callbacks),
                                                         .add = print_add,
                                                         .change = print_change,
                                                         .source = print_source};

    return linkwatch_get_history(connection, NULL, &callbacks, NULL, timeout);
}

static int enter(struct linkwatch *connection, const char *netns, int64_t timeout)
{
    int fd;
    int r = linkwatch_netns_open(netns, &fd);

    if (r < 0)
        return r;
    r = linkwatch_enter(connection, fd, timeout);
    close(fd);
    return r;
}

static int run_calls(char *arguments[])
{
    struct linkwatch *connection;
    const char *path = *arguments++;
    int64_t timeout = atoll(*arguments++);
    int r = linkwatch_connect(path, &connection);

    if (r < 0) {
        puts(strerrorname_np(-r));
        return 1;
    }
    for (; *arguments; arguments++) {
        if (strncmp(*arguments, "limit=", 6) == 0) {
            linkwatch_set_limit(connection, (size_t)atoi(*arguments + 6));
            continue;
        }
        if (strcmp(*arguments, "fork") == 0) {
            if (fork() > 0) {
                r = wait(NULL);
                linkwatch_close(connection);
                return r < 0;
            }
            continue;
        }
        r = strcmp(*arguments, "list") == 0         ? list(connection, timeout)
            : strcmp(*arguments, "addresses") == 0  ? addresses(connection, timeout)
            : strcmp(*arguments, "history") == 0    ? history(connection, timeout)
            : strcmp(*arguments, "refresh") == 0    ? linkwatch_refresh(connection, timeout)
            : strcmp(*arguments, "statistics") == 0 ? statistics(connection, timeout)
            : strncmp(*arguments, "enter:", 6) == 0 ? enter(connection, *arguments + 6, timeout)
                                                    : status(connection, timeout);
        printf("%s: %s\n", r < 0 ? strerrorname_np(-r) : "0", linkwatch_error(connection));
        fflush(stdout);
    }
    linkwatch_close(connection);
    return 0;
}

static void on_invalid(void *user, const char *condition, const char *reason)
{
    (void)user;
    printf("%s %s\n", condition, reason);
}

static int run_wait(char *arguments[])
{
    const struct linkwatch_wait_options options = {.size = sizeof(options), .invalid = on_invalid};
    struct linkwatch_link *link = NULL;
    const char *path = *arguments++;
    const char *glob = *arguments++;
    int64_t timeout = atoll(*arguments++);
    int r = linkwatch_wait(path, glob, (const char *const *)arguments, timeout, &options, &link);

    printf("%s %s\n", r < 0 ? strerrorname_np(-r) : "0", link ? linkwatch_link_ifname(link) : "-");
    linkwatch_link_unref(link);
    return 0;
}

static void print_namespace(int fd)
{
    uint64_t cookie = 0;
    socklen_t size = sizeof(cookie);

    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
        puts(strerrorname_np(errno));
    else
        printf("%llu\n", (unsigned long long)cookie);
    close(fd);
}

static int run_netns(char *arguments[])
{
    for (; *arguments; arguments++) {
        int fd;
        int r = linkwatch_netns_open(*arguments, &fd);

        if (r < 0)
            puts(strerrorname_np(-r));
        else
            print_namespace(fd);
    }
    print_namespace(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
    puts(waitpid(-1, NULL, __WALL) < 0 ? strerrorname_np(errno) : "a child");
    return 0;
}

static void on_signal(int number)
{
    (void)number;
}

int main(int argc, char *argv[])
{
    /* Without SA_RESTART: each one interrupts whatever waits. */
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGUSR1, &action, NULL);
    if (argc >= 3 && strcmp(argv[1], "mirror") == 0)
        return run_mirror(argv + 2);
    if (argc >= 5 && strcmp(argv[1], "call") == 0)
        return run_calls(argv + 2);
    if (argc >= 6 && strcmp(argv[1], "wait") == 0)
        return run_wait(argv + 2);
    if (argc >= 3 && strcmp(argv[1], "netns") == 0)
        return run_netns(argv + 2);
    return 2;
}
