/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatchctl wait. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/ctl/ctl.h"
#include "client/ctl/fetch.h"
#include "client/ctl/output.h"
#include "client/ctl/timespan.h"

/* The links that are waited for. */
struct subject {
    const struct ctl *ctl;
    bool blind; /* nothing is known of them */
};

/* Whoever waits in vain shall know what for. */
static void on_source(void *user, const struct linkwatch_source *source)
{
    struct subject *subject = user;
    char why[480];

    subject->blind = ctl_is_blind(source);
    if (!subject->blind)
        return;
    ctl_describe_blindness(source, why, sizeof(why));
    ctl_complain("%s%s", why, subject->ctl->timeout == 0 ? "" : "; waiting for that");
}

static int timed_out(const struct subject *subject)
{
    char span[TIMESPAN_SIZE];

    if (subject->ctl->timeout == 0)
        ctl_complain("the condition isn't met");
    else
        ctl_complain("timed out after %s%s", timespan_format(subject->ctl->timeout, span),
                     subject->blind ? ", and nobody knows whether the condition is met" : "");
    return EXIT_TIMED_OUT;
}

static int failed(const struct subject *subject, int error)
{
    switch (error) {
    case -ETIMEDOUT:
        return timed_out(subject);
    case -ENODATA:
        ctl_complain("nobody knows whether the condition is met");
        return EXIT_UNKNOWN;
    case -EINVAL:
        ctl_complain("absent goes with no other condition");
        return EXIT_USAGE;
    case -ENOMEM:
        ctl_complain("%s", strerror(-error));
        return EXIT_FAILED;
    }
    return ctl_unreachable(subject->ctl, error);
}

static int print_met(const struct ctl *ctl, const struct linkwatch_link *link)
{
    struct output output;

    output_begin(&output, false);
    if (ctl->json)
        puts(link ? linkwatch_link_json(link) : "null");
    return output_end(&output, EXIT_MET);
}

static int wait_for(const struct ctl *ctl, const char *glob,
                    struct linkwatch_condition *const *conditions)
{
    struct subject subject = {.ctl = ctl};
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

static int parse(const struct ctl *ctl, struct linkwatch_condition **conditions)
{
    for (int i = 1; i < ctl->count; i++) {
        int r = linkwatch_condition_parse(ctl->arguments[i], &conditions[i - 1]);

        if (r < 0) {
            ctl_complain(r == -ENOMEM ? "%s: out of memory"
                                      : "%s is no condition; there are present, absent, up, down, "
                                        "carrier, no-carrier, operstate=STATE, mtu=N, address=A, "
                                        "master=NAME, nomaster, kind=KIND, renamed, name=NAME",
                         ctl->arguments[i]);
            return r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
        }
    }
    return EXIT_MET;
}

int ctl_wait(const struct ctl *ctl)
{
    struct linkwatch_condition **conditions = calloc((size_t)ctl->count, sizeof(*conditions));
    char *glob = NULL;
    int code;

    if (!conditions) {
        ctl_complain("out of memory");
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
