/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What run has handled, as a file from which the next run goes on. */
#ifndef LINKWATCH_CLIENT_CTL_HOOK_STATE_H
#define LINKWATCH_CLIENT_CTL_HOOK_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/linkwatch.h"

struct hook_state {
    int directory; /* -1: nothing is saved */
    bool changed;  /* since it was saved */
    bool failed;   /* to be saved, which was reported */
    int64_t saved; /* when, or when that failed, in microseconds of CLOCK_MONOTONIC, as all times */
};

/* Opens that directory; for NULL $RUNTIME_DIRECTORY, if it is set. Prints an error, and returns the
 * exit code. */
int hook_state_open(struct hook_state *state, const char *path);
void hook_state_close(struct hook_state *state);

/* Has the mirror go on from the file, if there is one. Prints an error if it can't. */
void hook_state_restore(const struct hook_state *state, struct linkwatch_mirror *mirror);

/* When it is to be saved at the earliest; INT64_MAX for never. */
int64_t hook_state_due(const struct hook_state *state);

/* Saves what the mirror has reported, if that changed. Prints an error if it can't; then the file
 * is as it was. */
void hook_state_save(struct hook_state *state, const struct linkwatch_mirror *mirror, int64_t now);

#endif
