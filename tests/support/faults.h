/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What faults.so does wrong on purpose. The file that the environment variable
 * LINKWATCH_FAULTS names holds a struct fault for each enumerator, in this order; the
 * test writes what it wants and reads what was done, while the program runs. */
#ifndef LINKWATCH_TESTS_FAULTS_H
#define LINKWATCH_TESTS_FAULTS_H

#include <stdint.h>

enum fault_kind {
    FAULT_SOCKET,           /* socket(AF_NETLINK) fails; value: errno */
    FAULT_JOIN,             /* joining a group fails, or with 0 seems to work */
    FAULT_ASK,              /* sending a request for a dump fails */
    FAULT_RECEIVE,          /* receiving fails */
    FAULT_NOTIFICATION,     /* a notification is dropped; value: how many of 1000 */
    FAULT_DUMP_ERROR,       /* a dump is answered with an error; value: errno */
    FAULT_DUMP_EMPTY,       /* a dump has no line, but ends well */
    FAULT_DUMP_INTERRUPTED, /* links changed during a dump (NLM_F_DUMP_INTR) */
    FAULT_DUMP_TRUNCATED,   /* the first datagram of a dump does not fit */
    FAULT_DUMP_SILENT,      /* a dump is not answered at all */
    FAULT_DUMP_OMITS,       /* a dump leaves out one link, and says that links changed under
                             * it; value: its index */
    FAULT_DUMP_NAMELESS,    /* a dump has just the index of a link, as gVisor since 2026 does for
                             * those that were made meanwhile; value: its index, 0 for all */
    FAULT_COUNT
};

struct fault {
    uint32_t left; /* how often from now on; UINT32_MAX is for good */
    uint32_t value;
    uint32_t done; /* how often so far */
    uint32_t unused;
};

#endif
