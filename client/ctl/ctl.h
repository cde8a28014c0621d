/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl: what its commands share. */
#ifndef LINKWATCH_CLIENT_CTL_CTL_H
#define LINKWATCH_CLIENT_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "client/ctl/event_filter.h"
#include "client/ctl/failure.h"
#include "client/ctl/output.h"
#include "client/linkwatch.h"
#include "client/timespan.h"

/* --kind, --state, --master, --usable: at most one of each. */
#define CTL_CONDITIONS 4

/* What the command line asks for. */
struct ctl {
    unsigned uses;     /* of the options that are given: see options.h */
    const char *path;  /* of the socket */
    const char *netns; /* the network namespace; NULL for the daemon's */
    int netns_fd;      /* a socket in there, -1 for none */
    bool all_netns;    /* the daemon's, and all that have a name */
    /* Of list and address: the links that meet all of these. */
    char *conditions[CTL_CONDITIONS];
    size_t condition_count;
    struct event_filter events; /* of monitor */
    const char *family;         /* of addresses, NULL for any */
    const char *scope;
    bool addresses; /* monitor shows them, too */
    bool no_list;   /* monitor doesn't show the links at the beginning */
    bool json;
    bool pretty; /* with line breaks in it */
    bool no_pager;
    bool full;            /* tables are not cut to the terminal's width */
    bool no_legend;       /* tables have no head */
    enum when colour;     /* output is coloured */
    int64_t timeout;      /* microseconds, LINKWATCH_FOREVER without one */
    char *const *command; /* of run: after "--"; NULL for none */
    const char *hooks;    /* of run: a directory of executables */
    const char *state;    /* of run: the directory in which it is kept; NULL for none */
    size_t jobs;          /* of run: events that are handled at the same time */
    const char *output;   /* the file that metrics are written to; NULL for standard output */
    int64_t last;    /* history shows what happened in so many microseconds; 0 for the default */
    int64_t hold_up; /* of monitor, wait and run: how long a change lasts, microseconds */
    int64_t hold_down;
    size_t at_least; /* links that wait needs: --any, --at-least, --all; 0 if none is given */
    int count;       /* arguments after the command */
    char *const *arguments;
};

/* How long an answer may take, in microseconds. */
#define CTL_PATIENCE INT64_C(30000000)

/* How long a command of run may take, in microseconds, and how many run at the same time. */
#define CTL_TIME_LIMIT INT64_C(90000000)
#define CTL_JOBS       4
#define CTL_JOBS_MAX   1000

/* The commands; each gives the exit code. */
int ctl_list(const struct ctl *ctl);
int ctl_show(const struct ctl *ctl);
int ctl_address(const struct ctl *ctl);
int ctl_monitor(const struct ctl *ctl);
int ctl_history(const struct ctl *ctl);
int ctl_wait(const struct ctl *ctl);
int ctl_run(const struct ctl *ctl);
int ctl_refresh(const struct ctl *ctl);
int ctl_status(const struct ctl *ctl);
int ctl_metrics(const struct ctl *ctl);
int ctl_complete(const struct ctl *ctl);
int ctl_help(const struct ctl *ctl);

/* As ctl_error(), if there is a message, with what it is about, and where to find help: EXIT_USAGE.
 */
int ctl_wrong_usage(const char *message, const char *what);

/* Prints a text, and returns the exit code. */
int ctl_print(const char *text);

/* Connects, or prints an error; then *ret_code is the exit code. */
struct linkwatch *ctl_connect(const struct ctl *ctl, int *ret_code);

/* Prints why the daemon at that path can't be reached, and returns the exit code. */
int ctl_unreachable(const struct ctl *ctl, int error);

/* From here on SIGINT and SIGTERM, with children SIGCHLD, are read from that descriptor. Prints an
 * error, and returns the exit code. */
int ctl_catch_signals(bool children, int *ret_fd);

/* How long ago that was by CLOCK_REALTIME, which may have been set back since. */
const char *ctl_age(int64_t realtime, char text[TIMESPAN_SIZE]);

/* That time as a local date and time. */
#define MOMENT_SIZE 32
const char *ctl_moment(int64_t realtime, char text[MOMENT_SIZE]);

/* A table with that head, and one more column for the network namespace if there are several. */
struct table *ctl_table_new(const struct ctl *ctl, const char *const head[], size_t columns);

/* Whether the word can stand for several links. */
bool ctl_is_glob(const char *word);

/* How a sentence begins that ends with that word, of which there is no link. */
const char *ctl_no_link(const char *word);

/* Prints a line, or more, of JSON as the command line wants it. */
void ctl_print_json(const struct ctl *ctl, const char *json);
/* The same of what a function writes. -ENOMEM. */
int ctl_write_json(const struct ctl *ctl, void (*write)(FILE *to, const void *what),
                   const void *what);

/* Prints an error if the text is no condition, and returns the exit code. */
int ctl_check_condition(const char *text);

/* Prints why a network namespace can't be entered, an error of linkwatch_netns_open(), and returns
 * the exit code. */
int ctl_netns_failed(const char *name, int error);

/* Whether the daemon with that source could never dump the links. */
bool ctl_never_dumped(const struct linkwatch_source *source);

/* The text for that, with the reason. */
void ctl_describe_failure(const struct linkwatch_source *source, char *text, size_t size);

/* Connects, does something with the connection, and closes it. Prints why that failed, and returns
 * the exit code. */
int ctl_call(const struct ctl *ctl, int (*call)(struct linkwatch *connection, void *user),
             void *user);

/* For ctl_call(): all links into a struct linkwatch_list *, which stays as it is if the daemon does
 * not know any yet; */
int ctl_get_list(struct linkwatch *connection, void *list);

/* the daemon's status, and its statistics, which stay NULL if one of another version has none. */
struct statuses {
    struct linkwatch_status *status;
    struct linkwatch_status *statistics;
};
int ctl_get_statuses(struct linkwatch *connection, void *statuses);
void ctl_free_statuses(struct statuses *statuses);

/* Prints why a call failed, and returns the exit code. */
int ctl_call_failed(const struct ctl *ctl, const struct linkwatch *connection, int error);

#endif
