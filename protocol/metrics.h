/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metrics derived from the replies to GetStatus and GetStatistics, for io.systemd.Metrics and
 * as OpenMetrics text. One list, shared by the daemon and linkwatchctl. Pure. */
#ifndef LINKWATCH_PROTOCOL_METRICS_H
#define LINKWATCH_PROTOCOL_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* Prefixes of the names of the families: in io.systemd.Metrics, and in OpenMetrics. */
#define METRICS_PREFIX      "org.linkwatch."
#define METRICS_TEXT_PREFIX "linkwatch_"

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_STRING, /* OpenMetrics has none: each value is a label */
};

/* The values of a metric. */
enum metric_content {
    METRIC_VALUE,  /* an integer, a boolean or a text */
    METRIC_LINKS,  /* the number of links, by operational state and kind */
    METRIC_DELAYS, /* the number of deliveries that took no longer than each of the bounds */
};

struct metric {
    const char *name;
    const char *text_name; /* without _total; NULL: it is part of another family there */
    enum metric_type type;
    enum metric_content content;
    const char *description;
    const char *unit; /* of OpenMetrics; "seconds" are microseconds in the member. NULL for none */
    /* The path of the value, and of that for addresses, in the two replies taken together, with
     * dots between levels. If the second is set, each metric has a field "subject". */
    const char *member;
    const char *address_member;
};

/* In the order in which they are listed; the last item has no name. */
extern const struct metric metrics[];

/* Bounds of the histogram of delays, in ascending order. */
#define METRIC_BOUNDS 6
struct metric_bound {
    int64_t usec;
    const char *name;    /* in the type Delays it is called within_NAME */
    const char *seconds; /* as OpenMetrics writes it */
};
extern const struct metric_bound metric_bounds[METRIC_BOUNDS];

/* The maximum number of groups of links by operational state and kind; the others are counted with
 * the kind METRICS_OTHER. Kinds come from the kernel, but a consumer that passes a socket can forge
 * them. */
#define METRICS_GROUPS_MAX 128
#define METRICS_OTHER      "other"

#endif
