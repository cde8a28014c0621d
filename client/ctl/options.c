/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/timespan.h"

/* What is wrong with them beside another command. */
static const char *const errors[USE_COUNT] = {
    [USE_ALL_NETNS] = "--all-netns can only be used with list, monitor and address",
    [USE_CONDITIONS] =
        "--kind, --state, --master and --usable can only be used with list and address",
    [USE_FAMILY] =
        "--family (-4, -6) and --scope can only be used with address, show and monitor --address",
    [USE_ADDRESSES] = "--address can only be used with monitor",
    [USE_EVENTS] = "--type, --field and --no-list can only be used with monitor and run",
    [USE_LAST] = "--last can only be used with history",
    [USE_HOLD] = "--hold-up and --hold-down can only be used with monitor, wait and run",
    [USE_TIMEOUT] = "--timeout can only be used with wait and run",
    [USE_LINKS] = "--any, --all and --at-least can only be used with wait",
    [USE_HOOKS] = "--hooks, --state-directory and --jobs can only be used with run",
    [USE_OUTPUT] = "--output can only be used with metrics",
};

/* One of --kind, --state, --master, --usable. */
static int set_condition(struct ctl *ctl, const char *word, const char *value)
{
    char *text;
    int code;

    if (ctl->condition_count == CTL_CONDITIONS)
        return ctl_wrong_usage("too many of the options --kind, --state, --master and --usable",
                               "");
    if (asprintf(&text, "%s%s", word, value) < 0)
        return ctl_out_of_memory();
    ctl->conditions[ctl->condition_count++] = text;
    code = ctl_check_condition(text);
    return code == EXIT_MET ? -1 : code;
}

static int set_json(struct ctl *ctl, const char *text)
{
    ctl->json = strcmp(text, "off") != 0;
    ctl->pretty = strcmp(text, "pretty") == 0;
    if (ctl->pretty || !ctl->json || strcmp(text, "short") == 0)
        return -1;
    return ctl_wrong_usage("--json= must be short, pretty or off, not ", text);
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
    return ctl_wrong_usage("--color= must be auto, always or never, not ", text);
}

static int set_types(struct ctl *ctl, const char *text)
{
    if (event_filter_add_types(&ctl->events, text) >= 0)
        return -1;
    return ctl_wrong_usage(
        "--type must be add, change or remove, or several of them separated by commas, not ", text);
}

static int set_fields(struct ctl *ctl, const char *text)
{
    if (event_filter_add_fields(&ctl->events, text) >= 0)
        return -1;
    return ctl_wrong_usage(
        "--field must be a field of a link or address as named by show, or several "
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
    return ctl_wrong_usage("--family must be inet or inet6, not ", text);
}

static int set_scope(struct ctl *ctl, const char *text)
{
    ctl->scope = text;
    if (is_taken(text, linkwatch_filter_add_scope))
        return -1;
    return ctl_wrong_usage(
        "--scope must be global, site, link, host, nowhere or a number up to 255, not ", text);
}

static int set_time(int64_t *time, const char *text)
{
    if (timespan_parse(text, time) >= 0)
        return -1;
    return ctl_wrong_usage("a time must be a number such as 5, or one with a unit such as 1.5s, "
                           "500ms, 2min or 1h, not ",
                           text);
}

static int set_last(struct ctl *ctl, const char *text)
{
    int r = set_time(&ctl->last, text);

    return r < 0 && ctl->last == 0 ? ctl_wrong_usage("--last must be longer than ", text) : r;
}

static bool read_count(const char *text, size_t most, size_t *ret)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || number == 0 || number > most)
        return false;
    *ret = number;
    return true;
}

/* NULL: all. */
static int set_at_least(struct ctl *ctl, const char *text)
{
    size_t number = LINKWATCH_WAIT_ALL;

    if (text && !read_count(text, LINKWATCH_WAIT_ALL - 1, &number))
        return ctl_wrong_usage("--at-least must be a number from 1, not ", text);
    if (ctl->at_least > 0 && ctl->at_least != number)
        return ctl_wrong_usage("--any, --all and --at-least cannot be combined", "");
    ctl->at_least = number;
    return -1;
}

