/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/ctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/timespan.h"

/* With the letter of getopt_long(); letters without a long form are in SHORT. */
static const struct {
    struct option option;
    enum option_use use;
} rows[] = {
    {{"socket", required_argument, NULL, 's'}, USE_ANY},
    {{"netns", required_argument, NULL, 'n'}, USE_ANY},
    {{"json", optional_argument, NULL, 'j'}, USE_ANY},
    {{"no-pager", no_argument, NULL, 'P'}, USE_ANY},
    {{"full", no_argument, NULL, 'l'}, USE_ANY},
    {{"no-legend", no_argument, NULL, 'G'}, USE_ANY},
    {{"color", optional_argument, NULL, 'C'}, USE_ANY},
    {{"help", no_argument, NULL, 'h'}, USE_ANY},
    {{"version", no_argument, NULL, 'V'}, USE_ANY},
    {{"all-netns", no_argument, NULL, 'N'}, USE_ALL_NETNS},
    {{"kind", required_argument, NULL, 'k'}, USE_CONDITIONS},
    {{"state", required_argument, NULL, 'S'}, USE_CONDITIONS},
    {{"master", required_argument, NULL, 'm'}, USE_CONDITIONS},
    {{"usable", no_argument, NULL, 'u'}, USE_CONDITIONS},
    {{"family", required_argument, NULL, 'F'}, USE_FAMILY},
    {{"scope", required_argument, NULL, 'O'}, USE_FAMILY},
    {{"address", no_argument, NULL, 'A'}, USE_ADDRESSES},
    {{"type", required_argument, NULL, 'T'}, USE_EVENTS},
    {{"field", required_argument, NULL, 'f'}, USE_EVENTS},
    {{"no-list", no_argument, NULL, 'L'}, USE_EVENTS},
    {{"last", required_argument, NULL, 'e'}, USE_LAST},
    {{"hold-up", required_argument, NULL, 'U'}, USE_HOLD},
    {{"hold-down", required_argument, NULL, 'D'}, USE_HOLD},
    {{"timeout", required_argument, NULL, 't'}, USE_TIMEOUT},
    {{"any", no_argument, NULL, 'y'}, USE_LINKS},
    {{"all", no_argument, NULL, 'a'}, USE_LINKS},
    {{"at-least", required_argument, NULL, 'c'}, USE_LINKS},
    {{"hooks", required_argument, NULL, 'H'}, USE_HOOKS},
    {{"state-directory", required_argument, NULL, 'K'}, USE_HOOKS},
    {{"jobs", required_argument, NULL, 'J'}, USE_HOOKS},
    {{"output", required_argument, NULL, 'o'}, USE_OUTPUT},
};

#define SHORT     "s:n:jlt:46hV"
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

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
        return EXIT_FAILED;
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

static int set_at_least(struct ctl *ctl, size_t number)
{
    if (ctl->at_least > 0 && ctl->at_least != number)
        return ctl_wrong_usage("--any, --all and --at-least cannot be combined", "");
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
        return ctl_wrong_usage("--at-least must be a number from 1, not ", text);
    return set_at_least(ctl, number);
}

static int set_jobs(struct ctl *ctl, const char *text)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno || *end || *text < '0' || *text > '9' || number == 0 || number > CTL_JOBS_MAX)
        return ctl_wrong_usage("--jobs must be a number from 1 to 1000, not ", text);
    ctl->jobs = number;
    return -1;
}

/* Takes one option; the exit code, or -1 to go on. */
static int take_option(struct ctl *ctl, int option, const char *help)
{
    switch (option) {
    case 's':
        ctl->path = optarg;
        return *optarg ? -1 : ctl_wrong_usage("--socket must not be empty", "");
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
        return set_time(&ctl->timeout, optarg);
    case 'U':
        return set_time(&ctl->hold_up, optarg);
    case 'D':
        return set_time(&ctl->hold_down, optarg);
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
        return ctl_print(help);
    case 'V':
        return ctl_print("linkwatchctl " PACKAGE_VERSION "\n");
    }
    return ctl_wrong_usage(NULL, NULL);
}

static enum option_use use_of(int letter)
{
    /* Short for --family. */
    if (letter == '4' || letter == '6')
        return USE_FAMILY;
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].option.val == letter)
            return rows[i].use;
    return USE_ANY;
}

int options_read(struct ctl *ctl, int argc, char *argv[], const char *help)
{
    struct option options[ROW_COUNT + 1] = {{0}};
    int option, code = -1;

    for (size_t i = 0; i < ROW_COUNT; i++)
        options[i] = rows[i].option;
    while (code < 0 && (option = getopt_long(argc, argv, SHORT, options, NULL)) >= 0) {
        ctl->uses |= 1U << use_of(option);
        code = take_option(ctl, option, help);
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
