/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command under a seccomp filter that answers for the kernel where a program
 * wants to listen to rtnetlink:
 *
 *   deny [--join ERRNO] [--bind ERRNO] [--bind-any ERRNO] [--others ERRNO] [--pktinfo ERRNO]
 *        [--socket ERRNO] [--receive ERRNO] [--ptrace ERRNO] COMMAND...
 *
 * --join answers setsockopt(NETLINK_ADD_MEMBERSHIP), --bind answers bind() with groups,
 * --bind-any that of any netlink socket, --others both where they want any other group than
 * RTNLGRP_LINK, --pktinfo answers setsockopt(NETLINK_PKTINFO), --socket answers socket(AF_NETLINK),
 * --receive answers recvmsg() that does not only peek, by which the daemon receives from the kernel
 * alone, --ptrace answers ptrace(). ERRNO is a name like EACCES, or 0 for a success that does
 * nothing. The filter is inherited and can't be taken off. */
#include <errno.h>
#include <getopt.h>
#include <linux/netlink.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/supervise.h"

#define EXIT_USAGE 2
/* As a shell says that a command could not be run. */
#define EXIT_NOT_RUN 127

static int errno_from_name(const char *name, uint16_t *ret)
{
    if (strcmp(name, "0") == 0) {
        *ret = 0;
        return 0;
    }
    for (uint16_t i = 1; i < 4096; i++) {
        const char *known = strerrorname_np(i);

        if (known && strcmp(known, name) == 0) {
            *ret = i;
            return 0;
        }
    }
    return -EINVAL;
}

static int answer_join(scmp_filter_ctx filter, uint16_t error)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(setsockopt), 2,
                            SCMP_A1(SCMP_CMP_EQ, SOL_NETLINK, 0),
                            SCMP_A2(SCMP_CMP_EQ, NETLINK_ADD_MEMBERSHIP, 0));
}

static int answer_pktinfo(scmp_filter_ctx filter, uint16_t error)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(setsockopt), 2,
                            SCMP_A1(SCMP_CMP_EQ, SOL_NETLINK, 0),
                            SCMP_A2(SCMP_CMP_EQ, NETLINK_PKTINFO, 0));
}

static int answer_socket(scmp_filter_ctx filter, uint16_t error)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(socket), 1,
                            SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0));
}

static int answer_any_bind(scmp_filter_ctx filter, uint16_t error)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(bind), 1,
                            SCMP_A2_32(SCMP_CMP_EQ, sizeof(struct sockaddr_nl), 0));
}

static int answer_receive(scmp_filter_ctx filter, uint16_t error)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(recvmsg), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, MSG_PEEK, 0));
}

static int answer_ptrace(scmp_filter_ctx filter, uint16_t error)
{
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), SCMP_SYS(ptrace), 0);
}

/* Reads the options into the filter. The index of the command, or -errno. */
static int take_options(int argc, char *argv[], scmp_filter_ctx filter,
                        struct supervisor *supervisor)
{
    static const struct option options[] = {
        {"join", required_argument, NULL, 'j'},
        {"bind", required_argument, NULL, 'b'},
        {"bind-any", required_argument, NULL, 'a'},
        {"receive", required_argument, NULL, 'r'},
        {"socket", required_argument, NULL, 's'},
        {"ptrace", required_argument, NULL, 'p'},
        {"others", required_argument, NULL, 'o'},
        {"pktinfo", required_argument, NULL, 'i'},
        {0},
    };
    int option, r;

    /* "+": what follows the command is the command's. */
    while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        uint16_t error;

        if (option == '?' || errno_from_name(optarg, &error) < 0)
            return -EINVAL;
        if (option == 'j')
            r = answer_join(filter, error);
        else if (option == 'b')
            r = supervise_binds(filter, error, supervisor);
        else if (option == 'a')
            r = answer_any_bind(filter, error);
        else if (option == 'r')
            r = answer_receive(filter, error);
        else if (option == 'o')
            r = supervise_other_groups(filter, error, supervisor);
        else if (option == 'i')
            r = answer_pktinfo(filter, error);
        else if (option == 'p')
            r = answer_ptrace(filter, error);
        else
            r = answer_socket(filter, error);
        if (r < 0)
            return r;
    }
    return optind < argc ? optind : -EINVAL;
}

int main(int argc, char *argv[])
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    struct supervisor supervisor = {.channel = -1};
    int command, r;

    if (!filter)
        return EXIT_NOT_RUN;
    command = take_options(argc, argv, filter, &supervisor);
    if (command < 0) {
        fprintf(
            stderr,
            "usage: deny [--join|--bind|--bind-any|--others|--pktinfo|--socket|--receive|--ptrace "
            "ERRNO]... "
            "COMMAND...\n");
        return EXIT_USAGE;
    }
    /* Without privilege a filter needs no_new_privs, which libseccomp sets. */
    r = seccomp_load(filter);
    if (r >= 0 && supervisor.channel >= 0)
        r = supervise_begin(&supervisor, filter);
    if (r < 0) {
        fprintf(stderr, "deny: seccomp filter: %s\n", strerror(-r));
        return EXIT_NOT_RUN;
    }
    execvp(argv[command], argv + command);
    fprintf(stderr, "deny: %s: %s\n", argv[command], strerror(errno));
    return EXIT_NOT_RUN;
}
