/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* linkwatch-run: runs a program that subscribes to link updates itself where the kernel
 * denies that, and lets it have them. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/linkwatch.h"
#include "reach/policy.h"
#include "reach/preload/helper.h"
#include "reach/program.h"
#include "reach/tracing/tracer.h"
#include "reach/warning.h"

/* As env(1) and nice(1). */
#define EXIT_FAILED    125
#define EXIT_NOT_RUN   126
#define EXIT_NOT_FOUND 127

/* Microseconds in which the daemon answers. */
#define PATIENCE INT64_C(2000000)

static const char help[] =
    "Usage: linkwatch-run [OPTION...] [--] PROGRAM [ARGUMENT...]\n"
    "\n"
    "Run a program that subscribes to link or address updates (RTNLGRP_LINK,\n"
    "RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR), unmodified. Where the kernel denies\n"
    "the subscription, linkwatchd supplies the updates; where the kernel reports\n"
    "every change, the program is merely executed.\n"
    "\n"
    "Options:\n"
    "  -s, --socket PATH    linkwatchd's socket (default: $LINKWATCH_SOCKET, or\n"
    "                       " DEFAULT_SOCKET ")\n"
    "  -r, --require        do not run the program unless linkwatchd is running\n"
    "  -n, --no-fallback    do not run the program if it cannot be served here\n"
    "  -a, --always         serve it even where the kernel reports every change\n"
    "  -p, --preload        preload a library instead of tracing: for programs that\n"
    "                       use libc, not for static, set-user-ID or most Go programs\n"
    "  -h, --help           print this help\n"
    "  -V, --version        print the version\n"
    "\n"
    "No debugger can attach to a traced program, and set-user-ID programs gain no\n"
    "privileges.\n"
    "\n"
    "Exit codes: that of the program; 125 linkwatch-run failed; 126 the program could\n"
    "not be executed; 127 it was not found.\n";

struct options {
    const char *path;
    bool requires_daemon;
    bool falls_back;
    bool always;
    bool preloads;
};

static int print(const char *text)
{
    return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_SUCCESS;
}

static int wrong_usage(const char *message)
{
    if (message)
        warning("%s", message);
    fputs("Try \"linkwatch-run --help\".\n", stderr);
    return EXIT_FAILED;
}

/* Takes one option; the exit code, or -1 to go on. */
static int take_option(struct options *options, int option)
{
    switch (option) {
    case 's':
        options->path = optarg;
        return -1;
    case 'r':
        options->requires_daemon = true;
        return -1;
    case 'n':
        options->falls_back = false;
        return -1;
    case 'a':
        options->always = true;
        return -1;
    case 'p':
        options->preloads = true;
        return -1;
    case 'h':
        return print(help);
    case 'V':
        return print("linkwatch-run " PACKAGE_VERSION "\n");
    }
    return wrong_usage(NULL);
}

/* The process beside the program leaves this directory. NULL for lack of memory. */
static char *absolute(const char *path)
{
    char directory[PATH_MAX];
    char *result;

    if (path[0] == '/' || !getcwd(directory, sizeof(directory)))
        return strdup(path);
    return asprintf(&result, "%s/%s", directory, path) < 0 ? NULL : result;
}

static bool is_there(const char *path)
{
    struct linkwatch *connection;
    int r = linkwatch_connect(path, &connection);

    if (r < 0) {
        warning("no linkwatchd at %s: %s", path, strerror(-r));
        return false;
    }
    linkwatch_close(connection);
    return true;
}

/* Whether it is served; else the reason was printed. */
static bool trace(const char *path, const char *program)
{
    int r = start_tracer(path);

    if (r < 0)
        warning("the program cannot be traced (%s), so its subscriptions stay denied%s",
                strerror(-r),
                program_objection_to_preload(program) ? "" : "; --preload works without tracing");
    /* Root's tracer may trace anybody. */
    else if (geteuid() != 0 && program_gains_privilege(program))
        warning("%s does not gain privileges while it is traced", program);
    return r >= 0;
}

static bool preload(const char *path, const char *program)
{
    const char *objection = program_objection_to_preload(program);
    int r = start_helper(path);

    if (r < 0)
        warning("%s cannot be preloaded (%s), so subscriptions stay denied", preload_library(),
                strerror(-r));
    else if (objection)
        /* What it executes may be. */
        warning("%s %s, so nothing can be preloaded and its subscriptions stay denied", program,
                objection);
    return r >= 0 && !objection;
}

/* The two ways to subscribe. A wrong answer to one of them counts for both. Half of those who
 * subscribe to links want addresses by the same call: some kernels accept links alone. */
static bool is_accepted(int bound, int joined)
{
    const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = POLICY_GROUPS};
    const int group = RTNLGRP_LINK;

    return bind(bound, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
           setsockopt(joined, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0;
}

/* What the daemon found out in its time. */
static bool is_incomplete(const char *path)
{
    struct linkwatch *connection = NULL;
    struct linkwatch_status *status = NULL;
    const char *standing = "";
    bool incomplete;

    if (linkwatch_connect(path, &connection) < 0)
        return false;
    if (linkwatch_get_status(connection, PATIENCE, &status) >= 0)
        linkwatch_status_get_text(status, "source.standing", &standing);
    incomplete = strcmp(standing, "incomplete") == 0;
    linkwatch_status_free(status);
    linkwatch_close(connection);
    return incomplete;
}

/* Tries to subscribe, and asks the daemon at that path. 1 if the program must be served, 0 if the
 * kernel sends every update, -errno if there are no rtnetlink sockets here. */
static int probe(const char *path)
{
    int bound = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int joined = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int error = errno;
    bool accepted = false;

    if (bound >= 0 && joined >= 0)
        accepted = is_accepted(bound, joined);
    if (bound >= 0)
        close(bound);
    if (joined < 0)
        return -error;
    close(joined);
    return !accepted || is_incomplete(path);
}

/* Has the program served as far as it needs that; whether it may run. */
static bool assist(const struct options *options, const char *program)
{
    int r = probe(options->path);

    if (r == 0 && !options->always)
        return true;
    if (r >= 0) {
        if (options->preloads ? preload(options->path, program) : trace(options->path, program))
            return true;
    } else {
        warning("rtnetlink sockets are not available: %s", strerror(-r));
    }
    return options->falls_back;
}

static int execute(char *argv[])
{
    execvp(argv[0], argv);
    warning("%s: %s", argv[0], strerror(errno));
    return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
}

int main(int argc, char *argv[])
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 's'}, {"require", no_argument, NULL, 'r'},
        {"no-fallback", no_argument, NULL, 'n'},  {"always", no_argument, NULL, 'a'},
        {"preload", no_argument, NULL, 'p'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
    };
    struct options chosen = {.falls_back = true};
    char *path;
    int option;

    chosen.path = linkwatch_default_path();
    /* "+": what follows the program is the program's. */
    while ((option = getopt_long(argc, argv, "+s:rnaphV", options, NULL)) >= 0) {
        int code = take_option(&chosen, option);

        if (code >= 0)
            return code;
    }
    if (optind == argc)
        return wrong_usage("no program given");
    path = absolute(chosen.path);
    if (!path) {
        warning("%s", strerror(ENOMEM));
        return EXIT_FAILED;
    }
    chosen.path = path;
    if ((chosen.requires_daemon && !is_there(path)) || !assist(&chosen, argv[optind])) {
        free(path);
        return EXIT_FAILED;
    }
    free(path);
    return execute(argv + optind);
}
