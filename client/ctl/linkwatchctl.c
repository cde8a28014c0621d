/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl: asks linkwatchd about links. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/json_members.h"
#include "client/ctl/output.h"
#include "client/ctl/text.h"
#include "client/timespan.h"

#define ANY_NUMBER 1000000

struct command {
    const char *name;
    int (*run)(const struct ctl *ctl);
    int least; /* arguments */
    int most;
    const char *usage;
};

static int print_help(const struct ctl *ctl);

static const struct command commands[] = {
    {"list", ctl_list, 0, ANY_NUMBER, "list [IF...]"},
    {"monitor", ctl_monitor, 0, ANY_NUMBER, "monitor [IF...]"},
    {"show", ctl_show, 1, 1, "show IF"},
    {"address", ctl_address, 0, ANY_NUMBER, "address [IF...]"},
    {"history", ctl_history, 0, ANY_NUMBER, "history [IF...] [--last T]"},
    {"wait", ctl_wait, 2, ANY_NUMBER,
     "wait IF... CONDITION... [--any | --all | --at-least N] [--timeout T]"},
    {"run", ctl_run, 0, ANY_NUMBER, "run [IF...] {-- COMMAND [ARGUMENT...] | --hooks DIRECTORY}"},
    {"refresh", ctl_refresh, 0, 0, "refresh"},
    {"status", ctl_status, 0, 0, "status"},
    {"metrics", ctl_metrics, 0, ANY_NUMBER, "metrics [IF...] [--output FILE]"},
    {"help", print_help, 0, 0, "help"},
    {"complete", ctl_complete, 0, 1, "complete [TEXT]"},
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
    "  metrics [IF...]      print metrics as OpenMetrics text, for Prometheus; those of\n"
    "                       single links for IF alone\n"
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
    "      --all-netns      list, monitor, address: the daemon's network namespace and\n"
    "                       all in /run/netns and /run/docker/netns\n"
    "  -j, --json[=MODE]    print JSON: short (the default), pretty (with line breaks\n"
    "                       and indentation), or off\n"
    "      --kind KIND      list, address: only links of that kind\n"
    "      --state STATE    list, address: only links in that operational state\n"
    "      --master NAME    list, address: only ports of that link; NAME may be a glob\n"
    "      --usable         list, address: only links that can be expected to carry\n"
    "                       traffic\n"
    "  -4, -6, --family FAMILY\n"
    "                       address, show, monitor --address: only addresses of that\n"
    "                       family, inet or inet6\n"
    "      --scope SCOPE    the same: only addresses of that scope: global, link, ...\n"
    "      --address        monitor: also report the addresses of the links\n"
    "      --type TYPES     monitor, run: only events of these types: add,change,remove\n"
    "      --field FIELDS   monitor, run: only changes of these fields: mtu,operstate,...\n"
    "      --no-list        monitor: omit the initial list of links; run: do not run\n"
    "                       anything for the links that exist at the beginning\n"
    "  -t, --timeout T      wait: timeout in seconds, or with a unit: ms, s, min, h;\n"
    "                       run: time limit of a command (default: 90 s; 0 for none)\n"
    "      --hooks DIRECTORY\n"
    "                       run: run the executables of that directory, in their order\n"
    "      --jobs N         run: handle events of N links at the same time (default: 4)\n"
    "      --state-directory DIRECTORY\n"
    "                       run: keep there what was handled, and go on from it\n"
    "                       (default: $RUNTIME_DIRECTORY, if it is set)\n"
    "      --last T         history: what happened in that time (default: 24h)\n"
    "      --hold-up T      monitor, wait, run: report that a link appeared or came up only when\n"
    "                       that has lasted for T\n"
    "      --hold-down T    monitor, wait, run: the same of a link that went down or is gone\n"
    "      --any            wait: until one link that matches an IF meets the conditions\n"
    "      --all            wait: until all that match do, and each IF matches one\n"
    "      --at-least N     wait: until N links that match do\n"
    "      --output FILE    metrics: replace FILE by the metrics, at once\n"
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

/* Part of it may be what others chose. */
void ctl_error(const char *format, ...)
{
    char *text = NULL;
    char *clean;
    va_list arguments;
    size_t width;
    int n;

    va_start(arguments, format);
    n = vasprintf(&text, format, arguments);
    va_end(arguments);
    clean = n < 0 ? NULL : text_clean(text, &width);
    fprintf(stderr, "linkwatchctl: %s\n", clean ? clean : "out of memory");
    free(clean);
    if (n >= 0)
        free(text);
}

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

static int wrong_usage(const char *message, const char *what)
{
    if (message)
        ctl_error("%s%s", message, what);
    fputs("Try \"linkwatchctl --help\".\n", stderr);
    return EXIT_USAGE;
}

static int print(const char *text)
{
    struct output output;

    output_begin(&output, WHEN_NEVER, false);
    fputs(text, stdout);
    return output_end(&output, EXIT_MET);
}

static int print_help(const struct ctl *ctl)
{
    (void)ctl;
    return print(help);
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
    return wrong_usage(NULL, NULL);
}

const char *ctl_netns_reason(int error)
{
    switch (error) {
    case -EINVAL:
        return "it is not a network namespace";
    case -EOPNOTSUPP:
        return "this kernel cannot enter network namespaces";
    }
    return strerror(-error);
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

static int run_command(struct ctl *ctl, const char *name)
{
    bool more;
    const struct command *command = find_command(name, &more);
    int code;

    if (more)
        return ambiguous(name);
    if (!command)
        return wrong_usage("unknown command ", name);
    if (ctl->count < command->least || ctl->count > command->most)
        return wrong_usage("wrong number of arguments; usage: ", command->usage);
    if (ctl->has_timeout && command->run != ctl_wait && command->run != ctl_run)
        return wrong_usage("--timeout can only be used with wait and run", "");
    if ((ctl->hooks || ctl->state || ctl->jobs > 0) && command->run != ctl_run)
        return wrong_usage("--hooks, --state-directory and --jobs can only be used with run", "");
    if (command->run == ctl_run && !ctl->command == !ctl->hooks)
        return wrong_usage("run needs either a command after \"--\" or --hooks; usage: ",
                           command->usage);
    if (ctl->output && command->run != ctl_metrics)
        return wrong_usage("--output can only be used with metrics", "");
    if (ctl->has_hold && command->run != ctl_monitor && command->run != ctl_wait &&
        command->run != ctl_run)
        return wrong_usage("--hold-up and --hold-down can only be used with monitor, wait and run",
                           "");
    if (ctl->at_least > 0 && command->run != ctl_wait)
        return wrong_usage("--any, --all and --at-least can only be used with wait", "");
    if (ctl->last && command->run != ctl_history)
        return wrong_usage("--last can only be used with history", "");
    if (ctl->all_netns && command->run != ctl_list && command->run != ctl_monitor &&
        command->run != ctl_address)
        return wrong_usage("--all-netns can only be used with list, monitor and address", "");
    if (ctl->condition_count > 0 && command->run != ctl_list && command->run != ctl_address)
        return wrong_usage(
            "--kind, --state, --master and --usable can only be used with list and address", "");
    if ((ctl->events.types || ctl->events.link_fields || ctl->events.address_fields ||
         ctl->no_list) &&
        command->run != ctl_monitor && command->run != ctl_run)
        return wrong_usage("--type, --field and --no-list can only be used with monitor and run",
                           "");
    if (ctl->addresses && command->run != ctl_monitor)
        return wrong_usage("--address can only be used with monitor", "");
    if ((ctl->family || ctl->scope) && command->run != ctl_address && command->run != ctl_show &&
        !ctl->addresses)
        return wrong_usage("--family (-4, -6) and --scope can only be used with address, show and "
                           "monitor --address",
                           "");
    if (ctl->all_netns && ctl->netns)
        return wrong_usage("--all-netns and --netns cannot be combined", "");
    code = open_netns(ctl);
    return code == EXIT_MET ? command->run(ctl) : code;
}

/* One of --kind, --state, --master, --usable. */
static int set_condition(struct ctl *ctl, const char *word, const char *value)
{
    char *text;
    int code;

    if (ctl->condition_count == CTL_CONDITIONS)
        return wrong_usage("too many of the options --kind, --state, --master and --usable", "");
    if (asprintf(&text, "%s%s", word, value) < 0)
        return EXIT_FAILED;
    ctl->conditions[ctl->condition_count++] = text;
    code = ctl_check_condition(text);
    return code == EXIT_MET ? -1 : code;
}

void ctl_print_json(const struct ctl *ctl, const char *json)
{
    if (ctl->pretty)
        json_write_pretty(stdout, json);
    else
        fputs(json, stdout);
    putchar('\n');
}

static int set_json(struct ctl *ctl, const char *text)
{
    ctl->json = strcmp(text, "off") != 0;
    ctl->pretty = strcmp(text, "pretty") == 0;
    if (ctl->pretty || !ctl->json || strcmp(text, "short") == 0)
        return -1;
    return wrong_usage("--json= must be short, pretty or off, not ", text);
}

static int set_colour(struct ctl *ctl, const char *text)
{
    static const char *const words[] = {
        [WHEN_AUTO] = "auto", [WHEN_ALWAYS] = "always", [WHEN_NEVER] = "never"};

    for (int when = WHEN_AUTO; when <= WHEN_NEVER; when++)
        if (strcmp(text, words[when]) == 0) {
            ctl->colour = (enum when)when;
            return -1;
        }
    return wrong_usage("--color= must be auto, always or never, not ", text);
}

static int set_types(struct ctl *ctl, const char *text)
{
    if (event_filter_add_types(&ctl->events, text) >= 0)
        return -1;
    return wrong_usage(
        "--type must be add, change or remove, or several of them separated by commas, not ", text);
}

static int set_fields(struct ctl *ctl, const char *text)
{
    if (event_filter_add_fields(&ctl->events, text) >= 0)
        return -1;
    return wrong_usage("--field must be a field of a link or address as named by show, or several "
                       "separated by commas, not ",
                       text);
}

/* Whether the library takes it as what an address can have. */
static bool is_taken(const char *text, int (*add)(struct linkwatch_filter *, const char *))
{
    struct linkwatch_filter *filter;
    int r;

    if (linkwatch_filter_new(&filter) < 0)
        return true;
    r = add(filter, text);
    linkwatch_filter_free(filter);
    return r != -EINVAL;
}

static int set_family(struct ctl *ctl, const char *text)
{
    ctl->family = text;
    if (is_taken(text, linkwatch_filter_add_family))
        return -1;
    return wrong_usage("--family must be inet or inet6, not ", text);
}

static int set_scope(struct ctl *ctl, const char *text)
{
    ctl->scope = text;
    if (is_taken(text, linkwatch_filter_add_scope))
        return -1;
    return wrong_usage(
        "--scope must be global, site, link, host, nowhere or a number up to 255, not ", text);
}

static int set_time(bool *given, int64_t *time, const char *text)
{
    *given = true;
    if (timespan_parse(text, time) >= 0)
        return -1;
    return wrong_usage("not a valid time span (such as 5, 1.5s, 500ms, 2min or 1h): ", text);
}

static int set_last(struct ctl *ctl, const char *text)
{
    if (timespan_parse(text, &ctl->last) >= 0 && ctl->last > 0)
        return -1;
    return wrong_usage("not a valid time span (such as 5, 1.5s, 500ms, 2min or 1h): ", text);
}

static int set_at_least(struct ctl *ctl, size_t number)
{
    if (ctl->at_least > 0 && ctl->at_least != number)
        return wrong_usage("--any, --all and --at-least cannot be combined", "");
    ctl->at_least = number;
    return -1;
}

static int read_at_least(struct ctl *ctl, const char *text)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || number == 0 || number >= LINKWATCH_WAIT_ALL)
        return wrong_usage("--at-least must be a number from 1, not ", text);
    return set_at_least(ctl, number);
}

