/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of the command line. */
#ifndef LINKWATCH_CLIENT_CTL_OPTIONS_H
#define LINKWATCH_CLIENT_CTL_OPTIONS_H

#include "client/ctl/ctl.h"

/* What the options that only some commands have are for. */
enum option_use {
    USE_ANY, /* of all commands */
    USE_ALL_NETNS,
    USE_CONDITIONS,
    USE_FAMILY,
    USE_ADDRESSES,
    USE_EVENTS,
    USE_LAST,
    USE_HOLD,
    USE_TIMEOUT,
    USE_LINKS,
    USE_HOOKS,
    USE_OUTPUT,
    USE_COUNT
};

#define USE_BIT(use) (1U << USE_##use)

/* Takes the options out of the arguments; optind is the first of the rest. -1 to go on, else the
 * exit code, with the help or the version, or after an error. */
int options_read(struct ctl *ctl, int argc, char *argv[]);

/* Whether a command has all of the options that are given: EXIT_MET, or EXIT_USAGE after an error.
 */
int options_check(const struct ctl *ctl, unsigned uses);

#endif
