/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers for the kernel what a seccomp filter can't judge by itself, because it depends
 * on the groups of a subscription. */
#ifndef SUPPORT_SUPERVISE_H
#define SUPPORT_SUPERVISE_H

#include <seccomp.h>
#include <stdint.h>

/* Between the filter's rules, and loading it. */
struct supervisor {
    int channel;      /* to the process that answers */
    uint64_t refused; /* groups, as a mask */
    uint16_t error;   /* what is answered to those who want any of them */
};

/* Adds the rule, and starts a process of its own that will answer every bind to rtnetlink
 * groups with that errno, and let the others pass. It ends with the last one under the
 * filter. -errno. */
int supervise_binds(scmp_filter_ctx filter, uint16_t error, struct supervisor *ret);

/* The same for every bind, and every joining, that wants any other group than RTNLGRP_LINK. */
int supervise_other_groups(scmp_filter_ctx filter, uint16_t error, struct supervisor *ret);

/* After the filter was loaded. -errno. */
int supervise_begin(const struct supervisor *supervisor, scmp_filter_ctx filter);

#endif
