/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was fetched, as an array of JSON or as text. */
#ifndef LINKWATCH_CLIENT_CTL_PRINT_FETCHED_H
#define LINKWATCH_CLIENT_CTL_PRINT_FETCHED_H

#include <stdio.h>

#include "client/ctl/fetch.h"
#include "client/ctl/output.h"

struct fetched_printer {
    /* Writes the array of a struct fetch. */
    void (*write_array)(FILE *to, const void *fetch);
    /* -ENOMEM. */
    int (*print_text)(const struct fetch *fetch, const struct ctl *ctl,
                      const struct output *output);
};

/* Prints it, after an error for each named link that isn't there. Takes the exit code of the
 * fetching, and returns that of the command. */
int print_fetched(const struct fetch *fetch, const struct ctl *ctl, int code,
                  const struct fetched_printer *printer);

#endif
