/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl wait. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/meaning.h"
#include "client/ctl/output.h"
#include "client/ctl/timespan.h"

/* How many links are shown after a timeout, and how long it may take to get them, in
 * microseconds. */
#define EXPLAINED_MAX    4
#define EXPLAIN_PATIENCE INT64_C(2000000)

/* The links that are waited for. */
struct subject {
    const struct ctl *ctl;
    const char *glob; /* what the IF means */
    struct linkwatch_condition *const *conditions;
    bool never_dumped; /* no links are known */
};

/* Shows why the condition is not met. */
static void on_source(void *user, const struct linkwatch_source *source)
{
    struct subject *subject = user;
    char why[480];

    subject->never_dumped = ctl_never_dumped(source);
    if (!subject->never_dumped)
        return;
    ctl_describe_failure(source, why, sizeof(why));
    ctl_error("%s%s", why, subject->ctl->timeout == 0 ? "" : "; waiting until it can");
}

/* Of usable, which of the things that it needs is missing. */
static void write_reason(FILE *to, const char *condition, const struct linkwatch_link *link)
{
    const char *reason;

    if (strcmp(condition, "usable") == 0 && !linkwatch_link_usable(link, &reason))
        fprintf(to, " (%s)", reason);
}

/* Whether the link meets a condition now; the daemon is asked for its addresses, if it is about
 * those. */
static bool is_met(const struct subject *subject, int argument, const struct linkwatch_link *link)
{
    const struct ctl *ctl = subject->ctl;
    const struct linkwatch_wait_options options = {
        .size = sizeof(options), .socket_fd = ctl->netns_fd >= 0 ? &ctl->netns_fd : NULL};
    struct linkwatch_condition *condition = subject->conditions[argument - 1];
    const char *word = ctl->arguments[argument];
    char *name;
    int r;

    if (linkwatch_condition_met(condition, link, NULL))
        return true;
    if (strncmp(word, "address", strlen("address")) != 0 &&
        strncmp(word, "family=", strlen("family=")) != 0)
        return false;
    name = meaning_spell_out(linkwatch_link_ifname(link));
    r = name ? linkwatch_wait_with(ctl->path, name, &condition, 1, 0, &options, NULL) : -ENOMEM;
    free(name);
    return r >= 0;
}

/* "eth0 does not meet up, mtu=9000" */
static void write_unmet(FILE *to, const struct subject *subject, const struct linkwatch_link *link)
{
    const char *separator = " does not meet ";

    fputs(linkwatch_link_ifname(link), to);
    for (int i = 1; i < subject->ctl->count; i++) {
        if (is_met(subject, i, link))
            continue;
        fprintf(to, "%s%s", separator, subject->ctl->arguments[i]);
        write_reason(to, subject->ctl->arguments[i], link);
        separator = ", ";
    }
    if (*separator == ' ')
        fputs(" meets all conditions now", to);
}

static void write_links(FILE *to, const struct subject *subject, const struct linkwatch_list *list)
{
    size_t count = linkwatch_list_count(list);

    for (size_t i = 0; i < count && i < EXPLAINED_MAX; i++) {
        fputs(i > 0 ? "; " : ": ", to);
        write_unmet(to, subject, linkwatch_list_get(list, i));
    }
    if (count > EXPLAINED_MAX)
        fprintf(to, "; and so on, %zu links in total", count);
    if (count == 0)
        fprintf(to, ": there is no link \"%s\"", subject->ctl->arguments[0]);
}

/* The links that are waited for, as they are now; NULL if that can't be had. */
static struct linkwatch_list *get_links(const struct subject *subject)
{
    struct linkwatch_list *list = NULL;
    struct linkwatch_filter *filter = NULL;
    struct linkwatch *connection = NULL;
    int r = linkwatch_filter_new(&filter);

    if (r >= 0)
        r = linkwatch_filter_add_name(filter, subject->glob);
    if (r >= 0)
        r = linkwatch_connect(subject->ctl->path, &connection);
    if (r >= 0 && subject->ctl->netns_fd >= 0)
        r = linkwatch_enter(connection, subject->ctl->netns_fd, EXPLAIN_PATIENCE);
    if (r >= 0)
        linkwatch_get_list(connection, filter, EXPLAIN_PATIENCE, &list);
    linkwatch_close(connection);
    linkwatch_filter_free(filter);
    return list;
}

/* What wasn't met, to be freed; NULL if nobody knows. */
static char *explain(const struct subject *subject)
{
    struct linkwatch_list *list = get_links(subject);
    char *text = NULL;
    size_t size;
    FILE *to = list ? open_memstream(&text, &size) : NULL;

    if (to) {
        write_links(to, subject, list);
        fclose(to);
    }
    linkwatch_list_free(list);
    return text;
}

