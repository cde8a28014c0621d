/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/dump_requests.h"

uint64_t dump_requests_add(struct dump_requests *requests)
{
    return requests->added = requests->begun + 1;
}

void dump_requests_begin(struct dump_requests *requests)
{
    requests->begun = requests->added;
}

void dump_requests_end(struct dump_requests *requests, int error)
{
    requests->ended = requests->begun;
    if (error)
        requests->failure = error;
    else
        requests->succeeded = requests->begun;
}

void dump_requests_fail(struct dump_requests *requests, int error)
{
    if (requests->ended == requests->added)
        return;
    dump_requests_begin(requests);
    dump_requests_end(requests, error);
}

int dump_requests_result(const struct dump_requests *requests, uint64_t request)
{
    if (requests->succeeded >= request)
        return 1;
    return requests->ended >= request ? requests->failure : 0;
}