static int set_jobs(struct ctl *ctl, const char *text)
{
    if (read_count(text, CTL_JOBS_MAX, &ctl->jobs))
        return -1;
    return ctl_wrong_usage("--jobs must be a number from 1 to 1000, not ", text);
}

static int set_socket(struct ctl *ctl, const char *text)
{
    ctl->path = text;
    return *text ? -1 : ctl_wrong_usage("--socket must not be empty", "");
}

static int print_help(struct ctl *ctl, const char *text)
{
    (void)text;
    return ctl_help(ctl);
}

static int print_version(struct ctl *ctl, const char *text)
{
    (void)ctl;
    (void)text;
    return ctl_print("linkwatchctl " PACKAGE_VERSION "\n");
}

enum kind { FLAG, STRING, TIME, CONDITION, FUNCTION };

#define SETS(type, member) .kind = (type), .offset = offsetof(struct ctl, member)
#define CALLS(function)    .kind = FUNCTION, .take = (function)
#define MEETS(beginning)   .kind = CONDITION, .text = (beginning)

/* An option without a short form. */
#define LONG(letter) (256 + (letter))

static const struct row {
    struct option option; /* with the letter of getopt_long() */
    enum option_use use;
    enum kind kind;
    size_t offset;                                  /* of the member of struct ctl that it sets */
    int (*take)(struct ctl *ctl, const char *text); /* the exit code, or -1 to go on */
    const char *text; /* without an argument; of a condition: what stands before it */
} rows[] = {
    {{"socket", required_argument, NULL, 's'}, USE_ANY, CALLS(set_socket)},
    {{"netns", required_argument, NULL, 'n'}, USE_ANY, SETS(STRING, netns)},
    {{"json", optional_argument, NULL, 'j'}, USE_ANY, CALLS(set_json), .text = "short"},
    {{"no-pager", no_argument, NULL, LONG('P')}, USE_ANY, SETS(FLAG, no_pager)},
    {{"full", no_argument, NULL, 'l'}, USE_ANY, SETS(FLAG, full)},
    {{"no-legend", no_argument, NULL, LONG('G')}, USE_ANY, SETS(FLAG, no_legend)},
    {{"color", optional_argument, NULL, LONG('C')}, USE_ANY, CALLS(set_colour), .text = "always"},
    {{"help", no_argument, NULL, 'h'}, USE_ANY, CALLS(print_help)},
    {{"version", no_argument, NULL, 'V'}, USE_ANY, CALLS(print_version)},
    {{"all-netns", no_argument, NULL, LONG('N')}, USE_ALL_NETNS, SETS(FLAG, all_netns)},
    {{"kind", required_argument, NULL, LONG('k')}, USE_CONDITIONS, MEETS("kind=")},
    {{"state", required_argument, NULL, LONG('S')}, USE_CONDITIONS, MEETS("operstate=")},
    {{"master", required_argument, NULL, LONG('m')}, USE_CONDITIONS, MEETS("master=")},
    {{"usable", no_argument, NULL, LONG('u')}, USE_CONDITIONS, MEETS("usable")},
    {{"family", required_argument, NULL, LONG('F')}, USE_FAMILY, CALLS(set_family)},
    {{"scope", required_argument, NULL, LONG('O')}, USE_FAMILY, CALLS(set_scope)},
    {{"address", no_argument, NULL, LONG('A')}, USE_ADDRESSES, SETS(FLAG, addresses)},
    {{"type", required_argument, NULL, LONG('T')}, USE_EVENTS, CALLS(set_types)},
    {{"field", required_argument, NULL, LONG('f')}, USE_EVENTS, CALLS(set_fields)},
    {{"no-list", no_argument, NULL, LONG('L')}, USE_EVENTS, SETS(FLAG, no_list)},
    {{"last", required_argument, NULL, LONG('e')}, USE_LAST, CALLS(set_last)},
    {{"hold-up", required_argument, NULL, LONG('U')}, USE_HOLD, SETS(TIME, hold_up)},
    {{"hold-down", required_argument, NULL, LONG('D')}, USE_HOLD, SETS(TIME, hold_down)},
    {{"timeout", required_argument, NULL, 't'}, USE_TIMEOUT, SETS(TIME, timeout)},
    {{"any", no_argument, NULL, LONG('y')}, USE_LINKS, CALLS(set_at_least), .text = "1"},
    {{"all", no_argument, NULL, LONG('a')}, USE_LINKS, CALLS(set_at_least)},
    {{"at-least", required_argument, NULL, LONG('c')}, USE_LINKS, CALLS(set_at_least)},
    {{"hooks", required_argument, NULL, LONG('H')}, USE_HOOKS, SETS(STRING, hooks)},
    {{"state-directory", required_argument, NULL, LONG('K')}, USE_HOOKS, SETS(STRING, state)},
    {{"jobs", required_argument, NULL, LONG('J')}, USE_HOOKS, CALLS(set_jobs)},
    {{"output", required_argument, NULL, LONG('o')}, USE_OUTPUT, SETS(STRING, output)},
    /* The end for getopt_long(): these have no long form. */
    {{NULL, no_argument, NULL, '4'}, USE_FAMILY, CALLS(set_family), .text = "inet"},
    {{NULL, no_argument, NULL, '6'}, USE_FAMILY, CALLS(set_family), .text = "inet6"},
};

