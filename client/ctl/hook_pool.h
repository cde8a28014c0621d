/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The events that wait, and the commands that run for others. Times are in microseconds of
 * CLOCK_MONOTONIC. */
#ifndef LINKWATCH_CLIENT_CTL_HOOK_POOL_H
#define LINKWATCH_CLIENT_CTL_HOOK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/ctl/hook_job.h"

struct hook_pool;

/* Runs commands for at most so many events at the same time. NULL without memory. */
struct hook_pool *hook_pool_new(const struct hook_commands *commands, size_t parallel);

/* Kills what runs. */
struct hook_pool *hook_pool_free(struct hook_pool *pool);

/* Takes an event, and its references. -ENOMEM: then they are dropped. */
int hook_pool_add(struct hook_pool *pool, struct hook_event *event);

/* Takes the status of children that ended, ends what runs too long, and begins what can be begun.
 * -ENOMEM: then an event was dropped. */
int hook_pool_process(struct hook_pool *pool, int64_t now);

/* When to do that again at the latest, beside after a SIGCHLD; INT64_MAX for never. */
int64_t hook_pool_deadline(const struct hook_pool *pool);

/* Ends what runs, first with SIGTERM, and begins nothing more. What it ends does not count as
 * handled. */
void hook_pool_stop(struct hook_pool *pool, int64_t now);

/* Whether all events were handled; and whether any command runs. */
bool hook_pool_is_idle(const struct hook_pool *pool);
bool hook_pool_runs(const struct hook_pool *pool);

#endif
