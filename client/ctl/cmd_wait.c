/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl wait. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/output.h"
#include "client/ctl/resolve.h"
#include "client/timespan.h"

/* How many links are shown after a timeout. */
#define EXPLAINED_MAX 4

/* The links that are waited for. */
struct subject {
    const struct ctl *ctl;
    int ifs;           /* arguments before the conditions */
    char **globs;      /* what these mean, and NULL */
    bool never_dumped; /* no links are known */

    FILE *links; /* those that met the conditions, as JSON; NULL without --json */
    FILE *unmet; /* what was not met, once there is something */
    char *unmet_text;
    size_t unmet_size;
    int unmet_ifindex; /* of the last link that is in there */
    size_t unmet_links;
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

/* Whether several links may be the outcome. */
static bool is_of_several(const struct ctl *ctl)
{
    return ctl->at_least > 1;
}

static void on_met(void *user, struct linkwatch_link *link)
{
    const struct subject *subject = user;

    if (subject->links && (is_of_several(subject->ctl) || ftell(subject->links) == 0))
        fprintf(subject->links, "%s%s", ftell(subject->links) > 0 ? "," : "",
                linkwatch_link_json(link));
}

/* What the user called it. */
static const char *word_of(const struct subject *subject, const char *glob)
{
    for (int i = 0; i < subject->ifs; i++)
        if (subject->globs[i] == glob)
            return subject->ctl->arguments[i];
    return glob;
}

/* "eth0 does not meet up, mtu=9000; there is no link "eth1"" */
static void on_unmet(void *user, const char *glob, struct linkwatch_link *link,
                     const char *condition, const char *reason)
{
    struct subject *subject = user;
    bool again = link && linkwatch_link_ifindex(link) == subject->unmet_ifindex;
    const char *separator = subject->unmet ? "; " : "";
    char *name = NULL;

    if (link && !again)
        subject->unmet_links++;
    if (subject->unmet_links > EXPLAINED_MAX)
        return;
    if (!subject->unmet)
        subject->unmet = open_memstream(&subject->unmet_text, &subject->unmet_size);
    if (!subject->unmet)
        return;
    if (!link)
        fprintf(subject->unmet, "%s%s \"%s\"", separator, ctl_no_link(word_of(subject, glob)),
                word_of(subject, glob));
    else if (again)
        fprintf(subject->unmet, ", %s", condition);
    else if (linkwatch_escape(linkwatch_link_ifname(link), false, &name) >= 0)
        fprintf(subject->unmet, "%s%s does not meet %s", separator, name, condition);
    if (reason)
        fprintf(subject->unmet, " (%s)", reason);
    free(name);
    subject->unmet_ifindex = link ? linkwatch_link_ifindex(link) : 0;
}

/* What wasn't met; "" if that is unknown. */
static const char *explain(struct subject *subject)
{
    if (!subject->unmet)
        return "";
    if (subject->unmet_links > EXPLAINED_MAX)
        fprintf(subject->unmet, "; and so on, %zu links in total", subject->unmet_links);
    fflush(subject->unmet);
    return subject->unmet_text ? subject->unmet_text : "";
}

static int timed_out(struct subject *subject)
{
    char span[TIMESPAN_SIZE];
    const char *why = subject->never_dumped ? ", and it is not known whether the conditions are met"
                                            : explain(subject);
    const char *separator = subject->never_dumped || !*why ? "" : ": ";

    if (subject->ctl->timeout == 0)
        ctl_error("the conditions are not met%s%s", separator, why);
    else
        ctl_error("the timeout of %s expired%s%s", timespan_format(subject->ctl->timeout, span),
                  separator, why);
    return EXIT_TIMED_OUT;
}

static int failed(struct subject *subject, int error)
{
    switch (error) {
    case -ETIMEDOUT:
        return timed_out(subject);
    case -ENODATA:
        ctl_error("it is not known whether the conditions are met");
        return EXIT_UNKNOWN;
    case -EINVAL: /* which was reported */
        return EXIT_USAGE;
    case -E2BIG:
        return resolve_wrong_name("", error);
    case -ENOMEM:
        return ctl_out_of_memory();
    }
    return ctl_unreachable(subject->ctl, error);
}

/* Of one link that is wanted: it, or null for absent. links is NULL where there was no memory. */
static int print_met(const struct ctl *ctl, const char *links)
{
    struct output output;
    bool several = is_of_several(ctl);
    char *text;

    if (!links || asprintf(&text, several ? "[%s]" : "%s", several || *links ? links : "null") < 0)
        return ctl_out_of_memory();
    output_begin(&output, ctl->colour, false);
    ctl_print_json(ctl, text);
    free(text);
    return output_end(&output, EXIT_MET);
}

static int wait_for(struct subject *subject)
{
    const struct ctl *ctl = subject->ctl;
    const struct linkwatch_wait_options options = {
        .size = sizeof(options),
        .source = on_source,
        .user = subject,
        .socket_fd = ctl->netns_fd >= 0 ? &ctl->netns_fd : NULL,
        .invalid = on_invalid,
        .globs = (const char *const *)subject->globs + 1,
        .at_least = ctl->at_least,
        .met = on_met,
        .unmet = on_unmet,
        .hold_up = ctl->hold_up,
        .hold_down = ctl->hold_down,
    };
    const char *const *conditions = (const char *const *)ctl->arguments + subject->ifs;
    char *text = NULL;
    size_t size;
    int code;
    int r;

    subject->links = ctl->json ? open_memstream(&text, &size) : NULL;
    r = linkwatch_wait(ctl->path, subject->globs[0], conditions, ctl->timeout, &options, NULL);
    if (subject->links && fclose(subject->links) != 0)
        r = -ENOMEM;
    if (r < 0)
        code = failed(subject, r);
    else
        code = ctl->json ? print_met(ctl, text) : EXIT_MET;
    if (subject->unmet)
        fclose(subject->unmet);
    free(subject->unmet_text);
    free(text);
    return code;
}

static bool is_condition(const char *text)
{
    return strchr(text, '=') || linkwatch_link_meets(NULL, text, NULL) >= 0;
}

/* The first word is a link, whatever it is called. More of them must be announced, or a condition
 * that is misspelled would be one. */
static int split(const struct ctl *ctl, int *ret_ifs)
{
    int ifs = 1;
    int code = EXIT_MET;

    while (ctl->at_least > 0 && ifs < ctl->count && !is_condition(ctl->arguments[ifs]))
        ifs++;
    for (int i = ifs; code == EXIT_MET && i < ctl->count; i++) {
        code = ctl_check_condition(ctl->arguments[i]);
        if (code != EXIT_MET && i == 1 && i + 1 < ctl->count && !is_condition(ctl->arguments[i]))
            ctl_error("to wait for several links, add --any, --all or --at-least N");
    }
    if (code == EXIT_MET && ifs == ctl->count)
        code = ctl_check_condition(ctl->arguments[ifs - 1]);
    *ret_ifs = ifs;
    return code;
}

/* Plain names are of one link each. */
static int check_number(const struct subject *subject)
{
    const struct ctl *ctl = subject->ctl;

    if (ctl->at_least == LINKWATCH_WAIT_ALL || ctl->at_least <= (size_t)subject->ifs)
        return EXIT_MET;
    for (int i = 0; i < subject->ifs; i++)
        if (ctl_is_glob(ctl->arguments[i]))
            return EXIT_MET;
    ctl_error("--at-least %zu can never be met: there %s %d name%s", ctl->at_least,
              subject->ifs == 1 ? "is" : "are", subject->ifs, subject->ifs == 1 ? "" : "s");
    return EXIT_USAGE;
}

int ctl_wait(const struct ctl *ctl)
{
    struct subject subject = {.ctl = ctl};
    int code = split(ctl, &subject.ifs);

    if (code == EXIT_MET)
        code = check_number(&subject);
    if (code != EXIT_MET)
        return code;
    subject.globs = calloc((size_t)subject.ifs + 1, sizeof(*subject.globs));
    if (!subject.globs)
        return ctl_out_of_memory();
    for (int i = 0; code == EXIT_MET && i < subject.ifs; i++)
        code = resolve_link(ctl, ctl->arguments[i], &subject.globs[i]);
    if (code == EXIT_MET)
        code = wait_for(&subject);
    for (int i = 0; i < subject.ifs; i++)
        free(subject.globs[i]);
    free(subject.globs);
    return code;
}