/* The colon in front distinguishes arguments that are missing. */
#define SHORT     ":s:n:jlt:46hV"
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* NULL for an option that there is not. */
static const struct row *find_row(int letter)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].option.val == letter)
            return &rows[i];
    return NULL;
}

/* Takes one option; the exit code, or -1 to go on. */
static int take_option(struct ctl *ctl, const struct row *row)
{
    void *member = (char *)ctl + row->offset;

    switch (row->kind) {
    case FLAG:
        *(bool *)member = true;
        return -1;
    case STRING:
        *(const char **)member = optarg;
        return -1;
    case TIME:
        return set_time(member, optarg);
    case CONDITION:
        return set_condition(ctl, row->text, optarg ? optarg : "");
    case FUNCTION:
        break;
    }
    return row->take(ctl, optarg ? optarg : row->text);
}

/* Instead of getopt_long(), which prints words as they are. */
static int wrong_option(int result, const char *word)
{
    const char letter[] = {'-', (char)optopt, '\0'};

    if (result == ':')
        return ctl_wrong_usage("an argument is missing after ", word);
    if (optopt == 0)
        return ctl_wrong_usage("unknown or ambiguous option ", word);
    if (find_row(optopt))
        return ctl_wrong_usage("this option takes no argument: ", word);
    return ctl_wrong_usage("unknown option ", letter);
}

int options_read(struct ctl *ctl, int argc, char *argv[])
{
    struct option options[ROW_COUNT];
    int option, code = -1;

    for (size_t i = 0; i < ROW_COUNT; i++)
        options[i] = rows[i].option;
    opterr = 0;
    while (code < 0 && (option = getopt_long(argc, argv, SHORT, options, NULL)) >= 0) {
        const struct row *row = find_row(option);

        if (!row)
            return wrong_option(option, argv[optind - 1]);
        ctl->uses |= 1U << row->use;
        code = take_option(ctl, row);
    }
    return code;
}

int options_check(const struct ctl *ctl, unsigned uses)
{
    for (int use = USE_ANY + 1; use < USE_COUNT; use++)
        if (ctl->uses & ~uses & 1U << use)
            return ctl_wrong_usage(errors[use], "");
    if (ctl->all_netns && ctl->netns)
        return ctl_wrong_usage("--all-netns and --netns cannot be combined", "");
    return EXIT_MET;
}
