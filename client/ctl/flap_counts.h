/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often links went down in the last hour and day. Pure. */
#ifndef LINKWATCH_CLIENT_CTL_FLAP_COUNTS_H
#define LINKWATCH_CLIENT_CTL_FLAP_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLAP_HOUR INT64_C(3600000000)
#define FLAP_DAY  (24 * FLAP_HOUR)

/* Of one link; no link without any. */
struct flap_count {
    char *name;
    uint64_t hour;
    uint64_t day;
};

struct flap_counts {
    int64_t now; /* microseconds since 1970, as all times here */
    struct flap_count *at;
    size_t count; /* ordered by name */
    size_t capacity;
};

/* How often a link went down that was up before an event or not, is after it or not, and of which
 * so many carrier changes were not seen. */
uint64_t flap_downs(bool up_before, bool up_after, int64_t unseen);

/* Counts what happened at that time, if that is not too long ago. -ENOMEM. */
int flap_counts_add(struct flap_counts *counts, const char *name, int64_t time, uint64_t downs);
void flap_counts_clear(struct flap_counts *counts);

#endif