static int set_jobs(struct ctl *ctl, const char *text)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || number == 0 || number > CTL_JOBS_MAX)
        return wrong_usage("--jobs must be a number from 1 to 1000, not ", text);
    ctl->jobs = number;
    return -1;
}

/* Takes one option; the exit code, or -1 to go on. */
static int take_option(struct ctl *ctl, int option)
{
    switch (option) {
    case 's':
        ctl->path = optarg;
        return -1;
    case 'n':
        ctl->netns = optarg;
        return -1;
    case 'T':
        return set_types(ctl, optarg);
    case 'f':
        return set_fields(ctl, optarg);
    case 'L':
        ctl->no_list = true;
        return -1;
    case 'C':
        return set_colour(ctl, optarg ? optarg : "always");
    case 'l':
        ctl->full = true;
        return -1;
    case 'G':
        ctl->no_legend = true;
        return -1;
    case '4':
        return set_family(ctl, "inet");
    case '6':
        return set_family(ctl, "inet6");
    case 'F':
        return set_family(ctl, optarg);
    case 'O':
        return set_scope(ctl, optarg);
    case 'A':
        ctl->addresses = true;
        return -1;
    case 'k':
        return set_condition(ctl, "kind=", optarg);
    case 'S':
        return set_condition(ctl, "operstate=", optarg);
    case 'm':
        return set_condition(ctl, "master=", optarg);
    case 'u':
        return set_condition(ctl, "usable", "");
    case 'N':
        ctl->all_netns = true;
        return -1;
    case 'j':
        return set_json(ctl, optarg ? optarg : "short");
    case 't':
        return set_time(&ctl->has_timeout, &ctl->timeout, optarg);
    case 'U':
        return set_time(&ctl->has_hold, &ctl->hold_up, optarg);
    case 'D':
        return set_time(&ctl->has_hold, &ctl->hold_down, optarg);
    case 'e':
        return set_last(ctl, optarg);
    case 'y':
        return set_at_least(ctl, 1);
    case 'a':
        return set_at_least(ctl, LINKWATCH_WAIT_ALL);
    case 'c':
        return read_at_least(ctl, optarg);
    case 'H':
        ctl->hooks = optarg;
        return -1;
    case 'K':
        ctl->state = optarg;
        return -1;
    case 'J':
        return set_jobs(ctl, optarg);
    case 'P':
        ctl->pager = false;
        return -1;
    case 'o':
        ctl->output = optarg;
        return -1;
    case 'h':
        return print(help);
    case 'V':
        return print("linkwatchctl " PACKAGE_VERSION "\n");
    }
    return wrong_usage(NULL, NULL);
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
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'},
        {"netns", required_argument, NULL, 'n'},
        {"all-netns", no_argument, NULL, 'N'},
        {"json", optional_argument, NULL, 'j'},
        {"timeout", required_argument, NULL, 't'},
        {"no-pager", no_argument, NULL, 'P'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"kind", required_argument, NULL, 'k'},
        {"family", required_argument, NULL, 'F'},
        {"scope", required_argument, NULL, 'O'},
        {"address", no_argument, NULL, 'A'},
        {"type", required_argument, NULL, 'T'},
        {"field", required_argument, NULL, 'f'},
        {"no-list", no_argument, NULL, 'L'},
        {"color", optional_argument, NULL, 'C'},
        {"full", no_argument, NULL, 'l'},
        {"no-legend", no_argument, NULL, 'G'},
        {"state", required_argument, NULL, 'S'},
        {"master", required_argument, NULL, 'm'},
        {"usable", no_argument, NULL, 'u'},
        {"last", required_argument, NULL, 'e'},
        {"hold-up", required_argument, NULL, 'U'},
        {"hold-down", required_argument, NULL, 'D'},
        {"any", no_argument, NULL, 'y'},
        {"all", no_argument, NULL, 'a'},
        {"at-least", required_argument, NULL, 'c'},
        {"hooks", required_argument, NULL, 'H'},
        {"state-directory", required_argument, NULL, 'K'},
        {"jobs", required_argument, NULL, 'J'},
        {NULL, 0, NULL, 0},
    };
    struct ctl ctl = {.netns_fd = -1, .pager = true, .timeout = LINKWATCH_FOREVER};
    int after = count_after_dashes(argc, argv);
    int option, code = -1;

    setlocale(LC_CTYPE, "");
    /* A reader that went away shows as EPIPE. */
    signal(SIGPIPE, SIG_IGN);
    ctl.path = linkwatch_default_path();
    while (code < 0 && (option = getopt_long(argc, argv, "s:n:jlt:46hV", options, NULL)) >= 0)
        code = take_option(&ctl, option);
    if (code < 0 && optind < argc)
        take_arguments(&ctl, argc, argv, after);
    if (code < 0)
        code = run_command(&ctl, optind < argc ? argv[optind] : "list");
    for (size_t i = 0; i < ctl.condition_count; i++)
        free(ctl.conditions[i]);
    return code;
}
