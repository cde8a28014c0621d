/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options, from the configuration files, the environment and the command line. */
#ifndef LINKWATCH_DAEMON_CONFIG_H
#define LINKWATCH_DAEMON_CONFIG_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/un.h>

#include "daemon/entered.h"
#include "daemon/source.h"
#include "daemon/users.h"

struct config_limits {
    struct users_limits users;
    size_t request;    /* bytes of one call, and of the pending ones */
    size_t json_depth; /* of one call */
};

struct config {
    char socket[sizeof(((struct sockaddr_un *)0)->sun_path)];
    mode_t socket_mode;
    int log_level; /* a syslog priority */
    struct source_config source;
    uint32_t budget_ppm; /* as in daemon/budget.h */
    int64_t interval_min_usec;
    int64_t interval_max_usec;
    size_t history_bytes;
    struct config_limits limits;
    struct entered_limits namespaces;
};

/* What the command line requests. */
enum config_request {
    CONFIG_RUN,
    CONFIG_CHECK,
    CONFIG_HELP,
    CONFIG_VERSION,
};

/* The error, its place, and what was expected: one line of text. */
struct config_error {
    char text[512];
};

/* Reads the complete configuration: the defaults, the configuration file, the files in its drop-in
 * directory (FILE.d), LINKWATCH_SOCKET, and the command line; later settings override earlier ones.
 * It can be called again to reload. -EINVAL for an invalid command line or environment, -EBADMSG
 * for an invalid file, -errno for a file that cannot be read. */
int config_read(int argc, char **argv, struct config *ret, enum config_request *ret_request,
                struct config_error *ret_error);

/* Prints the text for --help. */
void config_print_help(FILE *to);

/* The options that differ between two configurations and take effect only after a restart: returns
 * their number, and stores their names in the file as text ("[Socket] Path=, [Source] Mode="). */
size_t config_needs_restart(const struct config *before, const struct config *after, char *text,
                            size_t size);

#endif
