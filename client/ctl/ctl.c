/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/ctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include "client/ctl/json_text.h"
#include "client/ctl/text.h"
#include "protocol/clock.h"

int ctl_unreachable(const struct ctl *ctl, int error)
{
    if (error == -ENOENT || error == -ECONNREFUSED)
        ctl_error("no linkwatchd at %s (%s); start it with \"systemctl start linkwatchd\" or "
                  "\"linkwatchd --socket %s\"",
                  ctl->path, strerror(-error), ctl->path);
    else
        ctl_error("cannot connect to linkwatchd at %s: %s", ctl->path, strerror(-error));
    return EXIT_NO_DAEMON;
}

struct linkwatch *ctl_connect(const struct ctl *ctl, int *ret_code)
{
    struct linkwatch *connection = NULL;
    int r = linkwatch_connect(ctl->path, &connection);

    if (r < 0) {
        *ret_code = ctl_unreachable(ctl, r);
        return NULL;
    }
    r = ctl->netns_fd < 0 ? 0 : linkwatch_enter(connection, ctl->netns_fd, CTL_PATIENCE);
    if (r >= 0)
        return connection;
    *ret_code = ctl_call_failed(ctl, connection, r);
    return linkwatch_close(connection);
}

int ctl_call_failed(const struct ctl *ctl, const struct linkwatch *connection, int error)
{
    ctl_error("%s (linkwatchd at %s)", linkwatch_error(connection), ctl->path);
    switch (error) {
    case -ETIMEDOUT:
        return EXIT_TIMED_OUT;
    case -ENODATA:
        return EXIT_UNKNOWN;
    }
    return EXIT_FAILED;
}

int ctl_call(const struct ctl *ctl, int (*call)(struct linkwatch *connection, void *user),
             void *user)
{
    int code = EXIT_MET;
    struct linkwatch *connection = ctl_connect(ctl, &code);
    int r;

    if (!connection)
        return code;
    r = call(connection, user);
    if (r < 0)
        code = ctl_call_failed(ctl, connection, r);
    linkwatch_close(connection);
    return code;
}

int ctl_get_list(struct linkwatch *connection, void *list)
{
    int r = linkwatch_get_list(connection, NULL, CTL_PATIENCE, list);

    return r == -ENODATA ? 0 : r;
}

int ctl_get_statuses(struct linkwatch *connection, void *statuses)
{
    struct statuses *got = statuses;
    int r = linkwatch_get_status(connection, CTL_PATIENCE, &got->status);

    if (r >= 0)
        r = linkwatch_get_statistics(connection, CTL_PATIENCE, &got->statistics);
    return r == -EOPNOTSUPP && got->status ? 0 : r;
}

void ctl_free_statuses(struct statuses *statuses)
{
    linkwatch_status_free(statuses->statistics);
    linkwatch_status_free(statuses->status);
}

int ctl_catch_signals(bool children, int *ret_fd)
{
    sigset_t signals;
    int fd;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (children)
        sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        ctl_error("signalfd: %s", strerror(errno));
        return EXIT_FAILED;
    }
    *ret_fd = fd;
    return EXIT_MET;
}

const char *ctl_age(int64_t realtime, char text[TIMESPAN_SIZE])
{
    int64_t age = clock_usec(CLOCK_REALTIME) - realtime;

    return timespan_format(age > 0 ? age : 0, text);
}

const char *ctl_moment(int64_t realtime, char text[MOMENT_SIZE])
{
    time_t seconds = (time_t)(realtime / 1000000);
    struct tm tm;

    if (!localtime_r(&seconds, &tm) || strftime(text, MOMENT_SIZE, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        snprintf(text, MOMENT_SIZE, "?");
    return text;
}

struct table *ctl_table_new(const struct ctl *ctl, const char *const head[], size_t columns)
{
    struct table *table = table_new(columns + (ctl->all_netns ? 1 : 0));

    if (ctl->no_legend)
        return table;
    if (ctl->all_netns)
        table_add(table, "NETNS", BOLD);
    for (size_t i = 0; i < columns; i++)
        table_add(table, head[i], BOLD);
    return table;
}

bool ctl_never_dumped(const struct linkwatch_source *source)
{
    int64_t last_dump;

    return linkwatch_source_get_last_dump(source, &last_dump) < 0;
}

void ctl_describe_failure(const struct linkwatch_source *source, char *text, size_t size)
{
    const char *name;
    bool named = linkwatch_source_get_errno_name(source, &name) >= 0;

    snprintf(text, size, "linkwatchd has never been able to dump the links: %s%s%s%s",
             linkwatch_source_reason(source), named ? " (" : "", named ? name : "",
             named ? ")" : "");
}

int ctl_wrong_usage(const char *message, const char *what)
{
    if (message)
        ctl_error("%s%s", message, what);
    fputs("Try \"linkwatchctl --help\".\n", stderr);
    return EXIT_USAGE;
}

int ctl_check_condition(const char *text)
{
    const char *reason;

    if (linkwatch_link_meets(NULL, text, &reason) >= 0)
        return EXIT_MET;
    ctl_error("%s %s", text, reason);
    return EXIT_USAGE;
}

int ctl_netns_failed(const char *name, int error)
{
    ctl_error("the network namespace \"%s\" cannot be entered: %s", name,
              error == -EINVAL       ? "it is not a network namespace"
              : error == -EOPNOTSUPP ? "this kernel cannot enter network namespaces"
                                     : strerror(-error));
    return EXIT_FAILED;
}

bool ctl_is_glob(const char *word)
{
    return strpbrk(word, "*?[") != NULL;
}

const char *ctl_no_link(const char *word)
{
    return ctl_is_glob(word) ? "no link matches" : "there is no link";
}

void ctl_print_json(const struct ctl *ctl, const char *json)
{
    if (ctl->pretty)
        json_write_pretty(stdout, json);
    else
        fputs(json, stdout);
    putchar('\n');
}

int ctl_write_json(const struct ctl *ctl, void (*write)(FILE *to, const void *what),
                   const void *what)
{
    char *text = text_of(write, what);

    if (!text)
        return -ENOMEM;
    ctl_print_json(ctl, text);
    free(text);
    return 0;
}

int ctl_print(const char *text)
{
    struct output output;

    output_begin(&output, WHEN_NEVER, false);
    fputs(text, stdout);
    return output_end(&output, EXIT_MET);
}
