/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbered requests for a dump: which of them a dump has begun for, and the results. One dump
 * fulfils all requests made before it began. Pure; initialized with zeros. */
#ifndef LINKWATCH_DAEMON_DUMP_REQUESTS_H
#define LINKWATCH_DAEMON_DUMP_REQUESTS_H

#include <stdint.h>

/* The numbers of the last requests that were added, begun, ended, and ended successfully; and the
 * error of the last one that failed. */
struct dump_requests {
    uint64_t added;
    uint64_t begun;
    uint64_t ended;
    uint64_t succeeded;
    int failure;
};

/* Adds a request for a dump that has not begun; returns the same number until one begins. */
uint64_t dump_requests_add(struct dump_requests *requests);

/* A dump begins, for all requests so far. */
void dump_requests_begin(struct dump_requests *requests);

/* All requests that have begun end, with 0 or -errno. */
void dump_requests_end(struct dump_requests *requests, int error);

/* All requests end with this error, including those that have not begun. */
void dump_requests_fail(struct dump_requests *requests, int error);

/* 1 if the request is fulfilled, 0 if it has not ended, or -errno if it failed. */
int dump_requests_result(const struct dump_requests *requests, uint64_t request);

#endif
