/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/deadline.h"

#include <limits.h>

#include "protocol/clock.h"

uint64_t clock_now(void)
{
    return (uint64_t)clock_usec(CLOCK_MONOTONIC);
}

uint64_t deadline_after(int64_t timeout)
{
    return timeout < 0 ? DEADLINE_NEVER : clock_now() + (uint64_t)timeout;
}

int deadline_timeout(uint64_t deadline)
{
    uint64_t now;
    uint64_t left;

    if (deadline == DEADLINE_NEVER)
        return -1;
    now = clock_now();
    if (deadline <= now)
        return 0;
    left = (deadline - now + 999) / 1000;
    return left > INT_MAX ? INT_MAX : (int)left;
}
