/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl: the command line of linkwatchd. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const char help[] =
    "Usage: linkwatchctl [OPTION...] [COMMAND [ARGUMENT...]]\n"
    "\n"
    "Query and monitor links (network interfaces) through linkwatchd.\n"
    "\n"
    "Commands (list is the default; any unambiguous prefix is accepted):\n"
    "  list [IF...]         list the current links\n"
    "  monitor [IF...]      list the current links, then print each change\n"
    "  show IF              show all fields of a link, and its addresses\n"
    "  address [IF...]      list the current addresses of the links\n"
    "  history [IF...]      print what happened, and how often links went down\n"
    "  wait IF... CONDITION...\n"
    "                       wait until links meet all the conditions\n"
    "  run [IF...] -- COMMAND [ARGUMENT...]\n"
    "                       run a command for each change of the links\n"
    "  refresh              make the daemon dump the links now\n"
    "  status               show the state of the daemon and how far it trusts the\n"
    "                       kernel's notifications\n"
    "  metrics [IF...]      print metrics of the daemon, and of links that match IF,\n"
    "                       as OpenMetrics text for Prometheus\n"
    "  help                 print this help\n"
    "  complete [TEXT]      print completions of IF for a shell, one per line\n"
    "\n"
    "IF is a name or an alternative name of a link, or a shell glob ('eth*'); a\n"
    "backslash removes the special meaning of the next character ('a\\[1\\]'). If no\n"
    "link has that name, IF can be an index, or name@peer as ip prints it.\n"
    "CONDITION is one of present, absent, up, down, carrier, no-carrier, usable,\n"
    "operstate=STATE, mtu=N, address, address=A, family=F, scope=SCOPE, master=NAME,\n"
    "nomaster, kind=KIND, renamed, name=NAME, stable=T (the others are met for T).\n"
    "\n"
    "Options:\n"
    "  -s, --socket PATH    the daemon's socket (default: $LINKWATCH_SOCKET, or\n"
    "                       " DEFAULT_SOCKET ")\n"
    "  -n, --netns NETNS    operate on that network namespace: a name in /run/netns,\n"
    "                       a process ID, or a path\n"
    "      --all-netns      list, monitor, address: operate on the daemon's network\n"
    "                       namespace and all in /run/netns and /run/docker/netns\n"
    "  -j, --json[=MODE]    print JSON: short (the default), pretty (with line breaks\n"
    "                       and indentation), or off\n"
    "      --kind KIND      list, address: only links of that kind\n"
    "      --state STATE    list, address: only links in that operational state\n"
    "      --master NAME    list, address: only ports of that link (or a glob)\n"
    "      --usable         list, address: only links that can be expected to carry\n"
    "                       traffic\n"
    "  -4, -6, --family FAMILY\n"
    "                       address, show, monitor --address: only addresses of that\n"
    "                       family, inet or inet6\n"
    "      --scope SCOPE    the same: only addresses of that scope: global, link, ...\n"
    "      --address        monitor: also report the addresses of the links\n"
    "      --type TYPES     monitor, run: only events of these types: add,change,...\n"
    "      --field FIELDS   monitor, run: only changes of these fields: mtu,group,...\n"
    "      --no-list        monitor: omit the initial list of links; run: do not run\n"
    "                       anything for the links that exist at the beginning\n"
    "  -t, --timeout T      wait: timeout in seconds, or with a unit: ms, s, min, h;\n"
    "                       run: time limit of a command (default: 90 s; 0 for none)\n"
    "      --hooks DIRECTORY\n"
    "                       run: run the executables of that directory, in order\n"
    "      --jobs N         run: handle events of N links at a time (default: 4)\n"
    "      --state-directory DIRECTORY\n"
    "                       run: keep a record there of what was handled, and\n"
    "                       continue from it (default: $RUNTIME_DIRECTORY, if set)\n"
    "      --last T         history: what happened in that time (default: 24h)\n"
    "      --hold-up T      monitor, wait, run: ignore that a link appeared or came\n"
    "                       up until that has lasted for T\n"
    "      --hold-down T    monitor, wait, run: ignore that a link went down or was\n"
    "                       removed until that has lasted for T\n"
    "      --any            wait: until any link that matches IF meets the conditions\n"
    "      --all            wait: until all that match do, and each IF matches a link\n"
    "      --at-least N     wait: until N links that match do\n"
    "      --output FILE    metrics: write to FILE, which is replaced atomically\n"
    "      --no-pager       do not pipe long output into a pager\n"
    "  -l, --full           do not cut tables to the terminal's width\n"
    "      --no-legend      do not print the heading of tables\n"
    "      --color[=WHEN]   colour the output: auto (on a terminal), always, never\n"
    "  -h, --help           print this help\n"
    "  -V, --version        print the version\n"
    "\n"
    "Exit codes: 0 success, or the conditions are met; 1 failure, or there is no such\n"
    "link; 2 invalid usage; 3 the daemon cannot be reached; 4 the timeout expired;\n"
    "5 no links are known, because the daemon has never been able to dump them.\n";

int ctl_help(const struct ctl *ctl)
{
    (void)ctl;
    return ctl_print(help);
}

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
    if (r == -ENOENT)
        ctl_error("there is no network namespace \"%s\": give a name of those in /run/netns (\"ip "
                  "netns\"), a process id, or a path with a slash",
                  ctl->netns);
    else
        ctl_error("the network namespace \"%s\" cannot be entered: %s", ctl->netns,
                  ctl_netns_reason(r));
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

int main(int argc, char *argv[])
{
    struct ctl ctl = {.netns_fd = -1, .timeout = LINKWATCH_FOREVER};
    int after = count_after_dashes(argc, argv);
    int code;

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
