/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl: the command line of linkwatchd. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ctl/ctl.h"
#include "client/ctl/options.h"

#define ANY_NUMBER 1000000

struct command {
    const char *name;
    int (*run)(const struct ctl *ctl);
    int least; /* arguments */
    int most;
    unsigned uses; /* the options that it has, beside those of all */
    const char *usage;
};

static const struct command commands[] = {
    {"list", ctl_list, 0, ANY_NUMBER, USE_BIT(ALL_NETNS) | USE_BIT(CONDITIONS), "list [IF...]"},
    {"monitor", ctl_monitor, 0, ANY_NUMBER,
     USE_BIT(ALL_NETNS) | USE_BIT(ADDRESSES) | USE_BIT(EVENTS) | USE_BIT(HOLD), "monitor [IF...]"},
    {"show", ctl_show, 1, 1, USE_BIT(FAMILY), "show IF"},
    {"address", ctl_address, 0, ANY_NUMBER,
     USE_BIT(ALL_NETNS) | USE_BIT(CONDITIONS) | USE_BIT(FAMILY), "address [IF...]"},
    {"history", ctl_history, 0, ANY_NUMBER, USE_BIT(LAST), "history [IF...] [--last T]"},
    {"wait", ctl_wait, 2, ANY_NUMBER, USE_BIT(TIMEOUT) | USE_BIT(LINKS) | USE_BIT(HOLD),
     "wait IF... CONDITION... [--any | --all | --at-least N] [--timeout T]"},
    {"run", ctl_run, 0, ANY_NUMBER,
     USE_BIT(TIMEOUT) | USE_BIT(EVENTS) | USE_BIT(HOLD) | USE_BIT(HOOKS),
     "run [IF...] {-- COMMAND [ARGUMENT...] | --hooks DIRECTORY}"},
    {"refresh", ctl_refresh, 0, 0, 0, "refresh"},
    {"status", ctl_status, 0, 0, 0, "status"},
    {"metrics", ctl_metrics, 0, ANY_NUMBER, USE_BIT(OUTPUT), "metrics [IF...] [--output FILE]"},
    {"help", ctl_help, 0, 0, 0, "help"},
    {"complete", ctl_complete, 0, 1, 0, "complete [TEXT]"},
};

/* The command of that name, or the only one whose name begins so; NULL if there is none, and
 * then *ret_more whether there are several. */
static const struct command *find_command(const char *name, bool *ret_more)
{
    const struct command *found = NULL;

    *ret_more = false;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command *command = &commands[i];

        if (strcmp(command->name, name) == 0)
            return command;
        if (*name == '\0' || strncmp(command->name, name, strlen(name)) != 0)
            continue;
        *ret_more = *ret_more || found;
        found = command;
    }
    return *ret_more ? NULL : found;
}

/* "show, status" */
static int ambiguous(const char *name)
{
    char list[256] = "";
    size_t length = 0;

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strncmp(commands[i].name, name, strlen(name)) == 0 && length < sizeof(list))
            length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
                                       length ? ", " : "", commands[i].name);
    ctl_error("\"%s\" is ambiguous: %s", name, list);
    return ctl_wrong_usage(NULL, NULL);
}

static int open_netns(struct ctl *ctl)
{
    int r = ctl->netns ? linkwatch_netns_open(ctl->netns, &ctl->netns_fd) : 0;

    if (r >= 0)
        return EXIT_MET;
    if (r != -ENOENT)
        return ctl_netns_failed(ctl->netns, r);
    ctl_error("there is no network namespace \"%s\": give a name of those in /run/netns (\"ip "
              "netns\"), a process id, or a path with a slash",
              ctl->netns);
    return EXIT_FAILED;
}

/* As from an unset variable of a script: no link has such a name, and wait would wait forever. */
static bool is_any_empty(const struct ctl *ctl)
{
    for (int i = 0; i < ctl->count; i++)
        if (!*ctl->arguments[i])
            return true;
    return false;
}

static int run_command(struct ctl *ctl, const char *name)
{
    bool more;
    const struct command *command = find_command(name, &more);
    int code;

    if (more)
        return ambiguous(name);
    if (!command)
        return ctl_wrong_usage("unknown command ", name);
    if (ctl->count < command->least || ctl->count > command->most)
        return ctl_wrong_usage("wrong number of arguments; usage: ", command->usage);
    if (is_any_empty(ctl) && command->run != ctl_complete)
        return ctl_wrong_usage("an argument is empty; usage: ", command->usage);
    if (command->run == ctl_run && !ctl->command == !ctl->hooks)
        return ctl_wrong_usage("run needs either a command after \"--\" or --hooks; usage: ",
                               command->usage);
    code = options_check(ctl, command->uses | (ctl->addresses ? USE_BIT(FAMILY) : 0));
    if (code != EXIT_MET)
        return code;
    code = open_netns(ctl);
    return code == EXIT_MET ? command->run(ctl) : code;
}

/* How many arguments follow "--". The order of those is kept, while the others are moved. */
static int count_after_dashes(int argc, char *const *argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            return argc - i - 1;
    return 0;
}

/* Of run, what follows "--" is the command; of others, it is more arguments. */
static void take_arguments(struct ctl *ctl, int argc, char *const *argv, int after)
{
    bool more;
    const struct command *command = find_command(argv[optind], &more);

    ctl->arguments = argv + optind + 1;
    ctl->count = argc - optind - 1;
    if (!command || command->run != ctl_run)
        return;
    if (after > 0 && after <= ctl->count) {
        ctl->count -= after;
        ctl->command = argv + argc - after;
    }
}

/* What is opened later must not be taken for standard output or error. It can't be written to. */
static void open_missing_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char *argv[])
{
    struct ctl ctl = {.netns_fd = -1, .timeout = LINKWATCH_FOREVER};
    int after = count_after_dashes(argc, argv);
    int code;

    open_missing_streams();
    setlocale(LC_CTYPE, "");
    /* A reader that went away shows as EPIPE. */
    signal(SIGPIPE, SIG_IGN);
    ctl.path = linkwatch_default_path();
    code = options_read(&ctl, argc, argv);
    if (code < 0 && optind < argc)
        take_arguments(&ctl, argc, argv, after);
    if (code < 0)
        code = run_command(&ctl, optind < argc ? argv[optind] : "list");
    for (size_t i = 0; i < ctl.condition_count; i++)
        free(ctl.conditions[i]);
    return code;
}