static int timed_out(const struct subject *subject)
{
    char span[TIMESPAN_SIZE];
    char *why = subject->never_dumped ? NULL : explain(subject);
    const char *text =
        subject->never_dumped ? ", and it is not known whether the conditions are met" : "";

    if (subject->ctl->timeout == 0)
        ctl_error("the conditions are not met%s", why ? why : "");
    else
        ctl_error("the timeout of %s expired%s", timespan_format(subject->ctl->timeout, span),
                  why ? why : text);
    free(why);
    return EXIT_TIMED_OUT;
}

static int failed(const struct subject *subject, int error)
{
    switch (error) {
    case -ETIMEDOUT:
        return timed_out(subject);
    case -ENODATA:
        ctl_error("it is not known whether the conditions are met");
        return EXIT_UNKNOWN;
    case -EINVAL:
        ctl_error("absent cannot be combined with other conditions");
        return EXIT_USAGE;
    case -ENOMEM:
        ctl_error("%s", strerror(-error));
        return EXIT_FAILED;
    }
    return ctl_unreachable(subject->ctl, error);
}

static int print_met(const struct ctl *ctl, const struct linkwatch_link *link)
{
    struct output output;

    output_begin(&output, ctl->colour, false);
    if (ctl->json)
        ctl_print_json(ctl, link ? linkwatch_link_json(link) : "null");
    return output_end(&output, EXIT_MET);
}

static int wait_for(const struct ctl *ctl, const char *glob,
                    struct linkwatch_condition *const *conditions)
{
    struct subject subject = {.ctl = ctl, .glob = glob, .conditions = conditions};
    const struct linkwatch_wait_options options = {
        .size = sizeof(options),
        .source = on_source,
        .user = &subject,
        .socket_fd = ctl->netns_fd >= 0 ? &ctl->netns_fd : NULL,
    };
    struct linkwatch_link *link;
    int code;
    int r = linkwatch_wait_with(ctl->path, glob, conditions, (size_t)ctl->count - 1, ctl->timeout,
                                &options, &link);

    if (r < 0)
        return failed(&subject, r);
    code = print_met(ctl, link);
    linkwatch_link_unref(link);
    return code;
}

/* What a value must be, of the words that have one that can be wrong. */
static const struct {
    const char *word;
    const char *value;
} values[] = {
    {"operstate=", "UP, DOWN, UNKNOWN, LOWERLAYERDOWN, NOTPRESENT, TESTING or DORMANT"},
    {"mtu=", "a number from 0 to 4294967295"},
    {"address=", "a hardware address like 02:00:00:00:00:01, or an IP address of a tunnel"},
};

static int wrong_condition(const char *text)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        if (strncmp(text, values[i].word, strlen(values[i].word)) == 0) {
            ctl_error("%s can never be met: the value of %s is %s", text, values[i].word,
                      values[i].value);
            return EXIT_USAGE;
        }
    ctl_error(
        "%s is no condition; there are present, absent, up, down, carrier, no-carrier, "
        "usable, operstate=STATE, mtu=N, address, address=A, family=F, master=NAME, nomaster, "
        "kind=KIND, renamed, name=NAME",
        text);
    return EXIT_USAGE;
}

int ctl_parse_condition(const char *text, struct linkwatch_condition **ret)
{
    int r = linkwatch_condition_parse(text, ret);

    if (r >= 0)
        return EXIT_MET;
    if (r == -EINVAL)
        return wrong_condition(text);
    ctl_error("%s: %s", text, strerror(-r));
    return EXIT_FAILED;
}

static int parse(const struct ctl *ctl, struct linkwatch_condition **conditions)
{
    int code = EXIT_MET;

    for (int i = 1; code == EXIT_MET && i < ctl->count; i++)
        code = ctl_parse_condition(ctl->arguments[i], &conditions[i - 1]);
    return code;
}

int ctl_wait(const struct ctl *ctl)
{
    struct linkwatch_condition **conditions = calloc((size_t)ctl->count, sizeof(*conditions));
    char *glob = NULL;
    int code;

    if (!conditions) {
        ctl_error("out of memory");
        return EXIT_FAILED;
    }
    code = parse(ctl, conditions);
    if (code == EXIT_MET)
        code = fetch_meaning(ctl, ctl->arguments[0], &glob);
    if (code == EXIT_MET)
        code = wait_for(ctl, glob, conditions);
    free(glob);
    for (int i = 0; i < ctl->count; i++)
        linkwatch_condition_free(conditions[i]);
    free(conditions);
    return code;
}
