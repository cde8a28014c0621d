/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics as OpenMetrics text, or as one JSON array.
 *
 * The text is what the parser of Prometheus' older text format reads, too, which the textfile
 * collector of node_exporter has: there are counters, gauges and histograms alone, and what that
 * format doesn't have stands in comments. */
#ifndef LINKWATCH_CLIENT_CTL_EXPOSITION_H
#define LINKWATCH_CLIENT_CTL_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct exposition {
    FILE *to;
    bool json;
    bool begun; /* there was a sample */
};

/* Its samples follow it. */
struct family {
    const char *prefix; /* of the name */
    const char *name;
    const char *type;
    const char *unit; /* NULL for none */
    const char *help;
    bool introduced; /* by its first sample: false at the beginning */
};

struct label {
    const char *name;
    const char *value; /* any text */
};

void exposition_begin(struct exposition *exposition, FILE *to, bool json);

/* suffix: behind the family's name; value: a number, as text. */
void exposition_add(struct exposition *exposition, struct family *family, const char *suffix,
                    const struct label *labels, size_t count, const char *value);

void exposition_end(struct exposition *exposition);

#endif
