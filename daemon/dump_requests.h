/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbered requests for a dump: which of them a dump has begun for, and the results. One dump
 * fulfils all requests made before it began. Pure; initialized with zeros. */
#ifndef LINKWATCH_DAEMON_DUMP_REQUESTS_H
#define LINKWATCH_DAEMON_DUMP_REQUESTS_H

#include <stdint.h>

/* The last one that was added, that began, that ended, and that ended well; and why the last one
 * that did not. */
struct dump_requests {
    uint64_t added;
    uint64_t begun;
    uint64_t ended;
    uint64_t succeeded;
    int failure;
};

/* A request of a dump that has not begun; the same number up to then. */
uint64_t dump_requests_add(struct dump_requests *requests);

/* A dump begins, for all of them. */
void dump_requests_begin(struct dump_requests *requests);

/* All that have begun end: 0 or -errno. */
void dump_requests_end(struct dump_requests *requests, int error);

/* All end with that error, also those that have not begun. */
void dump_requests_fail(struct dump_requests *requests, int error);

/* 1 if it is fulfilled, 0 if it has not ended, -errno if it failed. */
int dump_requests_result(const struct dump_requests *requests, uint64_t request);

#endif
