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
    const char *glob;  /* what the IF means */
    bool never_dumped; /* no links are known */
};

static void on_invalid(void *user, const char *condition, const char *reason)
{
    (void)user;
    ctl_error("%s %s", condition, reason);
}

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
    const char *word = ctl->arguments[argument];
    const char *const conditions[] = {word, NULL};
    char *name;
    int r;

    if (linkwatch_link_meets(link, word, NULL) > 0)
        return true;
    if (strncmp(word, "address", strlen("address")) != 0 &&
        strncmp(word, "family=", strlen("family=")) != 0)
        return false;
    name = meaning_spell_out(linkwatch_link_ifname(link));
    r = name ? linkwatch_wait(ctl->path, name, conditions, 0, &options, NULL) : -ENOMEM;
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
    case -EINVAL: /* which was reported */
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

static int wait_for(const struct ctl *ctl, const char *glob)
{
    struct subject subject = {.ctl = ctl, .glob = glob};
    const struct linkwatch_wait_options options = {
        .size = sizeof(options),
        .source = on_source,
        .user = &subject,
        .socket_fd = ctl->netns_fd >= 0 ? &ctl->netns_fd : NULL,
        .invalid = on_invalid,
    };
    struct linkwatch_link *link;
    int code;
    int r = linkwatch_wait(ctl->path, glob, (const char *const *)ctl->arguments + 1, ctl->timeout,
                           &options, &link);

    if (r < 0)
        return failed(&subject, r);
    code = print_met(ctl, link);
    linkwatch_link_unref(link);
    return code;
}

int ctl_check_condition(const char *text)
{
    const char *reason;

    if (linkwatch_link_meets(NULL, text, &reason) >= 0)
        return EXIT_MET;
    ctl_error("%s %s", text, reason);
    return EXIT_USAGE;
}

int ctl_wait(const struct ctl *ctl)
{
    char *glob = NULL;
    int code = EXIT_MET;

    for (int i = 1; code == EXIT_MET && i < ctl->count; i++)
        code = ctl_check_condition(ctl->arguments[i]);
    if (code == EXIT_MET)
        code = fetch_meaning(ctl, ctl->arguments[0], &glob);
    if (code == EXIT_MET)
        code = wait_for(ctl, glob);
    free(glob);
    return code;
}
